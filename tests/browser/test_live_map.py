"""The console's live pages in a real browser, fed frame by frame: what is shown, and what happens when things go wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from fleet.embedded import ports
from tests.browser.stage import DEVICES, Stage
from tests.live import ROOT, FleetProcess, LiveFleet

pytestmark = [pytest.mark.browser, pytest.mark.broker]

EVIL = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"


@pytest.fixture(scope="module")
def stage(live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Stage:
    """After the demo, which takes the oldest workspace for its own."""
    return Stage(live_fleet, DEVICES)


@pytest.fixture
def visit(chromium: Any, live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Iterator[Callable[..., Page]]:
    """Opens the console as the stage's person. No request may leave the server, and no script may fail."""
    contexts: list[BrowserContext] = []
    strangers: list[str] = []
    failures: list[str] = []

    def open_as(stage: Stage, path: str = "/admin/map/", url: str = live_fleet.url, **options: Any) -> Page:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}, base_url=url
        )
        contexts.append(context)
        page: Page = context.new_page()
        page.on(
            "request", lambda request: request.url.startswith((url, "data:", "blob:")) or strangers.append(request.url)
        )
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(f"/admin/login/?next={path}")
        page.fill("input[name=username]", stage.seeded["user"])
        page.fill("input[name=password]", "only-for-tests-7")
        page.click("[type=submit]")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert strangers == []
    assert failures == []


def live(page: Page) -> Page:
    expect(page.locator("#fleet-map-sign")).to_have_text("Live", timeout=20_000)
    return page


def row(page: Page, stage: Stage, callsign: str) -> Any:
    return page.locator(f".fleet-row[data-sn='{stage.sn(callsign)}']")


def marker(page: Page, stage: Stage, callsign: str) -> Any:
    return page.locator(f".fleet-marker[data-sn='{stage.sn(callsign)}']")


#: How many pixels of a pane's canvases something was drawn on.
DRAWN = """pane => [...document.querySelectorAll(`.leaflet-${pane}-pane canvas`)].reduce((sum, canvas) => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    for (let i = 3; i < data.length; i += 4) sum += data[i] > 40 ? 1 : 0;
    return sum;
}, 0)"""


def drawn(page: Page, pane: str, more_than: int) -> int:
    """Waits until so many pixels of a pane are drawn on; how many they are."""
    page.wait_for_function(f"([pane, least]) => ({DRAWN})(pane) > least", arg=[pane, more_than])
    return int(page.evaluate(DRAWN, pane))


def test_the_state_in_words_and_then_what_changes(visit: Callable[..., Page], stage: Stage) -> None:
    page = live(visit(stage))
    expect(page.locator("#fleet-map-count")).to_have_text("3 of 4 online")
    bird = row(page, stage, "Bird")
    expect(bird).to_contain_text("On route")
    expect(bird).to_contain_text("77 %")
    expect(bird).to_contain_text("60 m · 8.3 m/s")
    expect(row(page, stage, "Lakeside dock")).to_contain_text("On a mission")
    expect(row(page, stage, "Chapel dock")).to_contain_text("Offline · 5 h ago")
    assert page.locator(".fleet-row").last.get_attribute("data-sn") == stage.sn("Chapel dock")
    for callsign, state in {
        "Bird": "flying",
        "Lakeside dock": "working",
        "Field team": "online",
        "Chapel dock": "offline",
    }.items():
        expect(marker(page, stage, callsign)).to_have_attribute("data-state", state)
    icon = marker(page, stage, "Bird").locator(".fleet-marker__icon")
    assert icon.evaluate("e => e.style.transform") == "rotate(-10deg)"
    assert (
        marker(page, stage, "Field team").locator(".fleet-marker__pointer").evaluate("e => e.style.transform")
        == "rotate(90deg)"
    )
    before = marker(page, stage, "Bird").bounding_box()
    trail = drawn(page, "overlay", more_than=50)  # of the last minutes

    stage.say("Bird", lat=47.004, lon=8.009, elevation=81.4, heading=10, speed=12, mode=9, battery=76)
    expect(bird).to_contain_text("Returning home")
    expect(bird).to_contain_text("81 m · 12.0 m/s")
    assert icon.evaluate("e => e.style.transform") == "rotate(10deg)"  # the shorter way, past north
    after = marker(page, stage, "Bird").bounding_box()
    assert after and before
    assert after["x"] > before["x"] + 50
    drawn(page, "overlay", more_than=trail + 50)

    stage.say("Bird", lat=47.004, lon=8.009, elevation=81.4, heading=10, speed=12, mode=11, battery=76)
    expect(marker(page, stage, "Bird")).to_have_attribute("data-state", "alarm")
    assert page.locator(".fleet-row").first.get_attribute("data-sn") == stage.sn("Bird")
    stage.say("Bird", lat=47.004, lon=8.009, mode=5, battery=9)
    expect(bird).to_contain_text("battery low")
    stage.say("Bird", mode=5000, battery=60)  # no position any more, and a mode that nobody knows
    expect(bird).to_contain_text("State 5000")
    expect(bird).to_contain_text("no position yet")


def test_who_gets_a_place_later_comes_into_view_until_somebody_moves_the_map(
    visit: Callable[..., Page], live_fleet: LiveFleet
) -> None:
    late = (
        'device("R", 2, {"lat": 47.0, "lon": 8.0}, callsign="First")\n'
        'for name in ("Second", "Third"): device(name, 2, {}, callsign=name)\n'
    )
    own = Stage(live_fleet, late)
    page = live(visit(own))
    expect(marker(page, own, "First")).to_be_attached()
    own.say("Second", lat=47.2, lon=8.3)
    expect(marker(page, own, "Second")).to_be_attached()
    expect(marker(page, own, "First")).to_be_attached()
    page.locator("#fleet-map-canvas").click(position={"x": 300, "y": 200})
    place = page.locator(".leaflet-control-scale").inner_text()
    own.say("Third", lat=10.0, lon=100.0)
    expect(row(page, own, "Third")).not_to_contain_text("no position")
    expect(marker(page, own, "Third")).not_to_be_attached()
    assert page.locator(".leaflet-control-scale").inner_text() == place
    page.click("#fleet-map-fit")
    expect(marker(page, own, "Third")).to_be_attached()


def test_a_device_is_chosen_read_followed_and_left(visit: Callable[..., Page], stage: Stage) -> None:
    page = live(visit(stage))
    card = page.locator("#fleet-map-card")
    stage.say(
        "Bird",
        lat=47.001,
        lon=8.001,
        height=512.34,
        elevation=60.2,
        heading=45,
        speed=8,
        climb=-1.5,
        mode=5,
        battery=77,
    )
    expect(row(page, stage, "Bird")).to_contain_text("77 %")
    row(page, stage, "Bird").click()
    for text in (
        "512.3 m",
        "60.2 m",
        "8.0 m/s",
        "-1.5 m/s",
        "45°",
        "47.001000, 8.001000",
        "Connected through Lakeside dock",
    ):
        expect(card).to_contain_text(text)
    assert (
        card.get_by_role("link").get_attribute("href") == f"/admin/devices/device/{stage.devices['Bird']['id']}/change/"
    )
    card.get_by_role("button", name="Follow").click()
    stage.say("Bird", lat=47.3, lon=8.4, heading=45, mode=5, battery=76)
    expect(card).to_contain_text("47.300000")
    canvas = page.locator("#fleet-map-canvas").bounding_box()

    def middle() -> None:
        place = marker(page, stage, "Bird").bounding_box()
        assert canvas and place
        assert abs(place["x"] + place["width"] / 2 - canvas["x"] - canvas["width"] / 2) < 60
        assert abs(place["y"] + place["height"] / 2 - canvas["y"] - canvas["height"] / 2) < 60

    page.wait_for_function(
        """sn => { const c = document.querySelector('#fleet-map-canvas').getBoundingClientRect();
            const m = document.querySelector(`.fleet-marker[data-sn='${sn}']`).getBoundingClientRect();
            return Math.hypot(m.x + m.width / 2 - c.x - c.width / 2, m.y + m.height / 2 - c.y - c.height / 2) < 60; }""",
        arg=stage.sn("Bird"),
    )
    middle()
    expect(card.get_by_role("button", name="Stop following")).to_have_attribute("aria-pressed", "true")
    page.click("#fleet-map-fit")
    expect(card.get_by_role("button", name="Follow", exact=True)).to_have_attribute("aria-pressed", "false")
    expect(marker(page, stage, "Lakeside dock")).to_be_in_viewport()
    card.get_by_role("button", name="Close").click()
    expect(card).to_be_hidden()
    marker(page, stage, "Lakeside dock").click()
    expect(card).to_contain_text("Lakeside dock")


def test_the_list_by_keyboard(visit: Callable[..., Page], stage: Stage) -> None:
    page = live(visit(stage))
    page.focus("#fleet-map-search")
    page.keyboard.type("dock")
    expect(row(page, stage, "Bird")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(row(page, stage, "Chapel dock").locator("button")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#fleet-map-card h2")).to_have_text("Lakeside dock")
    expect(row(page, stage, "Lakeside dock").locator("button")).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#fleet-map-card")).to_be_hidden()
    page.fill("#fleet-map-search", "no such thing <b>")
    expect(page.locator("#fleet-map-none")).to_have_text("Nothing matches “no such thing <b>”.")


def test_a_name_that_looks_like_markup_is_a_name(visit: Callable[..., Page], stage: Stage) -> None:
    page = live(visit(stage))
    pk = stage.devices["Field team"]["id"]
    rename = "from devices.models import Device\nfrom fleet.services import broadcast\nDevice.objects.filter(pk={}).update(callsign={!r})\nanswer = 1"
    stage.fleet.query(rename.format(pk, EVIL))
    try:
        stage.send(type="workspace.changed", kind="device", id=pk)
        expect(row(page, stage, "Field team").locator("strong")).to_have_text(EVIL)
        expect(marker(page, stage, "Field team").locator(".fleet-marker__label")).to_have_text(EVIL)
        row(page, stage, "Field team").click()
        expect(page.locator("#fleet-map-card h2")).to_have_text(EVIL)
        assert page.locator("#fleet-map img, #fleet-map b").count() == 0
        assert page.title() != "owned"
    finally:
        stage.fleet.query(rename.format(pk, "Field team"))


def test_a_lost_connection_is_said_and_comes_back_with_what_was_missed(
    visit: Callable[..., Page], stage: Stage
) -> None:
    page = live(visit(stage))
    sign = page.locator("#fleet-map-sign")
    stage.fleet.web.kill()
    try:
        expect(sign).to_have_text(re.compile(r"Reconnecting… data from \d+ s ago"))
        pk = stage.devices["Chapel dock"]["id"]
        change = "from devices.models import Device\nDevice.objects.filter(pk={}).update(online={})\nanswer = 1"
        stage.fleet.query(change.format(pk, True))
    finally:
        stage.fleet.web.start()
    expect(sign).to_have_text("Live", timeout=40_000)
    expect(page.locator("#fleet-map-count")).to_have_text("4 of 4 online")
    stage.fleet.query(change.format(pk, False))


def test_whoever_was_logged_out_meanwhile_is_led_to_the_login(visit: Callable[..., Page], stage: Stage) -> None:
    page = live(visit(stage))
    stage.fleet.web.kill()
    try:
        stage.fleet.query(
            "from django.contrib.sessions.models import Session\nfrom fleet.models import User\n"
            f"mine = str(User.objects.get(username={stage.seeded['user']!r}).pk)\n"
            "answer = [s.delete() for s in Session.objects.all() if s.get_decoded().get('_auth_user_id') == mine]"
        )
    finally:
        stage.fleet.web.start()
    page.wait_for_url(re.compile(r"/admin/login/"), timeout=40_000)


def test_a_page_that_has_to_leave_does_so_once(visit: Callable[..., Page], stage: Stage) -> None:
    """Each time it is asked for ends the time before: on a slow server the page would never come."""
    page = live(visit(stage))
    held: list[Any] = []
    page.route(re.compile("/admin/map/"), lambda route: held.append(route))
    page.evaluate(
        "() => { window.asked = 0; window.fetch = async () => { window.asked += 1; return { type: 'opaqueredirect' }; } }"
    )
    stage.fleet.web.kill()
    try:
        page.wait_for_function("window.asked >= 3", timeout=40_000)
        assert len(held) == 1
    finally:
        stage.fleet.web.start()
        stage.fleet.wait(stage.fleet.health, 60, "the web server")
    held[0].continue_()
    live(page)


def test_an_empty_map_says_what_to_do_next(visit: Callable[..., Page], live_fleet: LiveFleet) -> None:
    page = live(visit(Stage(live_fleet, "")))
    expect(page.locator("#fleet-map-empty")).to_be_visible()
    page.get_by_role("link", name="Add a dock or a remote").click()
    expect(page).to_have_url(re.compile("/admin/devices/device/add/"))


def test_a_thousand_devices_stay_light(visit: Callable[..., Page], live_fleet: LiveFleet) -> None:
    crowd = """
made = Device.objects.bulk_create([Device(workspace=workspace, sn=f"C{i}-{mark}", callsign=f"Crowd {i}", domain=0 if i % 2 else 3, online=True) for i in range(1000)])
DeviceState.objects.bulk_create([DeviceState(device=d, summary={"lat": 45 + i % 40 / 10, "lon": 5 + i // 40 / 5, "mode": 5 if i % 2 else 0, "battery": 60, "heading": i % 360}, seen_at=timezone.now() + timedelta(hours=1)) for i, d in enumerate(made)])
"""
    stage = Stage(live_fleet, crowd)
    page = live(visit(stage))
    expect(page.locator("#fleet-map-count")).to_have_text("1000 of 1000 online")
    expect(page.locator(".fleet-row")).to_have_count(1000)
    page.wait_for_function("() => document.querySelector('#fleet-map').dataset.dense === 'yes'")
    assert page.locator(".fleet-marker").count() == 0, "a crowd is drawn on a canvas"
    drawn(page, "dots", more_than=20_000)
    stage.send(
        *[
            {
                **stage.devices[f"Crowd {i}"],
                "online": True,
                "summary": {"lat": 46.0, "lon": 7.0, "mode": 5, "battery": 31},
            }
            for i in range(1, 1000, 2)
        ]
    )
    expect(row(page, stage, "Crowd 999")).to_contain_text("31 %")
    row(page, stage, "Crowd 2").locator("button").evaluate("button => button.click()")
    expect(marker(page, stage, "Crowd 2")).to_be_visible()
    page.wait_for_function("() => document.querySelector('#fleet-map').dataset.dense === 'no'")
    assert page.locator(".fleet-marker").count() < 150


def test_dark_and_narrow(visit: Callable[..., Page], stage: Stage, tmp_path: Path) -> None:
    page = live(visit(stage, viewport={"width": 390, "height": 800}))
    expect(marker(page, stage, "Lakeside dock")).to_be_visible()
    canvas, panel = page.locator("#fleet-map-canvas").bounding_box(), page.locator(".fleet-map__panel").bounding_box()
    assert canvas and panel
    assert canvas["width"] == panel["width"] == 390
    assert panel["y"] >= canvas["y"] + canvas["height"] >= 300
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sea = "getComputedStyle(document.querySelector('#fleet-map-canvas')).backgroundColor"
    by_day = page.evaluate(sea)
    page.evaluate("document.documentElement.classList.add('dark')")
    by_night = page.evaluate(sea)
    assert by_day != by_night
    assert sum(map(int, re.findall(r"\d+", by_night)[:3])) < 150
    page.screenshot(path=tmp_path / "narrow-dark.png")


#: Whether the offline world has land at these places, on a map that shows the whole world around 30 N, 10 E at zoom 2.
LAND = """places => {
    const canvas = document.querySelector('.leaflet-tile-pane canvas');
    const map = document.querySelector('#fleet-map-canvas').getBoundingClientRect();
    const own = canvas.getBoundingClientRect();
    const scale = canvas.width / own.width;
    const x = (lon) => ((lon + 180) / 360) * 1024;
    const y = (lat) => (0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI)) * 1024;
    return places.map(([lat, lon]) => {
        const left = map.x + map.width / 2 + x(lon) - x(10) - own.x;
        const top = map.y + map.height / 2 + y(lat) - y(30) - own.y;
        return canvas.getContext('2d').getImageData(Math.round(left * scale), Math.round(top * scale), 1, 1).data[3] > 200;
    });
}"""


def test_the_offline_world_is_the_world(visit: Callable[..., Page], live_fleet: LiveFleet) -> None:
    page = live(visit(Stage(live_fleet, ""), viewport={"width": 1900, "height": 900}))
    drawn(page, "tile", more_than=100_000)
    land = [[62, 15], [48, 2], [-25, 135], [40, -100], [66, 172], [66, -172.5], [20, 10]]
    assert page.evaluate(LAND, land) == [True] * len(land)
    water = [[57, 20.2], [0, -30], [-16.8, -130], *([62 + step / 4, 3] for step in range(40))]
    assert page.evaluate(LAND, water) == [False] * len(water)  # the Baltic, oceans, and no line to the other end


def test_tiles_lie_over_the_offline_map_and_can_be_switched_off(
    visit: Callable[..., Page], stage: Stage, live_fleet: LiveFleet, tmp_path: Path
) -> None:
    port = ports.free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **live_fleet.environment,
        "FLEET_WEB_PORT": str(port),
        "FLEET_PUBLIC_URL": url,
        "FLEET_MAP_TILES_URL": f"{url}/static/icons/dock-normal.png?tile={{z}}-{{x}}-{{y}}",
        "FLEET_MAP_TILES_ATTRIBUTION": "Tiles of our own",
    }
    arguments = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "fleet.asgi:application"]
    web = FleetProcess(tmp_path, "web-with-tiles", arguments, environment)
    web.start()
    try:
        live_fleet.wait(lambda: "Fleet" in _get(url), 30, "the web server with tiles")
        page = live(visit(stage, url=url))
        expect(page.locator("img.leaflet-tile").first).to_be_attached()
        expect(page.locator(".leaflet-control-attribution")).to_contain_text("Tiles of our own")
        page.hover(".leaflet-control-layers")
        page.get_by_label("Map tiles").uncheck()
        expect(page.locator("img.leaflet-tile")).to_have_count(0)
        assert page.locator(".leaflet-tile-pane canvas").count() > 0
    finally:
        web.stop()


def _get(url: str) -> str:
    import urllib.request

    try:
        with urllib.request.urlopen(f"{url}/admin/login/", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_a_devices_page_changes_under_the_reader_and_leaves_them_be(visit: Callable[..., Page], stage: Stage) -> None:
    pk = stage.devices["Bird"]["id"]
    page = visit(stage, f"/admin/devices/device/{pk}/change/")
    expect(page.locator("#live-sign")).to_have_attribute("data-state", "live", timeout=20_000)
    group = page.locator("#live-telemetry details").last
    group.locator("summary").click()
    expect(group).to_have_attribute("open", "")
    expect(group.locator("summary")).to_be_focused()
    say = f"from devices.models import DeviceState\nDeviceState.objects.filter(pk={pk}).update(properties={{!r}}, summary={{!r}})\nanswer = 1"
    properties = json.loads('{"battery": {"capacity_percent": 33}, "oddity": "<i>said later</i>", "another": 2}')
    stage.fleet.query(say.format(properties, {"battery": 33}))
    stage.say("Bird", battery=33)
    expect(page.locator("#live-summary")).to_contain_text("33 %")
    expect(group).to_contain_text("<i>said later</i>")  # though the focus is in it
    expect(group).to_have_attribute("open", "")
    expect(group.locator("summary")).to_be_focused()
    group.locator("summary").click()
    stage.fleet.query(say.format({**properties, "oddity": 3}, {"battery": 32}))
    stage.say("Bird", battery=32)
    expect(page.locator("#live-summary")).to_contain_text("32 %")
    expect(group).not_to_have_attribute("open", "")  # closed by the reader, and it stays closed


def test_the_vendor_files_come_from_the_installation() -> None:
    names = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert {"leaflet", "topojson-client", "world-atlas"} <= names.keys()
