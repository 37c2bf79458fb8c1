"""An operator in a real browser: the map while devices fly, and a command from its form to its end.

`FLEET_SCREENSHOTS=docs` writes the README's pictures there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live import PASSWORD, ROOT, LiveFleet

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.usefixtures("simulator")]


@pytest.fixture
def page(chromium: Any, live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Iterator[Page]:
    """A signed-in administrator; no request may leave the server, no script may fail."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=live_fleet.url)
    page = context.new_page()
    strangers: list[str] = []
    failures: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((live_fleet.url, "data:", "blob:")) else strangers.append(request.url)
        ),
    )
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto("/admin/login/")
    page.fill("input[name=username]", demo_workspace["username"])
    page.fill("input[name=password]", PASSWORD)
    page.click("[type=submit]")
    yield page
    context.close()
    assert strangers == []
    assert failures == []


def picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = ROOT / os.environ["FLEET_SCREENSHOTS"] if os.environ.get("FLEET_SCREENSHOTS") else tmp_path
    page.screenshot(path=folder / f"{name}.png")


@pytest.mark.timeout(300)
def test_devices_move_on_the_live_map(
    page: Page, live_fleet: LiveFleet, demo_workspace: dict[str, Any], tmp_path: Path
) -> None:
    page.goto("/admin/")  # the map is the start page
    expect(page.locator("#fleet-map-sign")).to_have_text("Live")
    aircraft = [entry["aircraft_sn"] for entry in demo_workspace["gateways"]]
    for sn in [*aircraft, *(entry["sn"] for entry in demo_workspace["gateways"])]:
        expect(page.locator(f".fleet-marker[data-sn='{sn}']")).to_be_attached(timeout=60_000)
    marker = page.locator(f".fleet-marker[data-sn='{aircraft[2]}']")

    def place() -> str:
        return str(marker.evaluate("m => m.parentElement.style.transform"))

    row = page.locator(f".fleet-row[data-sn='{aircraft[2]}']")
    row.click()
    before, box = page.locator("#fleet-map-card dl").inner_text(), place()
    page.wait_for_function(
        "([sn, before]) => document.querySelector(`.fleet-marker[data-sn='${sn}']`).parentElement.style.transform !== before",
        arg=[aircraft[2], box],
        timeout=120_000,  # it may be resting between two flights
    )
    expect(page.locator("#fleet-map-card dl")).not_to_have_text(before)
    expect(row).to_contain_text("%")
    if os.environ.get("FLEET_SCREENSHOTS"):
        page.wait_for_timeout(60_000)  # for the picture's sake: trails grow
    page.click("#fleet-map-fit")
    canvas = page.locator("#fleet-map-canvas").bounding_box()
    spot = marker.bounding_box()
    assert canvas and spot
    assert canvas["x"] < spot["x"] < canvas["x"] + canvas["width"]
    assert canvas["y"] < spot["y"] < canvas["y"] + canvas["height"]
    page.wait_for_timeout(1_500)  # tiles of the drawing settle; nothing is asserted on it
    picture(page, "live-map", tmp_path)
    page.evaluate("document.documentElement.classList.toggle('dark')")
    page.wait_for_timeout(500)
    picture(page, "live-map-dark", tmp_path)


def test_the_search_and_a_name_that_looks_like_markup(
    page: Page, live_fleet: LiveFleet, demo_workspace: dict[str, Any]
) -> None:
    evil = "<img src=x onerror=document.title='owned'>"
    sn = demo_workspace["gateways"][1]["sn"]
    live_fleet.query(
        f"from devices.models import Device\nDevice.objects.filter(sn={sn!r}).update(callsign={evil!r})\nanswer = 1"
    )
    try:
        page.goto("/admin/map/")
        row = page.locator(f".fleet-row[data-sn='{sn}']")
        expect(row).to_contain_text(evil)
        page.fill("#fleet-map-search", "onerror")
        expect(row).to_be_visible()
        assert page.locator(".fleet-row:visible").count() == 1
        row.click()
        expect(page.locator("#fleet-map-card h2")).to_have_text(evil)
        assert page.title() != "owned"
        assert page.locator("#fleet-map img[src='x']").count() == 0
    finally:
        live_fleet.query(
            f"from devices.models import Device\nDevice.objects.filter(sn={sn!r}).update(callsign='Quarry dock')\nanswer = 1"
        )


def test_a_command_from_the_device_page_to_its_end(
    page: Page, live_fleet: LiveFleet, demo_workspace: dict[str, Any], tmp_path: Path
) -> None:
    dock = next(entry for entry in demo_workspace["gateways"] if entry["kind"] == "dock3")
    pk = live_fleet.query(f"from devices.models import Device\nanswer = Device.objects.get(sn={dock['sn']!r}).pk")
    live_fleet.wait(
        lambda: live_fleet.query(f"from devices.models import Device\nanswer = Device.objects.get(pk={pk}).online"),
        60,
        "the dock",
    )
    page.goto(f"/admin/devices/device/{pk}/change/")
    expect(page.locator("#live-summary")).to_contain_text(re.compile("online", re.IGNORECASE))
    picture(page, "device", tmp_path)
    page.goto(f"/admin/devices/device/{pk}/command/cover_open/")
    page.click("#ask #send")
    expect(page.locator("#confirm")).to_contain_text(dock["sn"])  # which machine, before it moves
    page.click("#confirm #send")
    expect(page.locator("#confirm #checked")).to_be_visible()  # not without the tick
    page.check("#confirm #checked")
    page.click("#confirm #send")
    status = page.locator("#live-command")
    expect(status).to_contain_text("Done", timeout=60_000)
    picture(page, "command", tmp_path)
    found = live_fleet.query(
        "from devices.models import Command\n"
        f"answer = list(Command.objects.filter(device_id={pk}, method='cover_open').order_by('-created_at').values_list('status', 'actor')[:1])"
    )
    assert found == [["ok", "admin"]]
