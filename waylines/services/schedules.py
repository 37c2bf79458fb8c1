"""Missions that come again: when they are due, and one row for each occurrence some time ahead."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.models import User
from fleet.services import audit, broadcast
from waylines.models import Mission, MissionStatus, Schedule
from waylines.models.mission import MissionKind
from waylines.services.missions import dispatch, planning, state
from waylines.services.missions.planning import SETTINGS, MissionRefused
from waylines.services.missions.policy import policy_of

logger = logging.getLogger(__name__)

#: So far ahead occurrences are rows of their own.
AHEAD = timedelta(hours=48)
#: They are extended by so much at once, so that a thousand schedules are not reckoned through every minute.
EXTEND = timedelta(hours=1)
#: What was missed while the server was down is written down as skipped, so far back.
BEHIND = timedelta(hours=24)
_FREQUENCIES: dict[Schedule.Frequency, Any] = {
    Schedule.Frequency.DAILY: DAILY,
    Schedule.Frequency.WEEKLY: WEEKLY,
    Schedule.Frequency.MONTHLY: MONTHLY,
}
_CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")


def check(schedule: Schedule) -> None:
    """Raises `MissionRefused` for a schedule that never comes or makes no sense."""
    if not schedule.times or not all(isinstance(text, str) and _CLOCK.match(text) for text in schedule.times):
        raise MissionRefused(_("Give at least one time of day as HH:MM."))
    if len(set(schedule.times)) > 48:
        raise MissionRefused(_("At most 48 times a day."))
    if schedule.interval < 1:
        raise MissionRefused(_("It has to repeat at least every 1."))
    if schedule.frequency == Schedule.Frequency.WEEKLY and not set(schedule.weekdays) & set(range(7)):
        raise MissionRefused(_("Choose at least one day of the week."))
    if schedule.frequency == Schedule.Frequency.MONTHLY and not set(schedule.month_days) & {-1, *range(1, 32)}:
        raise MissionRefused(_("Choose at least one day of the month."))
    if schedule.until and schedule.until < schedule.starts_on:
        raise MissionRefused(_("It ends before it begins."))
    planning.check_first_firmware(schedule, more=schedule.window_minutes > 0)
    if schedule.route.file.problem:
        raise MissionRefused(schedule.route.file.problem)


def occurrences(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The moments it is due, from `begin` until before `end`, in order.

    Times are those of the workspace's clock. One that the clock skips in spring comes as much later as the clock
    jumped; one that comes twice in autumn is taken the first time.
    """
    zone = ZoneInfo(schedule.workspace.time_zone)
    weekdays = sorted(set(schedule.weekdays) & set(range(7)))
    month_days = sorted(set(schedule.month_days) & {-1, *range(1, 32)})
    last = end.astimezone(zone).date()
    if schedule.until:
        last = min(last, schedule.until)
    rule = rrule(
        _FREQUENCIES[Schedule.Frequency(schedule.frequency)],
        dtstart=datetime.combine(schedule.starts_on, time()),
        interval=max(1, schedule.interval),
        byweekday=weekdays if schedule.frequency == Schedule.Frequency.WEEKLY else None,
        bymonthday=month_days if schedule.frequency == Schedule.Frequency.MONTHLY else None,
        until=datetime.combine(last, time()),
    )
    first = datetime.combine(begin.astimezone(zone).date() - timedelta(days=1), time())
    clocks = sorted({text for text in schedule.times if _CLOCK.match(text)})
    for day in rule.xafter(first, inc=True):
        for text in clocks:
            moment = _moment(day.date(), text, zone)
            if begin <= moment < end:
                yield moment


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hour, minute = clock.split(":")
    return datetime.combine(day, time(int(hour), int(minute)), tzinfo=zone).astimezone(ZoneInfo("UTC"))


def save(schedule: Schedule, *, user: User, accept_overlaps: bool = False) -> Schedule:
    """Write a schedule down and plan its next missions anew.

    Raises `MissionRefused`, with what it would collide with unless that is accepted.
    """
    planning.require_operator(user, schedule.workspace)
    planning.belongs(schedule.workspace, schedule.route, schedule.dock)
    check(schedule)
    if schedule.active and not accept_overlaps and (found := overlaps(schedule)):
        raise MissionRefused(_("The dock has something else to do at some of these times."), overlaps=found)
    with transaction.atomic():
        if schedule.user_id is None:
            schedule.user = user
        # Whoever changes it needs a second person again.
        schedule.approved_by = None
        schedule.horizon = None
        schedule.save()
        _clear(schedule, user=user)
        audit.record(
            "schedule.saved", workspace=schedule.workspace, user=user, target=schedule.dock.sn, name=schedule.name
        )
        _materialise(schedule, timezone.now())
    broadcast.changed(schedule.workspace_id, "mission", id="", device=schedule.dock_id)
    return schedule


def switch(schedule: Schedule, *, active: bool, user: User) -> None:
    """Let it rest or go on. What flies goes on; what has not started does not."""
    planning.require_operator(user, schedule.workspace)
    with transaction.atomic():
        Schedule.objects.filter(pk=schedule.pk).update(active=active, horizon=None)
        schedule.refresh_from_db()
        _clear(schedule, user=user)
        word = "schedule.resumed" if active else "schedule.paused"
        audit.record(word, workspace=schedule.workspace, user=user, target=schedule.dock.sn, name=schedule.name)
        _materialise(schedule, timezone.now())
    broadcast.changed(schedule.workspace_id, "mission", id="", device=schedule.dock_id)


def approve(schedule: Schedule, *, user: User) -> None:
    """A second person approves all its missions to come, until it is changed. Raises `MissionRefused`."""
    planning.require_operator(user, schedule.workspace)
    if schedule.user_id == user.pk:
        raise MissionRefused(_("Somebody other than its planner has to approve it."))
    Schedule.objects.filter(pk=schedule.pk).update(approved_by=user)
    for mission in schedule.missions.filter(status=MissionStatus.AWAITING).select_related("workspace", "dock"):
        if mission.user_id != user.pk:
            planning.approve(mission, user=user)
    schedule.refresh_from_db()


def remove(schedule: Schedule, *, user: User) -> None:
    """Delete a schedule; its missions that were flown stay, those to come go."""
    planning.require_operator(user, schedule.workspace)
    with transaction.atomic():
        _clear(schedule, user=user)
        audit.record(
            "schedule.removed", workspace=schedule.workspace, user=user, target=schedule.dock.sn, name=schedule.name
        )
        schedule.delete()


def _clear(schedule: Schedule, *, user: User | None = None) -> None:
    """Forget its missions to come, and cancel those whose time has come and that have not started.

    What is on its dock already is taken off it again: nothing flies at a time that nobody planned any more.
    """
    # Locked first: a scheduler that starts one of them meanwhile either was faster, or finds it gone.
    waiting = list(
        schedule.missions.select_for_update(of=("self",))
        .select_related("dock", "user", "workspace")
        .filter(status__in=sorted(planning.NOT_STARTED))
    )
    now = timezone.now()
    for mission in waiting:
        on_dock = mission.status in (MissionStatus.PREPARING, MissionStatus.READY)
        if mission.execute_at <= now:
            text = _("Its schedule was changed or removed before it started.")
            if not state.move(mission, MissionStatus.CANCELED, text=text, user=user):
                continue
        if on_dock:
            dispatch.withdraw(mission)
    schedule.missions.filter(pk__in=[mission.pk for mission in waiting if mission.execute_at > now]).delete()


def materialise(now: datetime | None = None) -> int:
    """Make the missions of the next two days out of all schedules. Returns how many are new."""
    now = now or timezone.now()
    made = 0
    behind = Q(horizon=None) | Q(horizon__lt=now + AHEAD - EXTEND) | ~Q(zone=F("workspace__time_zone"))
    rows = Schedule.objects.select_related("workspace", "route__file", "dock", "user").filter(behind, active=True)
    for schedule in rows.order_by("horizon")[:2000]:
        try:
            with transaction.atomic():
                made += _materialise(schedule, now)
        except Exception:
            logger.exception("schedule %s could not be planned ahead", schedule.pk)
    return made


def _materialise(schedule: Schedule, now: datetime) -> int:
    if not schedule.active:
        return 0
    if schedule.zone and schedule.zone != schedule.workspace.time_zone:
        # The workspace's clock is another now: "at 20:00" is another moment.
        _clear(schedule)
        schedule.horizon = None
    begin = max(schedule.horizon or now, now - BEHIND)
    end = now + AHEAD
    due = list(occurrences(schedule, begin, end))
    waits = policy_of(schedule.workspace_id).needs_approval and schedule.approved_by_id is None
    Mission.objects.bulk_create([_mission(schedule, moment, waits=waits) for moment in due], ignore_conflicts=True)
    # Two schedulers may both come here: the unique (schedule, moment) keeps one row of each occurrence.
    zone = schedule.workspace.time_zone
    Schedule.objects.filter(pk=schedule.pk).update(horizon=end, zone=zone)
    schedule.horizon, schedule.zone = end, zone
    return len(due)


def _mission(schedule: Schedule, moment: datetime, *, waits: bool) -> Mission:
    window = timedelta(minutes=schedule.window_minutes)
    return Mission(
        workspace=schedule.workspace,
        name=schedule.name,
        kind=MissionKind.CONDITIONAL if window else MissionKind.TIMED,
        dock=schedule.dock,
        route=schedule.route,
        file=schedule.route.file,
        schedule=schedule,
        execute_at=moment,
        window_end=moment + window if window else None,
        user=schedule.user,
        approved_by=schedule.approved_by,
        status=MissionStatus.AWAITING if waits else MissionStatus.PLANNED,
        **{name: getattr(schedule, name) for name in SETTINGS},
    )


def overlaps(schedule: Schedule, days: int = 14) -> list[Mission]:
    """What the dock has to do already at the times of this schedule within the next days: missions, and those that
    other schedules and this one itself would make (unsaved rows)."""
    now = timezone.now()
    end = now + timedelta(days=days)
    mine = [_mission(schedule, moment, waits=False) for moment in occurrences(schedule, now, end)][:500]
    others = list(
        Mission.objects.select_related("file", "dock", "schedule")
        .filter(Q(dock=schedule.dock) | Q(landing_dock=schedule.dock), finished_at=None)
        .filter(execute_at__lt=end, execute_at__gt=now - timedelta(days=1))
        .exclude(schedule_id=schedule.pk)
    )
    known = {(other.schedule_id, other.execute_at) for other in others}
    for other in Schedule.objects.select_related("workspace", "route__file", "dock").filter(
        dock=schedule.dock, active=True
    ):
        if other.pk != schedule.pk:
            made = (_mission(other, moment, waits=False) for moment in occurrences(other, now, end))
            others += [mission for mission in made if (other.pk, mission.execute_at) not in known]
    return _collisions(mine, others)


def _collisions(mine: list[Mission], others: list[Mission]) -> list[Mission]:
    """Of `others` (and of `mine` after the first) those that begin before one of `mine` is over, or the other way."""
    found: list[Mission] = []
    line = sorted(
        [(*planning.span(mission), 0, mission) for mission in mine]
        + [(*planning.span(mission), 1, mission) for mission in others],
        key=lambda entry: entry[0],
    )
    busy: list[tuple[datetime, int, Mission]] = []
    for begin, end, kind, mission in line:
        busy = [entry for entry in busy if entry[0] > begin]
        for _end, other_kind, other in busy:
            if kind == 0 or other_kind == 0:
                found.append(other if kind == 0 and other_kind == 1 else mission)
        busy.append((end, kind, mission))
    # Unsaved missions have ids of their own, so each is named once.
    return list({mission.pk: mission for mission in found}.values())[:20]
