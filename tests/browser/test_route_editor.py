"""Drawing routes in a real browser beyond the straight way: conflicts, keys, complaints, work that is not saved."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live import PASSWORD, LiveFleet
from tests.waylines.routes import kmz

pytestmark = [pytest.mark.browser, pytest.mark.broker]
PICTURES = os.environ.get("FLEET_TEST_PICTURES", "")


@pytest.fixture
def page(chromium: Any, live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Iterator[Page]:
    """A signed-in administrator; no request may leave the server, no script may fail."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, base_url=live_fleet.url)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((live_fleet.url, "data:", "blob:")) else troubles.append(request.url)
        ),
    )
    page.goto("/admin/login/")
    page.fill("[name=username]", demo_workspace["username"])
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(re.compile("/admin/map/"))
    yield page
    context.close()
    assert troubles == []


def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def click(page: Page, *spots: tuple[float, float]) -> None:
    box = page.locator("#fleet-map").bounding_box()
    assert box
    for x, y in spots:
        page.mouse.click(box["x"] + x, box["y"] + y)


def drawn(page: Page, *spots: tuple[float, float], address: str = "/admin/routes/new/") -> None:
    page.goto(address)
    page.wait_for_selector(".leaflet-container")
    click(page, *spots)
    expect(page.locator(".fleet-editor__point")).to_have_count(len(spots))


def test_what_is_there_already_is_asked_about_file_by_file(page: Page, tmp_path: Path) -> None:
    one, two, bad = tmp_path / "Ask.kmz", tmp_path / "Ask2.kmz", tmp_path / "Bad.kmz"
    one.write_bytes(kmz.waypoints(rth_height=41))
    two.write_bytes(kmz.waypoints(rth_height=42))
    bad.write_bytes(b"nothing")
    page.goto("/admin/routes/import/")
    page.set_input_files("#files", [str(one), str(two), str(bad)])
    page.click("#send")
    lines = page.locator("#chosen li")
    expect(lines.nth(0)).to_contain_text("imported: Ask")
    expect(lines.nth(1)).to_contain_text("imported: Ask2")
    expect(lines.nth(2)).to_have_attribute("data-verdict", "block")
    one.write_bytes(kmz.waypoints(rth_height=43))
    two.write_bytes(kmz.waypoints(rth_height=44))
    page.set_input_files("#files", [str(one), str(two)])
    page.click("#send")
    expect(lines.nth(1)).to_contain_text("There is a route called “Ask2” already.")
    picture(page, "import-asks")
    lines.nth(0).get_by_role("button", name="Keep both").click()
    expect(lines.nth(0)).to_contain_text("imported: Ask (2)")
    lines.nth(1).get_by_role("button", name="Replace it").click()
    expect(lines.nth(1)).to_contain_text("imported: Ask2")
    page.set_input_files("#files", [str(two)])
    page.click("#send")
    expect(lines.nth(0)).to_contain_text("This very file is here already")
    lines.nth(0).get_by_role("button", name="Leave it out").click()
    expect(lines.nth(0)).to_contain_text("left out")


def test_files_are_dropped(page: Page) -> None:
    page.goto("/admin/routes/import/")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["x"], "Dropped.kmz"));
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.locator("#chosen li")).to_contain_text("Dropped.kmz")


def test_a_route_is_drawn_with_the_keyboard(page: Page) -> None:
    drawn(page)
    add = page.locator("#centre")
    add.focus()
    add.press("Enter")
    latitude = page.locator("[name=point_latitude]")
    before = float(latitude.input_value())
    page.locator(".fleet-editor__point[data-chosen]").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("ArrowUp")
    assert (float(latitude.input_value()) - before) * 111_320 == pytest.approx(11, abs=0.1)
    add.press("Enter")
    expect(page.locator("#facts")).to_contain_text("points: 2")
    page.locator(".fleet-editor__point[data-chosen]").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".fleet-editor__point")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".fleet-editor__point")).to_have_count(2)
    page.keyboard.press("Control+y")
    expect(page.locator(".fleet-editor__point")).to_have_count(1)


def test_a_point_is_put_between_dragged_and_deleted(page: Page) -> None:
    drawn(page, (150, 200), (450, 200))
    click(page, (220, 200))  # on the line, beside its middle
    expect(page.locator(".fleet-editor__point")).to_have_count(3)
    expect(page.locator("#point-title")).to_have_text("Point 2 of 3")
    page.locator(".fleet-editor__middle").first.click()
    expect(page.locator("#point-title")).to_have_text("Point 2 of 4")
    box = page.locator(".fleet-editor__point[data-chosen]").bounding_box()
    assert box
    before = page.locator("[name=point_latitude]").input_value()
    page.mouse.move(box["x"] + 11, box["y"] + 11)
    page.mouse.down()
    page.mouse.move(box["x"] + 11, box["y"] + 120, steps=5)
    page.mouse.up()
    expect(page.locator("[name=point_latitude]")).not_to_have_value(before)
    expect(page.locator(".fleet-editor__point")).to_have_count(4)
    page.click("#remove-point")
    expect(page.locator("#point-title")).to_have_text("Point 2 of 3")
    page.click("#insert-point")
    expect(page.locator("#point-title")).to_have_text("Point 3 of 4")


def test_photos_at_intervals_stay_on_their_legs(page: Page, live_fleet: LiveFleet, tmp_path: Path) -> None:
    file = tmp_path / "Legs.kmz"
    file.write_bytes(kmz.waypoints(interval_photos=[{"first_index": 0, "last_index": 1, "distance": 15}]))
    page.goto("/admin/routes/import/")
    page.set_input_files("#files", [str(file)])
    page.click("#send")
    page.wait_for_url(re.compile("/waylines/route/[0-9a-f-]{36}/"))
    pk = live_fleet.query("from waylines.models import Route\nanswer = str(Route.objects.get(name='Legs').pk)")

    def saved() -> Any:
        page.click("#save")
        page.wait_for_url(re.compile(f"/waylines/route/{pk}/"))
        return live_fleet.query(
            "from waylines.models import Route\nfrom waylines.services.routes import drawing\n"
            f"plan = drawing.plan_of(Route.objects.select_related('file').get(pk={pk!r}))\n"
            "answer = [len(plan['points']), [[p['first_index'], p['last_index']] for p in plan['interval_photos']]]"
        )

    page.goto(f"/admin/routes/{pk}/edit/")
    before = page.locator(".fleet-editor__point").count()
    page.locator(".fleet-editor__point").first.click()
    page.click("#insert-point")
    expect(page.locator(".fleet-editor__point")).to_have_count(before + 1)
    assert saved() == [before + 1, [[0, 2]]]
    page.goto(f"/admin/routes/{pk}/edit/")
    page.locator(".fleet-editor__point").first.click()
    for left in (before, before - 1):
        page.click("#remove-point")
        expect(page.locator(".fleet-editor__point")).to_have_count(left)
    page.click("#undo")
    expect(page.locator(".fleet-editor__point")).to_have_count(before)
    assert saved() == [before, [[0, 1]]]


def test_a_complaint_stands_beside_its_field(page: Page) -> None:
    drawn(page, (150, 200), (450, 200))
    page.fill("[name=point_speed]", "99")
    page.locator("[name=point_speed]").press("Tab")
    wrong = page.locator("label:has([name=point_speed]) .fleet-editor__wrong")
    expect(wrong).to_contain_text("Between 0.1 and 25")
    expect(page.locator("[name=point_speed]")).to_have_attribute("aria-invalid", "true")
    picture(page, "editor-complains")
    page.fill("[name=point_speed]", "9")
    page.locator("[name=point_speed]").press("Tab")
    expect(wrong).to_have_count(0)
    page.select_option("#action", "hover")
    page.click("#add-action")
    page.fill("[data-path='actions[0].parameters.hoverTime']", "")
    page.locator("[data-path='actions[0].parameters.hoverTime']").press("Tab")
    expect(page.locator("#actions .fleet-editor__wrong")).to_contain_text("A number is missing here")
    page.click("#previous")  # another point: the complaint names it
    page.fill("[name=name]", "Complains")
    page.click("#save")
    expect(page.locator("#point-title")).to_have_text("Point 2 of 2")
    expect(page.locator("#actions .fleet-editor__wrong")).to_contain_text("A number is missing here")
    page.fill("[data-path='actions[0].parameters.hoverTime']", "3")
    page.fill("[name=name]", "a/b")
    page.click("#save")
    expect(page.locator("label:has([name=name]) .fleet-editor__wrong")).to_contain_text("cannot hold")


def test_work_that_is_not_saved_is_not_lost_unasked(page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    drawn(page, (150, 200), (450, 200))
    page.locator("[name=kind][value=survey]").dispatch_event("click")
    expect(page.locator(".fleet-editor__point")).to_have_count(2)
    page.get_by_role("link", name="Cancel").click(no_wait_after=True)
    expect(page.locator(".fleet-editor__point")).to_have_count(2)
    assert asked == ["confirm", "beforeunload"]
    assert page.url.endswith("/routes/new/")
    page.remove_listener("dialog", stay)
    page.on("dialog", lambda dialog: dialog.accept())


def test_somebody_elses_change_is_not_overwritten_unasked(page: Page, live_fleet: LiveFleet) -> None:
    drawn(page, (150, 200), (450, 200))
    page.fill("[name=name]", "Shared work")
    page.click("#save")
    page.wait_for_selector("h1:has-text('Shared work')")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator(".fleet-editor__point")).to_have_count(2)
    live_fleet.query(
        "from waylines.models import Route\nfrom waylines.services.routes import library\nfrom tests.waylines.routes import kmz\n"
        "route = Route.objects.select_related('workspace').get(name='Shared work')\n"
        "library.store(route.workspace, kmz.waypoints(), name=route.name, user=None, source='editor', route=route)\nanswer = 1"
    )
    said: list[str] = []

    def no(dialog: Any) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", no)
    page.locator(".fleet-editor__point").first.click()
    page.fill("[name=point_height]", "33")
    page.locator("[name=point_height]").press("Tab")
    page.click("#save")
    expect(page.locator("#error")).to_contain_text("changed this route while you were drawing")
    assert "Save it anyway?" in said[0]
    page.remove_listener("dialog", no)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#save")
    page.wait_for_selector("#fleet-map[data-points='2']")


def test_a_survey_is_opened_again_with_its_area(page: Page) -> None:
    drawn(page, (200, 150), (420, 170), (400, 380), (220, 360), address="/admin/routes/new/?kind=survey")
    expect(page.locator("#survey-facts")).to_contain_text("lines:")
    page.fill("[name=overlap_side]", "60")
    page.fill("[name=name]", "Meadow")
    page.click("#save")
    page.wait_for_selector("h1:has-text('Meadow')")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator(".fleet-editor__point")).to_have_count(4)
    expect(page.locator("[name=overlap_side]")).to_have_value("60")
    expect(page.locator("[name=survey_height]")).to_be_visible()
    lines = page.locator("#survey-facts").inner_text
    page.wait_for_function("document.getElementById('survey-facts').textContent !== ''")
    before = lines()
    page.fill("[name=survey_height]", "40")
    page.locator("[name=survey_height]").press("Tab")
    expect(page.locator("#survey-facts")).not_to_have_text(before)
    picture(page, "survey-again")
    page.click("#save")
    page.wait_for_selector("h1:has-text('Meadow')")
    assert "40 to 40 m" in page.inner_text(".fleet-facts")


def test_two_thousand_points_stay_fluid(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "Long.kmz"
    file.write_bytes(kmz.waypoints(points=kmz.spiral(2000)))
    page.goto("/admin/routes/import/")
    page.set_input_files("#files", str(file))
    page.click("#send")
    page.wait_for_selector("#fleet-map[data-points='2000']")
    box = page.locator("#profile").bounding_box()
    assert box
    took = page.evaluate(
        """() => {
          const svg = document.getElementById("profile");
          const box = svg.getBoundingClientRect();
          const from = performance.now();
          for (let step = 0; step < 100; step++)
            svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + (box.width * step) / 100, clientY: box.top + 5 }));
          return performance.now() - from;
        }"""
    )
    print(f"100 moves over the profile of 2,000 points: {took:.0f} ms")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(page.locator("#profile-readout")).to_contain_text("Point ")
    expect(page.locator("#points tr[data-current]")).to_have_count(1)
    picture(page, "long")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator("#facts")).to_contain_text("points: 2000")
    expect(page.locator(".fleet-editor__point")).to_have_count(0)
    page.click("#centre")
    expect(page.locator("#point-title")).to_have_text("Point 2001 of 2001")
    expect(page.locator(".fleet-editor__point")).to_have_count(1)
    expect(page.locator("#facts")).to_contain_text("points: 2001")
    page.on("dialog", lambda dialog: dialog.accept())


def test_the_star_in_the_list(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "Starred.kmz"
    file.write_bytes(kmz.waypoints(rth_height=77))
    page.goto("/admin/routes/import/")
    page.set_input_files("#files", str(file))
    page.click("#send")
    page.wait_for_selector("h1:has-text('Starred')")
    page.goto("/admin/waylines/route/?q=Starred")
    page.get_by_role("button", name="Star", exact=True).click()
    page.wait_for_url(re.compile("/admin/waylines/route/$"))
    page.goto("/admin/waylines/route/?q=Starred")
    expect(page.get_by_role("button", name="Take the star away")).to_be_visible()
    picture(page, "list")


def test_the_pages_in_the_dark_and_on_a_phone(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "Narrow.kmz"
    file.write_bytes(kmz.waypoints(rth_height=78))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/routes/import/")
    page.set_input_files("#files", str(file))
    page.click("#send")
    page.wait_for_selector("#fleet-map[data-points='4']")
    for name in ("route", "edit"):
        if name == "edit":
            page.get_by_role("link", name="Edit", exact=True).click()
            expect(page.locator(".fleet-editor__point")).to_have_count(4)
            page.locator(".fleet-editor__point").first.click()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the phone"
        picture(page, f"narrow-{name}")
        if PICTURES:
            page.evaluate("document.documentElement.classList.add('dark')")
            picture(page, f"narrow-{name}-dark")
