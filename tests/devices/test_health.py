"""What devices say is wrong with them becomes alarms that begin and end."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from devices.models import Alarm
from devices.services import health
from fleet.models import Role
from tests.factories import make_aircraft, make_dock, make_user

pytestmark = pytest.mark.django_db


def say(wire: Any, sn: str, *codes: str, level: Any = 2) -> None:
    entries = [
        {"code": code, "level": level, "module": 3, "in_the_sky": 0, "imminent": 1, "args": {}} for code in codes
    ]
    wire.deliver(f"thing/product/{sn}/events", method="hms", data={"list": entries})


def open_codes(device: Any) -> set[str]:
    return set(Alarm.objects.filter(device=device, ended_at=None).values_list("code", flat=True))


def test_an_alarm_begins_goes_on_and_ends(wire: Any, workspace: Any) -> None:
    dock = make_dock(workspace, online=True)
    say(wire, dock.sn, "0x16100083")
    say(wire, dock.sn, "0x16100083")
    assert Alarm.objects.count() == 1
    say(wire, dock.sn, "0x16100083", "0x1A010040")
    assert open_codes(dock) == {"0x16100083", "0x1A010040"}
    say(wire, dock.sn)
    assert open_codes(dock) == set()
    say(wire, dock.sn, "0x16100083")
    assert Alarm.objects.filter(code="0x16100083").count() == 2


def test_two_bridges_that_hear_in_turn_agree(wire: Any, workspace: Any) -> None:
    dock = make_dock(workspace, online=True)
    say(wire, dock.sn, "0x1")
    kept = dict(health._said)
    health.forget()
    say(wire, dock.sn)
    health._said.update({sn: (moment - 60, said) for sn, (moment, said) in kept.items()})
    say(wire, dock.sn, "0x1")
    assert open_codes(dock) == {"0x1"}


def test_an_unchanged_list_costs_no_query(wire: Any, workspace: Any, django_assert_num_queries: Any) -> None:
    from fleet.mqtt.messages import decode

    dock = make_dock(workspace, online=True)
    say(wire, dock.sn)
    message = decode(
        f"thing/product/{dock.sn}/events", b'{"tid":"1","bid":"1","method":"hms","data":{"list":[]}}', 10_000
    )
    with django_assert_num_queries(0):
        health.report(message)


@pytest.mark.parametrize("said", [None, "x", [None, 1, {}, {"code": ""}, {"code": None}], {"a": 1}])
def test_nonsense_does_no_harm(wire: Any, workspace: Any, said: Any) -> None:
    dock = make_dock(workspace, online=True)
    wire.deliver(f"thing/product/{dock.sn}/events", method="hms", data={"list": said})
    assert not Alarm.objects.exists()
    say(wire, dock.sn, "0x1", level="high")
    assert Alarm.objects.get().level == 0


def test_an_aircrafts_alarm_is_its_own(wire: Any, workspace: Any) -> None:
    dock = make_dock(workspace, online=True)
    aircraft = make_aircraft(workspace, dock, online=True)
    wire.deliver(
        f"thing/product/{aircraft.sn}/events",
        method="hms",
        gateway=dock.sn,
        data={"list": [{"code": "0x9", "level": 1}]},
    )
    assert open_codes(aircraft) == {"0x9"}
    assert open_codes(dock) == set()


def test_the_list_shows_the_workspaces_own(wire: Any, workspace: Any, other_workspace: Any) -> None:
    say(wire, make_dock(workspace, online=True).sn, "0xAAAA")
    say(wire, make_dock(other_workspace, online=True).sn, "0xBBBB")
    client = Client()
    client.force_login(make_user(workspace, Role.VIEWER))
    page = client.get("/admin/devices/alarm/", {"open": "1"}).content.decode()
    assert "0xAAAA" in page
    assert "0xBBBB" not in page
    theirs = Alarm.objects.get(code="0xBBBB")
    assert client.get(f"/admin/devices/alarm/{theirs.pk}/change/").status_code == 404
