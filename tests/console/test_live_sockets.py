"""The console's sockets: the state first, then what changes; and nothing of another workspace."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, DeviceState, TrackPoint
from devices.services import live_map
from fleet import console_socket
from fleet.asgi import application
from fleet.models import Membership, Role
from fleet.services import broadcast
from tests.factories import make_aircraft, make_dock, make_user, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


def place(device: Device, latitude: float = 47.0) -> None:
    summary = {"lat": latitude, "lon": 8.0, "battery": 80}
    DeviceState.objects.create(
        device=device, summary=summary, properties={"latitude": latitude}, seen_at=timezone.now()
    )


def socket(user: Any, path: str) -> WebsocketCommunicator:
    client = Client()
    client.force_login(user)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    headers = [(b"cookie", cookie), (b"origin", b"http://127.0.0.1"), (b"host", b"127.0.0.1")]
    return WebsocketCommunicator(application, path, headers=headers)


class Stage:
    """Two workspaces with a dock each, and somebody in the first."""

    def __init__(self, role: Role = Role.VIEWER) -> None:
        self.ours, self.theirs = make_workspace(), make_workspace()
        self.user = make_user(self.ours, role)
        self.dock, self.foreign = make_dock(self.ours, online=True), make_dock(self.theirs, online=True)
        place(self.dock)
        place(self.foreign)


stage = sync_to_async(Stage, thread_sensitive=True)
make_socket = sync_to_async(socket, thread_sensitive=True)


async def test_the_map_sends_the_state_and_then_its_own_workspaces_frames() -> None:
    set_up = await stage()
    page = await make_socket(set_up.user, f"/ws/console/map/?workspace={set_up.ours.pk}")
    assert (await page.connect(20))[0]
    state = await page.receive_json_from(20)
    assert [device["sn"] for device in state["devices"]] == [set_up.dock.sn]
    assert state["devices"][0]["summary"]["lat"] == 47.0
    frame = {"id": set_up.dock.pk, "sn": set_up.dock.sn, "domain": 3, "online": True, "summary": {"lat": 48.0}}
    broadcast.telemetry(set_up.theirs.pk, [{**frame, "sn": "THEIRS"}])
    broadcast.telemetry(set_up.ours.pk, [frame])
    news = await page.receive_json_from(20)
    assert (news["kind"], news["devices"]) == ("telemetry", [frame])
    await page.disconnect(timeout=20)


@pytest.mark.parametrize(
    "where",
    [
        "/ws/console/map/?workspace={theirs}",
        "/ws/console/devices/{foreign}/",
        "/ws/console/devices/999999/",
        "/ws/console/map/?workspace=nonsense",
    ],
)
async def test_another_workspace_stays_closed(where: str) -> None:
    set_up = await stage(Role.ADMIN)
    page = await make_socket(set_up.user, where.format(theirs=set_up.theirs.pk, foreign=set_up.foreign.pk))
    connected, code = await page.connect(20)
    assert not connected
    assert code == console_socket.FORBIDDEN


async def test_a_stranger_without_a_session_stays_out() -> None:
    set_up = await stage()
    headers = [(b"origin", b"http://127.0.0.1"), (b"host", b"127.0.0.1")]
    page = WebsocketCommunicator(application, f"/ws/console/map/?workspace={set_up.ours.pk}", headers=headers)
    assert not (await page.connect(20))[0]


async def test_a_lost_membership_closes_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_socket, "RECHECK", 0.1)
    set_up = await stage()
    page = await make_socket(set_up.user, f"/ws/console/map/?workspace={set_up.ours.pk}")
    assert (await page.connect(20))[0]
    await page.receive_json_from(20)
    await Membership.objects.filter(user=set_up.user).adelete()
    closed = await page.receive_output(20)
    assert (closed["type"], closed["code"]) == ("websocket.close", console_socket.FORBIDDEN)


async def test_a_devices_page_is_repainted_when_it_changes() -> None:
    set_up = await stage()
    page = await make_socket(set_up.user, f"/ws/console/devices/{set_up.dock.pk}/")
    assert (await page.connect(20))[0]
    painted = {}
    while "live-summary" not in painted:
        frame = await page.receive_json_from(20)
        painted[frame["target"]] = frame["html"]
    await Device.objects.filter(pk=set_up.dock.pk).aupdate(online=False)
    await sync_to_async(broadcast.changed, thread_sensitive=True)(set_up.ours.pk, "device", id=set_up.dock.pk)
    while True:
        frame = await page.receive_json_from(20)
        if frame["target"] == "live-summary" and frame["html"] != painted["live-summary"]:
            break
    assert "Offline" in frame["html"]
    await page.disconnect(timeout=20)


def test_the_maps_queries_do_not_grow_with_the_devices() -> None:
    workspace = make_workspace()

    def queries(count: int) -> int:
        for _ in range(count):
            aircraft = make_aircraft(workspace)
            place(aircraft)
            TrackPoint.objects.create(device=aircraft, at=timezone.now(), latitude=47, longitude=8)
        with CaptureQueriesContext(connection) as captured:
            live_map.devices(workspace.pk)
            live_map.trails(workspace.pk)
        return len(captured)

    assert queries(3) == queries(40) == 2


def test_trails_are_of_the_workspace_and_oldest_first() -> None:
    ours, theirs = make_workspace(), make_workspace()
    mine, other = make_aircraft(ours), make_aircraft(theirs)
    for latitude in (1.0, 2.0, 3.0):
        for device in (mine, other):
            TrackPoint.objects.create(device=device, at=timezone.now(), latitude=latitude, longitude=0)
    assert live_map.trails(ours.pk) == {mine.pk: [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]}


async def test_a_large_fleet_arrives_in_frames_that_the_web_server_lets_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broadcast, "FRAME_DEVICES", 4)
    set_up = await stage()
    await sync_to_async(lambda: [place(make_aircraft(set_up.ours)) for _ in range(9)], thread_sensitive=True)()
    page = await make_socket(set_up.user, f"/ws/console/map/?workspace={set_up.ours.pk}")
    assert (await page.connect(20))[0]
    frames = [await page.receive_json_from(20) for _ in range(3)]
    assert [(len(frame["devices"]), frame["complete"]) for frame in frames] == [(4, False), (4, False), (2, True)]
    broadcast.telemetry(set_up.ours.pk, [device for frame in frames for device in frame["devices"]])
    news = [await page.receive_json_from(20) for _ in range(3)]
    assert sorted(len(frame["devices"]) for frame in news) == [2, 4, 4]
    await page.disconnect(timeout=20)
