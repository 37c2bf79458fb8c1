"""Missions that come again: the workspace's clock, one row for each occurrence, collisions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.models import Role, Workspace
from tests.factories import make_user
from tests.waylines.missions.conftest import Site, make_route
from waylines.models import Mission, MissionPolicy, MissionStatus, Schedule
from waylines.models.mission import MissionKind
from waylines.services import schedules
from waylines.services.missions import dispatch
from waylines.services.missions.planning import MissionRefused
from waylines.services.occurrences import occurrences

pytestmark = pytest.mark.django_db(transaction=True)


def schedule(site: Site, **fields: Any) -> Schedule:
    values = {
        "name": "Night round",
        "times": ["20:00"],
        "starts_on": timezone.now().date(),
        "route": site.route,
        "dock": site.dock,
        "user": site.user,
        **fields,
    }
    return Schedule(workspace=site.workspace, **values)


def moments(found: Schedule, begin: datetime, days: int) -> list[str]:
    return [f"{moment:%m-%d %H:%M}" for moment in occurrences(found, begin, begin + timedelta(days=days))]


def test_times_are_the_workspaces_own_through_summer_and_winter(site: Site) -> None:
    site.workspace.time_zone = "Europe/Zurich"
    found = schedule(site, times=["20:00", "06:30"], starts_on=date(2026, 10, 23))
    begin = datetime(2026, 10, 24, tzinfo=UTC)
    assert moments(found, begin, 2) == ["10-24 04:30", "10-24 18:00", "10-25 05:30", "10-25 19:00"]


def test_a_time_that_the_clock_skips_or_repeats_comes_once(site: Site) -> None:
    site.workspace.time_zone = "Europe/Zurich"
    skipped = schedule(site, times=["02:30"], starts_on=date(2026, 3, 1))
    assert moments(skipped, datetime(2026, 3, 28, 12, tzinfo=UTC), 2) == ["03-29 01:30", "03-30 00:30"]
    repeated = schedule(site, times=["02:30"], starts_on=date(2026, 10, 1))
    assert moments(repeated, datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == ["10-25 00:30", "10-26 01:30"]


def test_weekly_monthly_and_until(site: Site) -> None:
    weekly = schedule(site, frequency="weekly", weekdays=[0, 3], interval=2, starts_on=date(2026, 11, 2))
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    assert moments(weekly, begin, 21) == ["11-02 20:00", "11-05 20:00", "11-16 20:00", "11-19 20:00"]
    monthly = schedule(
        site, frequency="monthly", month_days=[1, -1], starts_on=date(2026, 1, 1), until=date(2026, 3, 1)
    )
    assert moments(monthly, datetime(2026, 1, 1, tzinfo=UTC), 365) == [
        "01-01 20:00",
        "01-31 20:00",
        "02-01 20:00",
        "02-28 20:00",
        "03-01 20:00",
    ]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    clocks=st.lists(st.times().map(lambda moment: f"{moment:%H:%M}"), min_size=1, max_size=4, unique=True),
    begin=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    hours=st.integers(1, 200),
)
def test_cut_anywhere_the_occurrences_are_the_same(zone: str, clocks: list[str], begin: datetime, hours: int) -> None:
    found = Schedule(workspace=Workspace(time_zone=zone), times=clocks, starts_on=date(2026, 1, 1))
    end = begin + timedelta(hours=400)
    middle = begin + timedelta(hours=hours)
    whole = list(occurrences(found, begin, end))
    parts = [*occurrences(found, begin, middle), *schedules.occurrences(found, middle, end)]
    assert whole == parts
    assert len(set(whole)) == len(whole)


def test_each_occurrence_is_a_mission_of_its_own_once(site: Site) -> None:
    found = schedules.save(schedule(site, times=["08:00", "20:00"]), user=site.user)
    assert found.missions.count() == 4
    for _scheduler in range(2):
        Schedule.objects.update(horizon=timezone.now())
        schedules.materialise()
    assert found.missions.count() == 4
    first = found.missions.order_by("execute_at").first()
    assert first is not None
    assert (first.kind, first.status, first.file) == (MissionKind.TIMED, MissionStatus.PLANNED, site.route.file)


def test_a_cancelled_occurrence_does_not_come_back(site: Site) -> None:
    found = schedules.save(schedule(site), user=site.user)
    first = found.missions.order_by("execute_at").first()
    assert first is not None
    Mission.objects.filter(pk=first.pk).update(status=MissionStatus.CANCELED, finished_at=timezone.now())
    schedules.save(found, user=site.user)
    assert found.missions.filter(execute_at=first.execute_at).get().status == MissionStatus.CANCELED


def test_what_was_missed_while_the_server_was_down_is_written_down_as_skipped(site: Site) -> None:
    begun = timezone.now().date() - timedelta(days=5)
    found = schedules.save(schedule(site, starts_on=begun), user=site.user)
    found.missions.all().delete()
    Schedule.objects.update(horizon=timezone.now() - timedelta(days=30))
    schedules.materialise()
    missed = found.missions.filter(execute_at__lt=timezone.now() - timedelta(seconds=90))
    assert missed.count() == 1
    dispatch.tick()
    assert missed.get().status == MissionStatus.SKIPPED


def test_collisions_are_shown_before_it_is_saved(site: Site) -> None:
    schedules.save(schedule(site, name="First", times=["12:00"]), user=site.user)
    second = schedule(site, name="Second", times=["12:05"], route=make_route(site.workspace, name="Other"))
    with pytest.raises(MissionRefused) as refusal:
        schedules.save(second, user=site.user)
    assert {mission.name for mission in refusal.value.overlaps} == {"First"}
    assert not Schedule.objects.filter(name="Second").exists()
    schedules.save(second, user=site.user, accept_overlaps=True)
    assert second.missions.exists()
    itself = schedule(site, name="Third", times=["03:00", "03:04"])
    with pytest.raises(MissionRefused):
        schedules.save(itself, user=site.user)
    schedules.save(schedule(site, name="Fourth", times=["16:00"]), user=site.user)


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": []},
        {"times": ["25:00"]},
        {"frequency": "weekly"},
        {"frequency": "monthly", "month_days": [0]},
        {"until": date(2020, 1, 1)},
    ],
)
def test_a_schedule_that_never_comes_is_refused(site: Site, wrong: dict[str, Any]) -> None:
    with pytest.raises(MissionRefused):
        schedules.save(schedule(site, **wrong), user=site.user)


def test_resting_takes_its_missions_away_and_going_on_brings_them_back(site: Site) -> None:
    found = schedules.save(schedule(site), user=site.user)
    schedules.switch(found, active=False, user=site.user)
    assert not found.missions.exists()
    schedules.switch(found, active=True, user=site.user)
    assert found.missions.exists()
    schedules.remove(found, user=site.user)
    assert not Mission.objects.exists()


def test_one_approval_covers_a_schedule_until_it_is_changed(site: Site) -> None:
    MissionPolicy.objects.create(workspace=site.workspace, needs_approval=True)
    found = schedules.save(schedule(site), user=site.user)
    assert set(found.missions.values_list("status", flat=True)) == {MissionStatus.AWAITING}
    with pytest.raises(MissionRefused):
        schedules.approve(found, user=site.user)
    schedules.approve(found, user=make_user(site.workspace, Role.OPERATOR))
    assert set(found.missions.values_list("status", flat=True)) == {MissionStatus.PLANNED}
    schedules.save(found, user=site.user)
    assert set(found.missions.values_list("status", flat=True)) == {MissionStatus.AWAITING}


def test_only_operators_of_the_workspace_plan(site: Site, other_workspace: Any) -> None:
    theirs = Site(other_workspace)
    for user in (make_user(site.workspace, Role.PILOT), theirs.user):
        with pytest.raises(MissionRefused):
            schedules.save(schedule(site), user=user)
    with pytest.raises(MissionRefused):
        schedules.save(schedule(site, dock=theirs.dock), user=site.user)
