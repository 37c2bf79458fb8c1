"""Flights that are over, with a track, for pages and files."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django.utils import timezone

from devices.models import Device
from fleet.models import Workspace
from tests.factories import make_aircraft, make_dock
from waylines.models import Flight, FlightTrack
from waylines.services.flights.track import Track, encode


def circle(start: float, count: int = 60, *, latitude: float = 47.0, longitude: float = 8.0) -> Track:
    """A round of 150 m radius, a point every two seconds, climbing to 90 m."""
    angles = [2 * math.pi * n / count for n in range(count)]
    return Track(
        time=[start + 2 * n for n in range(count)],
        latitude=[latitude + 150 * math.sin(angle) / 111_320 for angle in angles],
        longitude=[longitude + 150 * math.cos(angle) / 76_000 for angle in angles],
        height=[500.0 + n for n in range(count)],
        elevation=[90 * min(1.0, n / 20) for n in range(count)],
        speed=[8.0 + (n % 5) for n in range(count)],
        heading=[float((90 + 6 * n) % 360) for n in range(count)],
        battery=[float(90 - n // 4) for n in range(count)],
    )


def make_flight(
    workspace: Workspace, track: Track | None = None, aircraft: Device | None = None, **fields: Any
) -> Flight:
    """An hour ago unless said otherwise; two minutes by hand."""
    if aircraft is None:
        aircraft = make_aircraft(workspace, make_dock(workspace))
    started = fields.pop("started_at", timezone.now() - timedelta(hours=1))
    values = {
        "aircraft": aircraft, "gateway": aircraft.gateway, "aircraft_sn": aircraft.sn, "aircraft_name": str(aircraft),
        "model_name": aircraft.model_name, "gateway_name": str(aircraft.gateway or ""), "pilot_name": "Ada Pilot",
        "started_at": started, "ended_at": started + timedelta(seconds=118), "end_reason": Flight.End.LANDED,
        "distance": 942.0, "highest": 90.0, "farthest": 300.0, "fastest": 12.0, "battery_start": 90,
        "battery_end": 76, "point_count": 60, **fields,
    }  # fmt: skip
    flight = Flight.objects.create(workspace=workspace, **values)
    if flight.distance is not None:
        FlightTrack.objects.create(flight=flight, points=encode(track or circle(started.timestamp())))
    return flight
