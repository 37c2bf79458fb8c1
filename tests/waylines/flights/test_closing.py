"""What the worker does: silence ends a flight, and what has ended is measured once."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device, DeviceState, TrackPoint
from devices.services import commands
from tests.waylines.flights.sky import LIVE, ROUTE, STANDBY, TAKE_OFF, Bird, make_mission
from waylines.models import Flight, FlightTrack, MissionStatus
from waylines.services.flights import closing
from waylines.services.flights.track import decode
from waylines.tasks import sweep_flights

pytestmark = pytest.mark.django_db


def ago(bird: Bird, seconds: float) -> None:
    bird.start = time.time() - seconds


def test_what_has_landed_is_measured_thinned_and_kept(bird: Bird) -> None:
    bird.say(0, TAKE_OFF, elevation=0.0, battery={"capacity_percent": 92})
    bird.fly(2, 120)
    bird.land(122, battery=71)
    assert bird.flight.distance is None
    sweep_flights()
    flight = bird.flight
    assert flight.distance == pytest.approx(1200, rel=0.03)
    assert flight.farthest == pytest.approx(1200, rel=0.03)
    assert (flight.highest, flight.fastest) == (80.0, 10.0)
    assert (flight.battery_start, flight.battery_end) == (92, 71)
    track = decode(FlightTrack.objects.get(flight=flight).points)
    assert flight.point_count == len(track) < TrackPoint.objects.count() / 3
    assert abs(track.moment(0) - flight.started_at) < timedelta(seconds=0.1)
    assert track.latitude[0] == 47.0
    TrackPoint.objects.all().delete()
    assert closing.track(flight) == track
    Flight.objects.update(highest=1)
    sweep_flights()
    assert bird.flight.highest == 1


def test_a_flight_that_nobody_saw_move_is_finished_too(bird: Bird) -> None:
    bird.latitude = bird.longitude = 0.0
    bird.say(0, ROUTE)
    bird.land(2)
    sweep_flights()
    assert (bird.flight.distance, bird.flight.point_count, len(closing.track(bird.flight))) == (0.0, 0, 0)


def test_contact_lost_ends_a_flight_after_a_while_and_not_before(bird: Bird) -> None:
    ago(bird, 310)
    bird.fly(0, 20, battery=80)
    sweep_flights()
    assert bird.flight.ended_at is None
    DeviceState.objects.update(seen_at=timezone.now() - closing.SILENCE - timedelta(seconds=1))
    heard = DeviceState.objects.get().seen_at
    sweep_flights()
    flight = bird.flight
    assert (flight.ended_at, flight.end_reason, flight.battery_end) == (heard, Flight.End.SILENT, 80)
    assert flight.distance is not None


def test_one_that_was_put_away_on_the_ground_has_landed(bird: Bird) -> None:
    ago(bird, 60)
    bird.fly(0, 20)
    bird.say(22, STANDBY)  # and is switched off
    sweep_flights()
    assert (bird.flight.end_reason, bird.flight.ended_at) == (Flight.End.LANDED, bird.moment(22))


def test_not_connected_is_no_sign_of_life(bird: Bird) -> None:
    ago(bird, 700)
    bird.fly(0, 20)
    ago(bird, 640)
    for second in range(0, 640, 30):
        bird.say(second, 14)
    assert bird.flight.ended_at is None
    sweep_flights()
    assert bird.flight.end_reason == Flight.End.SILENT


def test_coming_back_in_the_air_goes_on_with_the_same_flight(bird: Bird) -> None:
    bird.fly(0, 20, battery=80)
    sweep_flights()
    assert bird.flight.end_reason == Flight.End.SILENT
    bird.fly(600, 640, battery=61)
    flight = bird.flight
    assert (flight.ended_at, flight.end_reason, flight.distance) == (None, "", None)
    bird.land(642, battery=60)
    TrackPoint.objects.filter(at__lt=bird.moment(300)).delete()  # pruned meanwhile: the first part was kept
    sweep_flights()
    flight = bird.flight
    assert (flight.started_at, flight.ended_at, flight.end_reason) == (bird.moment(0), bird.moment(642), "landed")
    assert flight.distance == pytest.approx(640, rel=0.05)


@pytest.mark.parametrize(("after", "battery"), [(600, 99), (2400, 61)], ids=["a fresh battery", "too long ago"])
def test_coming_back_otherwise_is_another_flight(bird: Bird, after: int, battery: int) -> None:
    bird.fly(0, 20, battery=80)
    sweep_flights()
    bird.fly(after, after + 10, battery=battery)
    assert [flight.end_reason for flight in bird.flights] == [Flight.End.SILENT, ""]
    assert bird.flights[1].started_at == bird.moment(after)


def test_coming_back_after_a_landing_is_another_flight(bird: Bird) -> None:
    bird.fly(0, 20)
    bird.land(22)
    bird.fly(60, 70)
    assert len(bird.flights) == 2


def test_a_flight_longer_than_points_are_kept_keeps_its_beginning(bird: Bird, settings: Any) -> None:
    settings.TRACK_MINUTES = 10
    ago(bird, 420)
    bird.fly(0, 418)
    sweep_flights()
    assert bird.flight.ended_at is None
    TrackPoint.objects.filter(at__lt=bird.moment(300)).delete()
    bird.land(419)
    Flight.objects.update(ended_at=timezone.now() - timedelta(seconds=5))
    sweep_flights()
    assert bird.flight.distance == pytest.approx(4190, rel=0.03)
    assert len(closing.track(bird.flight)) >= 2


def test_a_mission_that_was_only_known_afterwards(bird: Bird, pilot: Any) -> None:
    bird.fly(0, 20)
    bird.land(22)
    mission = make_mission(bird, MissionStatus.OK, finished_at=bird.moment(30), progress=100, user=pilot)
    earlier = make_mission_that_never_flew(bird)
    sweep_flights()
    assert (bird.flight.mission, bird.flight.kind, bird.flight.pilot_name) == (mission, "wayline", str(pilot))
    assert bird.flight.mission != earlier


def make_mission_that_never_flew(bird: Bird) -> Any:
    return bird.device.gateway.missions.create(  # type: ignore[union-attr]
        workspace=bird.device.workspace, name="Refused", file=bird.device.gateway.missions.get().file,  # type: ignore[union-attr]
        status=MissionStatus.FAILED, execute_at=timezone.now(), executed_at=bird.moment(-3), finished_at=bird.moment(5),
    )  # fmt: skip


def test_whoever_sent_it_there_was_its_pilot(bird: Bird, pilot: Any) -> None:
    gateway = bird.device.gateway
    assert gateway is not None
    Device.objects.filter(pk=gateway.pk).update(online=True, online_changed_at=timezone.now())
    gateway.refresh_from_db()
    command = commands.issue(gateway, "drc_mode_enter", DRC, user=pilot, confirmed=True)
    type(command).objects.filter(pk=command.pk).update(created_at=bird.moment(-20), published_at=bird.moment(-20))
    bird.fly(0, 20)
    bird.land(22)
    sweep_flights()
    assert (bird.flight.kind, bird.flight.user) == (Flight.Kind.LIVE, pilot)


DRC = {
    "mqtt_broker": {
        "address": "a:1",
        "client_id": "c",
        "username": "u",
        "password": "p",
        "expire_time": 1,
        "enable_tls": False,
    },
    "osd_frequency": 10,
    "hsi_frequency": 1,
}


def test_one_flights_failure_is_nobody_elses(bird: Bird, carried: Bird) -> None:
    for one in (bird, carried):
        one.fly(0, 20)
        one.land(22)
    FlightTrack.objects.create(flight=bird.flight, points=b"broken")
    sweep_flights()
    assert bird.flight.distance is None
    assert carried.flight.distance is not None


def test_an_aircraft_that_was_deleted_in_flight(bird: Bird) -> None:
    bird.fly(0, 20)
    flight = bird.flight
    bird.device.delete()
    sweep_flights()
    sweep_flights()
    flight.refresh_from_db()
    assert (flight.end_reason, flight.distance) == (Flight.End.SILENT, 0.0)


def test_two_workers_at_once_finish_once(bird: Bird) -> None:
    bird.say(0, LIVE)
    bird.fly(2, 40)
    bird.land(42)
    seen = bird.flight
    closing.finish(seen)
    closing.finish(seen)
    assert FlightTrack.objects.count() == 1
    assert bird.flight.distance == pytest.approx(400, rel=0.1)
