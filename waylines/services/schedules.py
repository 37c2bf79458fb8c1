"""Missions that come again: when they are due, and one row for each occurrence some time ahead."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.models import User, Workspace
from fleet.services import audit, broadcast
from waylines.models import Mission, MissionStatus, Schedule
from waylines.models.mission import NOT_STARTED
from waylines.services.missions import dispatch, planning, state
from waylines.services.missions.planning import MissionRefused
from waylines.services.missions.policy import policy_of
from waylines.services.occurrences import CLOCK, made, occurrences, to_come

logger = logging.getLogger(__name__)

_RELATED = ("workspace", "route__file", "dock", "user")

#: So far ahead occurrences are rows of their own.
AHEAD = timedelta(hours=48)
#: They are extended by so much at once, so that a thousand schedules are not reckoned through every minute.
EXTEND = timedelta(hours=1)
#: What was missed while the server was down is written down as skipped, so far back.
BEHIND = timedelta(hours=24)
#: Nobody means a schedule that began before there were docks.
EARLIEST = date(2020, 1, 1)


def find(workspace: Workspace, pk: UUID | None) -> Schedule | None:
    """A schedule of this workspace, with what its pages and verbs look at."""
    rows = Schedule.objects.select_related(*_RELATED).filter(workspace=workspace)
    return rows.filter(pk=pk).first() if pk else None


def check(schedule: Schedule) -> None:
    """Raises `MissionRefused` for a schedule that never comes or makes no sense."""
    if not schedule.times or not all(isinstance(text, str) and CLOCK.match(text) for text in schedule.times):
        raise MissionRefused(_("Give at least one time of day as HH:MM."))
    if len(set(schedule.times)) > 48:
        raise MissionRefused(_("At most 48 times a day."))
    if schedule.interval < 1:
        raise MissionRefused(_("It has to repeat at least every 1."))
    if schedule.frequency == Schedule.Frequency.WEEKLY and not set(schedule.weekdays) & set(range(7)):
        raise MissionRefused(_("Choose at least one day of the week."))
    if schedule.frequency == Schedule.Frequency.MONTHLY and not set(schedule.month_days) & {-1, *range(1, 32)}:
        raise MissionRefused(_("Choose at least one day of the month."))
    if schedule.starts_on < EARLIEST:
        raise MissionRefused(_("It begins too long ago."))
    if schedule.until and schedule.until < schedule.starts_on:
        raise MissionRefused(_("It ends before it begins."))
    planning.check_first_firmware(schedule, more=schedule.window_minutes > 0)
    if schedule.route.file.problem:
        raise MissionRefused(schedule.route.file.problem)


def save(schedule: Schedule, *, user: User, accept_overlaps: bool = False) -> Schedule:
    """Write a schedule down and plan its next missions anew.

    Raises `MissionRefused`, with what it would collide with unless that is accepted.
    """
    planning.require_operator(user, schedule.workspace)
    planning.belongs(schedule.workspace, schedule.route, schedule.dock)
    check(schedule)
    if schedule.active and not accept_overlaps and (found := overlaps(schedule)):
        raise MissionRefused(_("The dock has something else to do at some of these times."), overlaps=found)
    is_new = schedule._state.adding
    try:
        with transaction.atomic():
            # Whoever changed it last answers for it, and needs a second person again.
            schedule.user = user
            schedule.approved_by, schedule.approved_sign = None, ""
            schedule.horizon = None
            schedule.save(force_insert=is_new)  # never over another's row of the same key
            _clear(schedule, user=user)
            audit.record(
                "schedule.saved", workspace=schedule.workspace, user=user, target=schedule.dock.sn, name=schedule.name
            )
            _materialise(schedule, timezone.now())
    except IntegrityError:
        present = planning.planned_already(Schedule.objects.all(), schedule.workspace, schedule.pk) if is_new else None
        if present is None:
            raise
        return present
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
    """A second person approves all its missions to come, until it or its route is changed. Raises `MissionRefused`."""
    planning.require_operator(user, schedule.workspace)
    with transaction.atomic():
        schedule = Schedule.objects.select_for_update(of=("self",)).select_related(*_RELATED).get(pk=schedule.pk)
        if schedule.user_id == user.pk:
            raise MissionRefused(_("Somebody other than its planner has to approve it."))
        sign = schedule.route.file.sign
        Schedule.objects.filter(pk=schedule.pk).update(approved_by=user, approved_sign=sign)
        audit.record(
            "schedule.approved", workspace=schedule.workspace, user=user, target=schedule.dock.sn, name=schedule.name
        )
        waiting = schedule.missions.filter(status__in=sorted(NOT_STARTED), approved_by=None)
        for mission in waiting.filter(file=schedule.route.file_id).select_related("workspace", "dock"):
            if mission.user_id != user.pk:
                planning.approve(mission, user=user)


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
        .filter(status__in=sorted(NOT_STARTED))
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
    rows = Schedule.objects.select_related(*_RELATED).filter(behind, active=True)
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
    waits = policy_of(schedule.workspace_id).needs_approval and not schedule.is_approved
    Mission.objects.bulk_create([made(schedule, moment, waits=waits) for moment in due], ignore_conflicts=True)
    # Two schedulers may both come here: the unique (schedule, moment) keeps one row of each occurrence.
    zone = schedule.workspace.time_zone
    Schedule.objects.filter(pk=schedule.pk).update(horizon=end, zone=zone)
    schedule.horizon, schedule.zone = end, zone
    return len(due)


def overlaps(schedule: Schedule, days: int = 14) -> list[Mission]:
    """What the dock has to do already at the times of this schedule within the next days: missions, and those that
    other schedules and this one itself would make (unsaved rows)."""
    now = timezone.now()
    end = now + timedelta(days=days)
    mine = [made(schedule, moment) for moment in islice(occurrences(schedule, now, end), 500)]
    others = list(
        Mission.objects.select_related("file", "dock", "schedule")
        .filter(Q(dock=schedule.dock) | Q(landing_dock=schedule.dock), finished_at=None)
        .filter(Q(execute_at__gt=now - timedelta(days=1)) | Q(window_end__gt=now), execute_at__lt=end)
        .exclude(schedule_id=schedule.pk)
    )
    rivals = Schedule.objects.filter(dock=schedule.dock).exclude(pk=schedule.pk)
    others += to_come(rivals, now, end, rows=others)
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
