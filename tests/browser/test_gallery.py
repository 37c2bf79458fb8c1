"""The gallery and the map of shots in a real browser, with real files in a real bucket."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from fleet.simulator.photographs import Shot, photograph
from tests.browser.stage import Stage
from tests.live import LiveFleet

pytestmark = [pytest.mark.browser, pytest.mark.broker]

#: A flight by hand with twelve shots along a lake, of each a visible and a thermal picture.
SHOTS = 12
DEVICES = """
dock = device("DOCK", 3, {"lat": 47.0, "lon": 8.0}, callsign="Lakeside dock")
bird = device("BIRD", 0, {"lat": 47.0, "lon": 8.0}, callsign="Bird", gateway=dock)
"""
ANNOUNCE = """
from devices.models import Device
from fleet.models import Workspace
from media.services.library.announce import Sender, announced
workspace = Workspace.objects.get(pk={workspace!r})
dock = Device.objects.get(workspace=workspace, domain=3)
answer = [announced(Sender(workspace, dock, dock.sn), body).pk for body in {bodies!r}]
"""


def shot(number: int, lens: str) -> Shot:
    return Shot(
        number=number, lens=lens, taken_at=1_790_000_000_000 + number * 2000, latitude=47.0 + number * 0.0004,
        longitude=8.0 + number * 0.0007, altitude=512, relative_altitude=60, yaw=40 + number * 5, pitch=-35,
        model="M4TD", serial="BIRD",
    )  # fmt: skip


class Uploads:
    """The dock's part: files put into the bucket, then announced."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        fleet = stage.fleet
        self.workspace: str = stage.seeded["workspace"]
        self.client: Any = boto3.client(
            "s3", endpoint_url=fleet.s3.url, aws_access_key_id=fleet.s3.key[0], aws_secret_access_key=fleet.s3.key[1],
            region_name="us-east-1",
        )  # fmt: skip

    def send(self, files: list[tuple[str, bytes]], **fields: Any) -> list[int]:
        bodies = []
        for name, content in files:
            key = f"{self.workspace}/media/{fields.get('folder', 'flight')}/{name}"
            self.client.put_object(Bucket="fleet", Key=key, Body=content)
            bodies.append({"object_key": key, "name": name, "ext": {"flight_id": "f1"}, "metadata": {}, **fields})
        code = ANNOUNCE.format(workspace=self.workspace, bodies=bodies)
        return list(self.stage.fleet.query(code))


@pytest.fixture(scope="module")
def stage(live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Stage:
    return Stage(live_fleet, DEVICES)


@pytest.fixture(scope="module")
def uploads(stage: Stage) -> Uploads:
    """With a flight's files read already."""
    found = Uploads(stage)
    files = [(shot(n, lens).name(), photograph(shot(n, lens))) for n in range(1, SHOTS + 1) for lens in "VT"]
    files.append(("DJI_20260921150000_0001_W.JPG", b"PK\x03\x04 I am a zip"))
    found.send(files)
    look = (
        "from media.models import MediaFile\n"
        f"rows = MediaFile.objects.filter(workspace={found.workspace!r})\n"
        f"answer = rows.filter(check_at=None).count() == {len(files)}"
    )
    stage.fleet.wait(lambda: stage.fleet.query(look), 120, "every file to be read")
    return found


@pytest.fixture
def visit(chromium: Any, live_fleet: LiveFleet, stage: Stage) -> Iterator[Callable[..., Page]]:
    """Opens a page as the stage's operator. No script may fail, and nothing is asked of strangers."""
    contexts: list[Any] = []
    failures: list[str] = []
    strangers: list[str] = []
    known = (live_fleet.url, live_fleet.s3.url, "data:", "blob:")

    def open_as(path: str, **options: Any) -> Page:
        settings = {"viewport": {"width": 1360, "height": 860}, "reduced_motion": "reduce", **options}
        context = chromium.new_context(**settings, base_url=live_fleet.url)
        contexts.append(context)
        page: Page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(known) or strangers.append(asked.url))
        page.goto(f"/admin/login/?next={quote(path)}")
        page.fill("input[name=username]", stage.seeded["user"])
        page.fill("input[name=password]", "only-for-tests-7")
        page.click("[type=submit]")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert failures == []
    assert strangers == []


def cards(page: Page) -> Any:
    return page.locator("#gallery-grid .shot")


def live(page: Page, sign: str) -> Page:
    expect(page.locator(sign)).to_have_attribute("data-state", "live", timeout=20_000)
    return page


def keep(page: Page, name: str) -> None:
    """A picture for whoever wants to look: FLEET_PICTURES names a folder."""
    import os

    if folder := os.environ.get("FLEET_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_small_pictures_come_from_the_bucket(visit: Callable[..., Page], uploads: Uploads) -> None:
    page = live(visit("/admin/gallery/"), "#gallery-sign")
    expect(cards(page)).to_have_count(SHOTS + 1)
    first = page.locator(".shot__picture").nth(1)
    first.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=first.element_handle())
    expect(page.locator(".shot[data-status=broken]")).to_have_count(1)
    expect(page.locator(".shot__badge", has_text="T V")).to_have_count(SHOTS)
    keep(page, "gallery")


def test_a_new_file_appears_by_itself_and_where_it_belongs(visit: Callable[..., Page], uploads: Uploads) -> None:
    page = live(visit("/admin/gallery/"), "#gallery-sign")
    before = cards(page).count()
    number = SHOTS + 5
    [pk] = uploads.send([(shot(number, "V").name(), photograph(shot(number, "V")))], folder="later")
    fresh = page.locator(f".shot[data-id='{pk}']")
    expect(fresh).to_be_visible(timeout=10_000)
    expect(fresh.locator("img")).to_be_visible(timeout=15_000)
    expect(cards(page)).to_have_count(before + 1)
    moments = page.eval_on_selector_all(".shot", "all => all.map(one => Number(one.dataset.moment))")
    assert moments == sorted(moments, reverse=True)


def test_what_came_between_the_page_and_its_socket_is_there(visit: Callable[..., Page], uploads: Uploads) -> None:
    page = live(visit("/admin/gallery/"), "#gallery-sign")
    before = cards(page).count()
    assert before
    late: list[Any] = []
    page.route_web_socket("**/ws/console/gallery/**", lambda socket: late.append(socket))
    page.reload()
    expect(cards(page)).to_have_count(before)
    page.evaluate("document.querySelector('#gallery-grid .shot').remove()")
    late[0].send('{"kind": "state", "mark": "another"}')
    expect(cards(page)).to_have_count(before)


def told(page: Page, frame: str) -> None:
    """The server's socket says so."""
    page.evaluate("frame => window.sockets[0].onmessage({ data: frame })", frame)


@pytest.fixture
def overheard(visit: Callable[..., Page], uploads: Uploads) -> Page:
    """The gallery, with its socket in the test's hand."""
    page = live(visit("/admin/gallery/"), "#gallery-sign")
    page.add_init_script(
        "window.sockets = []; window.WebSocket = class extends WebSocket {"
        " constructor(...what) { super(...what); window.sockets.push(this); } };"
    )
    page.reload()
    return live(page, "#gallery-sign")


def test_a_beginning_that_cannot_be_read_is_said_and_asked_for_again(overheard: Page) -> None:
    page = overheard
    before = cards(page).count()
    page.route("**/gallery/more/**", lambda route: route.fulfill(status=502, body="bad gateway"))
    told(page, '{"kind": "reload"}')
    expect(page.locator("#gallery-say")).to_contain_text("502")
    page.evaluate("document.getElementById('gallery-grid').replaceChildren()")
    page.unroute("**/gallery/more/**")
    expect(cards(page)).to_have_count(before)


def test_what_was_asked_for_before_is_not_put_below_a_new_beginning(overheard: Page) -> None:
    page = overheard
    before = cards(page).count()
    held: list[Any] = []
    page.route("**/gallery/more/*after=*", lambda route: held.append(route))
    with page.expect_request("**/gallery/more/*after=*"):
        page.evaluate(
            "() => { const grid = document.getElementById('gallery-grid'); grid.dataset.after = 'old';"
            " const more = document.getElementById('gallery-more'); more.hidden = false; more.click(); }"
        )
    with page.expect_response(lambda answer: "/gallery/more/" in answer.url):
        told(page, '{"kind": "reload"}')
    expect(page.locator("#gallery-more")).to_be_hidden()
    old = '{"html": "<article class=shot data-id=999999></article>", "after": "older"}'
    with page.expect_response("**/gallery/more/*after=*") as late:
        held[0].fulfill(content_type="application/json", body=old)
    late.value.finished()
    page.evaluate("new Promise((done) => setTimeout(done))")
    expect(cards(page)).to_have_count(before)
    assert page.get_attribute("#gallery-grid", "data-after") == ""


def test_the_large_view_side_by_side_zooms_as_one(visit: Callable[..., Page], uploads: Uploads) -> None:
    page = live(visit("/admin/gallery/?kind=photo&until=2026-09-21"), "#gallery-sign")
    page.locator(".shot", has_text="T V").first.locator(".shot__open").click()
    dialog = page.locator("#gallery-large")
    expect(dialog).to_be_visible()
    expect(dialog.locator("dd", has_text="60.0 m")).to_be_visible()
    picture = dialog.locator("[data-pane] img").first
    page.wait_for_function("image => image.complete && image.naturalWidth > 600", arg=picture.element_handle())
    keep(page, "large")
    dialog.locator("[data-compare]").click()
    panes = dialog.locator("[data-pane]")
    expect(panes.nth(1)).to_be_visible()
    other = panes.nth(1).locator("img")
    page.wait_for_function("image => image.complete && image.naturalWidth > 600", arg=other.element_handle())
    box = panes.nth(0).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    page.mouse.wheel(0, -600)
    scale = panes.nth(0).get_attribute("data-scale")
    assert scale and float(scale) > 2
    assert panes.nth(1).get_attribute("data-scale") == scale
    assert panes.nth(1).get_attribute("data-place") == panes.nth(0).get_attribute("data-place")
    keep(page, "compare")
    name = dialog.locator("h2").text_content()
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("h2")).not_to_have_text(name or "")
    assert "file=" in page.url
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.wait_for_function("() => !location.search.includes('file=')")


def test_an_address_of_a_file_opens_it(visit: Callable[..., Page], uploads: Uploads, stage: Stage) -> None:
    broken = stage.fleet.query(
        f"from media.models import MediaFile\nanswer = MediaFile.objects.get(workspace={uploads.workspace!r}, status='broken').pk"
    )
    page = visit(f"/admin/gallery/?file={broken}")
    expect(page.locator("#gallery-large .fleet-note")).to_contain_text("zip")


def test_chosen_files_are_downloaded_as_a_zip(visit: Callable[..., Page], uploads: Uploads) -> None:
    page = live(visit("/admin/gallery/"), "#gallery-sign")
    for number in (1, 2):
        page.locator(".shot", has_text="T V").nth(number).locator("input").check()
    expect(page.locator("#gallery-count")).to_have_text("2 selected")
    keep(page, "chosen")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as zip").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert archive.testzip() is None
    names = sorted(archive.namelist())
    assert len(names) == 4
    assert Image.open(io.BytesIO(archive.read(names[0]))).format == "JPEG"


def test_deleting_asks_and_then_deletes(visit: Callable[..., Page], uploads: Uploads, stage: Stage) -> None:
    names = [f"DJI_20260101000000_000{n}_V.JPG" for n in (1, 2)]
    pks = uploads.send([(name, photograph(shot(1, "V"))) for name in names], folder="doomed")
    page = live(visit("/admin/gallery/"), "#gallery-sign")
    card = page.locator(f".shot[data-id='{pks[0]}']")
    card.locator("input").check()
    page.get_by_role("button", name="Delete…").click()
    expect(page.locator("h1", has_text="Delete 1 file?")).to_be_visible()
    keep(page, "delete")
    page.click("#gallery-sure")
    expect(page.get_by_text("1 file was deleted")).to_be_visible()
    expect(card).to_have_count(0)
    expect(page.locator(f".shot[data-id='{pks[1]}']")).to_have_count(1)
    key = f"{uploads.workspace}/media/doomed/{names[0]}"
    kept = lambda: [o["Key"] for o in uploads.client.list_objects_v2(Bucket="fleet", Prefix=key).get("Contents", [])]  # noqa: E731
    stage.fleet.wait(lambda: not kept(), 40, "the object to go")


def test_an_area_drawn_on_the_map_filters(visit: Callable[..., Page], uploads: Uploads) -> None:
    page = live(visit("/admin/gallery/?area=7.9,46.9,8.1,47.1"), "#gallery-sign")
    every = cards(page).count()
    page.click("#gallery-area-open")
    expect(page.locator("#gallery-map .leaflet-pane").first).to_be_attached()
    page.click("[data-draw]")
    expect(page.locator("[data-draw]")).to_have_attribute("aria-pressed", "true")
    box = page.locator("#gallery-map").bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] + 3, middle[1] + 20)  # without the first few shots
    page.mouse.down()
    page.mouse.move(middle[0] + 150, middle[1] - 100, steps=4)
    page.mouse.up()
    keep(page, "area")
    with page.expect_navigation():
        page.click("[data-use]")
    west, south, east, north = (
        float(part) for part in re.findall(r"area=([^&]+)", page.url)[0].replace("%2C", ",").split(",")
    )
    assert 8 < west < 8.0075 < east < 8.5
    assert 46.9 < south < 47 < north < 47.1
    assert 0 < cards(page).count() < every


def test_the_map_shows_where_shots_look_and_opens_them(visit: Callable[..., Page], uploads: Uploads) -> None:
    page = live(visit("/admin/shots/"), "#shots-sign")
    expect(page.locator("#fleet-map")).to_have_attribute("data-shots", re.compile(r"^1\d$"))
    page.wait_for_function(
        "() => 2000 < [...document.querySelectorAll('.leaflet-overlay-pane canvas')].reduce((sum, canvas) => sum +"
        " canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((v, i) => i % 4 === 3 && v > 30).length, 0)"
    )
    keep(page, "shots")
    page.goto(f"{page.url}?shot={_first(uploads)}")
    card = page.locator("#shots-card")
    expect(card.locator("h2")).to_contain_text("DJI_")
    expect(card.locator("img")).to_be_visible()
    keep(page, "shot")
    card.get_by_role("link", name="Open").click()
    expect(page.locator("#gallery-large")).to_be_visible()


def _first(uploads: Uploads) -> int:
    return int(
        uploads.stage.fleet.query(
            "from media.models import MediaFile\n"
            f"answer = MediaFile.objects.filter(workspace={uploads.workspace!r}, lead=True, cell__isnull=False).first().pk"
        )
    )


@pytest.mark.parametrize("path", ["gallery", "shots"])
def test_dark_and_narrow(visit: Callable[..., Page], uploads: Uploads, path: str) -> None:
    page = visit(f"/admin/{path}/", viewport={"width": 420, "height": 860}, color_scheme="dark")
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    keep(page, f"{path}-narrow")
