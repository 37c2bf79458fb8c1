"""Asking a device from its page: who may, and that nothing is sent by accident."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Command, CommandStatus, Device
from fleet.models import Role
from tests.console.pages import Login, ask, key_of, say, text, url
from tests.factories import make_aircraft, make_dock

pytestmark = pytest.mark.django_db


def test_a_harmless_service_is_sent_by_one_post(login: Login, dock: Device) -> None:
    client = login()
    page = url("device_command", dock.pk, "live_set_quality")
    key = key_of(text(client.get(page)))
    assert not Command.objects.exists()
    posted = {"request_key": key, "video_id": f"{dock.sn}/165-0-7/normal-0", "video_quality": "2"}
    response = client.post(page, posted)
    command = Command.objects.get()
    assert response.status_code == 302 and response["Location"] == url("command_change", command.pk)
    assert command.data == {"video_id": f"{dock.sn}/165-0-7/normal-0", "video_quality": 2}
    assert (command.method, command.request_key, command.device_id) == ("live_set_quality", key, dock.pk)


def test_a_dangerous_service_needs_a_second_look(login: Login, dock: Device) -> None:
    client = login()
    page = url("device_command", dock.pk, "cover_open")
    key = key_of(text(client.get(page)))
    second = text(client.post(page, {"request_key": key}))
    assert key_of(second) == key
    for word in ("I have checked", "North dock", dock.sn, "It moves a machine", "Open cover"):
        assert word in second
    assert "Tick the box" in text(client.post(page, {"request_key": key, "step": "confirm"}))
    # A tick that comes without the second page is none.
    text(client.post(page, {"request_key": key, "checked": "1"}))
    assert not Command.objects.exists()
    sent = {"request_key": key, "step": "confirm", "checked": "1"}
    assert client.post(page, sent).status_code == 302
    assert client.post(page, sent)["Location"] == url("command_change", Command.objects.get().pk)
    assert Command.objects.get().danger == "moves"


def test_what_was_typed_survives_the_second_look(login: Login, dock: Device) -> None:
    client = login()
    page = url("device_command", dock.pk, "fly_to_point_update")
    typed = {"max_speed": "10", "points": '[{"latitude": 47.0, "longitude": 8.0, "height": 500}]'}
    second = client.post(page, {**typed, "request_key": str(uuid.uuid4())})
    shown = text(second)
    assert shown.count('type="hidden"') >= 3
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', shown))
    hidden = {name: html.unescape(value) for name, value in hidden.items()}
    back = text(client.post(page, {**hidden, "step": "edit"}))
    assert 'value="10"' in back and "500" in back
    assert client.post(page, {**hidden, "step": "confirm", "checked": "1"}).status_code == 302
    assert Command.objects.get().data["points"] == [{"latitude": 47.0, "longitude": 8.0, "height": 500}]


def test_bad_input_is_kept_and_explained(login: Login, dock: Device) -> None:
    response = login().post(
        url("device_command", dock.pk, "live_set_quality"), {"video_id": "keep-this", "video_quality": "99"}
    )
    assert response.status_code == 400
    page = response.content.decode()
    assert "keep-this" in page and "errors" in page
    assert not Command.objects.exists()


def test_a_viewer_sees_the_form_and_cannot_send(login: Login, dock: Device) -> None:
    client = login(Role.VIEWER)
    page = url("device_command", dock.pk, "cover_open")
    shown = text(client.get(page))
    assert re.search(r'id="send" disabled', shown) and "This needs the role" in shown
    response = client.post(page, {"request_key": str(uuid.uuid4()), "step": "confirm", "checked": "1"})
    assert response.status_code == 403
    assert "This needs the role" in response.content.decode()
    settings = client.post(url("device_property", dock.pk), {"silent_mode": "1", "step": "confirm", "checked": "1"})
    assert settings.status_code == 403
    assert not Command.objects.exists()


def test_nothing_is_sent_to_a_device_that_is_offline(login: Login, workspace: Any) -> None:
    dock = make_dock(workspace, online=False)
    client = login()
    page = url("device_command", dock.pk, "cover_open")
    assert "is offline" in text(client.get(page))
    response = client.post(page, {"request_key": str(uuid.uuid4()), "step": "confirm", "checked": "1"})
    assert response.status_code == 409
    assert "nothing was sent" in response.content.decode()
    assert not Command.objects.exists()


def test_an_aircraft_is_asked_through_its_gateway(login: Login, dock: Device, workspace: Any) -> None:
    aircraft = make_aircraft(workspace, dock, online=True)
    client = login()
    page = url("device_command", aircraft.pk, "return_home")
    second = text(client.post(page, {"request_key": str(uuid.uuid4())}))
    assert dock.sn in second and aircraft.sn in second
    client.post(page, {"request_key": key_of(second), "step": "confirm", "checked": "1"})
    assert Command.objects.get().device_id == dock.pk
    assert client.get(url("device_command", make_aircraft(workspace).pk, "return_home")).status_code == 404
    assert client.get(url("device_command", dock.pk, "no_such_service")).status_code == 404


def test_settings_are_changed_after_a_second_look(login: Login, dock: Device, workspace: Any) -> None:
    aircraft = make_aircraft(workspace, dock, online=True)
    say(aircraft, **{"height_limit": 120, "98-0-0": {"thermal_gain_mode": 0}})
    client = login()
    page = url("device_property", aircraft.pk)
    shown = text(client.get(page))
    assert 'name="98-0-0.thermal_gain_mode"' in shown and "&quot;height_limit&quot;: 120" in shown
    nothing = client.post(page, {"request_key": key_of(shown)})
    assert nothing.status_code == 400 and "Fill in at least one" in nothing.content.decode()
    typed = {"request_key": key_of(shown), "height_limit": "150", "98-0-0.thermal_gain_mode": "1"}
    assert "I have checked" in text(client.post(page, typed))
    assert not Command.objects.exists()
    assert client.post(page, {**typed, "step": "confirm", "checked": "1"}).status_code == 302
    command = Command.objects.get()
    assert command.channel == "property/set"
    assert command.data == {"height_limit": 150, "98-0-0": {"thermal_gain_mode": 1}}


def test_the_page_of_a_command_tells_its_story(login: Login, dock: Device) -> None:
    command = ask(dock)
    now = timezone.now()
    Command.objects.filter(pk=command.pk).update(
        status=CommandStatus.FAILED, published_at=now, replied_at=now, finished_at=now, result=314001,
        result_text="Battery too low", output={"reason": "x-output"}, progress=40, step="take_off",
    )  # fmt: skip
    page = text(login(Role.VIEWER).get(url("command_change", command.pk)))
    for word in ("Failed", "314001", "Battery too low", "x-output", "take_off", "40 %", f"?q={command.tid}"):
        assert word in page
    assert f'data-live="/ws/console/devices/{dock.pk}/?command={command.pk}"' in page
    assert 'id="live-command"' in page
