"""Missions by day, on the workspace's clock."""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from devices.models import Device
from devices.models.device import Domain
from fleet.models import Workspace
from waylines.models import Mission, Schedule
from waylines.services.live_mission import TONES
from waylines.services.occurrences import occurrences

#: A day shows so many and says how many more there are.
PER_DAY = 6


@dataclass(slots=True)
class Entry:
    """One mission, or an occurrence that is no row yet (`url` is then its schedule's)."""

    at: datetime
    name: str
    dock: str
    tone: str
    status: str
    url: str


@dataclass(slots=True)
class Day:
    date: date
    inside: bool
    today: bool
    entries: list[Entry] = field(default_factory=list)

    @property
    def shown(self) -> list[Entry]:
        return self.entries[:PER_DAY]

    @property
    def more(self) -> int:
        return max(0, len(self.entries) - PER_DAY)


@dataclass(slots=True)
class Month:
    title: str
    weekdays: list[str]
    weeks: list[list[Day]]
    before: str
    after: str
    docks: list[Device]
    dock: str
    empty: bool


def month(workspace: Workspace, wanted: str, *, dock: str = "") -> Month:
    """The month `YYYY-MM`, this one when that is no month; of one dock when `dock` is its id. Four queries."""
    zone = ZoneInfo(workspace.time_zone)
    today = timezone.now().astimezone(zone).date()
    try:
        first = datetime.strptime(wanted, "%Y-%m").replace(tzinfo=zone).date()
        if not 1970 <= first.year < 2200:
            raise ValueError
    except ValueError:
        first = today.replace(day=1)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begin = datetime.combine(weeks[0][0], time(), tzinfo=zone)
    end = datetime.combine(weeks[-1][-1] + timedelta(days=1), time(), tzinfo=zone)
    only = int(dock) if dock.isdecimal() and len(dock) < 18 else None
    found: dict[date, list[Entry]] = defaultdict(list)
    for entry in [*_missions(workspace, begin, end, only), *_to_come(workspace, begin, end, only)]:
        found[entry.at.astimezone(zone).date()].append(entry)
    days = [
        [Day(day, day.month == first.month, day == today, sorted(found[day], key=lambda e: e.at)) for day in week]
        for week in weeks
    ]
    return Month(
        title=date_format(first, "F Y"),
        weekdays=[date_format(day, "D") for day in weeks[0]],
        weeks=days,
        before=f"{first - timedelta(days=1):%Y-%m}",
        after=f"{first + timedelta(days=32):%Y-%m}",
        docks=list(Device.objects.filter(workspace=workspace, domain=Domain.DOCK).order_by("callsign", "sn")),
        dock=dock if only is not None else "",
        empty=not found,
    )


def _missions(workspace: Workspace, begin: datetime, end: datetime, dock: int | None) -> list[Entry]:
    rows = Mission.objects.filter(workspace=workspace, execute_at__gte=begin, execute_at__lt=end)
    if dock is not None:
        rows = rows.filter(Q(dock_id=dock) | Q(landing_dock_id=dock))
    return [
        Entry(
            mission.execute_at,
            mission.name,
            str(mission.dock),
            TONES.get(mission.status, "off"),
            str(mission.get_status_display()),
            reverse("admin:waylines_mission_change", args=[mission.pk]),
        )
        for mission in rows.select_related("dock").order_by("execute_at")[:2000]
    ]


def _to_come(workspace: Workspace, begin: datetime, end: datetime, dock: int | None) -> list[Entry]:
    """Occurrences beyond those that are rows already."""
    rows = Schedule.objects.filter(workspace=workspace, active=True).select_related("dock", "workspace")
    if dock is not None:
        rows = rows.filter(dock_id=dock)
    found: list[Entry] = []
    for schedule in rows[:500]:
        start = max(begin, schedule.horizon or timezone.now())
        for moment in occurrences(schedule, start, end) if start < end else ():
            url = reverse("console:schedule_edit", args=[schedule.pk])
            found.append(Entry(moment, schedule.name, str(schedule.dock), "off", "", url))
            if len(found) > 2000:
                return found
    return found


def next_dates(schedule: Schedule, count: int = 8) -> list[datetime]:
    """When it comes next."""
    now = timezone.now()
    found: list[datetime] = []
    for moment in occurrences(schedule, now, now + timedelta(days=400)):
        found.append(moment)
        if len(found) == count:
            break
    return found


def of_dock(device: Device, count: int = 5) -> dict[str, Any]:
    """The dock's next and last missions, for its page."""
    rows = Mission.objects.filter(dock=device).select_related("file", "dock")
    return {
        "next": list(rows.filter(finished_at=None).order_by("execute_at")[:count]),
        "last": list(rows.exclude(finished_at=None).order_by("-finished_at")[:count]),
    }
