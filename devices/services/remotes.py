"""Remotes that log in through Pilot 2: whose they are, and which MQTT account is theirs.

A remote joins the workspace of whoever logs in on it, once, and only while no other workspace has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, GatewayCredential
from devices.models.device import Domain
from devices.services import gateways, secrets
from devices.services.broker import rules
from fleet.models import Role, User, Workspace
from fleet.services import access, audit, broadcast


class Reason(StrEnum):
    SERIAL = "serial"
    ELSEWHERE = "elsewhere"
    WITHDRAWN = "withdrawn"
    NOT_A_REMOTE = "not_a_remote"


class BindingRefused(Exception):
    """The remote cannot join. `reason` is for programs, the text for people."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Account:
    """A remote's MQTT name and password; empty ones come with a note that says why and what to do."""

    username: str = ""
    password: str = ""
    note: str = ""


def account_of(workspace: Workspace, sn: str, user: User) -> Account:
    """The account of the remote `sn`, for a pilot of the workspace that has it and for nobody else."""
    if not sn or "\x00" in sn:
        return Account()
    if not access.may(user, workspace, Role.PILOT):
        return Account(note=_("A viewer may not connect a remote. Ask an administrator for the role “Pilot”."))
    remote = Device.objects.filter(workspace=workspace, sn=sn, domain=Domain.REMOTE).first()
    credential = _credential(remote) if remote else None
    if remote is None or credential is None:
        return Account(note=_("This remote is not registered in this workspace yet."))
    try:
        password = gateways.password(remote)
    except gateways.GatewayWithdrawn:
        return Account(note=_withdrawn())
    except secrets.SecretUnreadable:
        return Account(
            note=_(
                "The server cannot read this remote's password any more, for its secret key has changed. "
                "Ask an administrator to give the remote a new password."
            )
        )
    audit.record("gateway.credentials_given", workspace=workspace, user=user, target=sn)
    return Account(credential.username, password)


def bind(workspace: Workspace, sn: str, user: User) -> Device:
    """Say that `user` works with this device in `workspace`; a remote nobody has is registered first.

    Asking again changes nothing; another person on the same remote takes it over. The caller has checked the
    role. Raises `BindingRefused`: another workspace has it, its access was withdrawn, it is a dock, or it is
    no serial.
    """
    if not rules.is_serial(sn):
        raise BindingRefused(Reason.SERIAL, _("This is no serial number."))
    try:
        with transaction.atomic():
            return _bind(workspace, sn, user)
    except gateways.GatewayExists:
        # Pilot's page asks every two seconds: two requests met, and the other one registered the remote.
        with transaction.atomic():
            return _bind(workspace, sn, user)
    except gateways.GatewayRefused as refused:
        raise BindingRefused(Reason.SERIAL, str(refused)) from refused


def _bind(workspace: Workspace, sn: str, user: User) -> Device:
    device = Device.objects.select_for_update().filter(sn=sn).first()
    if device is None:
        device = _register(workspace, sn, user)
    elif device.workspace_id != workspace.pk:
        raise BindingRefused(
            Reason.ELSEWHERE,
            _("This device is registered elsewhere. Its owner has to remove it there first."),
        )
    elif device.domain == Domain.DOCK:
        raise BindingRefused(Reason.NOT_A_REMOTE, _("A dock joins by its own set-up in Pilot 2, not by a login."))
    elif device.domain == Domain.REMOTE:
        credential = _credential(device)
        if credential is None:
            device = _register(workspace, sn, user)
        elif not credential.is_active:
            raise BindingRefused(Reason.WITHDRAWN, _withdrawn())
    if device.bound_at is not None and device.user_id == user.pk:
        return device
    device.user = user
    device.bound_at = device.bound_at or timezone.now()
    device.save(update_fields=["user", "bound_at"])
    audit.record("device.bound", workspace=workspace, user=user, target=sn)
    broadcast.to_workspace(workspace.pk, "device_update_topo", {})
    broadcast.changed(workspace.pk, "device", id=device.pk)
    return device


def _register(workspace: Workspace, sn: str, user: User) -> Device:
    return gateways.add(workspace, sn, kind=Domain.REMOTE, user=user, role=Role.PILOT)[0]


def _credential(device: Device) -> GatewayCredential | None:
    return GatewayCredential.objects.filter(device=device).first()


def _withdrawn() -> str:
    return _("This remote's access was withdrawn. Ask an administrator to give it a new password.")
