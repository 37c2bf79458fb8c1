"""A device's page in a real browser: it moves by itself, and a list is filled in as rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live import PASSWORD, LiveFleet

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.usefixtures("simulator")]


@pytest.fixture
def page(chromium: Any, live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=live_fleet.url)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto("/admin/login/")
    page.fill("input[name=username]", demo_workspace["username"])
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.click("[type=submit]")
    yield page
    context.close()
    assert failures == []


def online(fleet: LiveFleet, sn: str) -> int:
    """The device's number, once it is online and has said where it is."""
    ask = (
        "from devices.models import Device\n"
        f"d = Device.objects.filter(sn={sn!r}, online=True, state__isnull=False).first()\n"
        "answer = d.pk if d and 'lat' in d.state.summary else 0"
    )
    return int(fleet.wait(lambda: fleet.query(ask), 90, f"{sn} to be online"))


def test_the_page_of_a_flying_aircraft_moves_and_keeps_what_is_open(
    page: Page, live_fleet: LiveFleet, demo_workspace: dict[str, Any]
) -> None:
    pk = online(live_fleet, demo_workspace["gateways"][2]["aircraft_sn"])
    page.goto(f"/admin/devices/device/{pk}/change/")
    expect(page.locator("#live-sign")).to_have_attribute("data-state", "live")
    page.click("#r-battery summary")
    position = page.locator("#live-summary").get_by_text(re.compile(r"^-?\d+\.\d{6}, -?\d+\.\d{6}$"))
    before = position.inner_text()
    expect(position).not_to_have_text(before, timeout=60_000)
    expect(page.locator("#r-battery")).to_have_attribute("open", "")
    page.click("text=Raw state")
    expect(page.locator("#panel-raw")).to_contain_text("latitude")
    expect(page.locator("#live-telemetry")).to_be_hidden()


def test_a_list_is_filled_in_as_rows_and_shown_before_it_is_sent(
    page: Page, live_fleet: LiveFleet, demo_workspace: dict[str, Any]
) -> None:
    dock = next(entry for entry in demo_workspace["gateways"] if entry["kind"] == "dock3")
    pk = online(live_fleet, dock["sn"])
    page.goto(f"/admin/devices/device/{pk}/command/fly_to_point/")
    expect(page.locator("textarea[name=points]")).to_be_hidden()
    page.fill("input[name=fly_to_id]", "to-the-lake")
    page.fill("input[name=max_speed]", "5")
    rows = page.locator(".fleet-row-fields")
    for name, value in {"latitude": "47.6", "longitude": "8.51", "height": "100"}.items():
        rows.nth(0).locator(f"[data-name={name}]").fill(value)
    page.click("[data-add-row=points]")
    rows.nth(1).locator("[data-name=latitude]").fill("1")
    rows.nth(1).get_by_role("button", name="Remove").click()
    page.click("#ask #send")
    shown = json.loads(page.locator("#confirm pre").inner_text())
    assert shown["points"] == [{"latitude": 47.6, "longitude": 8.51, "height": 100}]
    page.click("text=Back")
    expect(page.locator(".fleet-row-fields [data-name=longitude]")).to_have_value("8.51")
    count = "from devices.models import Command\nanswer = Command.objects.filter(method='fly_to_point').count()"
    assert live_fleet.query(count) == 0
