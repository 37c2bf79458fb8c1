"""The shared map in real browsers: two people and a remote draw on one map and see each other's lines.

How soon they do is measured by `make bench`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shared_map import EVIL, SharedMap, at, drawing, line, picture, row, tool, wait_stored

pytestmark = [pytest.mark.browser, pytest.mark.broker]


def test_two_browsers_and_a_remote_draw_on_one_map(visit: Callable[..., Page], stage: SharedMap) -> None:
    ann, ben = visit(stage), visit(stage)
    remote = stage.pilot()
    expect(ann.locator("#elements-empty")).to_be_visible()
    line(ann, (300, 300), (420, 260), (520, 380))
    expect(row(ben, "Line 1")).to_be_visible()
    expect(row(ann, "Line 1")).to_be_visible()
    ((name, type_, content, group, _by, _hidden),) = stage.there()
    assert (name, type_, group) == ("Line 1", 1, "Default")
    assert len(content["geometry"]["coordinates"]) == 3
    assert [e["name"] for g in remote.element_groups() for e in g["elements"]] == ["Line 1"]

    ann.fill("[name=name]", "Fence")
    ann.click("#elements-card [data-act=save]")
    expect(row(ben, "Fence")).to_be_visible()
    expect(ben.locator(".fleet-element-name")).to_have_text(["Fence"])

    tool(ben, "Area")
    for place in ((600, 250), (700, 250), (690, 340), (600, 250)):
        at(ben, *place)
    expect(row(ann, "Area 1")).to_be_visible()

    shared = next(group["id"] for group in remote.element_groups() if group["type"] == 2)
    drawn = remote.create_element(shared, "PILOT 7", {"type": "Point", "coordinates": [8.005, 47.002]}, kind=0)
    expect(row(ann, "PILOT 7")).to_be_visible()
    expect(row(ben, "PILOT 7")).to_be_visible()
    expect(ann.locator(".fleet-element-name")).to_have_text(["Fence", "Area 1", "PILOT 7"])
    remote.delete_element(drawn)
    expect(row(ann, "PILOT 7")).to_have_count(0)
    expect(row(ben, "PILOT 7")).to_have_count(0)
    expect(ann.locator(".fleet-element-name")).to_have_text(["Fence", "Area 1"])
    picture(ann, "two")


def test_every_shape_is_drawn_and_every_part_of_it_changed(visit: Callable[..., Page], stage: SharedMap) -> None:
    page = visit(stage)
    card = page.locator("#elements-card")
    tool(page, "Point")
    at(page, 400, 300)
    expect(card.locator("[name=name]")).to_have_value("Point 1")
    card.locator("[name=name]").fill("Well")
    card.locator("[name=latitude]").fill("47.0015")
    card.locator("[name=longitude]").fill("8,0025")
    card.locator("[name=height]").fill("431.5")
    card.get_by_role("button", name="Purple").click()
    card.locator("[name=ground]").uncheck()
    card.get_by_role("button", name="Save").click()
    expect(row(page, "Well")).to_be_visible()
    ((name, type_, content, *_rest),) = wait_stored(stage, 1)
    assert (name, type_) == ("Well", 0)
    assert content["geometry"]["coordinates"] == [8.0025, 47.0015, 431.5]
    assert content["properties"] == {"color": "#B620E0", "clampToGround": False, "is3d": True}

    tool(page, "Circle")
    at(page, 500, 400)
    at(page, 560, 400)
    expect(card.locator("[name=radius]")).to_be_visible()
    card.locator("[name=radius]").fill("250")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("dl")).to_contain_text("250 m")
    circle = wait_stored(stage, 2)[1]
    assert (circle[0], circle[1]) == ("Circle 1", 2)
    assert circle[2]["properties"]["circle"]["radius"] == 250
    assert len(circle[2]["geometry"]["coordinates"][0]) == 73

    # The circle is dragged by its middle, and stays one.
    card.get_by_role("button", name="Edit").click()
    handle = page.locator(".marker-icon").first
    box = handle.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 40, steps=5)
    page.mouse.up()
    picture(page, "circle-editing")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("form")).to_be_hidden()
    moved = stage.there()[1][2]
    assert moved["properties"]["circle"]["radius"] == 250
    assert moved["properties"]["circle"]["longitude"] > circle[2]["properties"]["circle"]["longitude"]


def test_saving_before_the_drawing_has_arrived_saves_once_it_has(visit: Callable[..., Page], stage: SharedMap) -> None:
    page = visit(stage)
    held: list[Any] = []
    page.route("**/elements/new/", lambda route: held.append(route))
    card = page.locator("#elements-card")
    tool(page, "Point")
    at(page, 400, 300)
    card.locator("[name=name]").fill("Well")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("[data-part=note]")).to_contain_text("Saving")
    assert stage.there() == []
    held.pop().continue_()
    expect(row(page, "Well")).to_be_visible()
    expect(card.locator("form")).to_be_hidden()
    assert [found[0] for found in stage.there()] == ["Well"]


def test_an_answer_that_was_lost_costs_no_work(visit: Callable[..., Page], stage: SharedMap) -> None:
    page = visit(stage)

    def lose(route: Any) -> None:
        route.fetch()  # the server has stored it, and pushed it to this page as to all
        expect_stored.append(stage.there())
        route.fulfill(status=502, body="bad gateway")

    expect_stored: list[Any] = []
    page.route("**/elements/new/", lose)
    card = page.locator("#elements-card")
    tool(page, "Point")
    at(page, 400, 300)
    expect(card.locator("[data-part=note]")).to_be_visible()
    assert len(expect_stored[0]) == 1
    expect(row(page, "Point 1")).to_be_visible()
    card.locator("[name=name]").fill("Well")
    card.locator("[data-act=save]").click()
    expect(row(page, "Well")).to_be_visible()
    expect(card.locator("form")).to_be_hidden()
    assert [found[0] for found in stage.there()] == ["Well"]


def test_a_corner_is_dragged_and_heights_stay(visit: Callable[..., Page], stage: SharedMap) -> None:
    stage.draw(
        drawing("Cable", "LineString", [[8.0, 47.0, 500], [8.01, 47.0, 520], [8.02, 47.0, 560]], is3d=True, note="kept")
    )
    page = visit(stage)
    card = page.locator("#elements-card")
    row(page, "Cable").locator("[data-act=choose]").click()
    expect(card.locator("dl")).to_contain_text("500 m – 560 m")  # noqa: RUF001
    card.get_by_role("button", name="Edit").click()
    handle = page.locator(".marker-icon:not(.marker-icon-middle)").nth(1)
    box = handle.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 90, steps=5)
    page.mouse.up()
    picture(page, "line-editing")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("form")).to_be_hidden()
    content = stage.there()[0][2]
    assert [place[2] for place in content["geometry"]["coordinates"]] == [500, 520, 560]
    assert content["geometry"]["coordinates"][1][1] > 47.0005
    assert content["properties"]["note"] == "kept"
    assert content["properties"]["is3d"] is True


def test_an_edit_in_progress_is_not_clobbered(visit: Callable[..., Page], stage: SharedMap) -> None:
    stage.draw(drawing("Gate", "Point", [8.0, 47.0]))
    ann, ben = visit(stage), visit(stage)
    for page in (ann, ben):
        row(page, "Gate").locator("[data-act=choose]").click()
        page.locator("#elements-card").get_by_role("button", name="Edit").click()
    ann.fill("#elements-card [name=name]", "North gate")
    ben.fill("#elements-card [name=name]", "South gate")
    ben.click("#elements-card [data-act=save]")
    expect(row(ann, "South gate")).to_be_visible()
    expect(ann.locator("#elements-card [name=name]")).to_have_value("North gate")
    expect(ann.locator("#elements-card [role=alert]")).to_contain_text("Somebody else has changed this")
    picture(ann, "conflict")
    ann.get_by_role("button", name="Save mine anyway").click()
    expect(row(ben, "North gate")).to_be_visible()
    ann.locator("#elements-card").get_by_role("button", name="Edit").click()
    ann.fill("#elements-card [name=name]", "Mine")
    ben.locator("#elements-card").get_by_role("button", name="Delete").click()
    expect(ann.locator("#elements-card [role=alert]")).to_contain_text("deleted this")
    ann.click("#elements-card [data-act=save]")
    expect(row(ben, "Mine")).to_be_visible()
    assert [found[0] for found in stage.there()] == ["Mine"]


def test_what_is_refused_stays_to_be_put_right(visit: Callable[..., Page], stage: SharedMap) -> None:
    page = visit(stage)
    tool(page, "Area")
    for place in ((400, 200), (600, 400), (600, 200), (400, 400), (400, 200)):
        at(page, *place)
    alert = page.locator("#elements-card [role=alert]")
    expect(alert).to_contain_text("crosses itself")
    picture(page, "refused")
    assert stage.there() == []
    corners = page.locator(".marker-icon:not(.marker-icon-middle)")
    expect(corners).to_have_count(4)
    corners.nth(3).click(button="right")
    page.click("#elements-card [data-act=save]")
    expect(alert).to_be_hidden()
    expect(row(page, "Area 1")).to_be_visible()
    assert len(stage.there()[0][2]["geometry"]["coordinates"][0]) == 4


def test_hide_delete_undo_search(visit: Callable[..., Page], stage: SharedMap) -> None:
    stage.draw(drawing("Gate", "Point", [8.0, 47.0]), drawing(EVIL, "Polygon", [[[8, 47], [8.01, 47], [8.01, 47.01]]]))
    page = visit(stage)
    expect(row(page, EVIL)).to_be_visible()
    expect(page.locator(".fleet-element-name").filter(has_text="onerror")).to_be_visible()
    row(page, EVIL).locator("[data-act=choose]").click()
    expect(page.locator("#elements-card h2")).to_have_text(EVIL)
    assert page.locator("#fleet-map img, #fleet-map b").count() == 0
    assert page.title() != "owned"
    row(page, "Gate").locator("[data-act=hide]").click()
    expect(page.locator(".fleet-element-name").filter(has_text="Gate")).to_have_count(0)
    expect(row(page, "Gate")).to_contain_text("hidden")
    assert stage.there()[0][5] is True
    page.fill("#elements-search", "gAte")
    expect(row(page, EVIL)).to_have_count(0)
    page.fill("#elements-search", "nothing such")
    expect(page.locator("#elements-none")).to_have_text("Nothing matches “nothing such”.")
    page.fill("#elements-search", "")
    page.locator("#elements-card").get_by_role("button", name="Delete").click()
    expect(row(page, EVIL)).to_have_count(0)
    page.locator("#elements-toast").get_by_role("button", name="Undo").click()
    expect(row(page, EVIL)).to_be_visible()
    assert sorted(found[0] for found in stage.there()) == sorted(["Gate", EVIL])


def test_groups_are_made_locked_filled_and_deleted(
    visit: Callable[..., Page], stage: SharedMap, tmp_path: Path
) -> None:
    page = visit(stage)
    page.get_by_role("button", name="New group").click()
    dialog = page.locator("#elements-group")
    dialog.locator("[name=name]").fill("Hazards")
    dialog.get_by_role("button", name="Save").click()
    group = page.locator(".elements-group").filter(has_text="Hazards")
    expect(group).to_contain_text("Nothing in this group yet.")

    file = tmp_path / "hazards.geojson"
    mast = {"type": "Feature", "properties": {"name": "Mast"}, "geometry": {"type": "Point", "coordinates": [8, 47]}}
    lost = {"type": "Feature", "properties": {"name": "Lost"}, "geometry": {"type": "Point", "coordinates": [800, 47]}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [mast, lost]}))
    page.get_by_role("button", name="Import…").click()
    files = page.locator("#elements-import")
    files.locator("[name=file]").set_input_files(str(file))
    files.locator("[name=group]").select_option("Hazards")
    files.get_by_role("button", name="Import").click()
    expect(files.locator("[data-part=result]")).to_contain_text("1 drawn.")
    expect(files.locator("[data-part=result] li")).to_contain_text("Lost: 800.0, 47.0 is not on Earth")
    picture(page, "import")
    files.get_by_role("button", name="Close").click()
    expect(row(page, "Mast")).to_be_visible()

    group.get_by_role("button", name="Arrange").click()
    dialog.locator("[name=locked]").check()
    dialog.locator("[name=distributed]").uncheck()
    picture(page, "group")
    dialog.get_by_role("button", name="Save").click()
    expect(group.locator("summary")).to_contain_text("locked")
    expect(group.locator("summary")).to_contain_text("not sent to remotes")
    with page.expect_download() as download:
        page.get_by_role("link", name="KML").first.click()
    assert "Mast" in Path(download.value.path()).read_text()
    group.get_by_role("button", name="Arrange").click()
    page.on("dialog", lambda asked: asked.accept())
    dialog.get_by_role("button", name="Delete group").click()
    expect(group).to_have_count(0)
    assert stage.there() == []


def test_dark_narrow_and_many(visit: Callable[..., Page], stage: SharedMap) -> None:
    several = [
        drawing("Landing spot", "Point", [8.004, 47.004], color="#19BE6B"),
        drawing("Power line with a rather long name that has to end somewhere", "LineString", [[7.99, 47.0], [8.01, 47.006], [8.03, 47.002]]),
        drawing("Search area", "Polygon", [[[8.0, 46.99], [8.02, 46.99], [8.02, 47.0], [8.0, 46.999]]], color="#FFBB00"),
        drawing("Night", "Polygon", [[[7.98, 46.99], [7.99, 46.99], [7.99, 47.0]]], color="#212121"),
    ]  # fmt: skip
    stage.draw(*several)
    page = visit(stage)
    row(page, "Search area").locator("[data-act=choose]").click()
    picture(page, "light")
    page.locator("#elements-card").get_by_role("button", name="Edit").click()
    picture(page, "light-editing")
    page.locator("#elements-card").get_by_role("button", name="Cancel").click()
    page.evaluate("document.documentElement.classList.add('dark')")
    picture(page, "dark")
    narrow = visit(stage, viewport={"width": 390, "height": 800})
    expect(row(narrow, "Night")).to_be_attached()
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    picture(narrow, "narrow")
    stage.draw(
        *(drawing(f"Many {n}", "LineString", [[8 + n / 1000, 47], [8 + n / 1000, 47.1]]) for n in range(1500)), group=2
    )
    expect(page.locator("#elements-count")).to_have_text("Elements: 1504", timeout=30_000)
    expect(page.locator(".elements-group").filter(has_text="Pilot")).to_contain_text("1300 more")
    page.fill("#elements-search", "many 1499")
    row(page, "Many 1499").locator("[data-act=choose]").click()
    expect(page.locator("#elements-card h2")).to_have_text("Many 1499")


def test_a_viewer_looks(visit: Callable[..., Page], stage: SharedMap) -> None:
    stage.draw(drawing("Gate", "Point", [8.0, 47.0]))
    stage.fleet.query(
        "from fleet.models import Membership\n"
        f"answer = Membership.objects.filter(user__username={stage.seeded['user']!r}).update(role='viewer')"
    )
    page = visit(stage)
    expect(page.locator("#elements-tools")).to_have_count(0)
    row(page, "Gate").locator("[data-act=choose]").click()
    for act in ("Edit", "Delete"):
        expect(page.locator("#elements-card").get_by_role("button", name=act)).to_be_hidden()
    expect(page.get_by_role("button", name=re.compile("Import"))).to_have_count(0)
