"""The socket of Pilot 2, through the real ASGI application and a real Redis."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from devices.models.device import Domain
from fleet.asgi import application
from fleet.consumers import PilotConsumer, position
from fleet.models import AccessToken, Membership
from fleet.services import broadcast

pytestmark = pytest.mark.django_db(transaction=True)

HERE = {
    "lat": 46.5,
    "lon": 7.9,
    "height": 1200.5,
    "heading": 270.0,
    "elevation": 40.0,
    "speed": 5.5,
    "climb": -1,
}


class Socket(WebsocketCommunicator):
    """A remote's side of the socket; `key` goes into the address, as Pilot does it."""

    def __init__(self, key: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        query = f"?x-auth-token={key}" if key else ""
        super().__init__(application, f"/api/v1/ws{query}", headers=list(headers))

    async def frame(self):
        return json.loads(await self.receive_from(timeout=20))

    async def closed(self) -> int:
        while True:
            event = await self.receive_output(timeout=20)
            if event["type"] == "websocket.close":
                return event["code"]


@pytest.fixture
async def open_socket():
    sockets = []

    async def connect(person):
        socket = Socket(person.key)
        connected, _ = await socket.connect(timeout=20)
        assert connected
        sockets.append(socket)
        return socket

    yield connect
    for socket in sockets:
        await socket.disconnect(timeout=20)


async def tell(workspace, **event):
    await get_channel_layer().group_send(broadcast.group(workspace.pk), event)


async def say(workspace, biz_code, data=None):
    await tell(workspace, type="workspace.message", biz_code=biz_code, data=data, timestamp=1_700_000_000_000)


async def test_news_arrives_in_the_documented_frame(pilot, open_socket):
    socket = await open_socket(pilot)
    await say(pilot.workspace, "device_online", {"sn": "A"})
    assert await socket.frame() == {
        "biz_code": "device_online",
        "version": "1.0",
        "timestamp": 1_700_000_000_000,
        "data": {"sn": "A"},
    }


async def test_the_services_way_of_telling_arrives(pilot, open_socket):
    socket = await open_socket(pilot)
    await sync_to_async(broadcast.to_workspace)(pilot.workspace.pk, "device_update_topo", {})
    assert (await socket.frame())["biz_code"] == "device_update_topo"


async def test_news_does_not_wait_for_the_thread_that_all_sockets_share(pilot, open_socket):
    socket = await open_socket(pilot)
    await say(pilot.workspace, "map_element_create", {})
    await socket.frame()  # it has greeted Pilot, which asks the database
    busy, done = threading.Event(), threading.Event()

    def hold():
        busy.set()
        return done.wait(30)

    held = asyncio.ensure_future(sync_to_async(hold)())
    try:
        await asyncio.to_thread(busy.wait, 5)
        await say(pilot.workspace, "map_element_create", {"id": "A"})
        assert (await socket.frame())["data"] == {"id": "A"}
    finally:
        done.set()
        assert await held


async def test_positions_arrive_one_frame_a_device(pilot, open_socket):
    socket = await open_socket(pilot)
    devices = [
        {"id": 1, "sn": "A", "domain": 0, "summary": HERE, "online": True},
        {"id": 2, "sn": "NOWHERE", "domain": 0, "summary": {"battery": 80}, "online": True},
        {"id": 3, "sn": "B", "domain": 3, "summary": {"lat": 1, "lon": 2}, "online": True},
    ]
    await tell(pilot.workspace, type="workspace.telemetry", devices=devices, timestamp=1_700_000_000_001)
    first, second = await socket.frame(), await socket.frame()
    assert first == {
        "biz_code": "device_osd",
        "version": "1.0",
        "timestamp": 1_700_000_000_001,
        "data": {
            "sn": "A",
            "host": {
                "latitude": 46.5,
                "longitude": 7.9,
                "height": 1200.5,
                "attitude_head": -90.0,
                "elevation": 40.0,
                "horizontal_speed": 5.5,
                "vertical_speed": -1.0,
            },
        },
    }
    assert second["data"]["sn"] == "B"
    assert set(second["data"]["host"]) == set(first["data"]["host"])


async def test_whoever_comes_sees_at_once_where_everybody_is(pilot, stranger, open_socket, add_device):
    add = sync_to_async(add_device)
    await add(pilot.workspace, Domain.DOCK, sn="HERE", online=True, summary=HERE)
    await add(pilot.workspace, Domain.DOCK, sn="GONE", online=False, summary=HERE)
    await add(stranger.workspace, Domain.DOCK, sn="THEIRS", online=True, summary=HERE)
    socket = await open_socket(pilot)
    frame = await socket.frame()
    assert (frame["biz_code"], frame["data"]["sn"]) == ("device_osd", "HERE")
    assert await socket.receive_nothing()


async def test_another_workspaces_news_stays_there(pilot, stranger, open_socket):
    ours, theirs = await open_socket(pilot), await open_socket(stranger)
    await say(stranger.workspace, "device_online")
    assert (await theirs.frame())["biz_code"] == "device_online"
    assert await ours.receive_nothing()


async def test_the_token_may_come_as_a_header(pilot):
    socket = Socket(headers=((b"x-auth-token", pilot.key.encode()),))
    connected, _ = await socket.connect(timeout=20)
    assert connected
    await socket.disconnect(timeout=20)


@pytest.mark.parametrize("spoil", ["missing", "wrong", "expired", "revoked", "left"])
async def test_without_a_good_token_the_handshake_is_refused(pilot, spoil):
    now = timezone.now()
    if spoil == "expired":
        await AccessToken.objects.aupdate(expires_at=now)
    elif spoil == "revoked":
        await AccessToken.objects.aupdate(revoked_at=now)
    elif spoil == "left":
        await Membership.objects.all().adelete()
    socket = Socket({"missing": "", "wrong": "flt_nonsense"}.get(spoil, pilot.key))
    connected, code = await socket.connect(timeout=20)
    assert (connected, code) == (False, 4401)


@pytest.mark.parametrize("spoil", ["expired", "revoked", "left"])
async def test_a_token_that_ends_ends_the_socket(pilot, open_socket, monkeypatch, spoil):
    monkeypatch.setattr(PilotConsumer, "recheck_every", 0.05)
    socket = await open_socket(pilot)
    if spoil == "left":
        await Membership.objects.all().adelete()
    else:
        await AccessToken.objects.aupdate(
            **{"expired": {"expires_at": timezone.now()}, "revoked": {"revoked_at": timezone.now()}}[spoil]
        )
    assert await socket.closed() == 4401


def test_the_token_is_checked_at_least_once_a_minute():
    assert PilotConsumer.recheck_every <= 60


async def test_what_the_client_says_is_dropped(pilot, open_socket):
    socket = await open_socket(pilot)
    await socket.send_to(text_data="ping")
    await socket.send_to(text_data='{"type": "workspace.message"}')
    await socket.send_to(bytes_data=b"\x00\xff")
    await say(pilot.workspace, "device_offline")
    assert (await socket.frame())["biz_code"] == "device_offline"
    assert await socket.receive_nothing()


async def test_a_client_that_sends_a_book_is_shown_out(pilot, open_socket):
    socket = await open_socket(pilot)
    await socket.send_to(text_data="x" * (PilotConsumer.incoming_limit + 1))
    assert await socket.closed() == 1009


async def test_unknown_news_passes_by(pilot, open_socket):
    socket = await open_socket(pilot)
    await tell(pilot.workspace, type="workspace.changed", kind="device", id=1)
    await tell(pilot.workspace, type="workspace.of_the_future", anything=1)
    await say(pilot.workspace, "device_online")
    assert (await socket.frame())["biz_code"] == "device_online"
    assert await socket.receive_nothing()


class StuckConsumer(PilotConsumer):
    """A socket whose other side stopped reading: the first frame is never taken."""

    backlog_limit = 20
    made: list[StuckConsumer] = []

    async def connect(self) -> None:
        self.made.append(self)
        self.heard = asyncio.Event()
        await super().connect()

    async def workspace_message(self, event) -> None:
        await super().workspace_message(event)
        self.heard.set()

    async def send(self, text_data=None, bytes_data=None, close=False) -> None:
        await asyncio.Event().wait()


async def test_a_socket_that_is_not_read_keeps_one_position_a_device_and_is_closed_in_the_end(pilot):
    StuckConsumer.made.clear()
    socket = WebsocketCommunicator(StuckConsumer.as_asgi(), f"/api/v1/ws?x-auth-token={pilot.key}")
    connected, _ = await socket.connect(timeout=20)
    assert connected
    (consumer,) = StuckConsumer.made
    for step in range(200):
        devices = [{"sn": sn, "summary": HERE | {"height": step}} for sn in ("A", "B", "C")]
        await tell(pilot.workspace, type="workspace.telemetry", devices=devices, timestamp=step + 1)
    await say(pilot.workspace, "device_online")
    await asyncio.wait_for(consumer.heard.wait(), 5)
    assert set(consumer._positions) <= {"A", "B", "C"}
    assert {data["host"]["height"] for _stamp, data in consumer._positions.values()} == {199.0}
    for _ in range(StuckConsumer.backlog_limit + 1):
        await say(pilot.workspace, "device_online")
    closing = await socket.receive_output(timeout=20)
    assert (closing["type"], closing["code"]) == ("websocket.close", 1013)
    assert len(consumer._messages) <= StuckConsumer.backlog_limit
    await socket.disconnect(timeout=20)


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"lat": 1},
        {"lat": "1", "lon": "2"},
        {"lat": float("nan"), "lon": 2},
        {"lat": 91, "lon": 0},
        {"lat": 0, "lon": True},
    ],
)
def test_without_a_place_there_is_no_position(summary):
    assert position("A", summary) is None


async def test_a_socket_address_nobody_answers_to_is_refused(db):
    socket = WebsocketCommunicator(application, "/api/v2/ws", headers=[(b"origin", b"http://localhost")])
    connected, code = await socket.connect(timeout=20)
    assert (connected, code) == (False, 4404)
