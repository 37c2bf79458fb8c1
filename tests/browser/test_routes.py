"""Routes in a real browser: a file is imported and seen, a route is drawn by clicking, an area becomes lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import PASSWORD, LiveFleet
from waylines import wpml

pytestmark = [pytest.mark.browser, pytest.mark.broker]
PICTURES = os.environ.get("FLEET_TEST_PICTURES", "")


@pytest.fixture
def page(chromium: Any, live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, base_url=live_fleet.url)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto("/admin/login/")
    page.fill("[name=username]", demo_workspace["username"])
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(re.compile("/admin/"))
    yield page
    context.close()
    assert troubles == []


def picture(page: Any, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def test_a_file_is_imported_and_seen(page: Any, tmp_path: Path) -> None:
    points = [
        {
            "latitude": 47.0 + 0.001 * (n % 3),
            "longitude": 8.0 + 0.001 * n,
            "height": 50 + 5 * n,
            "actions": [{"name": "takePhoto"}],
        }
        for n in range(8)
    ]
    file = tmp_path / "Roof.kmz"
    file.write_bytes(
        wpml.write(wpml.WaypointPlan.from_json({"name": "Roof", "drone_model_key": "0-100-1", "points": points}))
    )
    page.goto("/admin/waylines/route/")
    page.get_by_role("link", name="Import routes").click()
    page.set_input_files("#files", str(file))
    page.wait_for_selector("#chosen li:has-text('Roof.kmz')")
    page.click("#send")
    page.wait_for_selector("h1:has-text('Roof')")
    page.wait_for_selector("#fleet-map[data-points='8']")
    assert page.locator("#points tbody tr").count() == 8
    page.hover("#points tbody tr:nth-child(5)")
    assert page.locator("#profile-cursor").get_attribute("x1") != "-10"
    picture(page, "route")
    if PICTURES:
        page.evaluate("document.documentElement.classList.add('dark')")
        picture(page, "route-dark")
    page.goto("/admin/waylines/route/")
    assert page.locator("table svg polyline").count() >= 1
    picture(page, "routes")


def test_what_is_chosen_before_the_page_is_ready_is_not_lost(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "Early.kmz"
    file.write_bytes(b"whatever")
    held: list[Any] = []
    page.route("**/route_import*.js", lambda route: held.append(route))
    page.goto("/admin/routes/import/", wait_until="commit")
    page.set_input_files("#files", str(file))
    assert page.locator("#chosen li").count() == 0
    held[0].continue_()
    page.wait_for_selector("#chosen li:has-text('Early.kmz')")


def click(page: Any, x: float, y: float) -> None:
    box = page.locator("#fleet-map").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)


def test_a_route_is_drawn_saved_and_opened_again(page: Any) -> None:
    page.goto("/admin/routes/new/")
    page.wait_for_selector(".leaflet-container")
    for x, y in ((200, 200), (350, 250), (300, 400)):
        click(page, x, y)
    page.wait_for_selector(".fleet-editor__point >> nth=2")
    page.fill("[name=point_height]", "77")
    page.locator("[name=point_height]").press("Tab")
    page.select_option("#action", "takePhoto")
    page.click("#add-action")
    page.wait_for_selector("#facts:has-text('points: 3')")
    page.click("#undo")
    page.wait_for_selector("#facts:has-text('photos: 0')")
    page.click("#redo")
    page.wait_for_selector("#facts:has-text('photos: 1')")
    page.fill("[name=name]", "Drawn by hand")
    picture(page, "editor")
    page.click("#save")
    page.wait_for_selector("h1:has-text('Drawn by hand')")
    page.wait_for_selector("#fleet-map[data-points='3']")
    assert "77" in page.inner_text("#points tbody tr:nth-child(3)")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.wait_for_selector(".fleet-editor__point >> nth=2")
    page.fill("[name=name]", "Drawn again")
    page.locator("[name=name]").press("Tab")
    page.click("#save")
    page.wait_for_selector("h1:has-text('Drawn again')")


def test_an_area_becomes_lines(page: Any) -> None:
    page.goto("/admin/routes/new/")
    page.wait_for_selector(".leaflet-container")
    page.check("[name=kind][value=survey]")
    for x, y in ((200, 150), (420, 170), (400, 380), (220, 360)):
        click(page, x, y)
    page.wait_for_selector("#facts:has-text('photos')")
    page.fill("[name=name]", "Field")
    picture(page, "survey")
    page.click("#save")
    page.wait_for_selector("h1:has-text('Field')")
    assert "Area survey" in page.inner_text(".fleet-facts")
