"""What remotes are told of the shared map: every change, in the documented frames, all of them and at once."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from fleet.asgi import application
from fleet.consumers import CLOSE_TOO_SLOW, PilotConsumer
from fleet.models import AccessToken, MapElement, MapGroup, Role
from fleet.services import tokens
from fleet.services.map_elements import elements, groups
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

LINE = {
    "type": "Feature",
    "properties": {"color": "#19BE6B", "clampToGround": True, "is3d": True},
    "geometry": {"type": "LineString", "coordinates": [[8.0, 47.0, 400.0], [8.001, 47.001, 420.5]]},
}


class Remote:
    """A remote with its socket and its API."""

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace
        self.user = make_user(workspace, Role.PILOT)
        _token, key = tokens.issue(self.user, workspace)
        self.headers = {"x-auth-token": key}
        self.socket = WebsocketCommunicator(application, f"/api/v1/ws?x-auth-token={key}")
        groups.ensure(workspace)
        self.group = MapGroup.objects.get(workspace=workspace, type=2)

    async def open(self) -> Remote:
        assert (await self.socket.connect(5))[0]
        return self

    async def heard(self) -> tuple[str, Any]:
        frame = json.loads(await self.socket.receive_from(20))
        assert set(frame) == {"biz_code", "version", "timestamp", "data"}
        return frame["biz_code"], frame["data"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        address = f"/map/api/v1/workspaces/{self.workspace.pk}/{path}"
        ask = getattr(Client(), method)
        return ask(address, body, content_type="application/json", headers=self.headers).json()

    def draw(self, number: str) -> Any:
        body = {"id": number, "name": "Fence", "resource": {"type": 1, "content": LINE}}
        return self.ask("post", f"element-groups/{self.group.pk}/elements", body)


make_remote = sync_to_async(Remote)


@pytest.fixture
async def remotes(workspace: Any) -> Any:
    pair = [await (await make_remote(workspace)).open() for _remote in range(2)]
    yield pair
    for remote in pair:
        await remote.socket.disconnect(timeout=20)


async def test_two_remotes_see_what_one_draws_changes_and_deletes(remotes: Any, other_workspace: Any) -> None:
    ann, ben = remotes
    stranger = await (await make_remote(other_workspace)).open()
    number = str(uuid.uuid4())
    assert (await sync_to_async(ann.draw)(number))["data"] == {"id": number}
    for remote in remotes:
        code, data = await remote.heard()
        assert code == "map_element_create"
        assert data == {
            "id": number,
            "group_id": str(ann.group.pk),
            "name": "Fence",
            "resource": {"type": 1, "user_name": ann.user.get_username(), "content": LINE},
            "create_time": data["create_time"],
            "update_time": data["update_time"],
        }
    content = {**LINE, "properties": {"color": "#E23C39"}}
    await sync_to_async(ben.ask)("put", f"elements/{number}", {"name": "Wall", "content": content})
    for remote in remotes:
        code, data = await remote.heard()
        assert (code, data["name"], data["resource"]["content"]["properties"]["color"]) == (
            "map_element_update", "Wall", "#E23C39",
        )  # fmt: skip
    await sync_to_async(ann.ask)("delete", f"elements/{number}")
    for remote in remotes:
        assert await remote.heard() == ("map_element_delete", {"id": number, "group_id": str(ann.group.pk)})
    assert await stranger.socket.receive_nothing(0.3)
    await stranger.socket.disconnect(timeout=20)


async def test_what_operators_do_is_told_too(remotes: Any, workspace: Any) -> None:
    operator = await sync_to_async(make_user)(workspace, Role.OPERATOR)
    (ann, _ben) = remotes
    custom = await sync_to_async(groups.create)(workspace, "Masts", user=operator)
    assert await ann.heard() == ("map_group_refresh", {"ids": [str(custom.pk)]})
    number = uuid.uuid4()
    element = await sync_to_async(elements.create)(
        workspace, custom, element_id=number, name="Mast", type_=1, content=LINE, user=operator
    )
    assert (await ann.heard())[0] == "map_element_create"
    await sync_to_async(elements.update)(element, user=operator, group=ann.group)
    code, data = await ann.heard()
    assert (code, data["group_id"]) == ("map_element_update", str(ann.group.pk))
    assert await ann.heard() == ("map_group_refresh", {"ids": [str(custom.pk), str(ann.group.pk)]})
    await sync_to_async(groups.change)(custom, user=operator, locked=True)
    assert await ann.heard() == ("map_group_refresh", {"ids": [str(custom.pk)]})
    await sync_to_async(groups.delete)(custom, user=operator)
    assert await ann.heard() == ("map_group_refresh", {"ids": [str(custom.pk)]})


async def test_of_a_group_that_is_not_sent_to_remotes_they_hear_and_read_nothing(remotes: Any, workspace: Any) -> None:
    operator = await sync_to_async(make_user)(workspace, Role.OPERATOR)
    (ann, _ben) = remotes
    draft = await sync_to_async(groups.create)(workspace, "Draft", user=operator)
    await sync_to_async(groups.change)(draft, user=operator, distributed=False)
    for _news in range(2):
        assert (await ann.heard())[0] == "map_group_refresh"
    element = await sync_to_async(elements.create)(
        workspace, draft, element_id=uuid.uuid4(), name="Idea", type_=1, content=LINE, user=operator
    )
    assert await ann.socket.receive_nothing(0.3)

    def shown(query: str = "") -> list[str]:
        return [group["name"] for group in ann.ask("get", f"element-groups{query}")["data"]]

    assert await sync_to_async(shown)() == ["Default", "Pilot"]
    assert await sync_to_async(shown)("?is_distributed=false") == ["Draft"]
    assert await sync_to_async(shown)(f"?group_id={draft.pk}") == []
    await sync_to_async(elements.update)(element, user=operator, group=ann.group)
    assert (await ann.heard())[0] == "map_element_create"
    assert (await ann.heard())[0] == "map_group_refresh"
    await sync_to_async(elements.update)(element, user=operator, group=draft)
    code, data = await ann.heard()
    assert (code, data["group_id"]) == ("map_element_delete", str(ann.group.pk))
    await sync_to_async(elements.update)(element, user=operator, hidden=True)
    assert (await ann.heard())[0] == "map_group_refresh"
    assert await ann.socket.receive_nothing(0.3)


async def test_what_is_hidden_on_the_console_is_no_news_for_remotes(remotes: Any, workspace: Any) -> None:
    (ann, _ben) = remotes
    number = str(uuid.uuid4())
    await sync_to_async(ann.draw)(number)
    await ann.heard()
    element = await sync_to_async(MapElement.objects.select_related("group", "workspace").get)()
    await sync_to_async(elements.update)(element, user=ann.user, hidden=True)
    assert await ann.socket.receive_nothing(0.3)


async def test_a_socket_that_never_reads_keeps_nobody_waiting(
    remotes: Any, workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = remotes
    stuck, freed = asyncio.Event(), asyncio.Event()
    closed: list[int] = []
    sending, closing = PilotConsumer.send, PilotConsumer.close

    async def send(self: Any, *parts: Any, **fields: Any) -> None:
        if self._key == ben.headers["x-auth-token"]:
            stuck.set()
            await freed.wait()
        await sending(self, *parts, **fields)

    async def close(self: Any, code: Any = None, *rest: Any) -> None:
        closed.append(code)
        await closing(self, code, *rest)

    monkeypatch.setattr(PilotConsumer, "send", send)
    monkeypatch.setattr(PilotConsumer, "close", close)
    monkeypatch.setattr(PilotConsumer, "backlog_limit", 10)
    for _drawing in range(15):
        await sync_to_async(ann.draw)(str(uuid.uuid4()))
        assert (await ann.heard())[0] == "map_element_create"
    assert stuck.is_set()
    assert closed == [CLOSE_TOO_SLOW]
    freed.set()


async def test_a_token_that_is_withdrawn_ends_pushes_and_requests(
    remotes: Any, monkeypatch: pytest.MonkeyPatch, workspace: Any
) -> None:
    monkeypatch.setattr(PilotConsumer, "recheck_every", 0.2)
    late = await (await make_remote(workspace)).open()
    await sync_to_async(AccessToken.objects.filter(user=late.user).delete)()
    event = await late.socket.receive_output(20)
    assert event["type"] == "websocket.close"
    path = f"/map/api/v1/workspaces/{workspace.pk}/element-groups"
    answer = await sync_to_async(Client().get)(path, headers=late.headers)
    assert answer.status_code == 401
