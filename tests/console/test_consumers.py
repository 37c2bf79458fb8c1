"""The console's sockets under change: nothing falls between state and news, nobody stays who may not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, DeviceState
from devices.services import commands, live_map, presence
from fleet import console_socket
from fleet.models import Membership, Role, User
from fleet.services import broadcast
from tests.console.test_live_sockets import Stage, make_socket, place, stage
from tests.factories import make_aircraft, make_dock

pytestmark = pytest.mark.django_db(transaction=True)

Frame = dict[str, Any]


def later(function: Any) -> Any:
    """Call a service from a test's loop, where its news goes out after its transaction as ever."""
    return sync_to_async(function, thread_sensitive=True)


async def opened(set_up: Stage, path: str = "") -> WebsocketCommunicator:
    page = await make_socket(set_up.user, path or f"/ws/console/map/?workspace={set_up.ours.pk}")
    assert (await page.connect(20))[0]
    return page


async def news(page: WebsocketCommunicator, kind: str) -> Frame:
    """The next frame of a kind."""
    while True:
        frame: Frame = await page.receive_json_from(20)
        if frame["kind"] == kind:
            return frame


async def closed(page: WebsocketCommunicator) -> int:
    while True:
        output = await page.receive_output(20)
        if output["type"] == "websocket.close":
            return int(output["code"])


def telemetry(device: Device, **summary: Any) -> Frame:
    return {"id": device.pk, "sn": device.sn, "domain": device.domain, "online": True, "summary": summary}


async def test_what_is_said_while_the_state_is_read_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up = await stage()
    read = live_map.devices

    def slowly(*arguments: Any, **options: Any) -> Any:
        rows = read(*arguments, **options)
        # Published, and not only asked for, before the page has its state.
        news = {"type": "workspace.telemetry", "devices": [telemetry(set_up.dock, lat=1.5)], "timestamp": 1}
        async_to_sync(get_channel_layer().group_send)(broadcast.group(set_up.ours.pk), news)
        return rows

    monkeypatch.setattr(live_map, "devices", slowly)
    page = await opened(set_up)
    state = await page.receive_json_from(20)
    assert state["devices"][0]["summary"]["lat"] == 47.0
    assert (await news(page, "telemetry"))["devices"][0]["summary"] == {"lat": 1.5}
    await page.disconnect(timeout=20)


async def test_the_state_carries_the_servers_clock_and_the_last_minutes() -> None:
    set_up = await stage()
    page = await opened(set_up)
    state = await page.receive_json_from(20)
    assert abs(state["now"] - timezone.now().timestamp() * 1000) < 30_000
    assert state["trails"] == {}
    await page.disconnect(timeout=20)


async def test_a_change_sends_the_rows_it_concerns_and_no_others() -> None:
    set_up = await stage()
    other = await later(make_dock)(set_up.ours, online=True)
    page = await opened(set_up)
    await page.receive_json_from(20)
    await later(presence.went_offline)([set_up.dock.pk])
    frame = await news(page, "devices")
    assert [(row["id"], row["online"]) for row in frame["devices"]] == [(set_up.dock.pk, False)]
    assert frame["gone"] == []
    assert other.pk not in {row["id"] for row in frame["devices"]}
    await page.disconnect(timeout=20)


async def test_many_changes_in_a_moment_are_one_frame() -> None:
    set_up = await stage()
    docks = [await later(make_dock)(set_up.ours, online=True) for _ in range(20)]
    page = await opened(set_up)
    await page.receive_json_from(20)
    await later(presence.went_offline)([dock.pk for dock in docks])
    frames, told = 0, set()
    while len(told) < 20:
        told |= {row["id"] for row in (await news(page, "devices"))["devices"]}
        frames += 1
    assert frames <= 3
    await page.disconnect(timeout=20)


async def test_frames_of_several_bridges_are_put_together() -> None:
    set_up = await stage()
    page = await opened(set_up)
    await page.receive_json_from(20)
    for number in range(30):
        broadcast.telemetry(set_up.ours.pk, [telemetry(set_up.dock, battery=number)])
    frames = 0
    while True:
        frames += 1
        if (await news(page, "telemetry"))["devices"][0]["summary"]["battery"] == 29:
            break
    assert frames <= 3
    await page.disconnect(timeout=20)


async def test_an_aircraft_seen_for_the_first_time_gets_its_row() -> None:
    set_up = await stage()
    page = await opened(set_up)
    await page.receive_json_from(20)
    aircraft = await later(make_aircraft)(set_up.ours, gateway=set_up.dock, callsign="Newcomer", online=True)
    broadcast.telemetry(set_up.ours.pk, [telemetry(aircraft, lat=46.0)])  # the news of its arrival was lost
    assert [row["name"] for row in (await news(page, "devices"))["devices"]] == ["Newcomer"]
    await page.disconnect(timeout=20)


async def test_a_topology_sends_the_gateway_and_what_hangs_on_it() -> None:
    set_up = await stage()
    aircraft = await later(make_aircraft)(set_up.ours, gateway=set_up.dock)
    page = await opened(set_up)
    await page.receive_json_from(20)
    await later(broadcast.changed)(set_up.ours.pk, "topology", id=set_up.dock.pk)
    frame = await news(page, "devices")
    assert {row["id"]: row["gateway"] for row in frame["devices"]} == {
        set_up.dock.pk: None,
        aircraft.pk: set_up.dock.pk,
    }
    await page.disconnect(timeout=20)


async def test_a_device_that_left_the_workspace_is_gone() -> None:
    set_up = await stage()
    page = await opened(set_up)
    await page.receive_json_from(20)
    await Device.objects.filter(pk=set_up.dock.pk).aupdate(workspace=set_up.theirs)
    await later(broadcast.changed)(set_up.ours.pk, "device", id=set_up.dock.pk)
    frame = await news(page, "devices")
    assert (frame["devices"], frame["gone"]) == ([], [set_up.dock.pk])
    await page.disconnect(timeout=20)


async def test_what_a_lost_message_would_have_told_comes_with_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_socket, "RECHECK", 0.2)
    set_up = await stage()
    page = await opened(set_up)
    await page.receive_json_from(20)
    await Device.objects.filter(pk=set_up.dock.pk).aupdate(online=False)  # and nobody says so
    frame = await news(page, "devices")
    assert [(row["id"], row["online"]) for row in frame["devices"]] == [(set_up.dock.pk, False)]
    await page.disconnect(timeout=20)


async def test_a_page_that_hears_nothing_new_hears_that_the_line_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_socket, "PULSE", 0.1)
    page = await opened(await stage())
    await page.receive_json_from(20)
    assert await page.receive_json_from(20) == {"kind": "pulse"}
    await page.disconnect(timeout=20)


def log_out(set_up: Stage) -> None:
    for session in Session.objects.all():
        if session.get_decoded().get(USER_KEY) == str(set_up.user.pk):
            session.delete()


def shut_out(set_up: Stage) -> None:
    User.objects.filter(pk=set_up.user.pk).update(is_active=False)


def change_password(set_up: Stage) -> None:
    set_up.user.set_password("something else entirely")
    set_up.user.save()


@pytest.mark.parametrize("end", [log_out, shut_out, change_password])
@pytest.mark.parametrize("where", ["/ws/console/map/?workspace={ours}", "/ws/console/devices/{dock}/"])
async def test_a_session_that_ended_ends_its_sockets(monkeypatch: pytest.MonkeyPatch, end: Any, where: str) -> None:
    assert console_socket.RECHECK <= 60
    monkeypatch.setattr(console_socket, "RECHECK", 0.1)
    set_up = await stage()
    page = await opened(set_up, where.format(ours=set_up.ours.pk, dock=set_up.dock.pk))
    await page.receive_json_from(20)
    await later(end)(set_up)
    assert await closed(page) == console_socket.FORBIDDEN


def rename(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


async def test_a_socket_that_cannot_look_closes_and_does_not_stay_open_unwatched(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(console_socket, "RECHECK", 0.1)
    set_up = await stage()
    page = await opened(set_up)
    await page.receive_json_from(20)
    table = Membership._meta.db_table
    await later(rename)(table, "away")  # the database answers no more
    try:
        assert await closed(page) == console_socket.FAILED
    finally:
        await later(rename)("away", table)
    assert "a live page's socket failed" in caplog.text


async def test_a_viewers_role_is_enough_and_another_workspaces_is_not() -> None:
    set_up = await stage(Role.VIEWER)
    page = await opened(set_up)
    await page.receive_json_from(20)
    broadcast.telemetry(set_up.theirs.pk, [telemetry(set_up.foreign, lat=3.0)])
    await later(broadcast.changed)(set_up.theirs.pk, "device", id=set_up.foreign.pk)
    await later(broadcast.changed)(set_up.ours.pk, "device", id=set_up.foreign.pk)  # even a mistaken one of our own
    broadcast.telemetry(set_up.ours.pk, [telemetry(set_up.dock, lat=4.0)])
    frames = [await page.receive_json_from(20)]
    assert [device["id"] for frame in frames for device in frame["devices"]] == [set_up.dock.pk]
    assert await page.receive_nothing(1.2)
    await page.disconnect(timeout=20)


async def test_a_person_of_two_workspaces_sees_the_one_they_asked_for() -> None:
    set_up = await stage()
    await Membership.objects.acreate(user=set_up.user, workspace=set_up.theirs, role=Role.VIEWER)
    page = await opened(set_up, f"/ws/console/map/?workspace={set_up.theirs.pk}")
    assert [device["sn"] for device in (await page.receive_json_from(20))["devices"]] == [set_up.foreign.sn]
    await page.disconnect(timeout=20)


async def test_only_the_parts_that_changed_are_painted_again() -> None:
    set_up = await stage()
    page = await opened(set_up, f"/ws/console/devices/{set_up.dock.pk}/")
    first = {(await page.receive_json_from(20))["target"] for _ in range(5)}
    assert first == {"live-summary", "live-telemetry", "live-topology", "live-commands", "live-messages"}
    await later(commands.issue)(set_up.dock, "debug_mode_open", {}, user=None, confirmed=True)
    frame = await news(page, "html")
    assert frame["target"] in ("live-commands", "live-messages")
    while frame["target"] != "live-commands":
        frame = await news(page, "html")
    assert "debug" in frame["html"].lower()
    await page.disconnect(timeout=20)


async def test_a_devices_page_follows_its_own_telemetry_only() -> None:
    set_up = await stage()
    page = await opened(set_up, f"/ws/console/devices/{set_up.dock.pk}/")
    for _ in range(5):
        await page.receive_json_from(20)
    await DeviceState.objects.filter(pk=set_up.dock.pk).aupdate(summary={"battery": 17})
    broadcast.telemetry(set_up.ours.pk, [{**telemetry(set_up.dock), "id": set_up.dock.pk + 1000}])
    assert await page.receive_nothing(1.2)
    broadcast.telemetry(set_up.ours.pk, [telemetry(set_up.dock)])
    frame = await news(page, "html")
    assert (frame["target"], "17" in frame["html"]) == ("live-summary", True)
    await page.disconnect(timeout=20)


async def test_what_a_device_says_of_itself_is_escaped() -> None:
    set_up = await stage()
    await DeviceState.objects.filter(pk=set_up.dock.pk).aupdate(properties={"oddity": "<img src=x onerror=alert(1)>"})
    page = await opened(set_up, f"/ws/console/devices/{set_up.dock.pk}/")
    frames = {}
    for _ in range(5):
        frame = await page.receive_json_from(20)
        frames[frame["target"]] = frame["html"]
    assert "&lt;img src=x" in frames["live-telemetry"]
    assert "<img" not in "".join(frames.values())
    await page.disconnect(timeout=20)


async def test_a_page_that_talks_is_not_answered_and_not_thrown_out() -> None:
    set_up = await stage()
    page = await opened(set_up)
    await page.receive_json_from(20)
    await page.send_to(text_data="}{ not JSON")
    await page.send_to(bytes_data=b"\x00\xff")
    broadcast.telemetry(set_up.ours.pk, [telemetry(set_up.dock, lat=5.0)])
    assert (await news(page, "telemetry"))["devices"][0]["summary"] == {"lat": 5.0}
    await page.disconnect(timeout=20)


async def test_a_left_page_listens_no_more() -> None:
    set_up = await stage()
    page = await opened(set_up)
    await page.receive_json_from(20)
    before = asyncio.all_tasks()
    await page.disconnect(timeout=20)
    assert not [task for task in asyncio.all_tasks() if "_going_on" in repr(task) and not task.cancelling()]
    assert len(asyncio.all_tasks()) < len(before)


def test_a_frames_query_count_does_not_grow_with_the_devices(workspace: Any) -> None:
    def queries(count: int) -> int:
        ids = []
        for _ in range(count):
            aircraft = make_aircraft(workspace)
            place(aircraft)
            ids.append(aircraft.pk)
        with CaptureQueriesContext(connection) as captured:
            assert len(live_map.devices(workspace.pk, only=ids)) == count
            live_map.presence(workspace.pk)
        return len(captured)

    assert queries(3) == queries(60) == 2
