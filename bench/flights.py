"""Flights: what a track takes, and how long the page of a one-hour flight takes the server."""

from __future__ import annotations

import json
import math
import random
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bench.clock import milliseconds

if TYPE_CHECKING:
    from tests.live import LiveFleet

_EVERY = 2.0
_ROUNDS = 30


def measure(fleet: LiveFleet) -> dict[str, Any]:
    """The figures, taken in a process of the installation that is measured."""
    return dict(fleet.query("from bench import flights\nanswer = flights.figures()"))


def hour(start: float) -> list[dict[str, Any]]:
    """A survey of an hour, a point every two seconds: lanes of 300 m with turns, a hover every few lanes, and noise.

    Positions wander by about half a metre, heights by 0.15 m, speeds by 0.2 m/s; points arrive up to 0.15 s late.
    """
    generator = random.Random(11)
    points = []
    drift, along, lane, hover = [0.0, 0.0], 0.0, 0, 0.0
    for number in range(int(3600 / _EVERY)):
        if hover > 0:
            hover -= _EVERY
            speed = 0.0
        else:
            speed = 9.0 + 1.5 * math.sin(number / 40)
            along += speed * _EVERY
            if along > 300:
                along, lane = 0.0, lane + 1
                hover = 40.0 if lane % 5 == 0 else 0.0
        drift = [0.9 * value + generator.gauss(0, 0.2) for value in drift]
        east = (along if lane % 2 == 0 else 300 - along) + drift[0]
        north = lane * 25 + drift[1]
        up = 80 + 12 * math.sin(number / 150) + generator.gauss(0, 0.15)
        points.append(
            {
                "at": start + number * _EVERY + generator.uniform(0, 0.15),
                "latitude": 47 + north / 111_320,
                "longitude": 8 + east / 76_000,
                "height": round(430 + up, 2),
                "elevation": round(up, 2),
                "heading": round((90 if lane % 2 == 0 else 270) + generator.gauss(0, 2), 1) % 360,
                "speed": round(abs(speed + generator.gauss(0, 0.2)), 2),
                "battery": round(95 - number * 70 / 1800),
            }
        )
    return points


def _milliseconds(work: Callable[[], Any]) -> float:
    return milliseconds(lambda _round: work(), _ROUNDS)


def figures() -> dict[str, Any]:
    """Runs inside Django."""
    from datetime import UTC, datetime

    from django.db import connection
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from devices.models import Device, TrackPoint
    from fleet.models import Membership, Role, User, Workspace
    from waylines.models import Flight, FlightTrack
    from waylines.services.flights import closing

    start = timezone.now() - timedelta(hours=2)
    workspace = Workspace.objects.create(name="Bench flights")
    user = User.objects.create_user("bench-flights")
    Membership.objects.create(workspace=workspace, user=user, role=Role.VIEWER)
    aircraft = Device.objects.create(workspace=workspace, sn="BENCH-FLIGHT", domain=0)
    points = hour(start.timestamp())
    TrackPoint.objects.bulk_create(
        TrackPoint(device=aircraft, **{**point, "at": datetime.fromtimestamp(point["at"], UTC)}) for point in points
    )
    flight = Flight.objects.create(
        workspace=workspace, aircraft=aircraft, aircraft_sn=aircraft.sn, aircraft_name="Bench", started_at=start,
        ended_at=start + timedelta(hours=1), end_reason=Flight.End.LANDED,
    )  # fmt: skip
    begun = time.perf_counter()
    closing.finish(flight)
    finished = (time.perf_counter() - begun) * 1000
    flight.refresh_from_db()
    stored = len(FlightTrack.objects.get(flight=flight).points)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    page = reverse("admin:waylines_flight_change", args=[flight.pk])
    track = reverse("console:flight_track", args=[flight.pk])

    def read(address: str) -> None:
        answer = client.get(address)
        assert answer.status_code == 200, answer

    def bare() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT points FROM waylines_flighttrack WHERE flight_id = %s", [_key(flight.pk)])
            (raw,) = cursor.fetchone()
        return json.dumps(json.loads(zlib.decompress(bytes(raw))))

    shown, sent, least = _milliseconds(lambda: read(page)), _milliseconds(lambda: read(track)), _milliseconds(bare)
    return {
        "points of a flight hour": len(points),
        "points kept": flight.point_count,
        "track storage, bytes a flight hour": stored,
        "same points as JSON, bytes": len(json.dumps(points)),
        "finishing a one-hour flight, ms": round(finished, 1),
        "page of a one-hour flight, ms (median)": round(shown, 1),
        "its track, ms (median)": round(sent, 2),
        "bare row and JSON, ms (median)": round(least, 2),
        "track against bare": round(sent / least, 1),
        "page and track against bare": round((shown + sent) / least, 1),
    }


def _key(pk: Any) -> Any:
    from django.db import connection

    return pk if connection.vendor == "postgresql" else pk.hex
