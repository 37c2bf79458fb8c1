"""The page inside Pilot 2: uploads, live video, apps, logs, versions, and another language."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from fleet.models import Icon, PilotSettings, ThirdPartyApp
from tests.pilot.pictures import png
from tests.pilot.stage import LARGE, SMALL, all_connected, calls, log_in, remote, shoot, tab

pytestmark = pytest.mark.browser


def test_the_upload_switches_show_pilots_own_values_and_set_them(at_work):
    page = at_work()
    tab(page, "media")
    expect(page.locator("#media-photo")).to_be_checked()
    expect(page.locator("#media-type")).to_have_value("0")
    page.uncheck("#media-video")
    page.select_option("#media-type", "1")
    page.select_option("#media-owner", "1")
    expect(page.locator("#media-told")).to_have_text("Saved.")
    assert remote(page)["media"] == {
        "AutoUploadPhoto": True, "AutoUploadVideo": False, "UploadPhotoType": 1, "DownloadOwner": 1,
    }  # fmt: skip
    shoot(page, "media")
    page.uncheck("#media-photo")
    expect(page.locator("#media-type")).to_be_disabled()


def test_a_switch_that_pilot_refuses_shows_what_holds(at_work):
    page = at_work(without=["mediaSetAutoUploadVideo"])
    tab(page, "media")
    page.click("#media-video")
    expect(page.locator("#media-told")).to_contain_text("Update Pilot 2")
    expect(page.locator("#media-video")).to_be_checked()


def test_a_part_that_is_not_loaded_says_where_to_load_it(open_page, user, rc):
    page = open_page({"sn": rc.sn, "broken": ["media", "liveshare"]})
    log_in(page, user)
    expect(page.locator('[data-module="mission"] .state')).to_have_attribute("data-state", "good")
    tab(page, "media")
    expect(page.locator("#media-missing")).to_be_visible()
    tab(page, "live")
    expect(page.locator("#live-missing")).to_be_visible()
    expect(page.locator("#live-form")).to_be_hidden()


def test_live_video_starts_at_the_workspaces_address(at_work, workspace, rc):
    PilotSettings.objects.create(workspace=workspace, live_url="rtmp://video.example/live/{sn}")
    page = at_work()
    tab(page, "live")
    expect(page.locator("#live-url")).to_have_value(f"rtmp://video.example/live/{rc.sn}")
    page.click("#live-start")
    expect(page.locator("#live-state")).to_have_text("Live")
    expect(page.locator("#live-facts")).to_contain_text("Pictures a second")
    shoot(page, "live")
    live = remote(page)["live"]
    assert (live["type"], json.loads(live["params"])) == (2, {"url": f"rtmp://video.example/live/{rc.sn}"})
    page.click("#live-stop")
    expect(page.locator("#live-state")).to_have_text("Not running")


def test_live_video_without_an_address_is_explained_and_not_sent(at_work):
    page = at_work()
    tab(page, "live")
    expect(page.locator("#live-address")).to_contain_text("administrator")
    page.click("#live-start")
    expect(page.locator("#live-told")).to_contain_text("missing")
    assert calls(page, "liveshareSetConfig", "liveshareStartLive") == []


def test_every_way_of_sending_has_its_fields(at_work):
    page = at_work()
    tab(page, "live")
    page.select_option("#live-type", "4")
    for name in ("serverIp", "serverPort", "serverId", "agentId", "password", "agentPort", "agentChannel"):
        page.fill(f"#live-{name}", f"value of {name}")
    page.click("#live-form [type=submit]")
    expect(page.locator("#live-told")).to_have_text("Saved.")
    live = remote(page)["live"]
    assert live["type"] == 4
    assert json.loads(live["params"])["agentChannel"] == "value of agentChannel"
    page.select_option("#live-mode", "video-on-demand")
    assert remote(page)["live"]["mode"] == "video-on-demand"


def test_a_status_that_pilot_calls_back_is_shown(at_work):
    page = at_work()
    tab(page, "live")
    page.evaluate("delete window.djiBridge.liveshareGetStatus")
    page.evaluate("window.liveStatusCallback(JSON.stringify({type: 2, status: 1, fps: 0}))")
    expect(page.locator("#live-state")).to_have_text("Connected, no picture yet")
    page.evaluate("window.liveStatusCallback({type: 2, status: 9})")
    expect(page.locator("#live-state")).to_have_text("Not running")


def test_other_apps_are_opened_when_they_are_installed(at_work, workspace, other):
    icon = Icon.objects.create(workspace=workspace, name="Radio", image=png())
    ThirdPartyApp.objects.create(
        workspace=workspace, name="Radio <b>", package="org.example.radio", url="radio-app://start?x=1", icon=icon
    )
    ThirdPartyApp.objects.create(workspace=workspace, name="Orders", package="org.example.orders", url="orders://open")
    ThirdPartyApp.objects.create(workspace=workspace, name="Bad", url="javascript://x%0adocument.title='owned'")
    ThirdPartyApp.objects.create(workspace=other, name="Theirs", url="theirs://open")
    page = at_work(apps=["org.example.radio"])
    tab(page, "apps")
    rows = page.locator("#apps li")
    expect(rows).to_have_count(3)
    expect(page.locator("#apps")).not_to_contain_text("Theirs")
    radio = rows.filter(has_text="Radio <b>")
    expect(radio).to_contain_text("Installed")
    assert radio.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 16
    expect(rows.filter(has_text="Orders").locator("button")).to_be_disabled()
    expect(rows.filter(has_text="Bad").locator("button")).to_be_disabled()
    shoot(page, "apps")
    page.evaluate("() => { window.opened = []; window.open = url => { window.opened.push(url); }; }")
    radio.locator("button").click()
    assert page.evaluate("window.opened") == ["radio-app://start?x=1"]


def test_logs_are_encrypted_with_the_workspaces_key(at_work, workspace):
    PilotSettings.objects.create(workspace=workspace, log_public_key="PUBLIC KEY")
    page = at_work()
    tab(page, "remote")
    expect(page.locator("#log-path")).to_contain_text("open_platform")
    page.click("#log-encrypt")
    expect(page.locator("#log-told")).to_contain_text("encrypts")
    assert remote(page)["logKey"] == "PUBLIC KEY"
    page.click("#log-clear")
    assert remote(page)["logKey"] == ""
    shoot(page, "remote")


def test_versions_are_shown_and_the_payload_channel_only_where_there_is_one(at_work, settings):
    page = at_work()
    tab(page, "remote")
    expect(page.locator("#pilot-version")).to_have_text("RC Plus 2 · 10.1.2.3")
    expect(page.locator("#server-version")).to_have_text(settings.VERSION)
    expect(page.locator("#mop")).to_be_hidden()
    expect(page.locator("#log-encrypt")).to_be_hidden()
    expect(page.locator("#log-no-key")).to_be_visible()


def test_the_payload_channel_is_opened_and_closed(at_work):
    page = at_work(mop=True)
    tab(page, "remote")
    page.click("#mop-start")
    assert remote(page)["mop"] is True
    page.click("#mop-stop")
    assert remote(page)["mop"] is False


def test_in_german_page_and_server_speak_german(open_page, user, rc):
    page = open_page({"sn": rc.sn}, locale="de-DE")
    expect(page.locator("#login h1")).to_have_text("Anmelden")
    log_in(page, user, "falsch")
    expect(page.locator("#notice-text")).to_have_text("Der Benutzername oder das Passwort ist falsch.")
    log_in(page, user)
    all_connected(page)
    expect(page.locator('[data-module="thing"] b')).to_have_text("Geräteverbindung")
    shoot(page, "german")


def test_another_language_is_chosen_on_the_page(open_page, user):
    page = open_page({"sn": "X"})
    page.click('[data-language="de"]')
    expect(page.locator("#login h1")).to_have_text("Anmelden")
    page.click('[data-language="en"]')
    expect(page.locator("#login h1")).to_have_text("Log in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_it_fits_a_remotes_screen_with_targets_for_gloves(at_work, workspace, size, scheme):
    ThirdPartyApp.objects.create(workspace=workspace, name="Radio", url="radio-app://start")
    page = at_work(mop=True, options={"viewport": size, "color_scheme": scheme})
    for name in ("connection", "live", "media", "apps", "remote"):
        tab(page, name)
        shoot(page, f"{scheme}-{size['width']}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        small = page.evaluate(
            """Array.from(document.querySelectorAll("button, select, input")).filter(node => node.offsetParent)
            .map(node => [node.id || node.textContent, node.getBoundingClientRect()])
            .filter(([, box]) => box.height < 48 || box.width < 48).map(([name]) => name)"""
        )
        assert small == [], name
