"""The shared map on a live server: its page as somebody of the workspace, and drawing by others."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fleet.simulator.pilot_client import PilotClient
from tests.browser.stage import DEVICES, Stage
from tests.live import LiveFleet

PICTURES = os.environ.get("FLEET_TEST_PICTURES", "")
EVIL = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"

LOOK = """
from fleet.models import MapElement
answer = [[e.name, e.type, e.content, e.group.name, e.user_name, e.hidden]
          for e in MapElement.objects.filter(workspace_id={workspace!r}).order_by("created_at")]
"""
DRAW = """
from fleet.models import User, Workspace
from fleet.services.map_elements import elements, groups
workspace = Workspace.objects.get(pk={workspace!r})
groups.ensure(workspace)
group = workspace.map_groups.get(type={group})
user = User.objects.get(username={user!r})
answer = [str(elements.create(workspace, group, element_id=e["id"], name=e["name"], type_=e["type"], content=e["content"], user=user).pk) for e in {elements!r}]
"""


class SharedMap(Stage):
    """A workspace whose map is empty when the test begins."""

    def there(self) -> list[Any]:
        return list(self.fleet.query(LOOK.format(workspace=self.seeded["workspace"])))

    def draw(self, *drawn: dict[str, Any], group: int = 1) -> list[str]:
        """By somebody else, in another process."""
        names = {"workspace": self.seeded["workspace"], "user": self.seeded["user"], "group": group}
        return list(self.fleet.query(DRAW.format(**names, elements=list(drawn))))

    def pilot(self) -> PilotClient:
        return PilotClient.login(self.fleet.url, self.seeded["user"], "only-for-tests-7")


def drawing(name: str, kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "name": name,
        "type": {"Point": 0, "LineString": 1, "Polygon": 2}[kind],
        "content": {
            "type": "Feature",
            "properties": {"color": "#E23C39", **properties},
            "geometry": {"type": kind, "coordinates": coordinates},
        },
    }


@pytest.fixture
def stage(live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> SharedMap:
    """After the demo, which takes the oldest workspace for its own."""
    return SharedMap(live_fleet, DEVICES)


@pytest.fixture
def visit(chromium: Any, live_fleet: LiveFleet) -> Iterator[Callable[..., Page]]:
    """Opens the map as somebody of the workspace. No request may leave the server, and no script may fail."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def open_as(stage: Stage, path: str = "/admin/elements/", **options: Any) -> Page:
        context = chromium.new_context(
            **{"viewport": {"width": 1500, "height": 850}, "reduced_motion": "reduce", **options},
            base_url=live_fleet.url,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page: Page = context.new_page()
        own = (live_fleet.url, "data:", "blob:")
        page.on("request", lambda request: request.url.startswith(own) or troubles.append(request.url))
        page.on("pageerror", lambda error: troubles.append(str(error.stack or error)))
        page.goto(f"/admin/login/?next={path}")
        page.fill("input[name=username]", stage.seeded["user"])
        page.fill("input[name=password]", "only-for-tests-7")
        page.click("[type=submit]")
        expect(page.locator("#elements-sign, #fleet-map-sign")).to_have_text("Live", timeout=20_000)
        if path == "/admin/elements/":
            expect(page.locator("#fleet-map[data-elements]")).to_be_attached()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert troubles == []


def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png")


def row(page: Page, name: str) -> Any:
    return page.locator(".elements-row").filter(has=page.get_by_text(name, exact=True))


def tool(page: Page, name: str) -> None:
    page.locator("#elements-tools").get_by_role("button", name=name).click()


def at(page: Page, x: float, y: float) -> None:
    """Click on the map, in pixels of it."""
    page.locator("#elements-canvas").click(position={"x": x, "y": y})


def line(page: Page, *places: tuple[int, int]) -> None:
    tool(page, "Line")
    for place in places:
        at(page, *place)
    at(page, *places[-1])


def wait_stored(stage: SharedMap, count: int) -> list[Any]:
    return list(stage.fleet.wait(lambda: len(found := stage.there()) == count and found, 30, f"{count} elements"))
