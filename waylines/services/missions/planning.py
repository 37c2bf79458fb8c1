"""Plan a mission, have it approved, go on with one that was broken off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from devices.models.device import Domain
from fleet.models import Role, User, Workspace
from fleet.services import access, audit
from waylines.models import Mission, MissionStatus, Route, Schedule
from waylines.models.mission import FINAL, NOT_STARTED, OPEN, MissionKind
from waylines.models.settings import SETTINGS, FlightTaskSettings
from waylines.services.missions import dispatch, gate, state
from waylines.services.missions.policy import policy_of
from waylines.services.occurrences import to_come

#: What a flight needs besides its route: checks, take-off, landing, cover.
OVERHEAD = timedelta(minutes=6)
#: What a route without a stated duration is taken for.
USUAL = timedelta(minutes=25)
#: How far ahead a mission may be planned.
HORIZON = timedelta(days=366)
LONGEST_WINDOW = timedelta(days=31)

Planned = TypeVar("Planned", Mission, Schedule)


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
    key: UUID | None = None,
) -> Mission:
    """Write a mission down, and send it at once when it is to fly now. Raises `MissionRefused`.

    `execute_at`: when it is to start; of a conditional one the beginning of the window that `window_end` closes.
    `settings`: those of `SETTINGS` that differ from the defaults. `key` becomes its id: said twice, it is one mission.
    """
    require_operator(user, workspace)
    if key is not None and (present := planned_already(Mission.objects.all(), workspace, key)):
        return present
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
    if window_end is not None and window_end > start + LONGEST_WINDOW:
        raise MissionRefused(_("The window is open for %(days)d days at most.") % {"days": LONGEST_WINDOW.days})
    mission = Mission(
        id=key or uuid4(),
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
    try:
        with transaction.atomic():
            mission.save(force_insert=True)
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
    except IntegrityError:
        if (present := planned_already(Mission.objects.all(), workspace, mission.pk)) is None:
            raise
        return present
    if kind == MissionKind.IMMEDIATE and mission.status == MissionStatus.PLANNED:
        dispatch.begin(mission)
        mission.refresh_from_db()
    return mission


def planned_already(rows: QuerySet[Planned], workspace: Workspace, key: UUID) -> Planned | None:
    """What the same click made a moment earlier. Raises `MissionRefused` when the key is another workspace's."""
    found = rows.filter(pk=key).first()
    if found is not None and found.workspace_id != workspace.pk:
        raise MissionRefused(_("Something else was planned from this page; open it anew."))
    return found


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
    """What has one of this one's docks at the same time: missions, and those that schedules would make (unsaved)."""
    begin, end = span(mission)
    docks = [dock for dock in (mission.dock_id, mission.landing_dock_id) if dock]
    early = begin - timedelta(days=1)
    near = Mission.objects.select_related("file", "dock").filter(
        Q(dock__in=docks) | Q(landing_dock__in=docks), workspace_id=mission.workspace_id, execute_at__lt=end
    )
    near = near.filter(Q(execute_at__gt=early) | Q(window_end__gt=begin)).exclude(pk=mission.pk)
    others = [other for other in near if other.status in OPEN]
    others += to_come(Schedule.objects.filter(dock__in=docks), max(early, timezone.now()), end, rows=near)
    return [other for other in others if span(other)[1] > begin]


def approve(mission: Mission, *, user: User) -> None:
    """A second person says yes, also to what was planned before that was the rule. Raises `MissionRefused`."""
    require_operator(user, mission.workspace)
    if mission.user_id == user.pk:
        raise MissionRefused(_("Somebody other than its planner has to approve it."))
    now = timezone.now()
    changes: dict[str, Any] = {"approved_by": user, "approved_at": now}
    if mission.status != MissionStatus.AWAITING:
        _approve_planned(mission, changes, user)
        return
    if mission.kind == MissionKind.IMMEDIATE:
        changes["execute_at"] = now
    if not state.move(mission, MissionStatus.PLANNED, user=user, only=Q(status=MissionStatus.AWAITING), **changes):
        raise MissionRefused(_("It does not wait for approval any more."))
    if mission.kind == MissionKind.IMMEDIATE:
        dispatch.begin(mission)
        mission.refresh_from_db()


def may_approve(mission: Mission) -> bool:
    """Whether it waits for a second person."""
    if mission.status == MissionStatus.AWAITING:
        return True
    unasked = mission.status in NOT_STARTED and mission.approved_by_id is None
    return unasked and policy_of(mission.workspace_id).needs_approval


def _approve_planned(mission: Mission, changes: dict[str, Any], user: User) -> None:
    rows = Mission.objects.filter(pk=mission.pk, status__in=sorted(NOT_STARTED), approved_by=None)
    if not rows.update(**changes):
        raise MissionRefused(_("It does not wait for approval any more."))
    mission.refresh_from_db()
    audit.record(
        "mission.approved",
        workspace=mission.workspace,
        user=user,
        target=mission.dock.sn,
        mission=str(mission.pk),
        name=mission.name,
    )
    state.announce(mission)


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
    if mission.route.file_id != mission.file_id:
        raise MissionRefused(_("The route was changed since; the break point would not be the same place."))
    with transaction.atomic():
        # Two clicks at once: the second waits here, and finds the first one's mission.
        Mission.objects.select_for_update().filter(pk=mission.pk).first()
        if mission.resumed_by.filter(status__in=sorted(OPEN | {MissionStatus.OK})).exists():
            raise MissionRefused(_("Another mission goes on with it already."))
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
