"""What is drawn on the shared map is seen on the live map too, while it is drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shared_map import EVIL, SharedMap, drawing

pytestmark = [pytest.mark.browser, pytest.mark.broker]


def test_the_live_map_shows_them(visit: Callable[..., Page], stage: SharedMap) -> None:
    first, hidden = stage.draw(drawing("Gate", "Point", [8.0, 47.0]), drawing("Shed", "Point", [8.001, 47.0]))
    page = visit(stage, "/admin/map/")
    names = page.locator("#fleet-map-canvas .fleet-element-name")
    expect(names.filter(has_text="Gate").first).to_be_visible()
    expect(names.filter(has_text="Shed").first).to_be_visible()
    stage.draw(drawing(EVIL, "LineString", [[8.0, 47.0], [8.002, 47.001]]))
    expect(names.filter(has_text="onerror").first).to_be_visible()
    assert page.locator("#fleet-map-canvas .fleet-element-name img").count() == 0
    stage.fleet.query(
        "from fleet.models import MapElement, User\nfrom fleet.services.map_elements import elements\n"
        "user = User.objects.filter(is_superuser=True).first()\n"
        f"elements.update(MapElement.objects.get(pk={hidden!r}), user=user, hidden=True)\n"
        f"elements.delete(MapElement.objects.get(pk={first!r}), user=user)\nanswer = 1"
    )
    expect(names.filter(has_text="Gate")).to_have_count(0)
    expect(names.filter(has_text="Shed")).to_have_count(0)
