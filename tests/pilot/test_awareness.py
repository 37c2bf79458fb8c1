"""Remotes notice whatever changes of what they are shown of each other, and hear of positions at a fixed rate."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from devices.models import Device, DeviceModel
from devices.models.device import Domain
from devices.services import awareness, presence
from fleet.asgi import application
from fleet.consumers import PilotConsumer
from fleet.models import ModelIcon
from fleet.services import broadcast, pilot_presence
from tests.pilot.test_socket import HERE, Socket, say, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(PilotConsumer, "topology_period", 0.05)


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


@pytest.fixture
def dock(pilot, add_device):
    return add_device(pilot.workspace, Domain.DOCK, "3-3-0", callsign="Roof")


CHANGES = {
    "callsign": {"callsign": "Cellar"},
    "icon": {"icon_normal": "https://icons.example/a.png"},
    "binding": {"bound_at": timezone.now()},
    "index": {"index": "B"},
}


@pytest.mark.parametrize("change", [*CHANGES, "model", "person", "gateway", "model's icon"])
async def test_each_change_becomes_one_refresh(pilot, dock, add_device, open_socket, change):
    socket = await open_socket(pilot)
    if change == "model":
        fields = {"model": await DeviceModel.objects.acreate(key="3-2-0")}
    elif change == "person":
        fields = {"user": pilot.user}
    elif change == "gateway":
        fields = {"gateway": await sync_to_async(add_device)(pilot.workspace, Domain.REMOTE)}
    else:
        fields = CHANGES.get(change, {})
    if fields:
        await Device.objects.filter(pk=dock.pk).aupdate(**fields)
    else:
        await ModelIcon.objects.acreate(workspace=pilot.workspace, model_key="3-3-0", normal_url="/static/a.png")
    for _ in range(3):
        await sync_to_async(broadcast.changed)(pilot.workspace.pk, "device", id=dock.pk)
    frame = await socket.frame()
    assert (frame["biz_code"], frame["data"]) == ("device_update_topo", {})
    assert await socket.receive_nothing(0.3)


async def test_news_that_changes_nothing_for_remotes_is_no_refresh(pilot, dock, open_socket):
    socket = await open_socket(pilot)
    await sync_to_async(broadcast.changed)(pilot.workspace.pk, "device", id=dock.pk)
    await sync_to_async(broadcast.changed)(pilot.workspace.pk, "command", id="1", device=dock.pk)
    assert await socket.receive_nothing(0.4)


async def test_coming_online_is_told_once(pilot, dock, open_socket):
    socket = await open_socket(pilot)
    await sync_to_async(presence.came_online)([dock.pk])
    assert (await socket.frame())["biz_code"] == "device_online"
    assert await socket.receive_nothing(0.4)


async def test_a_change_told_by_a_refresh_is_not_told_again(pilot, dock, open_socket):
    socket = await open_socket(pilot)
    await Device.objects.filter(pk=dock.pk).aupdate(callsign="Cellar")
    await say(pilot.workspace, "device_update_topo", {})
    await sync_to_async(broadcast.changed)(pilot.workspace.pk, "device", id=dock.pk)
    assert (await socket.frame())["biz_code"] == "device_update_topo"
    assert await socket.receive_nothing(0.4)


async def test_a_change_that_nobody_told_of_is_noticed_at_the_next_look(pilot, dock, open_socket, monkeypatch):
    monkeypatch.setattr(PilotConsumer, "recheck_every", 0.2)
    socket = await open_socket(pilot)
    await Device.objects.filter(pk=dock.pk).aupdate(callsign="Cellar")
    assert (await socket.frame())["biz_code"] == "device_update_topo"


async def test_another_workspaces_change_stays_there(pilot, stranger, add_device, open_socket):
    ours = await open_socket(pilot)
    theirs = await sync_to_async(add_device)(stranger.workspace, Domain.DOCK)
    await sync_to_async(broadcast.changed)(stranger.workspace.pk, "device", id=theirs.pk)
    assert await ours.receive_nothing(0.4)


def test_some_hundred_sockets_ask_the_database_once(pilot, dock, django_assert_num_queries):
    heard = time.monotonic()
    with django_assert_num_queries(2):
        found = {awareness.fingerprint(pilot.workspace.pk, heard) for _socket in range(300)}
    assert len(found) == 1
    with django_assert_num_queries(2):
        awareness.fingerprint(pilot.workspace.pk, time.monotonic())


async def test_positions_come_at_the_configured_rate_the_newest_of_each(pilot, open_socket, settings):
    settings.POSITION_PUSH_MS = 400
    socket = await open_socket(pilot)
    arrived = []
    stop = asyncio.Event()

    async def chatter():
        step = 0
        while not stop.is_set():
            step += 1
            devices = [{"sn": sn, "summary": HERE | {"height": step}} for sn in ("A", "B")]
            await tell(pilot.workspace, type="workspace.telemetry", devices=devices, timestamp=step)
            await asyncio.sleep(0.02)

    chatting = asyncio.create_task(chatter())
    begun = time.monotonic()
    for _ in range(8):
        arrived.append((time.monotonic(), (await socket.frame())["data"]))
    lasted = time.monotonic() - begun
    stop.set()
    await chatting
    assert lasted >= 3 * 0.4 * 0.9, "four pushes of two devices came faster than they may"
    heights = [data["host"]["height"] for _at, data in arrived if data["sn"] == "A"]
    assert heights == sorted(heights)
    assert heights[-1] - heights[-2] > 5, "positions that nobody needed any more were sent"


async def test_the_doctor_knows_which_sockets_are_open(pilot, open_socket):
    token = await pilot.user.tokens.aget()
    await sync_to_async(pilot_presence.use)(token, "RC-1")
    known = sync_to_async(pilot_presence.socket_of)
    workspace = pilot.workspace.pk
    assert await known(workspace, "RC-1", None) is None
    socket = await open_socket(pilot)
    await say(pilot.workspace, "device_online", {})
    await socket.frame()  # it is set up completely
    found = await known(workspace, "RC-1", None)
    assert found is not None
    assert found.is_open
    assert (await known(workspace, "SOMEBODY", pilot.user.pk)).is_open
    await socket.disconnect(timeout=20)
    assert not (await known(workspace, "RC-1", None)).is_open


async def test_a_reconnect_is_not_ended_by_the_old_sockets_end(pilot, open_socket):
    token = await pilot.user.tokens.aget()
    await sync_to_async(pilot_presence.use)(token, "RC-1")
    first = await open_socket(pilot)
    await open_socket(pilot)
    await first.disconnect(timeout=20)
    assert (await sync_to_async(pilot_presence.socket_of)(pilot.workspace.pk, "RC-1", None)).is_open


async def test_another_workspaces_socket_is_not_told(pilot, stranger, open_socket):
    token = await stranger.user.tokens.aget()
    await sync_to_async(pilot_presence.use)(token, "RC-1")
    await open_socket(stranger)
    assert await sync_to_async(pilot_presence.socket_of)(pilot.workspace.pk, "RC-1", pilot.user.pk) is None


async def test_a_cache_that_is_away_costs_no_socket(pilot, settings, monkeypatch):
    class Away:
        def __getattr__(self, name):
            raise ConnectionError("no cache")

    monkeypatch.setattr(pilot_presence, "cache", Away())
    socket = WebsocketCommunicator(application, f"/api/v1/ws?x-auth-token={pilot.key}")
    connected, _ = await socket.connect(timeout=20)
    assert connected
    await say(pilot.workspace, "device_online", {})
    assert json.loads(await socket.receive_from(timeout=20))["biz_code"] == "device_online"
    await socket.disconnect(timeout=20)
