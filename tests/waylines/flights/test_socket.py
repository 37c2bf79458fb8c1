"""A flight's live page: what changed, its own aircraft's points, and nothing of another workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.utils import timezone

from fleet.asgi import application
from fleet.models import Role
from fleet.services import broadcast
from tests.factories import make_user, make_workspace
from tests.waylines.flights.flown import make_flight
from waylines.models import Flight
from waylines.services.flights import closing

pytestmark = pytest.mark.django_db(transaction=True)


def socket(user: Any, flight: Flight) -> WebsocketCommunicator:
    client = Client()
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    headers = [(b"cookie", cookie), (b"origin", b"http://127.0.0.1"), (b"host", b"127.0.0.1")]
    return WebsocketCommunicator(application, f"/ws/console/flights/{flight.pk}/", headers=headers)


class Stage:
    def __init__(self, **fields: Any) -> None:
        self.ours, self.theirs = make_workspace(), make_workspace()
        self.viewer, self.stranger = make_user(self.ours, Role.VIEWER), make_user(self.theirs, Role.ADMIN)
        self.flight = make_flight(self.ours, **fields)

    def frame(self, device_id: int | None = None, **summary: Any) -> dict[str, Any]:
        pk = self.flight.aircraft_id if device_id is None else device_id
        return {"id": pk, "sn": "X", "domain": 0, "online": True, "summary": summary}

    def land(self) -> None:
        Flight.objects.update(ended_at=timezone.now() - timedelta(seconds=4), end_reason=Flight.End.LANDED)
        self.flight.refresh_from_db()
        closing.finish(self.flight)


stage = sync_to_async(Stage, thread_sensitive=True)
make_socket = sync_to_async(socket, thread_sensitive=True)


async def test_a_stranger_is_turned_away() -> None:
    set_up = await stage()
    page = await make_socket(set_up.stranger, set_up.flight)
    connected, code = await page.connect(20)
    assert (connected, code) == (False, 4403)


async def test_points_of_its_own_aircraft_while_it_flies_and_then_its_end() -> None:
    set_up = await stage(ended_at=None, distance=None, end_reason="")
    page = await make_socket(set_up.viewer, set_up.flight)
    assert (await page.connect(20))[0]
    first = [await page.receive_json_from(20) for _ in range(4)]
    assert [frame.get("target", frame["kind"]) for frame in first] == [
        "live-summary",
        "live-alarms",
        "live-commands",
        "track",
    ]
    assert "in the air" in first[0]["html"]
    broadcast.telemetry(set_up.ours.pk, [set_up.frame(0, lat=1.0, lon=1.0)])
    broadcast.telemetry(set_up.ours.pk, [set_up.frame(battery=50)])
    broadcast.telemetry(set_up.ours.pk, [set_up.frame(lat=47.0, lon=8.0, elevation=50.0, speed=3.0, battery=50)])
    point = await page.receive_json_from(20)
    assert {key: point[key] for key in ("kind", "latitude", "longitude", "elevation", "speed", "battery", "height")} == {
        "kind": "point", "latitude": 47.0, "longitude": 8.0, "elevation": 50.0, "speed": 3.0, "battery": 50, "height": None,
    }  # fmt: skip
    await sync_to_async(set_up.land, thread_sensitive=True)()
    news = [await page.receive_json_from(20) for _ in range(2)]
    assert [frame.get("target", frame["kind"]) for frame in news] == ["live-summary", "track"]
    assert "Landed" in news[0]["html"] or "Landing" in news[0]["html"]
    broadcast.telemetry(set_up.ours.pk, [set_up.frame(lat=48.0, lon=8.0)])
    assert await page.receive_nothing(0.5)
    await page.disconnect(timeout=20)
