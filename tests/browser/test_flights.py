"""A flight in a real browser: replayed on map and charts, followed while it is in the air, listed with its picture."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.live import PASSWORD, LiveFleet

pytestmark = [pytest.mark.browser, pytest.mark.broker]

FLOWN = """
import math
from datetime import timedelta
from devices.models import Alarm, Command
from waylines.models import Flight, FlightTrack, Mission, MissionStatus, Route, RouteFile
from waylines.services.flights.track import Track, encode
workspace.time_zone = "Europe/Zurich"
workspace.save()
dock = device("DOCK", 3, {"lat": 47.0, "lon": 8.0}, callsign="Lakeside dock")
bird = device("BIRD", 0, {"lat": 47.0, "lon": 8.0, "mode": 0}, callsign="Kite", gateway=dock)
start = (timezone.now() - timedelta(hours=3)).replace(microsecond=0)
lanes = []
for lane in range(8):
    for step in range(13):
        lanes.append((47.001 + lane * 0.00035, 8.0 + (step if lane % 2 == 0 else 12 - step) * 0.0005))
way = [(47.0, 8.0)] + lanes + [(47.0, 8.0)]
count = len(way)
track = Track(
    time=[start.timestamp() + 4 * n for n in range(count)],
    latitude=[p[0] for p in way], longitude=[p[1] for p in way],
    height=[430.0 + min(80, 8 * n, 8 * (count - 1 - n)) for n in range(count)],
    elevation=[float(min(80, 8 * n, 8 * (count - 1 - n))) for n in range(count)],
    speed=[0.0] + [9.5 + 3 * math.sin(n / 3) for n in range(count - 2)] + [0.0],
    heading=[float((90 if (n // 13) % 2 == 0 else 270)) for n in range(count)],
    battery=[95.0 - 0.4 * n for n in range(count)],
)
end = start + timedelta(seconds=4 * (count - 1))
file = RouteFile.objects.create(workspace=workspace, object_key="k" + mark, sign="s", facts={}, outline=[{"id": 0, "kind": "wayline", "points": [[a, b, 80.0] for a, b in lanes[::4]]}])
route = Route.objects.create(workspace=workspace, name="Vineyard", file=file, updated_at=start)
mission = Mission.objects.create(workspace=workspace, name="Vineyard, Monday", dock=dock, route=route, file=file, status=MissionStatus.OK, execute_at=start, executed_at=start, finished_at=end)
flight = Flight.objects.create(workspace=workspace, aircraft=bird, gateway=dock, aircraft_sn=bird.sn, aircraft_name="Kite", model_name="Matrice 4TD", gateway_name="Lakeside dock", kind="wayline", mission=mission, pilot_name="Ada Pilot", started_at=start, ended_at=end, end_reason="landed", distance=4312.4, highest=80.0, farthest=612.0, fastest=12.5, battery_start=95, battery_end=54, point_count=count)
FlightTrack.objects.create(flight=flight, points=encode(track))
Alarm.objects.create(workspace=workspace, device=bird, code="0x16100083", level=2, started_at=start + timedelta(seconds=200), seen_at=start + timedelta(seconds=220), ended_at=start + timedelta(seconds=230))
asked = Command.objects.create(workspace=workspace, device=dock, method="return_home", actor="ada", status="ok", deadline=end, finished_at=end)
Command.objects.filter(pk=asked.pk).update(created_at=start + timedelta(seconds=380))
"""


@pytest.fixture(scope="module")
def stage(live_fleet: LiveFleet) -> Stage:
    return Stage(live_fleet, FLOWN)


@pytest.fixture
def flight(live_fleet: LiveFleet, stage: Stage) -> str:
    workspace = stage.seeded["workspace"]
    found = live_fleet.query(
        "from waylines.models import Flight\n"
        f"answer = str(Flight.objects.get(workspace_id={workspace!r}, aircraft_name='Kite', ended_at__isnull=False).pk)"
    )
    return str(found)


@pytest.fixture
def open_page(chromium: Any, live_fleet: LiveFleet, stage: Stage) -> Iterator[Callable[..., Page]]:
    contexts: list[Any] = []
    failures: list[str] = []

    def opened(address: str, *, theme: str = "light", width: int = 1280) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 1000}, color_scheme=theme, base_url=live_fleet.url
        )
        contexts.append(context)
        page: Page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto("/admin/login/")
        page.fill("input[name=username]", stage.seeded["user"])
        page.fill("input[name=password]", PASSWORD)
        with page.expect_navigation():
            page.click("[type=submit]")
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert failures == []


def position(page: Page) -> tuple[float, float]:
    latitude, longitude = (page.locator("#fleet-map").get_attribute("data-aircraft") or "0,0").split(",")
    return float(latitude), float(longitude)


def test_a_flight_is_replayed_on_map_and_charts_in_step(
    open_page: Callable[..., Page], flight: str, stage: Stage
) -> None:
    page = open_page(f"/admin/waylines/flight/{flight}/change/")
    area = page.locator("#fleet-map")
    expect(area).to_have_attribute("data-points", re.compile(r"^\d{2,}$"))
    expect(area).to_have_attribute("data-plan", "1")
    assert position(page) == (47.0, 8.0)
    expect(page.locator("[data-chart]")).to_have_count(3)
    expect(page.locator(".fleet-flight__mark[data-tone=bad]")).to_have_count(3)
    needle = page.locator("[data-chart=speed] .fleet-flight__needle")
    before = needle.evaluate("node => node.style.transform")

    page.locator("#flight-stage h3").first.click()  # away from any field: the keys are the page's
    page.keyboard.press("End")
    assert position(page) == (47.0, 8.0)
    expect(page.locator("#flight-now")).to_contain_text("0.0 m/s")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#flight-slider")).to_have_value("25")
    assert needle.evaluate("node => node.style.transform") != before

    page.select_option("#flight-rate", "20")
    page.locator("#flight-stage h3").first.click()
    page.keyboard.press("Space")
    expect(page.locator("#flight-play")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("Number(document.getElementById('flight-slider').value) > 90")
    page.click("#flight-play")
    moment = float(page.input_value("#flight-slider"))
    assert 90 < moment < 400
    assert position(page) != (47.0, 8.0)
    expect(page.locator("#flight-now")).to_contain_text("80.0 m")
    page.click("#flight-play")
    # It stops by itself at the end.
    expect(page.locator("#flight-play")).to_have_attribute("aria-pressed", "false", timeout=40_000)
    assert page.input_value("#flight-slider") == page.get_attribute("#flight-slider", "max")

    page.click("#live-alarms .fleet-flight__jump")
    expect(page.locator("#flight-slider")).to_have_value("200")
    page.select_option("#flight-colour", "speed")
    expect(page.locator("#flight-high")).to_have_text("12.5 m/s")
    chart = page.locator("[data-chart=battery] .u-over")
    width = chart.evaluate("node => node.clientWidth")
    chart.click(position={"x": width / 4, "y": 10})
    longest = float(page.get_attribute("#flight-slider", "max") or 0)
    assert float(page.input_value("#flight-slider")) == pytest.approx(longest / 4, rel=0.03)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 420)])
def test_it_fits_every_screen(
    open_page: Callable[..., Page], flight: str, theme: str, width: int, tmp_path: Path
) -> None:
    page = open_page(f"/admin/waylines/flight/{flight}/change/", theme=theme, width=width)
    expect(page.locator("[data-chart]")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=tmp_path / "page.png", full_page=True)


def test_a_flight_in_the_air_is_followed_to_its_end(
    open_page: Callable[..., Page], live_fleet: LiveFleet, stage: Stage
) -> None:
    pk = live_fleet.query(
        "from django.utils import timezone\nfrom datetime import timedelta\n"
        "from devices.models import Device, DeviceState, TrackPoint\nfrom waylines.models import Flight\n"
        f"bird = Device.objects.get(sn={stage.sn('Kite')!r})\n"
        "begun = timezone.now() - timedelta(seconds=20)\n"
        "DeviceState.objects.filter(device=bird).update(summary={'mode': 5, 'lat': 47.0, 'lon': 8.0})\n"
        "flight = Flight.objects.create(workspace=bird.workspace, aircraft=bird, aircraft_sn=bird.sn, aircraft_name='Up', started_at=begun)\n"
        "for n in range(5): TrackPoint.objects.create(device=bird, at=begun + timedelta(seconds=2 * n), latitude=47 + n * 1e-4, longitude=8.0, elevation=30.0, speed=5.0, battery=80)\n"
        "answer = str(flight.pk)"
    )
    page = open_page(f"/admin/waylines/flight/{pk}/change/")
    expect(page.locator("#flight-flying")).to_be_visible()
    expect(page.locator("#live-sign")).to_have_attribute("data-state", "live")
    expect(page.locator("#fleet-flight")).to_have_attribute("data-flying", "true")
    expect(page.locator("#fleet-map")).to_have_attribute("data-aircraft", "47.000400,8.000000")
    summary = {"lat": 47.003, "lon": 8.001, "elevation": 44.0, "speed": 7.0, "battery": 79}
    frame = {**stage.devices["Kite"], "online": True, "summary": summary}
    stage.send(type="workspace.telemetry", devices=[frame], timestamp=int(time.time() * 1000))
    expect(page.locator("#fleet-map")).to_have_attribute("data-aircraft", "47.003000,8.001000")
    expect(page.locator("#flight-now")).to_contain_text("44.0 m")
    # The stored track, which does not have that moment yet, does not take it away.
    page.evaluate(
        "() => { const root = document.getElementById('fleet-flight'); delete root.dataset.flying;"
        " root.dispatchEvent(new CustomEvent('fleet-frame', { detail: { kind: 'track' } })) }"
    )
    expect(page.locator("#fleet-flight")).to_have_attribute("data-flying", "true")
    assert "44.0 m" in page.locator("#flight-now").inner_text()
    assert page.get_attribute("#fleet-map", "data-aircraft") == "47.003000,8.001000"
    live_fleet.query(
        "from datetime import timedelta\nfrom django.utils import timezone\n"
        "from waylines.models import Flight\nfrom waylines.services.flights import closing\n"
        f"flight = Flight.objects.get(pk={pk!r})\n"
        "flight.ended_at, flight.end_reason = timezone.now(), 'landed'\nflight.save()\nclosing.finish(flight)\nanswer = 1"
    )
    stage.send(type="workspace.changed", kind="flight", id=pk)
    expect(page.locator("#fleet-flight")).to_have_attribute("data-final", "true")
    expect(page.locator("#flight-flying")).to_have_count(0)


def test_the_list_shows_a_picture_of_every_way(open_page: Callable[..., Page], flight: str) -> None:
    page = open_page("/admin/waylines/flight/?q=Kite")
    picture = page.locator(f"img[src*='{flight}']")
    expect(picture).to_be_visible()
    page.wait_for_function("node => node.naturalWidth > 0", arg=picture.element_handle())
    expect(page.locator("#flight-totals")).to_contain_text("4.3")
    with page.expect_download() as download:
        page.click("text=This list as CSV")
    assert download.value.suggested_filename.endswith(".csv")
    page.click(f"a[href*='{flight}'] >> nth=0")
    with page.expect_download() as download:
        page.click("a:has-text('GeoJSON')")
    assert re.fullmatch(r"flight-.*-Kite\.geojson", download.value.suggested_filename)
