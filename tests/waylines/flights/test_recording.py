"""A flight begins when an aircraft is in the air and ends when it has landed, whoever listens."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import TrackPoint
from devices.services import telemetry
from tests.factories import make_aircraft, make_dock, make_user
from tests.waylines.flights.sky import HOVER, LIVE, ROUTE, STANDBY, TAKE_OFF, Bird, Bridge, make_mission
from waylines.models import Flight, MissionStatus
from waylines.services.flights import recording

pytestmark = pytest.mark.django_db


def test_a_flight_by_hand_from_take_off_to_landing(carried: Bird, pilot: Any) -> None:
    carried.say(0, STANDBY)
    assert carried.flights == []
    carried.say(2, TAKE_OFF, elevation=1.0, battery={"capacity_percent": 95})
    opened = carried.flight
    assert (opened.started_at, opened.ended_at, opened.kind) == (carried.moment(2), None, Flight.Kind.MANUAL)
    assert (opened.user, opened.pilot_name, opened.gateway_name) == (pilot, str(pilot), "Field team")
    assert (opened.aircraft_sn, opened.aircraft_name) == (carried.device.sn, carried.device.callsign)
    assert (opened.model_name, opened.battery_start) == (carried.device.model_name, 95)
    carried.fly(4, 20)
    carried.land(22, battery=58)
    landed = carried.flight
    assert (landed.ended_at, landed.end_reason, landed.battery_end) == (carried.moment(22), Flight.End.LANDED, 58)
    assert landed.end_latitude == pytest.approx(carried.latitude, abs=1e-6)
    carried.fly(60, 66)
    assert [flight.ended_at is None for flight in carried.flights] == [False, True]


def test_hovering_and_touching_the_ground_for_a_moment_are_no_landing(bird: Bird) -> None:
    bird.fly(0, 4)
    for second in range(6, 90, 2):
        bird.say(second, HOVER, horizontal_speed=0.0, elevation=80.0)
    bird.say(88.5, STANDBY)
    bird.say(91, STANDBY)
    bird.say(92, HOVER)
    bird.say(94, STANDBY)
    bird.say(96, TAKE_OFF)
    assert bird.flight.ended_at is None


@pytest.mark.parametrize("mode", [14, 4711, None])
def test_a_mode_that_tells_nothing_neither_begins_nor_ends_a_flight(bird: Bird, mode: int | None) -> None:
    bird.say(0, mode, elevation=0.0, horizontal_speed=0.0)
    assert bird.flights == []
    bird.fly(2, 4)
    for second in range(6, 40, 2):
        bird.say(second, mode)
    assert bird.flight.ended_at is None


def test_an_unknown_mode_high_and_fast_is_flying(bird: Bird) -> None:
    bird.say(0, 4711, elevation=40.0, horizontal_speed=8.0)
    assert bird.flight.started_at == bird.moment(0)


def test_an_old_mode_is_no_news(bird: Bird) -> None:
    bird.fly(0, 4)
    bird.land(6)
    bird.say(20, ROUTE)
    bird.land(22)
    assert len(bird.flights) == 2
    with Bridge().works():  # a restart long after: parts of a state come in without a mode
        telemetry.states.merge(bird.device.sn, {"mode_code": ROUTE}, int((bird.start + 30) * 1000), bird.start + 30)
        bird.say(600, None, elevation=0.0)
    assert len(bird.flights) == 2


def test_first_heard_of_in_the_air_it_has_a_flight_from_then_on(bird: Bird) -> None:
    bird.fly(0, 2)
    assert (bird.flight.started_at, bird.flight.kind) == (bird.moment(0), Flight.Kind.MANUAL)


def test_a_mission_is_named_with_whoever_planned_it(bird: Bird, pilot: Any) -> None:
    mission = make_mission(bird, user=pilot)
    bird.say(0, TAKE_OFF)
    assert (bird.flight.kind, bird.flight.mission, bird.flight.pilot_name) == ("wayline", mission, str(pilot))


def test_a_mission_whose_progress_comes_after_the_take_off_is_found(bird: Bird) -> None:
    bird.fly(0, 4)
    assert bird.flight.kind == Flight.Kind.MANUAL
    mission = make_mission(bird)
    bird.fly(6, 20)
    assert (bird.flight.kind, bird.flight.mission) == (Flight.Kind.WAYLINE, mission)
    bird.say(22, LIVE)
    assert bird.flight.kind == Flight.Kind.WAYLINE


def test_another_docks_mission_and_a_finished_one_are_not_this_flights(bird: Bird, workspace: Any) -> None:
    make_mission(bird, MissionStatus.OK, finished_at=bird.moment(-5))
    make_mission_of_another = make_mission(Bird(bird.deliver, make_aircraft(workspace, make_dock(workspace))))
    bird.fly(0, 14)
    assert make_mission_of_another.status == MissionStatus.RUNNING
    assert (bird.flight.kind, bird.flight.mission) == (Flight.Kind.MANUAL, None)


def test_live_control_is_told_by_the_mode(bird: Bird) -> None:
    bird.say(0, TAKE_OFF)
    bird.say(2, LIVE)
    assert bird.flight.kind == Flight.Kind.LIVE


def test_two_bridges_share_one_flight_and_one_landing(bird: Bird) -> None:
    first, second = Bridge(), Bridge()
    for seconds in range(0, 20, 2):
        with (first if seconds % 4 else second).works():
            bird.fly(seconds, seconds)
    assert bird.flight.ended_at is None
    for seconds in range(20, 60, 2):
        with (first if seconds % 4 else second).works():
            bird.say(seconds, STANDBY)
    assert bird.flight.ended_at in (bird.moment(20), bird.moment(22))


def test_a_stale_bridge_neither_ends_a_newer_flight_nor_misses_it(bird: Bird) -> None:
    stale, busy = Bridge(), Bridge()
    with stale.works():
        bird.fly(0, 4)
        bird.say(6, STANDBY)
    with busy.works():
        bird.fly(8, 10)
        bird.land(12)
        bird.fly(30, 40)
    with stale.works():
        bird.say(42, STANDBY)  # it last saw the ground at 6 s, and knows the first flight only
    first, newer = bird.flights
    assert (first.ended_at, newer.started_at, newer.ended_at) == (bird.moment(12), bird.moment(30), None)
    with stale.works():
        bird.fly(44, 60)
        bird.land(62)
    assert [flight.ended_at for flight in bird.flights] == [bird.moment(12), bird.moment(62)]


def test_two_signs_of_the_ground_long_apart_are_no_landing(bird: Bird) -> None:
    stale, busy = Bridge(), Bridge()
    with stale.works():
        bird.fly(0, 4)
        bird.say(6, STANDBY)
    with busy.works():
        bird.fly(8, 40)
    with stale.works():
        bird.say(42, STANDBY)
    with busy.works():
        bird.fly(44, 50)
    assert bird.flight.ended_at is None


def test_what_was_the_last_flights_landing_is_not_the_next_ones(bird: Bird) -> None:
    late, busy = Bridge(), Bridge()
    with late.works():
        bird.fly(0, 4)
    with busy.works():
        bird.say(5.5, STANDBY)
        bird.say(11, STANDBY)
    with late.works():
        bird.say(9, STANDBY)
    with busy.works():
        bird.say(12, TAKE_OFF)
    with late.works():
        bird.say(16, STANDBY)
    landed, up = bird.flights
    assert (landed.ended_at, up.started_at, up.ended_at) == (bird.moment(5.5), bird.moment(12), None)


def test_both_bridges_see_the_take_off_at_once(bird: Bird) -> None:
    first, second = Bridge(), Bridge()
    with first.works():
        bird.say(0, STANDBY)
    with second.works():
        bird.say(1, STANDBY)
    with first.works():
        bird.say(2, TAKE_OFF)
    with second.works():
        bird.say(3, TAKE_OFF)
    assert bird.flight.started_at == bird.moment(2)


def test_a_restart_in_flight_goes_on_with_the_open_row(bird: Bird) -> None:
    with Bridge().works():
        bird.fly(0, 10)
    with Bridge().works():
        bird.fly(40, 50)
        bird.land(52)
    assert (bird.flight.started_at, bird.flight.ended_at) == (bird.moment(0), bird.moment(52))


def test_a_bridge_that_starts_after_the_landing_ends_the_flight(bird: Bird) -> None:
    with Bridge().works():
        bird.fly(0, 10)
    with Bridge().works():
        bird.land(60)
    assert (bird.flight.ended_at, bird.flight.end_reason) == (bird.moment(60), Flight.End.LANDED)


def test_while_nothing_changes_it_costs_no_query_a_second(bird: Bird, deliver: Any, workspace: Any) -> None:
    birds = [Bird(deliver, make_aircraft(workspace, make_dock(workspace)), bird.start) for _ in range(4)]
    for entry in birds:
        entry.say(0, ROUTE)
    with CaptureQueriesContext(connection) as captured:
        for second in (2, 4, 6, 8):
            for entry in birds:
                entry.say(second, ROUTE)
    assert [query["sql"] for query in captured if "waylines_" in query["sql"]] == []
    assert TrackPoint.objects.exists()
    with CaptureQueriesContext(connection) as captured:
        for entry in birds:
            moment = entry.start + 30
            telemetry.states.merge(entry.device.sn, {"mode_code": ROUTE}, int(moment * 1000), moment)
        telemetry.flush()
    assert len([query for query in captured if "waylines_flight" in query["sql"]]) == 1


def test_a_dock_and_an_aircraft_without_position_do_no_harm(deliver: Any, workspace: Any) -> None:
    dock = Bird(deliver, make_dock(workspace))
    dock.say(0, ROUTE)
    assert not Flight.objects.exists()
    lost = Bird(deliver, make_aircraft(workspace, None))
    lost.latitude = lost.longitude = 0.0
    lost.say(0, ROUTE)
    assert (lost.flight.start_latitude, lost.flight.gateway) == (None, None)


def test_the_row_guards_itself(bird: Bird) -> None:
    bird.fly(0, 2)
    assert recording.close(Flight.objects.filter(pk=bird.flight.pk), bird.moment(9), Flight.End.LANDED, {})
    assert not recording.close(Flight.objects.filter(pk=bird.flight.pk), bird.moment(99), Flight.End.SILENT, {})
    assert (bird.flight.ended_at, bird.flight.end_reason) == (bird.moment(9), Flight.End.LANDED)


def test_a_flight_is_its_workspaces(bird: Bird, other_workspace: Any, deliver: Any) -> None:
    theirs = Bird(deliver, make_aircraft(other_workspace, make_dock(other_workspace, user=make_user(other_workspace))))
    bird.fly(0, 2)
    theirs.fly(0, 2)
    assert bird.flight.workspace == bird.device.workspace
    assert theirs.flight.workspace == other_workspace
