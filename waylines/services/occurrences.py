"""When a schedule is due, and the missions that this would make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule
from django.db.models import QuerySet

from waylines.models import Mission, MissionStatus, Schedule
from waylines.models.mission import MissionKind
from waylines.models.settings import SETTINGS

_FREQUENCIES: dict[Schedule.Frequency, Any] = {
    Schedule.Frequency.DAILY: DAILY,
    Schedule.Frequency.WEEKLY: WEEKLY,
    Schedule.Frequency.MONTHLY: MONTHLY,
}
#: A time of day.
CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")


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
    clocks = sorted({text for text in schedule.times if CLOCK.match(text)})
    for day in rule.xafter(first, inc=True):
        for text in clocks:
            moment = _moment(day.date(), text, zone)
            if begin <= moment < end:
                yield moment


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hour, minute = clock.split(":")
    return datetime.combine(day, time(int(hour), int(minute)), tzinfo=zone).astimezone(ZoneInfo("UTC"))


def made(schedule: Schedule, moment: datetime, *, waits: bool = False) -> Mission:
    """One of its missions, not saved; with `waits` somebody has to approve it first."""
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
        approved_by=schedule.approved_by if schedule.is_approved else None,
        status=MissionStatus.AWAITING if waits else MissionStatus.PLANNED,
        **{name: getattr(schedule, name) for name in SETTINGS},
    )


def to_come(
    schedules: QuerySet[Schedule], begin: datetime, end: datetime, *, rows: Iterable[Mission] = ()
) -> Iterator[Mission]:
    """What active schedules would make between two moments, without those that are `rows` already."""
    known = {(row.schedule_id, row.execute_at) for row in rows}
    for schedule in schedules.select_related("workspace", "route__file", "dock").filter(active=True):
        for moment in occurrences(schedule, begin, end):
            if (schedule.pk, moment) not in known:
                yield made(schedule, moment)
