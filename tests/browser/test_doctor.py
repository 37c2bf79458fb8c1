"""The connection doctor in a real browser, on the whole server with a simulated dock that comes online."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.live import PASSWORD, LiveFleet

pytestmark = [pytest.mark.browser, pytest.mark.broker]
SEED = """
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import Membership, Role, User, Workspace
mark = {mark!r}
workspace = Workspace.objects.create(name="Doctor " + mark)
user = User.objects.create_user("doctor-" + mark, password={password!r})
Membership.objects.create(workspace=workspace, user=user, role=Role.OPERATOR)
dock = gateways.add(workspace, "DOCK" + mark, kind=Domain.DOCK, callsign="Roof dock")[0]
remote = gateways.add(workspace, "RC" + mark, kind=Domain.REMOTE, callsign="Van")[0]
answer = {{"user": user.username, "dock": dock.pk, "remote": remote.pk}}
"""


@pytest.fixture
def seeded(live_fleet: LiveFleet) -> dict[str, Any]:
    found: dict[str, Any] = live_fleet.query(SEED.format(mark=secrets.token_hex(4), password=PASSWORD))
    return found


@pytest.fixture
def open_doctor(chromium: Any, live_fleet: LiveFleet) -> Iterator[Any]:
    contexts = []
    failures: list[str] = []

    def enter(username: str, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=live_fleet.url, **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        contexts.append(context)
        page: Page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto("/admin/login/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        with page.expect_navigation():
            page.click("[type=submit]")
        page.goto("/admin/doctor/")
        return page

    yield enter
    for context in contexts:
        context.close()
    assert failures == []


def card(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}")


def step(page: Page, name: str, key: str) -> Locator:
    return card(page, name).locator(f'[data-step="{key}"]')


def shoot(page: Page, name: str) -> None:
    if folder := os.environ.get("FLEET_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"doctor-{name}.png"), full_page=True)


def test_it_says_where_each_gateway_is_stuck(open_doctor: Any, seeded: dict[str, Any], live_fleet: LiveFleet) -> None:
    page = open_doctor(seeded["user"])
    dock, remote = f"gateway-{seeded['dock']}", f"gateway-{seeded['remote']}"
    expect(card(page, dock)).to_have_attribute("data-state", "waiting", timeout=30_000)
    page.click(f"#{dock} summary")
    # Tried for real: the broker knows the account that was made a moment ago.
    expect(step(page, dock, "login")).to_have_attribute("data-state", "good", timeout=30_000)
    expect(step(page, dock, "first-word")).to_contain_text("access sheet")
    expect(card(page, remote)).to_have_attribute("data-state", "waiting")
    page.click(f"#{remote} summary")
    expect(step(page, remote, "page-login")).to_contain_text(f"{live_fleet.url}/pilot/")
    # The page and its WebSocket are asked for over the network.
    expect(step(page, "part-web", "page")).to_have_attribute("data-state", "good", timeout=30_000)
    expect(step(page, "part-web", "websocket")).to_have_attribute("data-state", "good")
    expect(step(page, "part-web", "address")).to_have_attribute("data-state", "bad")
    expect(step(page, "part-broker", "mqtt")).to_have_attribute("data-state", "good")
    expect(step(page, "part-processes", "bridge")).to_have_attribute("data-state", "good")
    expect(step(page, "part-licence", "licence")).to_have_attribute("data-state", "bad")
    shoot(page, "light")


def test_a_gateway_that_comes_online_turns_green_under_ones_eyes(
    open_doctor: Any, live_fleet: LiveFleet, demo_workspace: dict[str, Any], simulator: Any
) -> None:
    sn = next(entry["sn"] for entry in demo_workspace["gateways"] if entry["kind"] == "dock3")
    pk = live_fleet.query(f"from devices.models import Device\nanswer = Device.objects.get(sn={sn!r}).pk")
    page = open_doctor(demo_workspace["username"])
    expect(card(page, f"gateway-{pk}")).to_have_attribute("data-state", "good", timeout=120_000)
    page.click(f"#gateway-{pk} summary")
    for key in ("first-word", "topology", "bind-code", "first-osd", "online"):
        expect(step(page, f"gateway-{pk}", key)).to_have_attribute("data-state", "good")


@pytest.mark.parametrize("name", ["dark", "narrow", "german"])
def test_it_is_readable_everywhere(open_doctor: Any, seeded: dict[str, Any], name: str) -> None:
    options = {
        "dark": {"color_scheme": "dark"},
        "narrow": {"viewport": {"width": 390, "height": 800}},
        "german": {"locale": "de-DE"},
    }[name]
    page = open_doctor(seeded["user"], **options)
    expect(card(page, f"gateway-{seeded['dock']}")).to_have_attribute("data-state", "waiting", timeout=30_000)
    expect(card(page, "part-web")).to_have_attribute("data-state", "bad", timeout=30_000)
    page.click(f"#gateway-{seeded['dock']} summary")
    expect(step(page, f"gateway-{seeded['dock']}", "account")).to_be_visible()
    if name == "german":
        expect(page.locator("h1.fleet-heading")).to_have_text("Verbindungsdoktor")
    if name == "narrow":
        assert page.evaluate("document.querySelector('[data-doctor]').scrollWidth <= window.innerWidth")
    shoot(page, name)


def test_a_server_that_goes_away_is_said(open_doctor: Any, seeded: dict[str, Any]) -> None:
    page = open_doctor(seeded["user"])
    expect(card(page, "part-web")).to_have_attribute("data-state", "bad", timeout=30_000)
    page.route("**/admin/doctor/**", lambda route: route.abort())
    page.click("[data-look-all]")
    expect(card(page, "part-web").locator("[data-slot=steps]")).to_contain_text("Is the server there?")
    page.unroute("**/admin/doctor/**")
    page.click("[data-look-all]")
    expect(step(page, "part-web", "page")).to_have_attribute("data-state", "good", timeout=30_000)


def test_the_command_says_the_same(live_fleet: LiveFleet, seeded: dict[str, Any]) -> None:
    ask = f"from devices.models import Device\nanswer = Device.objects.get(pk={seeded['dock']}).workspace.name"
    workspace = live_fleet.query(ask)
    with pytest.raises(RuntimeError) as failed:
        live_fleet.manage("doctor", workspace)
    assert "steps are bad" in str(failed.value)
