"""An operator plans a mission by clicking and watches it fly, in a real browser on the whole server."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet.simulator import Behaviour, SimulatedDock
from tests.live import PASSWORD, LiveFleet, demo_dock, running_fleet

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(300)]

#: Set it to a folder to get pictures of the pages.
PICTURES = os.environ.get("FLEET_TEST_PICTURES", "")


@pytest.fixture(scope="module")
def fleet() -> Iterator[LiveFleet]:
    with running_fleet() as fleet:
        yield fleet


@pytest.fixture(scope="module")
def dock(fleet: LiveFleet) -> Iterator[SimulatedDock]:
    with demo_dock(fleet, Behaviour(speed=8.0, rate=4.0, fly=False)) as simulator:
        dock = simulator.docks[0]
        simulator.until(lambda: dock.online, 60)
        here = dock.place
        points = [
            {"latitude": here.latitude + 0.0008 * (1 + n % 2), "longitude": here.longitude + 0.0008 * n, "height": 45}
            for n in range(5)
        ]
        plan = {
            "name": "Fence",
            "drone_model_key": "0-100-1",
            "payload_model_key": "1-99-0",
            "speed": 10,
            "points": points,
        }
        fleet.query(
            "from devices.models import Device\nfrom fleet.models import User\nfrom waylines import wpml\n"
            "from waylines.services.routes import library\n"
            f"ws = Device.objects.get(sn={dock.sn!r}).workspace\n"
            f"data = wpml.write(wpml.WaypointPlan.from_json({plan!r}))\n"
            "library.store(ws, data, name='Fence', user=User.objects.get(is_superuser=True), source='editor')\n"
            "answer = 1"
        )
        said = (
            f"from devices.models import Device\nd = Device.objects.get(sn={dock.sn!r})\n"
            "answer = d.online and hasattr(d, 'state') and 'drone_in_dock' in d.state.properties"
            " and 'mode_code' in d.state.properties and d.sub_devices.filter(online=True).exists()"
        )
        fleet.wait(lambda: fleet.query(said), 60, "the dock's state")
        yield dock


@pytest.fixture
def page(chromium: Any, fleet: LiveFleet) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"{fleet.url}/admin/login/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(re.compile("/admin/"))
    yield page
    context.close()
    assert troubles == []


def picture(page: Any, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def test_a_mission_is_planned_by_clicking_and_watched_flying(page: Any, fleet: LiveFleet, dock: SimulatedDock) -> None:
    page.goto(f"{fleet.url}/admin/waylines/mission/")
    page.get_by_role("link", name="Plan a mission").first.click()
    picture(page, "plan")
    page.select_option("#id_route", label="Fence")
    page.select_option("#id_dock", index=1)
    page.click("#review")
    page.wait_for_selector("#confirm")
    assert page.locator(".fleet-checks li[data-verdict=block]").count() == 0, page.inner_text(".fleet-checks")
    picture(page, "review")
    page.check("#checked")
    page.click("#send")
    page.wait_for_url(re.compile("/admin/waylines/mission/.+/change/"))
    page.wait_for_selector("#live-sign[data-state=live]")
    page.wait_for_selector("#mission-status:has-text('Flying')", timeout=60_000)
    page.wait_for_selector("#mission-waypoint:has-text('of 5')", timeout=60_000)
    page.wait_for_function("Number(document.getElementById('fleet-map').dataset.track) > 2", timeout=60_000)
    picture(page, "flying")
    if PICTURES:
        page.evaluate("document.documentElement.classList.add('dark')")
        picture(page, "flying-dark")
        page.evaluate("document.documentElement.classList.remove('dark')")

    page.click("#act-pause")
    page.check("#checked")
    picture(page, "pause")
    page.click("#send")
    page.wait_for_selector("#mission-status:has-text('Paused')", timeout=30_000)
    page.click("#act-resume")
    page.check("#checked")
    page.click("#send")
    page.wait_for_selector("#mission-status:has-text('Flying')", timeout=30_000)
    page.wait_for_selector("#mission-status:has-text('Done')", timeout=120_000)
    picture(page, "done")
    assert page.locator("#live-history tr").count() >= 4

    page.goto(f"{fleet.url}/admin/calendar/")
    assert page.locator(".fleet-calendar__entry[data-tone=good]:has-text('Fence')").count() == 1
    picture(page, "calendar")
    page.goto(f"{fleet.url}/admin/waylines/mission/")
    picture(page, "missions")
