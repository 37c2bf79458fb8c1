"""The page inside Pilot 2, in a real browser, against a stand-in `djiBridge`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from devices.models import Device
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import AccessToken, Role
from tests.pilot.people import PASSWORD, unique

BRIDGE = (Path(__file__).parent / "bridge.js").read_text()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LICENSE = {"DJI_APP_ID": "12345", "DJI_APP_KEY": "app-key", "DJI_APP_LICENSE": "app-licence"}


pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def database_beside_playwright():
    """Playwright's loop runs in the tests' own thread, and Django takes that for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="module")
def chromium():
    """Of this module only: while it lives, its loop counts as running and no asynchronous test can start."""
    path = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if path is None:
        why = "no Chromium on this machine (Debian: apt install chromium)"
        if os.environ.get("FLEET_REQUIRE_BROWSER") == "1":
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def licensed(settings):
    for name, value in LICENSE.items():
        setattr(settings, name, value)


@pytest.fixture
def server(transactional_db, live_server, licensed, settings):
    settings.PUBLIC_URL = live_server.url
    return live_server


@pytest.fixture
def open_page(chromium, server):
    contexts = []

    def open_it(bridge=None, **context_options):
        context = chromium.new_context(viewport={"width": 960, "height": 600}, **context_options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        if bridge is not None:
            context.add_init_script(f"window.bridgeOptions = {json.dumps(bridge)};\n{BRIDGE}")
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda line: page.errors.append(line.text) if "Security Policy" in line.text else None)
        page.goto(f"{server.url}/pilot/")
        return page

    yield open_it
    for context in contexts:
        assert [page.errors for page in context.pages] == [[] for _ in context.pages]
        context.close()


def log_in(page, user, password=PASSWORD):
    page.fill("#username", user.username)
    page.fill("#password", password)
    page.click("#login-button")


def calls(page, *names):
    made = page.evaluate("window.bridgeCalls()")
    return [call for call in made if not names or call[0] in names]


def badge(page, module):
    return page.locator(f'[data-module="{module}"] .state')


def all_connected(page):
    for module in ("api", "thing", "ws", "tsa", "binding"):
        expect(badge(page, module)).to_have_attribute("data-state", "good")


def shoot(page, name):
    """Keep a picture where CI collects them."""
    if folder := os.environ.get("FLEET_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"pilot-{name}.png"))


@pytest.fixture
def user(make_user, workspace):
    return make_user((workspace, Role.PILOT))


def test_the_modules_load_in_the_documented_order(open_page, server, user, workspace, add_remote, settings):
    settings.MQTT_PUBLIC_URL = "tcp://127.0.0.1:18883"
    remote, password = add_remote(workspace)
    page = open_page({"sn": remote.sn, "aircraft": "AIRCRAFT-1"})
    expect(page.locator("#login")).to_be_visible()
    shoot(page, "login")
    log_in(page, user)
    all_connected(page)
    shoot(page, "home")
    expect(page.locator("#remote-sn")).to_have_text(remote.sn)
    expect(page.locator("#aircraft-sn")).to_have_text("AIRCRAFT-1")
    expect(page.locator("#workspace")).to_have_text(workspace.name)
    expect(page.locator("#notice")).to_be_hidden()
    token = page.evaluate("localStorage.getItem('fleet.pilot.token')")
    assert AccessToken.objects.filter(revoked_at=None, user=user).count() == 1

    ignored = {
        "platformIsComponentLoaded",
        "platformUnloadComponent",
        "thingGetConnectState",
        "wsGetConnectState",
    }
    made = [call for call in calls(page) if call[0] not in ignored]
    parts = [[json.loads(part) if str(part).startswith("{") else part for part in call] for call in made]
    assert parts == [
        ["platformVerifyLicense", "12345", "app-key", "app-licence"],
        ["platformIsVerified"],
        ["platformSetInformation", "Fleet", "", ""],
        ["platformLoadComponent", "api", {"host": f"{server.url}/", "token": token}],
        ["apiSetToken", token],
        ["platformGetRemoteControllerSN"],
        ["platformGetAircraftSN"],
        ["platformSetInformation", "Cloud of Alpha", workspace.name, "North slope"],
        ["platformSetWorkspaceId", str(workspace.pk)],
        [
            "platformLoadComponent",
            "thing",
            {
                "host": "tcp://127.0.0.1:18883",
                "connectCallback": "connectCallback",
                "username": remote.credential.username,
                "password": password,
            },
        ],
        ["apiGetToken"],
        [
            "platformLoadComponent",
            "ws",
            {
                "host": server.url.replace("http", "ws") + "/api/v1/ws",
                "token": token,
                "connectCallback": "wsConnectCallback",
            },
        ],
        ["platformLoadComponent", "tsa", {}],
    ]
    remote.refresh_from_db()
    assert remote.user == user
    assert remote.bound_at is not None


def test_a_remote_nobody_knows_is_registered_and_gets_its_account(open_page, user, workspace):
    sn = unique("RC")
    page = open_page({"sn": sn})
    log_in(page, user)
    all_connected(page)
    remote = Device.objects.get(sn=sn)
    thing = next(call for call in calls(page, "platformLoadComponent") if call[1] == "thing")
    assert json.loads(thing[2])["password"] == gateways.password(remote)
    expect(page.locator("#aircraft-sn")).to_have_text("None connected")


def test_a_remote_of_another_workspace_is_refused_in_plain_words(open_page, user, stranger, add_remote):
    remote, password = add_remote(stranger.workspace)
    page = open_page({"sn": remote.sn})
    log_in(page, user)
    expect(page.locator("#notice-text")).to_contain_text("registered elsewhere")
    expect(page.locator("#retry")).to_be_visible()
    assert "thing" not in [call[1] for call in calls(page, "platformLoadComponent")]
    assert password not in page.content()


def test_a_viewer_is_told_what_is_missing(open_page, make_user, workspace):
    page = open_page({"sn": unique("RC")})
    log_in(page, make_user((workspace, Role.VIEWER)))
    expect(page.locator("#notice-text")).to_contain_text("administrator")


def test_the_modules_wait_for_the_device_link(open_page, user, workspace, add_remote):
    remote, _password = add_remote(workspace)
    page = open_page({"sn": remote.sn, "connects": False})
    log_in(page, user)
    expect(badge(page, "thing")).to_have_attribute("data-state", "wait")
    assert [call[1] for call in calls(page, "platformLoadComponent")] == ["api", "thing"]
    page.evaluate("window.connectCallback(true)")
    expect(badge(page, "tsa")).to_have_attribute("data-state", "good")
    page.evaluate("window.connectCallback(false)")
    expect(badge(page, "thing")).to_have_text("Not connected, trying again")
    page.evaluate("window.connectCallback(true)")
    assert [call[1] for call in calls(page, "platformLoadComponent")] == ["api", "thing", "ws", "tsa"]


def test_opened_again_it_renews_the_token_and_gives_it_to_the_modules(open_page, user, workspace, add_remote):
    remote, _password = add_remote(workspace)
    page = open_page({"sn": remote.sn})
    log_in(page, user)
    all_connected(page)
    first = page.evaluate("localStorage.getItem('fleet.pilot.token')")
    before = len(calls(page))
    page.reload()
    all_connected(page)
    second = page.evaluate("localStorage.getItem('fleet.pilot.token')")
    assert second != first
    loads = [call for call in calls(page)[before:] if call[0] == "platformLoadComponent"]
    assert [call[1] for call in loads] == ["api", "ws", "tsa"], "the device link was torn down"
    assert [call[1] for call in calls(page)[before:] if call[0] == "platformUnloadComponent"] == ["tsa", "ws"]
    assert json.loads(loads[0][2])["token"] == json.loads(loads[1][2])["token"] == second
    expect(page.locator("#login")).to_be_hidden()


def test_a_login_that_is_over_leads_back_to_the_form(open_page, user, workspace, add_remote):
    remote, _password = add_remote(workspace)
    page = open_page({"sn": remote.sn})
    log_in(page, user)
    all_connected(page)
    AccessToken.objects.all().delete()
    page.reload()
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#notice-title")).to_have_text("Your login is over")
    assert page.evaluate("Object.keys(localStorage)") == []


def test_a_server_that_is_away_logs_nobody_out(open_page, server, user, workspace, add_remote):
    remote, _password = add_remote(workspace)
    page = open_page({"sn": remote.sn})
    log_in(page, user)
    all_connected(page)
    page.route("**/manage/api/**", lambda route: route.abort())
    page.reload()
    expect(page.locator("#notice-title")).to_have_text("The server does not answer")
    expect(page.locator("#busy")).to_be_hidden()
    shoot(page, "offline")
    assert page.evaluate("localStorage.getItem('fleet.pilot.token')")
    page.unroute("**/manage/api/**")
    page.click("#retry")
    all_connected(page)


def test_logging_out_ends_the_token_and_leaves_the_cloud(open_page, user, workspace, add_remote):
    remote, _password = add_remote(workspace)
    page = open_page({"sn": remote.sn})
    log_in(page, user)
    all_connected(page)
    page.click("#logout")
    expect(page.locator("#login")).to_be_visible()
    assert not AccessToken.objects.filter(revoked_at=None).exists()
    assert page.evaluate("Object.keys(localStorage)") == []
    unloaded = [call[1] for call in calls(page, "platformUnloadComponent")]
    assert unloaded == ["tsa", "ws", "thing", "api"]
    assert calls(page)[-1] == ["platformStopSelf"]


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


def test_a_part_that_pilot_does_not_load_is_named(open_page, user, workspace, add_remote):
    remote, _password = add_remote(workspace)
    page = open_page({"sn": remote.sn, "broken": "tsa"})
    log_in(page, user)
    expect(badge(page, "tsa")).to_have_attribute("data-state", "bad")
    expect(page.locator("#notice-text")).to_have_text("tsa: no such component")


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
    shoot(page, "choice")
    page.click(f"text={other.name}")
    all_connected(page)
    assert calls(page, "platformSetWorkspaceId") == [["platformSetWorkspaceId", str(other.pk)]]


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
