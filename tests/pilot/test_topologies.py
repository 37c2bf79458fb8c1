"""Who is out there, as Pilot 2 reads it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from devices.models.device import Domain
from fleet.models import Icon, ModelIcon
from tests.pilot.pictures import png

DOCK_3, REMOTE, M4TD = "3-3-0", "2-174-0", "0-100-1"


def topologies(person, workspace=None):
    pk = (workspace or person.workspace).pk
    return person.api.get(f"/manage/api/v1/workspaces/{pk}/devices/topologies")


@pytest.fixture
def fleet(add_device, pilot):
    """A dock with its aircraft, a remote without one."""
    dock = add_device(pilot.workspace, Domain.DOCK, DOCK_3, callsign="Roof", online=True)
    drone = add_device(pilot.workspace, Domain.AIRCRAFT, M4TD, gateway=dock, online=True)
    remote = add_device(
        pilot.workspace, Domain.REMOTE, REMOTE, user=pilot.user, bound_at=timezone.now(), callsign="Van"
    )
    return dock, drone, remote


def test_every_gateway_stands_with_its_aircraft_docks_too(pilot, fleet):
    dock, drone, remote = fleet
    found = topologies(pilot).json()["data"]["list"]
    assert [([h["sn"] for h in entry["hosts"]], [p["sn"] for p in entry["parents"]]) for entry in found] == [
        ([drone.sn], [dock.sn]),
        ([], [remote.sn]),
    ]


def test_a_device_has_all_fields_and_both_spellings_of_the_key(pilot, fleet, settings):
    settings.PUBLIC_URL = "https://fleet.example"
    dock, drone, _remote = fleet
    entries = topologies(pilot).json()["data"]["list"]
    host = entries[0]["hosts"][0]
    assert host == {
        "sn": drone.sn,
        "device_callsign": drone.sn,
        "device_model": {
            "key": M4TD,
            "device_model_key": M4TD,
            "domain": "0",
            "type": "100",
            "sub_type": "1",
            "name": drone.model_name,
        },
        "online_status": True,
        "user_id": "",
        "user_callsign": "",
        "icon_urls": {
            "normal_icon_url": "https://fleet.example/static/icons/aircraft-normal.png",
            "selected_icon_url": "https://fleet.example/static/icons/aircraft-selected.png",
        },
        "model": drone.model_name,
        "bound_status": False,
        "gateway_sn": dock.sn,
        "domain": 0,
    }
    parent = entries[1]["parents"][0]
    assert (parent["user_id"], parent["user_callsign"]) == (str(pilot.user.pk), "Ada Pilot")
    assert (parent["bound_status"], parent["online_status"], parent["device_callsign"]) == (
        True,
        False,
        "Van",
    )


def test_the_icons_it_names_are_there(pilot, fleet, client):
    for entry in topologies(pilot).json()["data"]["list"]:
        for device in entry["parents"] + entry["hosts"]:
            for url in device["icon_urls"].values():
                icon = client.get(url[url.index("/static/") :])
                assert (icon.status_code, icon["Content-Type"]) == (200, "image/png")


def test_own_icons_are_used(pilot, add_device):
    add_device(
        pilot.workspace,
        Domain.DOCK,
        icon_normal="https://cdn.example/dock.png",
        icon_selected="/static/own.png",
    )
    icons = topologies(pilot).json()["data"]["list"][0]["parents"][0]["icon_urls"]
    assert icons["normal_icon_url"] == "https://cdn.example/dock.png"
    assert icons["selected_icon_url"].startswith("http")


def icons_of(person):
    found = topologies(person).json()["data"]["list"]
    return {device["sn"]: device["icon_urls"] for entry in found for device in entry["parents"] + entry["hosts"]}


def test_a_models_icon_is_used_where_the_device_has_none(pilot, stranger, fleet, add_device, settings):
    settings.PUBLIC_URL = "https://fleet.example"
    dock, drone, remote = fleet
    own = add_device(pilot.workspace, Domain.AIRCRAFT, M4TD, gateway=dock, icon_normal="/static/own.png")
    ours = Icon.objects.create(workspace=pilot.workspace, name="Red", image=png())
    ModelIcon.objects.create(workspace=pilot.workspace, model_key=M4TD, normal=ours, selected_url="resource://Pilot2/x")
    ModelIcon.objects.create(workspace=stranger.workspace, model_key=DOCK_3, normal_url="https://theirs.example/i.png")
    found = icons_of(pilot)
    assert found[drone.sn] == {
        "normal_icon_url": f"https://fleet.example/pilot/icons/{ours.pk}.png",
        "selected_icon_url": "resource://Pilot2/x",
    }
    assert (
        found[own.sn]["normal_icon_url"] == found[own.sn]["selected_icon_url"] == "https://fleet.example/static/own.png"
    )
    assert "theirs" not in str(found)
    assert found[remote.sn]["normal_icon_url"] == "https://fleet.example/static/icons/remote-normal.png"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///sdcard/x.png", "//else.example/x.png", "x.png"])
def test_an_icon_that_pilot_cannot_load_is_passed_over(pilot, add_device, address):
    dock = add_device(pilot.workspace, Domain.DOCK, icon_normal=address)
    assert icons_of(pilot)[dock.sn]["normal_icon_url"].endswith("icons/dock-normal.png")


@pytest.mark.parametrize("key", ["3-4711-65535", "", "odd"])
def test_an_unknown_model_is_shown_all_the_same(pilot, add_device, key):
    dock = add_device(pilot.workspace, Domain.DOCK, key)
    shown = topologies(pilot).json()["data"]["list"][0]["parents"][0]
    assert shown["sn"] == dock.sn
    assert shown["device_model"]["key"] == shown["device_model"]["device_model_key"]


def test_the_number_of_queries_does_not_grow(pilot, add_device, django_assert_num_queries):
    def add(count):
        for _ in range(count):
            dock = add_device(pilot.workspace, Domain.DOCK, DOCK_3, user=pilot.user)
            add_device(pilot.workspace, Domain.AIRCRAFT, M4TD, gateway=dock)
            add_device(pilot.workspace, Domain.REMOTE, REMOTE, user=pilot.user)

    topologies(pilot)  # notes the token's use, once in five minutes
    add(1)
    with django_assert_num_queries(5):  # token, role, icons, gateways, aircraft
        assert len(topologies(pilot).json()["data"]["list"]) == 2
    add(19)
    with django_assert_num_queries(5):
        assert len(topologies(pilot).json()["data"]["list"]) == 40


def test_another_workspace_is_forbidden_and_tells_nothing(pilot, stranger, fleet):
    dock, _drone, _remote = fleet
    answer = topologies(stranger, pilot.workspace)
    assert (answer.status_code, answer.json()["code"]) == (403, 403)
    assert dock.sn not in answer.content.decode()
    nowhere = stranger.api.get("/manage/api/v1/workspaces/b0e5a2ad-0000-4000-8000-000000000000/devices/topologies")
    nonsense = stranger.api.get("/manage/api/v1/workspaces/nonsense/devices/topologies")
    assert nowhere.content == nonsense.content == answer.content
    assert topologies(stranger).json()["data"] == {"list": []}


def test_an_aircraft_of_another_workspace_is_not_shown_on_our_gateway(pilot, stranger, add_device):
    dock = add_device(pilot.workspace, Domain.DOCK)
    foreign = add_device(stranger.workspace, Domain.AIRCRAFT, gateway=dock)
    assert foreign.sn not in topologies(pilot).content.decode()


def test_the_workspace_id_may_be_written_in_capitals(pilot, fleet):
    path = f"/manage/api/v1/workspaces/{str(pilot.workspace.pk).upper()}/devices/topologies"
    assert pilot.api.get(path).status_code == 200


def test_one_device(pilot, fleet):
    dock, drone, _remote = fleet
    found = pilot.api.get(f"/manage/api/v1/devices/{pilot.workspace.pk}/devices/{drone.sn}").json()["data"]
    assert (found["sn"], found["gateway_sn"]) == (drone.sn, dock.sn)


def test_another_workspaces_device_looks_like_an_unknown_one(pilot, stranger, fleet):
    dock, _drone, _remote = fleet
    base = f"/manage/api/v1/devices/{stranger.workspace.pk}/devices"
    foreign, unknown = stranger.api.get(f"{base}/{dock.sn}"), stranger.api.get(f"{base}/NOSUCH")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    assert foreign.json()["code"] == 404
    through_their_path = stranger.api.get(f"/manage/api/v1/devices/{pilot.workspace.pk}/devices/{dock.sn}")
    assert through_their_path.status_code == 403
