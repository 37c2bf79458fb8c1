"""The shared map's socket in the console: the whole state in frames that fit, then what changes, of one workspace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fleet import console_socket
from fleet.asgi import application
from fleet.models import MapElement, MapGroup, Membership, Role
from fleet.services.map_elements import elements, groups, importing
from tests.console.test_elements import drawn, feature, group_of
from tests.factories import make_user, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A browser that looks at a workspace's map."""

    def __init__(self, user: Any, workspace: Any) -> None:
        client = Client()
        client.force_login(user)
        cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
        headers = [(b"cookie", cookie), (b"origin", b"http://127.0.0.1"), (b"host", b"127.0.0.1")]
        path = f"/ws/console/elements/?workspace={workspace.pk}"
        self.socket = WebsocketCommunicator(application, path, headers=headers)
        self.frames: list[Any] = []
        self.is_open = False

    async def open(self) -> list[Any]:
        self.is_open, _code = await self.socket.connect(5)
        assert self.is_open
        while not self.frames or self.frames[-1]["kind"] != "complete":
            await self.next()
        return self.frames

    async def next(self) -> Any:
        frame = json.loads(await self.socket.receive_from(20))
        if frame["kind"] == "pulse":
            return await self.next()
        self.frames.append(frame)
        return frame


class Stage:
    """Two workspaces, each with something drawn, and somebody in the first."""

    def __init__(self) -> None:
        self.ours, self.theirs = make_workspace(), make_workspace()
        self.user = make_user(self.ours, Role.VIEWER)
        self.operator = make_user(self.ours, Role.OPERATOR)
        self.fence, self.secret = drawn(self.ours, "Fence"), drawn(self.theirs, "Secret")
        self.page = Page(self.user, self.ours)


@pytest.fixture
async def stage() -> Any:
    made = await sync_to_async(Stage)()
    yield made
    if made.page.is_open:
        await made.page.socket.disconnect(timeout=20)


async def test_first_the_state_then_what_changes_and_nothing_of_others(stage: Stage) -> None:
    frames = await stage.page.open()
    assert [frame["kind"] for frame in frames] == ["groups", "elements", "complete"]
    assert sorted(group["type"] for group in frames[0]["groups"]) == [1, 2]
    (fence,) = frames[1]["elements"]
    assert set(fence) == {"id", "group", "name", "type", "by", "hidden", "at", "content"}
    assert frames[2]["ids"] == [str(stage.fence.pk)]

    await sync_to_async(elements.update)(stage.secret, user=await sync_to_async(make_user)(stage.theirs), name="X")
    await sync_to_async(elements.update)(stage.fence, user=stage.operator, name="Wall")
    news = await stage.page.next()
    assert [element["name"] for element in news["elements"]] == ["Wall"]
    await sync_to_async(groups.create)(stage.ours, "Masts", user=stage.operator)
    assert "Masts" in [group["name"] for group in (await stage.page.next())["groups"]]
    await sync_to_async(elements.delete)(stage.fence, user=stage.operator)
    assert await stage.page.next() == {"kind": "gone", "ids": [str(stage.fence.pk)]}
    assert "Secret" not in json.dumps(stage.page.frames)


async def test_an_import_arrives_as_a_whole(stage: Stage) -> None:
    await stage.page.open()
    group = await sync_to_async(group_of)(stage.ours)
    rows = [{"type": "Point", "coordinates": [8, 47 + n / 1000]} for n in range(50)]
    content = json.dumps({"type": "GeometryCollection", "geometries": rows}).encode()
    await sync_to_async(importing.run)(stage.ours, group, content, user=stage.operator)
    assert (await stage.page.next())["kind"] == "groups"
    assert len((await stage.page.next())["elements"]) == 51


async def test_a_large_map_comes_in_frames_that_the_web_server_lets_through(stage: Stage) -> None:
    long = feature({"type": "LineString", "coordinates": [[n / 1e5, 47.123456789] for n in range(9_000)]})

    def fill() -> None:
        row = {"workspace": stage.ours, "group": group_of(stage.ours), "type": 1, "content": long}
        MapElement.objects.bulk_create([MapElement(name=f"Long {n}", **row) for n in range(12)])

    await sync_to_async(fill)()
    frames = await stage.page.open()
    parts = [frame for frame in frames if frame["kind"] == "elements"]
    assert len(parts) > 2
    assert max(len(json.dumps(frame)) for frame in parts) < 1_048_576
    assert sum(len(frame["elements"]) for frame in parts) == 13


async def test_what_no_news_told_of_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_socket, "RECHECK", 0.2)
    await stage.page.open()
    await sync_to_async(MapElement.objects.filter(pk=stage.fence.pk).delete)()
    assert (await stage.page.next())["kind"] == "groups"
    assert await stage.page.next() == {"kind": "gone", "ids": [str(stage.fence.pk)]}
    await sync_to_async(MapGroup.objects.filter(workspace=stage.ours, type=1).update)(name="Renamed")
    assert "Renamed" in [group["name"] for group in (await stage.page.next())["groups"]]


async def test_whoever_has_no_part_in_it_hears_nothing(stage: Stage) -> None:
    stranger = await sync_to_async(Page)(stage.user, stage.theirs)
    connected, code = await stranger.socket.connect(5)
    assert (connected, code) == (False, console_socket.FORBIDDEN)


async def test_whoever_leaves_the_workspace_is_cut_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_socket, "RECHECK", 0.2)
    await stage.page.open()
    await sync_to_async(Membership.objects.filter(user=stage.user).delete)()
    event = await stage.page.socket.receive_output(20)
    assert (event["type"], event["code"]) == ("websocket.close", console_socket.FORBIDDEN)


async def test_the_state_takes_as_many_queries_with_a_full_map(stage: Stage) -> None:
    from fleet.services.map_elements import listing

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            listing.elements(stage.ours.pk)
            listing.groups(stage.ours.pk)
            listing.stamps(stage.ours.pk)
        return len(queries)

    few = await sync_to_async(count)()
    for number in range(10):
        await sync_to_async(drawn)(stage.ours, f"More {number}")
    assert await sync_to_async(count)() == few == 3
