"""Docks and remotes of a workspace: adding them, and the MQTT account each has of its own."""

from __future__ import annotations

import secrets as random
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, GatewayCredential
from devices.models.device import Domain
from devices.services import secrets
from devices.services.broker import accounts, rules, sync
from devices.services.topology import model_by_key
from fleet.models import Role, User, Workspace
from fleet.services import access, audit

#: Lower case and digits, without those that look alike: it is typed on a dock's small screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 24


class GatewayRefused(ValueError):
    """The gateway cannot be added or changed so; the text says why, for people."""


class GatewayExists(GatewayRefused):
    """This serial number is taken. It is not said by whom."""


class GatewayWithdrawn(GatewayRefused):
    """The gateway's access was withdrawn, so there is no password to give or to change."""


@dataclass(frozen=True, slots=True)
class AccessSheet:
    """What to type into a dock or into Pilot 2 so that it joins this workspace."""

    sn: str
    callsign: str
    mqtt: str
    username: str
    password: str
    organization_id: str
    organization_name: str
    bind_code: str
    web: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def as_text(self) -> str:
        """One labelled line per value, in the order in which one meets the fields."""
        lines = [
            (_("Serial number"), self.sn),
            (_("MQTT address"), self.mqtt),
            (_("User"), self.username),
            (_("Password"), self.password),
            (_("Organisation id"), self.organization_id),
            (_("Organisation name"), self.organization_name),
            (_("Bind code"), self.bind_code),
            (_("Web page in Pilot 2"), self.web),
        ]
        width = max(len(label) for label, _value in lines) + 2
        return "\n".join(f"{label + ':':<{width}}{value}" for label, value in lines)


def new_password() -> str:
    """24 characters, about 119 random bits."""
    return "".join(random.choice(_ALPHABET) for _character in range(_LENGTH))


def add(
    workspace: Workspace,
    sn: str,
    *,
    kind: int,
    user: User | None = None,
    callsign: str = "",
    model_key: str = "",
    role: Role = Role.OPERATOR,
) -> tuple[Device, str]:
    """Register the dock or remote `sn` and give it an account; returns it and its password.

    `kind` is Domain.DOCK or Domain.REMOTE, `user` None on the server's own command line, `role` the least
    role that `user` must have (a remote that a pilot logs in on registers itself with less). A gateway that
    the workspace knows already, but that has no account, is given one. Raises `Forbidden`, `GatewayExists`,
    `GatewayRefused`.
    """
    if user is not None:
        access.require(user, workspace, role)
    sn = sn.strip()
    if not rules.is_serial(sn):
        raise GatewayRefused(_("A serial number is made of letters, digits and “.-_”, 64 at most."))
    if sn in accounts.reserved() or sn.startswith("fleet-"):
        raise GatewayRefused(_("This name belongs to the server's own accounts."))
    if kind not in (Domain.DOCK, Domain.REMOTE):
        raise GatewayRefused(_("A gateway is a dock or a remote; an aircraft comes along with its gateway."))
    password = new_password()
    try:
        with transaction.atomic():
            device = _device(workspace, sn, Domain(kind), callsign, model_key)
            GatewayCredential.objects.create(
                device=device, username=sn, secret=secrets.encrypt(password), changed_at=timezone.now()
            )
            word = Domain(kind).name.lower()
            audit.record("gateway.added", workspace=workspace, user=user, target=sn, kind=word)
            sync.request(device.pk)
    except IntegrityError:
        message = _("The gateway %(sn)s is already registered here or elsewhere.") % {"sn": sn}
        raise GatewayExists(message) from None
    return device, password


def rotate(device: Device, *, user: User | None = None) -> str:
    """A new password; the old one, and whoever is connected with it, is out at once.

    Raises `Forbidden` and `GatewayWithdrawn`.
    """
    return _renew(device, user, Role.OPERATOR, "gateway.rotated", withdrawn=False)


def restore(device: Device, *, user: User | None = None) -> str:
    """Let a withdrawn gateway in again, with a new password.

    Raises `Forbidden`, and `GatewayRefused` when it was not withdrawn.
    """
    return _renew(device, user, Role.ADMIN, "gateway.restored", withdrawn=True)


def withdraw(device: Device, *, user: User | None = None) -> None:
    """Shut the gateway out at once; the device and its history stay. Asking again changes nothing.

    Raises `Forbidden`.
    """
    if user is not None:
        access.require(user, device.workspace_id, Role.ADMIN)
    with transaction.atomic():
        now = timezone.now()
        changed = GatewayCredential.objects.filter(device=device, withdrawn_at=None).update(
            withdrawn_at=now, changed_at=now
        )
        if changed:
            audit.record("gateway.withdrawn", workspace=device.workspace, user=user, target=device.sn)
            sync.request(device.pk)


def password(device: Device) -> str:
    """The present password in plain text. Raises `GatewayWithdrawn` and `SecretUnreadable`.

    Whoever calls this has checked who asks.
    """
    return secrets.decrypt(_credential(device).secret)


def access_sheet(device: Device, *, user: User | None = None) -> AccessSheet:
    """What to type into the device. Raises `Forbidden`, `GatewayWithdrawn` and `SecretUnreadable`."""
    workspace = device.workspace
    if user is not None:
        access.require(user, workspace, Role.OPERATOR)
    credential = _credential(device)
    return AccessSheet(
        sn=device.sn,
        callsign=device.callsign,
        mqtt=settings.MQTT_PUBLIC_URL,
        username=credential.username,
        password=secrets.decrypt(credential.secret),
        organization_id=str(workspace.pk),
        organization_name=workspace.name,
        bind_code=workspace.bind_code,
        web=settings.PUBLIC_URL + reverse("pilot"),
    )


def _device(workspace: Workspace, sn: str, kind: Domain, callsign: str, model_key: str) -> Device:
    """The workspace's device of that serial, made when nobody has it. Raises `IntegrityError` when it is
    taken.
    """
    model = model_by_key(model_key) if model_key else None
    device = Device.objects.filter(sn=sn, workspace=workspace, domain=kind, credential=None).first()
    if device is None:
        return Device.objects.create(workspace=workspace, sn=sn, domain=kind, callsign=callsign, model=model)
    device.callsign = callsign or device.callsign
    device.model = model or device.model
    device.save(update_fields=["callsign", "model"])
    return device


def _credential(device: Device) -> GatewayCredential:
    credential = GatewayCredential.objects.filter(device=device, withdrawn_at=None).first()
    if credential is None:
        raise GatewayWithdrawn(_("The gateway %(sn)s has no access now.") % {"sn": device.sn})
    return credential


def _renew(device: Device, user: User | None, role: Role, action: str, *, withdrawn: bool) -> str:
    if user is not None:
        access.require(user, device.workspace_id, role)
    fresh = new_password()
    with transaction.atomic():
        changed = GatewayCredential.objects.filter(device=device, withdrawn_at__isnull=not withdrawn).update(
            secret=secrets.encrypt(fresh), changed_at=timezone.now(), withdrawn_at=None
        )
        if not changed:
            if withdrawn:
                raise GatewayRefused(_("The access of gateway %(sn)s was not withdrawn.") % {"sn": device.sn})
            raise GatewayWithdrawn(_("The gateway %(sn)s has no access now.") % {"sn": device.sn})
        audit.record(action, workspace=device.workspace, user=user, target=device.sn)
        sync.request(device.pk)
    return fresh
