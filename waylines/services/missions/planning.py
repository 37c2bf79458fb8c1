"""Plan a mission, have it approved, go on with one that was broken off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from devices.models.device import Domain
from fleet.models import Role, User, Workspace
from fleet.services import access, audit
from waylines.models import Mission, MissionStatus, Route
from waylines.models.mission import FINAL, OPEN, MissionKind
from waylines.models.settings import FlightTaskSettings
from waylines.services.missions import dispatch, gate, state
from waylines.services.missions.policy import policy_of

#: What a flight needs besides its route: checks, take-off, landing, cover.
OVERHEAD = timedelta(minutes=6)
#: What a route without a stated duration is taken for.
USUAL = timedelta(minutes=25)
#: How far ahead a mission may be planned.
HORIZON = timedelta(days=366)

#: May still be given up without a word to the aircraft.
NOT_STARTED = frozenset({MissionStatus.AWAITING, MissionStatus.PLANNED, MissionStatus.PREPARING, MissionStatus.READY})

#: The planner's fields, the same for a mission and a schedule.
SETTINGS = (
    "rth_altitude",
    "rth_mode",
    "out_of_control_action",
    "exit_wayline_when_rc_lost",
    "wayline_precision_type",
    "simulate",
    "one_command",
    "battery_capacity",
    "storage_capacity",
    "late_minutes",
)


class MissionRefused(Exception):
    """It was not planned. `message` says why; `checks` are those that block, `overlaps` what else the dock has then."""

    def __init__(self, message: str, *, checks: Iterable[gate.Check] = (), overlaps: Iterable[Mission] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.checks = list(checks)
        self.overlaps = list(overlaps)


def plan(
    workspace: Workspace,
    *,
    route: Route,
    dock: Device,
    user: User,
    kind: MissionKind = MissionKind.IMMEDIATE,
    execute_at: datetime | None = None,
    window_end: datetime | None = None,
    landing_dock: Device | None = None,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    accept_overlaps: bool = False,
    resumes: Mission | None = None,
) -> Mission:
    """Write a mission down, and send it at once when it is to fly now. Raises `MissionRefused`.

    `execute_at`: when it is to start; of a conditional one the beginning of the window that `window_end` closes.
    `settings`: those of `SETTINGS` that differ from the defaults.
    """
    require_operator(user, workspace)
    belongs(workspace, route, dock, landing_dock)
    now = timezone.now()
    start = now if kind == MissionKind.IMMEDIATE else execute_at
    if start is None:
        raise MissionRefused(_("Say when it is to start."))
    if start < now - timedelta(seconds=60):
        raise MissionRefused(_("That time is over."))
    if start > now + HORIZON:
        raise MissionRefused(_("A mission is planned for a year ahead at most; use a schedule."))
    if kind == MissionKind.CONDITIONAL and (window_end is None or window_end <= start):
        raise MissionRefused(_("The window has to end after it begins."))
    mission = Mission(
        workspace=workspace,
        name=(name or route.name)[:200],
        kind=kind,
        dock=dock,
        landing_dock=landing_dock,
        route=route,
        file=route.file,
        execute_at=start,
        window_end=window_end if kind == MissionKind.CONDITIONAL else None,
        user=user,
        resumes=resumes,
        break_point=resumes.break_point if resumes else None,
        **{name: value for name, value in (settings or {}).items() if name in SETTINGS and value is not None},
    )
    check_first_firmware(mission, more=bool(kind == MissionKind.CONDITIONAL or resumes or landing_dock))
    checks = gate.examine(mission)
    mission.gate = [check.as_json() for check in checks]
    if kind == MissionKind.IMMEDIATE and gate.blocks(checks):
        raise MissionRefused(_("It may not take off now."), checks=gate.blocks(checks))
    if blocking := [check for check in gate.blocks(checks) if check.name in ("route", "model", "range", "no_fly")]:
        raise MissionRefused(_("The route cannot be flown from this dock."), checks=blocking)
    if not accept_overlaps and (found := overlapping(mission)):
        raise MissionRefused(_("The dock has something else to do then."), overlaps=found)
    mission.status = MissionStatus.AWAITING if policy_of(workspace.pk).needs_approval else MissionStatus.PLANNED
    with transaction.atomic():
        mission.save()
        audit.record(
            "mission.planned",
            workspace=workspace,
            user=user,
            target=dock.sn,
            mission=str(mission.pk),
            name=mission.name,
            start=start.isoformat(),
        )
        state.announce(mission)
    if kind == MissionKind.IMMEDIATE and mission.status == MissionStatus.PLANNED:
        dispatch.begin(mission)
        mission.refresh_from_db()
    return mission


def check_first_firmware(settings: FlightTaskSettings, *, more: bool) -> None:
    """A dock of the first firmware is told a route and no more: no simulation, and nothing of the `more` there is.

    Raises `MissionRefused`. The database holds it too, for what would be left out makes an aircraft take off.
    """
    if settings.one_command and (more or settings.simulate):
        text = _("A dock of the first firmware flies a route from its beginning, now or at a time, and back to itself.")
        raise MissionRefused(text)


def require_operator(user: User, workspace: Workspace) -> None:
    """Raises `MissionRefused` for anybody who may not plan flights here."""
    if not access.may(user, workspace, Role.OPERATOR):
        raise MissionRefused(_("This needs the role “%(role)s” in this workspace.") % {"role": Role.OPERATOR.label})


def belongs(workspace: Workspace, route: Route, *docks: Device | None) -> None:
    """Raises `MissionRefused` for a route or a dock of somebody else, or a thing that is no dock."""
    if route.workspace_id != workspace.pk:
        raise MissionRefused(_("There is no such route in this workspace."))
    for dock in docks:
        if dock is not None and (dock.workspace_id != workspace.pk or dock.domain != Domain.DOCK):
            raise MissionRefused(_("There is no such dock in this workspace."))
    if len({dock.pk for dock in docks if dock is not None}) < len([dock for dock in docks if dock is not None]):
        raise MissionRefused(_("A relay needs two different docks."))


def span(mission: Mission) -> tuple[datetime, datetime]:
    """From when until when the dock is likely to be at it."""
    seconds = mission.file.facts.get("duration")
    flight = timedelta(seconds=float(seconds)) if seconds else USUAL
    return mission.execute_at, dispatch.latest_start(mission) + flight + OVERHEAD


def overlapping(mission: Mission) -> list[Mission]:
    """Missions that have one of this one's docks at the same time."""
    begin, end = span(mission)
    docks = [dock for dock in (mission.dock_id, mission.landing_dock_id) if dock]
    others = (
        Mission.objects.select_related("file", "dock")
        .filter(Q(dock__in=docks) | Q(landing_dock__in=docks), workspace_id=mission.workspace_id, status__in=OPEN)
        .filter(execute_at__lt=end, execute_at__gt=begin - timedelta(days=1))
        .exclude(pk=mission.pk)
    )
    return [other for other in others if span(other)[1] > begin]


def approve(mission: Mission, *, user: User) -> None:
    """A second person says yes. Raises `MissionRefused`."""
    require_operator(user, mission.workspace)
    if mission.user_id == user.pk:
        raise MissionRefused(_("Somebody other than its planner has to approve it."))
    now = timezone.now()
    changes: dict[str, Any] = {"approved_by": user, "approved_at": now}
    if mission.kind == MissionKind.IMMEDIATE:
        changes["execute_at"] = now
    if not state.move(mission, MissionStatus.PLANNED, user=user, only=Q(status=MissionStatus.AWAITING), **changes):
        raise MissionRefused(_("It does not wait for approval any more."))
    if mission.kind == MissionKind.IMMEDIATE:
        dispatch.begin(mission)
        mission.refresh_from_db()


def reject(mission: Mission, *, user: User, reason: str = "") -> None:
    """A second person says no. Raises `MissionRefused`."""
    require_operator(user, mission.workspace)
    text = _("Not approved by %(person)s.") % {"person": user}
    if not state.move(
        mission,
        MissionStatus.REJECTED,
        text=f"{text} {reason}".strip(),
        user=user,
        only=Q(status=MissionStatus.AWAITING),
    ):
        raise MissionRefused(_("It does not wait for approval any more."))


def can_resume(mission: Mission) -> bool:
    """Whether it was broken off at a place from which it can go on."""
    return bool(
        mission.status in FINAL
        and mission.status != MissionStatus.OK
        and mission.break_point
        and "index" in mission.break_point
        and mission.route_id
    )


def resume(mission: Mission, *, user: User, accept_overlaps: bool = False) -> Mission:
    """Fly the rest of a mission that was broken off, now. Raises `MissionRefused`."""
    if not can_resume(mission) or mission.route is None:
        raise MissionRefused(_("The dock did not say where it stopped, so it cannot go on from there."))
    if mission.resumed_by.filter(status__in=sorted(OPEN | {MissionStatus.OK})).exists():
        raise MissionRefused(_("Another mission goes on with it already."))
    if mission.route.file_id != mission.file_id:
        raise MissionRefused(_("The route was changed since; the break point would not be the same place."))
    return plan(
        mission.workspace,
        route=mission.route,
        dock=mission.dock,
        user=user,
        landing_dock=mission.landing_dock,
        name=_("%(name)s, continued") % {"name": mission.name},
        settings={name: getattr(mission, name) for name in SETTINGS},
        accept_overlaps=accept_overlaps,
        resumes=mission,
    )
