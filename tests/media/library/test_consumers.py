"""New files appear on the pages that are open, and on nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.utils import timezone

from fleet import console_socket
from fleet.asgi import application
from fleet.models import Membership, Role
from fleet.services import broadcast
from media import consumers
from media.models import MediaFile, MediaGroup
from tests.factories import make_user, make_workspace
from tests.media.library.files import announce, stored

pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """Two workspaces, and somebody in the first."""

    def __init__(self, role: Role = Role.VIEWER) -> None:
        self.ours, self.theirs = make_workspace(), make_workspace()
        self.user = make_user(self.ours, role)

    def socket(self, path: str) -> WebsocketCommunicator:
        client = Client()
        client.force_login(self.user)
        cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
        headers = [(b"cookie", cookie), (b"origin", b"http://127.0.0.1"), (b"host", b"127.0.0.1")]
        return WebsocketCommunicator(application, path, headers=headers)


stage = sync_to_async(Stage, thread_sensitive=True)
changed = sync_to_async(broadcast.changed, thread_sensitive=True)


async def opened(set_up: Stage, path: str) -> WebsocketCommunicator:
    page = await sync_to_async(set_up.socket)(path)
    assert (await page.connect(20))[0]
    assert (await page.receive_json_from(20))["kind"] == "state"
    return page


async def next_of(page: WebsocketCommunicator, kind: str) -> Any:
    while (frame := await page.receive_json_from(20))["kind"] != kind:
        pass
    return frame


async def test_an_announced_file_appears_at_once() -> None:
    set_up = await stage()
    page = await opened(set_up, f"/ws/console/gallery/?workspace={set_up.ours.pk}")
    await sync_to_async(announce)(set_up.theirs)
    file = await sync_to_async(announce)(set_up.ours, "<b>new</b>.JPG")
    frame = await next_of(page, "cards")
    assert [card["id"] for card in frame["cards"]] == [file.pk]
    assert "&lt;b&gt;new" in frame["cards"][0]["html"]
    assert "Being checked" in frame["cards"][0]["html"]
    await page.disconnect(timeout=20)


async def test_the_pages_filters_hold_for_news_too() -> None:
    set_up = await stage()
    page = await opened(set_up, f"/ws/console/gallery/?workspace={set_up.ours.pk}&kind=video")
    file = await sync_to_async(announce)(set_up.ours, "a.JPG")
    assert await next_of(page, "cards") == {"kind": "cards", "cards": [], "gone": [file.pk]}
    await page.disconnect(timeout=20)


async def test_another_of_a_stack_changes_the_card_that_stands_for_it() -> None:
    set_up = await stage()
    first = await sync_to_async(stored)(set_up.ours, stack="s", lens="V")
    page = await opened(set_up, f"/ws/console/gallery/?workspace={set_up.ours.pk}")
    second = await sync_to_async(stored)(set_up.ours, stack="s", lens="T", lead=False)
    await changed(set_up.ours.pk, "media", id=second.pk)
    frame = await next_of(page, "cards")
    assert [card["id"] for card in frame["cards"]] == [first.pk]
    assert "T V" in frame["cards"][0]["html"]
    assert frame["gone"] == [second.pk]
    await page.disconnect(timeout=20)


async def test_a_flood_is_one_word() -> None:
    set_up = await stage()
    page = await opened(set_up, f"/ws/console/gallery/?workspace={set_up.ours.pk}")

    def flood() -> None:
        for number in range(consumers.BURST * 3):
            broadcast.changed(set_up.ours.pk, "media", id=number)

    await sync_to_async(flood)()
    assert (await next_of(page, "reload"))["kind"] == "reload"
    await page.disconnect(timeout=20)


async def test_alarms_come_and_go() -> None:
    set_up = await stage(Role.OPERATOR)
    page = await opened(set_up, f"/ws/console/gallery/?workspace={set_up.ours.pk}")
    now = timezone.now()
    group = await sync_to_async(MediaGroup.objects.create)(
        workspace=set_up.ours, origin="mission", key="<i>g</i>", expected=2, changed_at=now, alarm_at=now
    )
    await changed(set_up.ours.pk, "media_group", id=group.pk)
    while "0 of 2 files" not in (frame := await next_of(page, "html"))["html"]:
        pass  # as it was when the socket opened
    assert frame["target"] == "gallery-alarms"
    assert "<i>" not in frame["html"]
    assert "data-post" in frame["html"]
    await page.disconnect(timeout=20)


async def test_what_a_lost_message_would_have_told_comes_with_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_socket, "RECHECK", 0.2)
    set_up = await stage()
    kept, gone = [await sync_to_async(stored)(set_up.ours) for _each in range(2)]
    page = await opened(set_up, f"/ws/console/gallery/?workspace={set_up.ours.pk}")
    shots = await opened(set_up, f"/ws/console/shots/?workspace={set_up.ours.pk}")
    assert (await next_of(page, "html"))["target"] == "gallery-alarms"
    await MediaFile.objects.filter(pk=kept.pk).aupdate(favorite=True)  # and nobody says so
    await MediaFile.objects.filter(pk=gone.pk).adelete()
    seen, left = {}, set()
    while not (kept.pk in seen and gone.pk in left):
        frame = await next_of(page, "cards")
        seen |= {card["id"]: card["html"] for card in frame["cards"]}
        left |= set(frame["gone"])
    assert "★" in seen[kept.pk]
    while gone.pk not in (await next_of(shots, "shots"))["gone"]:
        pass
    await shots.disconnect(timeout=20)
    await page.disconnect(timeout=20)


async def test_a_page_learns_which_beginning_it_should_have_been_painted_with() -> None:
    set_up = await stage()
    file = await sync_to_async(stored)(set_up.ours)
    await sync_to_async(stored)(set_up.theirs)
    client = Client()
    await sync_to_async(client.force_login)(set_up.user)
    painted = await sync_to_async(client.get)(f"/admin/gallery/more/?workspace={set_up.ours.pk}")
    marks = [painted.json()["mark"]]
    for _look in range(2):
        page = await sync_to_async(set_up.socket)(f"/ws/console/gallery/?workspace={set_up.ours.pk}")
        assert (await page.connect(20))[0]
        marks.append((await page.receive_json_from(20))["mark"])
        await page.disconnect(timeout=20)
        await MediaFile.objects.filter(pk=file.pk).aupdate(status="missing")
    assert marks[0] == marks[1] != marks[2]


async def test_the_map_of_shots_gets_places() -> None:
    set_up = await stage()
    page = await opened(set_up, f"/ws/console/shots/?workspace={set_up.ours.pk}")
    file = await sync_to_async(announce)(set_up.ours)
    frame = await next_of(page, "shots")
    assert [(shot["id"], shot["lat"], shot["yaw"]) for shot in frame["shots"]] == [(file.pk, 47.05, -91.4)]
    await sync_to_async(MediaFile.objects.all().delete)()
    await changed(set_up.ours.pk, "media", id=file.pk)
    assert (await next_of(page, "shots"))["gone"] == [file.pk]
    await page.disconnect(timeout=20)


@pytest.mark.parametrize("path", ["gallery", "shots"])
async def test_another_workspace_stays_closed(path: str) -> None:
    set_up = await stage()
    for where in (set_up.theirs.pk, "nonsense"):
        page = await sync_to_async(set_up.socket)(f"/ws/console/{path}/?workspace={where}")
        assert (await page.connect(20))[0] is False
    await sync_to_async(Membership.objects.all().delete)()
    page = await sync_to_async(set_up.socket)(f"/ws/console/{path}/?workspace={set_up.ours.pk}")
    assert (await page.connect(20))[0] is False
