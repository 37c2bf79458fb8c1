"""The page inside Pilot 2, in a real browser: licence, login, and the modules in their order."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from devices.models import Device
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import AccessToken, PilotSettings, Role
from tests.pilot.people import unique
from tests.pilot.stage import (
    LICENSE,
    ORDER,
    all_connected,
    badge,
    calls,
    handed_over,
    loads,
    log_in,
    log_out,
    parameters,
    reason,
    remote,
    shoot,
    tab,
    token,
)

pytestmark = pytest.mark.browser
#: Questions that may be asked at any time.
LOOKS = {"platformIsComponentLoaded", "platformUnloadComponent", "thingGetConnectState", "wsGetConnectState", "platformGetVersion"}  # fmt: skip


def test_the_modules_load_in_the_documented_order(open_page, server, user, workspace, add_remote, settings):
    settings.MQTT_PUBLIC_URL = "tcp://127.0.0.1:18883"
    rc, password = add_remote(workspace)
    page = open_page({"sn": rc.sn, "aircraft": "AIRCRAFT-1"})
    expect(page.locator("#login")).to_be_visible()
    shoot(page, "login")
    log_in(page, user)
    all_connected(page)
    shoot(page, "home")
    expect(page.locator("#remote-sn")).to_have_text(rc.sn)
    expect(page.locator("#aircraft-sn")).to_have_text("AIRCRAFT-1")
    expect(page.locator("#workspace")).to_have_text(workspace.name)
    expect(page.locator("#notice")).to_be_hidden()
    key = token(page)
    assert AccessToken.objects.filter(revoked_at=None, user=user).count() == 1

    made = [call for call in calls(page) if call[0] not in LOOKS]
    parts = [[json.loads(part) if str(part).startswith("{") else part for part in call] for call in made]
    load = "platformLoadComponent"
    socket = server.url.replace("http", "ws") + "/api/v1/ws"
    account = {"username": rc.credential.username, "password": password}
    assert parts == [
        ["platformVerifyLicense", "12345", "app-key", "app-licence"],
        ["platformIsVerified"],
        ["platformSetInformation", "Fleet", "", ""],
        [load, "api", {"host": f"{server.url}/", "token": key}],
        ["apiSetToken", key],
        ["platformGetRemoteControllerSN"],
        ["platformGetAircraftSN"],
        ["platformSetInformation", "Cloud of Alpha", workspace.name, "North slope"],
        ["platformSetWorkspaceId", str(workspace.pk)],
        [load, "thing", {"host": "tcp://127.0.0.1:18883", "connectCallback": "connectCallback", **account}],
        [load, "liveshare", {"videoPublishType": "video-demand-aux-manual", "statusCallback": "liveStatusCallback"}],
        [load, "ws", {"host": socket, "token": key, "connectCallback": "wsConnectCallback"}],
        [load, "map", {"userName": str(user), "elementPreName": "PILOT"}],
        [load, "tsa", {}],
        [load, "media", {"autoUploadPhoto": True, "autoUploadPhotoType": 0, "autoUploadVideo": True}],
        ["mediaSetDownloadOwner", 0],
        [load, "mission", {}],
    ]
    rc.refresh_from_db()
    assert rc.user == user
    assert rc.bound_at is not None


def test_they_start_with_what_the_workspace_says(open_page, user, workspace, rc, other):
    PilotSettings.objects.create(
        workspace=workspace, auto_upload_photo=False, photo_type=1, auto_upload_video=False,
        download_owner=1, live_mode="video-by-manual", element_prefix="RESCUE",
    )  # fmt: skip
    PilotSettings.objects.create(workspace=other, element_prefix="THEIRS", photo_type=0)
    page = open_page({"sn": rc.sn})
    log_in(page, user)
    all_connected(page)
    assert parameters(page, "media") == {
        "autoUploadPhoto": False, "autoUploadPhotoType": 1, "autoUploadVideo": False,
    }  # fmt: skip
    assert parameters(page, "liveshare")["videoPublishType"] == "video-by-manual"
    assert parameters(page, "map")["elementPreName"] == "RESCUE"
    assert remote(page)["media"]["DownloadOwner"] == 1


def test_a_remote_nobody_knows_is_registered_and_gets_its_account(open_page, user, workspace):
    sn = unique("RC")
    page = open_page({"sn": sn})
    log_in(page, user)
    all_connected(page)
    assert parameters(page, "thing")["password"] == gateways.password(Device.objects.get(sn=sn))
    expect(page.locator("#aircraft-sn")).to_have_text("None connected")


def test_a_remote_of_another_workspace_is_refused_in_plain_words(open_page, user, stranger, add_remote):
    rc, password = add_remote(stranger.workspace)
    page = open_page({"sn": rc.sn})
    log_in(page, user)
    expect(page.locator("#notice-text")).to_contain_text("registered elsewhere")
    expect(reason(page, "binding")).to_contain_text("registered elsewhere")
    expect(page.locator("#retry")).to_be_visible()
    assert "thing" not in loads(calls(page))
    assert password not in page.content()


def test_a_viewer_is_told_what_is_missing(open_page, make_user, workspace):
    page = open_page({"sn": unique("RC")})
    log_in(page, make_user((workspace, Role.VIEWER)))
    expect(page.locator("#notice-text")).to_contain_text("administrator")


def test_the_modules_wait_for_the_device_link(open_page, user, rc):
    page = open_page({"sn": rc.sn, "connects": False})
    log_in(page, user)
    handed_over(page, "thing")
    expect(badge(page, "thing")).to_have_attribute("data-state", "wait")
    expect(badge(page, "map")).to_have_text("Not started")
    assert loads(calls(page)) == ["api", "thing"]
    page.evaluate("window.connectCallback(true)")
    expect(badge(page, "tsa")).to_have_attribute("data-state", "good")
    page.evaluate("window.connectCallback(false)")
    expect(badge(page, "thing")).to_have_text("Not connected, trying again")
    page.evaluate("window.connectCallback(true)")
    assert loads(calls(page)) == ORDER


def test_a_link_that_came_up_unheard_is_noticed(open_page, user, rc):
    page = open_page({"sn": rc.sn, "unheard": True})
    log_in(page, user)
    all_connected(page)
    assert loads(calls(page)) == ORDER


def test_a_device_link_that_does_not_come_is_explained(open_page, user, rc, settings):
    settings.MQTT_PUBLIC_URL = "tcp://127.0.0.1:18883"
    page = open_page({"sn": rc.sn, "connects": False})
    page.clock.install()
    log_in(page, user)
    handed_over(page, "thing")
    page.clock.run_for(30_000)
    expect(reason(page, "thing")).to_contain_text("tcp://127.0.0.1:18883")
    shoot(page, "no-link")


@pytest.mark.parametrize("bridge", [{"sn": "X", "licensed": False}])
def test_a_licence_that_pilot_refuses_stops_everything(open_page, bridge):
    page = open_page(bridge)
    expect(page.locator("#notice-title")).to_contain_text("does not accept")
    expect(page.locator("#login")).to_be_hidden()
    assert calls(page, "platformSetInformation", "platformLoadComponent") == []


def test_a_server_without_a_licence_says_which_settings_to_set(open_page, settings):
    settings.DJI_APP_ID = ""
    page = open_page({"sn": "X"})
    expect(page.locator("#notice-text")).to_contain_text("FLEET_DJI_APP_ID")
    expect(page.locator("#login")).to_be_hidden()
    shoot(page, "no-licence")


def test_a_part_that_pilot_refuses_says_why_and_the_others_go_on(open_page, user, rc):
    page = open_page({"sn": rc.sn, "broken": ["tsa"]})
    log_in(page, user)
    expect(reason(page, "tsa")).to_contain_text("no such component")
    expect(badge(page, "tsa")).to_have_attribute("data-state", "bad")
    expect(badge(page, "mission")).to_have_attribute("data-state", "good")
    shoot(page, "refused")
    page.evaluate("window.bridgeOptions.broken = []")
    page.click('[data-reload="tsa"]')
    expect(badge(page, "tsa")).to_have_attribute("data-state", "good")
    expect(reason(page, "tsa")).to_be_hidden()


def test_what_stands_on_a_part_that_failed_is_not_tried_and_says_what_it_needs(open_page, user, rc):
    page = open_page({"sn": rc.sn, "broken": ["ws"]})
    log_in(page, user)
    expect(reason(page, "map")).to_contain_text("Live news")
    expect(badge(page, "media")).to_have_attribute("data-state", "good")
    assert loads(calls(page)) == ["api", "thing", "liveshare", "ws", "media"]
    page.evaluate("window.bridgeOptions.broken = []")
    for name in ("ws", "map", "tsa", "mission"):
        page.click(f'[data-reload="{name}"]')
    all_connected(page)


def test_a_pilot_too_old_for_a_part_is_told_to_be_updated(open_page, user, rc):
    page = open_page({"sn": rc.sn, "without": ["platformLoadComponent"]})
    log_in(page, user)
    expect(reason(page, "api")).to_contain_text("Update Pilot 2")


def test_loading_the_server_part_again_reloads_what_uses_it(at_work):
    page = at_work()
    before = len(calls(page))
    page.click('[data-reload="api"]')
    all_connected(page)
    made = calls(page)[before:]
    assert loads(made) == ["api", "map", "tsa", "media", "mission"]
    unloaded = [call[1] for call in made if call[0] == "platformUnloadComponent"]
    assert unloaded == ["mission", "media", "tsa", "map", "api"]
    assert remote(page)["stale"] == []
    assert set(remote(page)["loaded"]) == set(ORDER)


def test_loading_the_device_link_again_keeps_the_others(at_work):
    page = at_work()
    before = len(calls(page))
    page.click('[data-reload="thing"]')
    handed_over(page, "thing", before)
    all_connected(page)
    assert loads(calls(page)[before:]) == ["thing"]


def test_a_part_that_pilot_puts_away_is_noticed(at_work):
    page = at_work()
    page.evaluate("window.bridgeDrop('media')")
    expect(reason(page, "media")).to_contain_text("put it away")
    page.click('[data-reload="media"]')
    all_connected(page)


def test_a_wrong_password_is_said_and_the_form_stays(open_page, user):
    page = open_page({"sn": "X"})
    log_in(page, user, "wrong")
    expect(page.locator("#notice-text")).to_have_text("The user name or the password is wrong.")
    shoot(page, "wrong-password")
    expect(page.locator("#login-button")).to_be_enabled()
    log_in(page, user)
    expect(page.locator("#home")).to_be_visible()


def test_somebody_with_two_workspaces_chooses(open_page, make_user, workspace, other):
    page = open_page({"sn": unique("RC")})
    log_in(page, make_user((workspace, Role.PILOT), (other, Role.PILOT)))
    expect(page.locator("#choice")).to_be_visible()
    assert page.evaluate("localStorage.getItem('fleet.pilot.token')") is None, "nothing is chosen yet"
    shoot(page, "choice")
    page.click(f"text={other.name}")
    all_connected(page)
    assert calls(page, "platformSetWorkspaceId") == [["platformSetWorkspaceId", str(other.pk)]]


def test_logging_out_asks_twice_ends_the_token_and_leaves_the_cloud(at_work):
    page = at_work()
    page.click("#logout")
    expect(page.locator("#logout")).to_have_text("Tap again to leave")
    assert AccessToken.objects.filter(revoked_at=None).exists()
    page.click("#logout")
    expect(page.locator("#login")).to_be_visible()
    assert not AccessToken.objects.filter(revoked_at=None).exists()
    assert page.evaluate("Object.keys(localStorage)") == []
    unloaded = [call[1] for call in calls(page, "platformUnloadComponent")]
    assert unloaded == list(reversed(ORDER))
    assert calls(page, "platformStopSelf") == [["platformStopSelf"]]


def test_leaving_the_cloud_in_pilot_itself_ends_the_token(at_work):
    page = at_work()
    with page.expect_response("**/logout"):
        page.evaluate("window.djiBridge.onStopPlatform()")
    assert not AccessToken.objects.filter(revoked_at=None).exists()
    assert page.evaluate("Object.keys(localStorage)") == []


def test_pilots_arrow_leads_back_to_the_first_tab_and_then_out(at_work):
    page = at_work()
    tab(page, "media")
    assert page.evaluate("window.djiBridge.onBackClick()") is True
    expect(page.locator("#connection")).to_be_visible()
    assert page.evaluate("window.djiBridge.onBackClick()") is False


def test_a_plain_browser_says_so_and_shows_who_is_there(open_page, user, workspace, other, add_device, settings):
    for name in LICENSE:
        setattr(settings, name, "")
    evil = "<img src=x onerror=document.title='owned'>"
    dock = add_device(workspace, Domain.DOCK, callsign=evil, online=True)
    add_device(workspace, Domain.AIRCRAFT, gateway=dock, callsign="Kestrel")
    add_device(other, Domain.DOCK, callsign="Theirs")
    page = open_page(color_scheme="dark")
    expect(page.locator("#browser-hint")).to_be_visible()
    log_in(page, user)
    expect(page.locator("#devices li")).to_have_count(2)
    expect(page.locator("#devices")).to_contain_text("Kestrel")
    expect(page.locator("#devices")).to_contain_text(evil)
    assert page.title() == "Fleet for Pilot 2"
    shoot(page, "browser-dark")
    log_out(page)
    expect(page.locator("#login")).to_be_visible()
