"""Where am I, who am I."""

from __future__ import annotations

from fleet.models import Role
from tests.pilot.people import unique

WORKSPACE = "/manage/api/v1/workspaces/current"
USER = "/manage/api/v1/users/current"


def test_the_current_workspace_is_the_tokens(pilot, other):
    assert pilot.api.get(WORKSPACE).json()["data"] == {
        "workspace_id": str(pilot.workspace.pk),
        "workspace_name": pilot.workspace.name,
        "workspace_desc": "North slope",
        "platform_name": "Cloud of Alpha",
        "bind_code": pilot.workspace.bind_code,
    }


def test_a_viewer_does_not_see_the_bind_code(viewer):
    assert viewer.api.get(WORKSPACE).json()["data"]["bind_code"] == ""


def test_the_list_has_ones_own_workspaces_only(pilot, other):
    found = pilot.api.get("/manage/api/v1/workspaces").json()["data"]["list"]
    assert [workspace["workspace_id"] for workspace in found] == [str(pilot.workspace.pk)]


def test_the_current_user_gets_the_account_of_the_remote_in_hand(pilot, add_remote, settings):
    remote, password = add_remote(pilot.workspace)
    data = pilot.api.get(USER, {"device_sn": remote.sn}).json()["data"]
    assert data["username"] == pilot.user.username
    assert data["role"] == Role.PILOT
    assert (data["mqtt_username"], data["mqtt_password"]) == (remote.credential.username, password)
    assert data["mqtt_addr"] == settings.MQTT_PUBLIC_URL


def test_without_a_remote_there_is_no_account(pilot, add_remote):
    add_remote(pilot.workspace)
    data = pilot.api.get(USER).json()["data"]
    assert (data["mqtt_username"], data["mqtt_password"]) == ("", "")


def test_another_workspaces_remote_looks_like_an_unknown_one(pilot, stranger, add_remote):
    foreign, password = add_remote(stranger.workspace)
    answer = pilot.api.get(USER, {"device_sn": foreign.sn})
    unknown = pilot.api.get(USER, {"device_sn": unique("RC")})
    assert password not in answer.content.decode()
    assert answer.content == unknown.content


def test_a_viewer_gets_no_account(viewer, add_remote):
    remote, password = add_remote(viewer.workspace)
    answer = viewer.api.get(USER, {"device_sn": remote.sn})
    assert password not in answer.content.decode()
    assert answer.json()["data"]["mqtt_note"]
