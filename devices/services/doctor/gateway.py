"""One dock or remote: each step of coming online, in the order in which it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from devices.models import Device, DeviceState, GatewayCredential, LoggedMessage, RejectedMessage
from devices.models.device import Domain
from devices.services import binding, secrets
from devices.services.doctor import broker, server
from devices.services.doctor.steps import Step, Steps, bad, good, waiting, within
from fleet.models import AccessToken
from fleet.services import access, pilot_presence

LIMIT = 15.0
#: Seconds for which a tried login is not tried again.
_LOGIN_KEPT = 20
#: How far back a refusal still counts.
_RECENT = timedelta(days=1)
_CONFLICTS = ("conflict",)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database and the cache know of a gateway, read once."""

    device: Device
    credential: GatewayCredential | None
    state: DeviceState | None
    said: LoggedMessage | None

    @property
    def is_remote(self) -> bool:
        return self.device.domain == Domain.REMOTE

    @property
    def heard(self) -> bool:
        return self.said is not None or self.state is not None


def steps_of(device: Device) -> Steps:
    """Every step of this gateway; `workspace`, `user` and `model` are selected along. Tries its login at the broker."""
    known = Known(
        device,
        GatewayCredential.objects.filter(device=device).first(),
        DeviceState.objects.filter(device=device).first(),
        LoggedMessage.objects.filter(device=device, direction=LoggedMessage.Direction.UP).defer("payload").first(),
    )
    steps = [_page_login(known)] if known.is_remote else []
    steps += [_account(known), _login(known), _first_word(known), _topology(known), _workspace(known)]
    if known.is_remote:
        steps += [_socket(known), _modules(known)]
    else:
        steps.append(_bind_code(known))
    return [*steps, _osd(known), _online(known)]


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _account(known: Known) -> Step:
    key, title, credential = "account", _("MQTT account"), known.credential
    if credential is None:
        return bad(
            key, title, _("It has none, so the broker lets it in under no name."),
            _("Add it under Devices, “Add a dock or a remote”: a known serial number is given an account."),
        )  # fmt: skip
    if not credential.is_active:
        advice = _("An administrator lets it in again on its page, under Access.")
        return bad(key, title, _("Its access was withdrawn."), advice)
    if credential.broker_error:
        return bad(
            key, title, _("The broker does not take the account: %(error)s.") % {"error": credential.broker_error},
            _("Look at the broker's log and at FLEET_MQTT_CONTROL_URL; it is tried again every minute."),
        )  # fmt: skip
    if settings.BROKER == "none":
        return good(key, title, _("There is one. The broker's accounts are kept by hand here (FLEET_BROKER=none)."))
    if credential.broker_stamp != credential.changed_at:
        return waiting(key, title, _("The broker is told of it in a moment."))
    return good(key, title, _("There is one, and the broker knows it."))


def _login(known: Known) -> Step:
    """The account tried for real, from here, under a client id of our own."""
    key, title, credential = "login", _("Login at the broker"), known.credential
    if credential is None or not credential.is_active:
        return waiting(key, title, _("Comes after the account."))
    kept = f"doctor:login:{credential.pk}:{credential.changed_at.timestamp()}"
    if cache.get(kept):
        return good(key, title, _("User and password are accepted."))
    if not server.broker_answers(known.device.workspace):
        return waiting(key, title, _("The broker does not answer; see “MQTT address” above."))
    try:
        password = secrets.decrypt(credential.secret)
    except secrets.SecretUnreadable:
        detail = _("The server cannot read the password any more, for its secret key has changed.")
        return bad(key, title, detail, _("Give it a new password on its page, under Access."))

    def attempt() -> Steps:
        outcome = broker.knock(settings.MQTT_PUBLIC_URL, credential.username, password)
        if outcome.answer is broker.Answer.IN:
            cache.set(kept, True, _LOGIN_KEPT)
            return [good(key, title, _("User and password are accepted."))]
        if outcome.answer is broker.Answer.REFUSED:
            advice = _("Give it a new password on its page, under Access, and type that into the device.")
            return [bad(key, title, _("The broker refuses user and password."), advice)]
        return [waiting(key, title, _("The broker did not answer: %(error)s.") % {"error": outcome.detail})]

    return within(LIMIT, key, title, attempt)[0]


def _first_word(known: Known) -> Step:
    key, title = "first-word", _("First word over MQTT")
    if known.said is not None:
        values = {"when": _when(known.said.at), "topic": known.said.topic}
        return good(key, title, _("It spoke last at %(when)s (%(topic)s).") % values)
    if known.state is not None:
        return good(key, title, _("It spoke last at %(when)s.") % {"when": _when(known.state.seen_at)})
    rejected = RejectedMessage.objects.filter(sn=known.device.sn).first()
    if rejected is not None:
        values = {"when": _when(rejected.at), "reason": rejected.reason, "detail": rejected.detail}
        return bad(key, title, _("What it said at %(when)s could not be used (%(reason)s): %(detail)s") % values)
    if known.is_remote:
        advice = _("Open the page in Pilot 2 (Cloud Service, Open Platform) and look at “Device link” there.")
    else:
        advice = _(
            "Compare address, user and password on the dock with its access sheet; may it reach that address and port?"
        )
    return waiting(key, title, _("Nothing has come from it yet."), advice)


def _topology(known: Known) -> Step:
    key, title = "topology", _("It says who it is")
    if known.device.topology_stamp:
        aircraft = ", ".join(sorted(str(one) for one in known.device.sub_devices.all()))
        values = {"model": known.device.model_name, "aircraft": aircraft or _("none")}
        return good(key, title, _("%(model)s; aircraft linked to it: %(aircraft)s.") % values)
    if not known.heard:
        return waiting(key, title, _("Comes after the first word."))
    return waiting(
        key, title, _("It has not sent its topology (update_topo) yet, so its aircraft are unknown."),
        _("It does so when it connects: restart the device, or load “Device link” again in Pilot 2."),
    )  # fmt: skip


def _workspace(known: Known) -> Step:
    key, title, device = "workspace", _("Right workspace"), known.device
    recent = RejectedMessage.objects.filter(sn=device.sn, at__gt=timezone.now() - _RECENT)
    conflict = recent.filter(reason__in=_CONFLICTS).first()
    if conflict is not None:
        return bad(
            key, title, _("%(when)s: %(detail)s") % {"when": _when(conflict.at), "detail": conflict.detail},
            _("The aircraft has to be removed where it is registered now."),
        )  # fmt: skip
    if known.is_remote:
        if device.user is None:
            return waiting(key, title, _("It is registered here; nobody has logged in on it yet."))
        if access.role_of(device.user, device.workspace) is None:
            detail = _("%(person)s, who logged in on it, has no part in this workspace any more.")
            return bad(
                key, title, detail % {"person": device.user}, _("Log in on the remote as somebody of this workspace.")
            )
        return good(key, title, _("%(person)s works with it here.") % {"person": device.user})
    refusal = _refused_bind(device, binding.NO_ORGANISATION)
    if refusal is not None:
        return bad(
            key, title, _("At %(when)s it named another organisation.") % {"when": _when(refusal.at)},
            _("Type this organisation id on site: %(id)s") % {"id": device.workspace_id},
        )  # fmt: skip
    return good(key, title, str(device.workspace))


def _bind_code(known: Known) -> Step:
    key, title, device = "bind-code", _("Bind code"), known.device
    refusal = _refused_bind(device, binding.WRONG_CODE)
    if refusal is not None:
        return bad(
            key, title, _("At %(when)s it came with a wrong code.") % {"when": _when(refusal.at)},
            _("The right one stands on its access sheet; it is typed on site, together with the organisation id."),
        )  # fmt: skip
    if device.bound_at is not None:
        return good(key, title, _("It joined at %(when)s.") % {"when": _when(device.bound_at)})
    if not known.heard:
        return waiting(key, title, _("Comes after the first word."))
    advice = _("On site, in Pilot 2: bind the dock with organisation id and bind code.")
    return waiting(key, title, _("It has not asked to join yet."), advice)


def _refused_bind(device: Device, code: int) -> LoggedMessage | None:
    """Our last answer to the dock's wish to join, when it was a refusal with this code."""
    methods = ("airport_organization_bind", "airport_organization_get")
    answer = LoggedMessage.objects.filter(
        device=device, direction=LoggedMessage.Direction.DOWN, method__in=methods
    ).first()
    data = answer.payload.get("data") if answer is not None and isinstance(answer.payload, dict) else None
    if not isinstance(data, dict):
        return None
    output = data.get("output")
    errors = output.get("err_infos") if isinstance(output, dict) else None
    codes = {data.get("result")} | {one.get("err_code") for one in errors or () if isinstance(one, dict)}
    return answer if code in codes else None


def _page_login(known: Known) -> Step:
    key, title, device = "page-login", _("Login in Pilot 2"), known.device
    how = _("In Pilot 2: Cloud Service, Open Platform, %(url)s") % {"url": f"{settings.PUBLIC_URL}/pilot/"}
    if device.user is None:
        return waiting(key, title, _("Nobody has logged in on it yet."), how)
    token = (
        AccessToken.objects.filter(user=device.user, workspace=device.workspace, revoked_at=None)
        .filter(Q(expires_at__gt=timezone.now()))
        .order_by("-expires_at")
        .first()
    )
    if token is None:
        return bad(key, title, _("The login of %(person)s is over.") % {"person": device.user}, how)
    values = {"person": device.user, "when": _when(token.expires_at)}
    return good(key, title, _("%(person)s is logged in until %(when)s.") % values)


def _socket(known: Known) -> Step:
    key, title, device = "socket", _("WebSocket"), known.device
    found = pilot_presence.socket_of(device.workspace_id, device.sn, device.user_id)
    if found is None:
        return waiting(key, title, _("The remote has not opened one yet."), _("In Pilot 2, on our page: “Live news”."))
    if found.is_open:
        begun = _when(datetime.fromtimestamp(found.opened_at, UTC))
        return good(key, title, _("Open since %(when)s.") % {"when": begun})
    ended = _when(datetime.fromtimestamp(found.closed_at or found.seen_at, UTC))
    reasons = {4401: _("its login was over"), 1013: _("it did not keep up"), 1009: _("it sent too much")}
    why = reasons.get(found.code or 0, _("the connection ended"))
    return waiting(
        key, title, _("Closed at %(when)s: %(why)s.") % {"when": ended, "why": why},
        _("Open the page in Pilot 2 again; if it keeps ending, look at the network and the proxy."),
    )  # fmt: skip


def _modules(known: Known) -> Step:
    key, title, device = "modules", _("Parts in Pilot 2"), known.device
    report = pilot_presence.report_of(device.workspace_id, device.sn)
    if report is None:
        return waiting(key, title, _("The page on the remote has not told how they are."))
    when = _when(datetime.fromtimestamp(report.at, UTC))
    failed = [f"{name}: {one['reason']}" for name, one in report.modules.items() if one["state"] == "bad"]
    if failed:
        detail = _("%(when)s, on the remote: %(what)s") % {"when": when, "what": "; ".join(failed)}
        return bad(key, title, detail, _("On our page in Pilot 2, load them again."))
    pending = [name for name, one in report.modules.items() if one["state"] != "good"]
    if pending:
        return waiting(key, title, _("%(when)s: not ready yet: %(what)s") % {"when": when, "what": ", ".join(pending)})
    return good(key, title, _("All loaded at %(when)s.") % {"when": when})


def _osd(known: Known) -> Step:
    key, title = "first-osd", _("First telemetry (OSD)")
    if known.state is not None and known.state.properties:
        values = {"when": _when(known.state.seen_at), "count": len(known.state.properties)}
        return good(key, title, _("%(count)d values, the last at %(when)s.") % values)
    return waiting(key, title, _("None yet. It comes by itself once a device is bound."))


def _online(known: Known) -> Step:
    key, title, device = "online", _("Online"), known.device
    if device.online:
        return good(key, title, _("Since %(when)s.") % {"when": _when(device.online_changed_at or device.created_at)})
    if not known.heard:
        return waiting(key, title, _("Comes after the first word."))
    when = _when(device.online_changed_at) if device.online_changed_at else _("a while ago")
    return bad(
        key, title, _("Silent since %(when)s.") % {"when": when},
        _("Is it switched on, and has it a network? Everything before this step worked once."),
    )  # fmt: skip


def gateways_of(workspace_id: UUID) -> list[Device]:
    """The workspace's docks and remotes, those that are away first."""
    return list(
        Device.objects.filter(workspace_id=workspace_id, domain__in=(Domain.DOCK, Domain.REMOTE))
        .select_related("workspace", "user", "model")
        .order_by("online", "-domain", "callsign", "sn")
    )
