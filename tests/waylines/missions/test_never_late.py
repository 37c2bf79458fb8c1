"""What must not start: too late, without a plan, onto a dock that is not free. And what waits is not forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Alarm, DeviceState
from tests.factories import make_dock
from tests.waylines.missions.conftest import IDLE, Site, say
from tests.waylines.missions.test_in_flight import LINKS, RTCM
from tests.waylines.missions.test_life import flying, plan, shift, status, timed
from tests.waylines.missions.test_schedules import schedule
from waylines import tasks
from waylines.models import Mission, MissionPolicy, MissionStatus, Schedule
from waylines.models.mission import MissionKind
from waylines.services import schedules
from waylines.services.missions import control, dispatch, gate, relay, sweep

pytestmark = pytest.mark.django_db(transaction=True)

Answer = Callable[..., None]
Tell = Callable[..., None]


def on_dock(site: Site, answer: Answer, **fields: Any) -> Mission:
    mission = timed(site, **fields)
    dispatch.tick()
    answer("flighttask_prepare")
    assert status(mission) == MissionStatus.READY
    return mission


def ready(site: Site, wire: Any, mission: Mission) -> None:
    wire.deliver(
        f"thing/product/{site.dock.sn}/events",
        method="flighttask_ready",
        need_reply=1,
        data={"flight_ids": [str(mission.pk)]},
    )


def test_a_start_that_lay_in_the_queue_too_long_is_none(site: Site, answer: Answer) -> None:
    mission = on_dock(site, answer)
    shift(mission, 3600)
    tasks.start_mission(str(mission.pk))
    assert status(mission) == MissionStatus.SKIPPED
    assert not site.commands("flighttask_execute")
    assert site.commands("flighttask_undo")


def test_a_start_before_its_time_waits(site: Site, answer: Answer) -> None:
    mission = on_dock(site, answer)
    tasks.start_mission(str(mission.pk))
    assert status(mission) == MissionStatus.READY


def conditional(site: Site, answer: Answer, *, begins: float = 0) -> Mission:
    begin = timezone.now() + timedelta(seconds=begins)
    mission = plan(site, kind=MissionKind.CONDITIONAL, execute_at=begin, window_end=begin + timedelta(hours=2))
    dispatch.tick()
    answer("flighttask_prepare")
    assert status(mission) == MissionStatus.READY
    return mission


def test_conditions_that_hold_while_it_rains_still_hold_afterwards(site: Site, answer: Answer, wire: Any) -> None:
    mission = conditional(site, answer)
    say(site.dock, rainfall=3)
    ready(site, wire, mission)
    tasks.start_mission(str(mission.pk))
    assert status(mission) == MissionStatus.READY
    page = Client()
    page.force_login(site.user)
    shown = page.get(reverse("admin:waylines_mission_change", args=[mission.pk])).content.decode()
    assert "Conditions hold" in shown
    assert "Rain at the dock" in shown
    say(site.dock, rainfall=0)
    dispatch.tick()
    assert not site.commands("flighttask_execute"), "it was looked at just now"
    Mission.objects.update(progress_at=timezone.now() - dispatch.PAUSE)
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING


def test_conditions_that_hold_by_the_docks_clock_before_the_window_begins_by_ours(
    site: Site, answer: Answer, wire: Any
) -> None:
    mission = conditional(site, answer, begins=20)
    ready(site, wire, mission)
    tasks.start_mission(str(mission.pk))
    dispatch.tick()
    assert not site.commands("flighttask_execute")
    shift(mission, 1)
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING


def test_conditions_that_do_not_hold_start_nothing(site: Site, answer: Answer) -> None:
    mission = conditional(site, answer)
    dispatch.tick()
    assert status(mission) == MissionStatus.READY


def test_many_that_wait_for_approval_hold_up_nobody(site: Site, other_workspace: Any) -> None:
    theirs = Site(other_workspace)
    MissionPolicy.objects.create(workspace=theirs.workspace, needs_approval=True)
    waiting = plan(theirs)
    begin = timezone.now() - timedelta(hours=1)
    fields = ("workspace", "dock", "route", "file", "user", "name", "kind", "status")
    Mission.objects.bulk_create(
        Mission(execute_at=begin, **{name: getattr(waiting, name) for name in fields}) for _n in range(dispatch.BATCH)
    )
    mission = timed(site)
    dispatch.tick()
    assert status(mission) == MissionStatus.PREPARING
    Mission.objects.filter(pk=waiting.pk).update(execute_at=timezone.now() - dispatch.PATIENCE - timedelta(seconds=1))
    dispatch.tick()
    assert status(waiting) == MissionStatus.SKIPPED


def soon(site: Site, answer: Answer) -> tuple[Schedule, Mission]:
    """A schedule whose next mission is on the dock already and starts in a minute."""
    begin = timezone.now() + timedelta(seconds=90)
    found = schedules.save(schedule(site, times=[f"{begin:%H:%M}"], starts_on=begin.date()), user=site.user)
    mission = found.missions.order_by("execute_at").first()
    assert mission is not None
    dispatch.tick()
    answer("flighttask_prepare")
    assert status(mission) == MissionStatus.READY
    return found, mission


def test_a_schedule_that_rests_takes_back_what_is_on_the_dock(site: Site, answer: Answer) -> None:
    found, mission = soon(site, answer)
    schedules.switch(found, active=False, user=site.user)
    assert site.last("flighttask_undo").data == {"flight_ids": [str(mission.pk)]}
    assert not Mission.objects.exists()


def test_a_mission_whose_time_has_come_is_cancelled_with_its_schedule(site: Site, answer: Answer) -> None:
    found, mission = soon(site, answer)
    Mission.objects.filter(pk=mission.pk).update(execute_at=timezone.now(), late_minutes=30)
    schedules.remove(found, user=site.user)
    assert status(mission) == MissionStatus.CANCELED
    assert "schedule" in mission.result_text
    assert site.commands("flighttask_undo")
    dispatch.tick()
    assert not site.commands("flighttask_execute")


def test_what_flies_goes_on_when_its_schedule_rests(site: Site, answer: Answer) -> None:
    found, mission = soon(site, answer)
    shift(mission, 0)
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING
    schedules.switch(found, active=False, user=site.user)
    assert status(mission) == MissionStatus.STARTING
    assert not site.commands("flighttask_undo")


def test_a_schedule_changed_at_the_last_moment_flies_as_it_is_now(site: Site, answer: Answer) -> None:
    found, before = soon(site, answer)
    found.rth_altitude = 77
    schedules.save(found, user=site.user)
    assert site.last("flighttask_undo").data == {"flight_ids": [str(before.pk)]}
    now = found.missions.get(execute_at=before.execute_at)
    assert (now.pk != before.pk, now.rth_altitude, now.status) == (True, 77, MissionStatus.PLANNED)
    dispatch.tick()
    assert site.last("flighttask_prepare").data["flight_id"] == str(now.pk)


def test_another_time_zone_is_another_moment(site: Site) -> None:
    found = schedules.save(schedule(site), user=site.user)
    assert {mission.execute_at.hour for mission in found.missions.all()} == {20}
    site.workspace.time_zone = "Asia/Tokyo"
    site.workspace.save()
    schedules.materialise()
    assert {mission.execute_at.hour for mission in found.missions.all()} == {11}
    assert schedules.materialise() == 0


def test_an_aircraft_lands_only_at_a_dock_that_is_free(site: Site, answer: Answer, tell: Tell) -> None:
    landing = make_dock(site.workspace, online=True)
    say(landing, **{**IDLE, "drone_in_dock": 0, "wireless_link_topo": LINKS, "rtcm_info": RTCM})
    say(site.dock, wireless_link_topo=LINKS, rtcm_info=RTCM)
    mission = Mission(workspace=site.workspace, dock=site.dock, landing_dock=landing, file=site.route.file, name="x")
    assert relay.missing(mission) == []
    for wrong, words in (
        ({"mode_code": 2}, "not idle"),
        ({"emergency_stop_state": 1}, "emergency stop"),
        ({"cover_state": 3}, "cover"),
    ):
        say(landing, **wrong)
        assert words in " ".join(relay.missing(mission))
        say(landing, **dict.fromkeys(wrong, 0))
    DeviceState.objects.filter(device=landing).update(told_at=timezone.now() - timedelta(minutes=5))
    assert "has not reported" in " ".join(relay.missing(mission))
    say(landing)
    # Its own aircraft is out and comes home to it.
    other = Mission.objects.create(
        workspace=site.workspace, dock=landing, route=site.route, file=site.route.file, name="Own round",
        status=MissionStatus.RUNNING, execute_at=timezone.now(),
    )  # fmt: skip
    assert "Own round" in " ".join(relay.missing(mission))
    # And the other way: nothing takes off where an aircraft is to land.
    Mission.objects.filter(pk=other.pk).update(dock=site.dock, landing_dock=landing)
    checks = gate.examine(Mission(workspace=site.workspace, dock=landing, route=site.route, file=site.route.file))
    assert "Own round" in " ".join(check.text for check in gate.blocks(checks))


def test_of_two_relays_to_one_dock_only_one_starts(site: Site, answer: Answer) -> None:
    landing = make_dock(site.workspace, online=True)
    say(landing, **{**IDLE, "drone_in_dock": 0, "wireless_link_topo": LINKS, "rtcm_info": RTCM})
    say(site.dock, wireless_link_topo=LINKS, rtcm_info=RTCM)
    first = on_dock(site, answer, landing_dock=landing)
    with transaction.atomic():
        held = gate.locked(first)
    assert [dock.pk for dock in held] == sorted([site.dock.pk, landing.pk])
    shift(first, 1)
    examine = gate.examine

    def slow(mission: Mission) -> list[gate.Check]:
        """While this one is looked at, another one starts for the same dock."""
        found = examine(mission)
        Mission.objects.create(
            workspace=site.workspace, dock=make_dock(site.workspace), landing_dock=landing, route=site.route,
            file=site.route.file, name="Faster", status=MissionStatus.STARTING, execute_at=timezone.now(),
        )  # fmt: skip
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "examine", slow)
        patch.setattr(relay, "missing", lambda _mission: [])
        dispatch.tick()
    assert status(first) == MissionStatus.READY
    assert not site.commands("flighttask_execute")


def test_checks_that_take_until_its_time_is_over_start_nothing(site: Site, answer: Answer) -> None:
    mission = on_dock(site, answer)
    shift(mission, 1)
    examine = gate.examine

    def slow(checked: Mission) -> list[gate.Check]:
        found = examine(checked)
        Mission.objects.filter(pk=checked.pk).update(execute_at=timezone.now() - timedelta(hours=1))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "examine", slow)
        dispatch.tick()
    assert status(mission) == MissionStatus.READY
    assert not site.commands("flighttask_execute")


@pytest.mark.parametrize("how", ["never since it is back", "some of it"])
def test_the_weather_of_before_is_no_weather(site: Site, answer: Answer, how: str) -> None:
    mission = on_dock(site, answer, settings={"late_minutes": 30})
    shift(mission, 1)
    long_ago = timezone.now() - timedelta(minutes=20)
    now = int(time.time() * 1000)
    row = DeviceState.objects.filter(device=site.dock)
    if how == "some of it":
        row.update(reported_at=now, stamps={"mode_code": now, "wind_speed": now - 1_200_000})
    else:
        row.update(told_at=long_ago)  # it is online: it has sent its topology
    dispatch.tick()
    assert status(mission) == MissionStatus.READY
    assert any(check["name"] == "fresh" and check["verdict"] == "block" for check in mission.gate)
    say(site.dock)
    row.update(stamps={"mode_code": now, "wind_speed": now})
    Mission.objects.update(progress_at=None)
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING


def test_a_sensor_that_is_gone_for_good_is_no_sensor(site: Site) -> None:
    now = int(time.time() * 1000)
    say(site.dock, rainfall=3)
    stamps = {"rainfall": now - 25 * 3_600_000, "wind_speed": now}
    DeviceState.objects.filter(device=site.dock).update(reported_at=now, stamps=stamps)
    checks = gate.examine(Mission(workspace=site.workspace, dock=site.dock, route=site.route, file=site.route.file))
    assert gate.blocks(checks) == []
    assert any(check.name == "rain" for check in gate.warnings(checks))


def test_what_was_held_back_and_has_just_started_is_not_swept(site: Site, answer: Answer) -> None:
    mission = on_dock(site, answer, settings={"late_minutes": 30})
    shift(mission, 200)
    Mission.objects.update(progress_at=timezone.now() - timedelta(minutes=3))  # noted then: too much wind
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING
    sweep.sweep()
    assert status(mission) == MissionStatus.STARTING


def test_cancelling_what_is_just_being_sent_takes_it_back(site: Site) -> None:
    mission = timed(site)
    stale = Mission.objects.get(pk=mission.pk)
    dispatch.tick()
    assert status(mission) == MissionStatus.PREPARING
    control.cancel(stale, user=site.user)  # the page was painted before it was sent
    assert status(mission) == MissionStatus.CANCELED
    assert site.last("flighttask_undo").data == {"flight_ids": [str(mission.pk)]}


def test_a_blocking_alarm_is_not_hidden_by_many_small_ones(site: Site) -> None:
    now = timezone.now()
    for number in range(25):
        begin = now + timedelta(seconds=number)
        Alarm.objects.create(
            workspace=site.workspace, device=site.dock, code=f"0x{number}", level=2 if number == 0 else 1,
            started_at=begin, seen_at=begin,
        )  # fmt: skip
    checks = gate.examine(Mission(workspace=site.workspace, dock=site.dock, route=site.route, file=site.route.file))
    assert "0x0" in " ".join(check.text for check in gate.blocks(checks))


def test_a_clock_that_is_put_right_in_flight_does_not_freeze_the_progress(
    site: Site, answer: Answer, tell: Tell
) -> None:
    mission = flying(site, answer, tell)
    now = int(time.time() * 1000)
    tell(mission, "in_progress", percent=40, at=now + 3_600_000)
    # A minute later, by a clock that was put right.
    Mission.objects.filter(pk=mission.pk).update(
        progress_stamp=Mission.objects.get(pk=mission.pk).progress_stamp - 61_000
    )
    tell(mission, "paused", percent=55, at=now)
    assert status(mission) == MissionStatus.PAUSED
    assert mission.progress == 55
