"""The page inside Pilot 2 as a test looks at it: logging in, what the remote was called with, and how the cards are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from fleet.models import User
from tests.pilot.people import PASSWORD

BRIDGE = (Path(__file__).parent / "bridge.js").read_text()
LICENSE = {"DJI_APP_ID": "12345", "DJI_APP_KEY": "app-key", "DJI_APP_LICENSE": "app-licence"}
ORDER = ["api", "thing", "liveshare", "ws", "map", "tsa", "media", "mission"]
#: Small remotes (RC Pro at 2x), and an RC Plus at full resolution.
SMALL, LARGE = {"width": 960, "height": 540}, {"width": 1920, "height": 1200}


def log_in(page: Page, user: User, password: str = PASSWORD) -> None:
    page.fill("#username", user.username)
    page.fill("#password", password)
    page.click("#login-button")


def log_out(page: Page) -> None:
    page.click("#logout")
    page.click("#logout")


def calls(page: Page, *names: str) -> list[list[Any]]:
    made = page.evaluate("window.bridgeCalls()")
    return [call for call in made if not names or call[0] in names]


def loads(made: list[list[Any]]) -> list[str]:
    return [call[1] for call in made if call[0] == "platformLoadComponent"]


def handed_over(page: Page, name: str, since: int = 0) -> None:
    """Waits until the page has handed the module to Pilot, after its first `since` calls."""
    page.wait_for_function(
        "([name, since]) => window.bridgeCalls().slice(since)"
        ".some((call) => call[0] === 'platformLoadComponent' && call[1] === name)",
        arg=[name, since],
    )


def remote(page: Page) -> dict[str, Any]:
    """Pilot's side: what is loaded with which parameters, and what was set."""
    kept: dict[str, Any] = page.evaluate("window.bridgeKept()")
    return kept


def parameters(page: Page, module: str) -> dict[str, Any]:
    found = [call for call in calls(page, "platformLoadComponent") if call[1] == module]
    given: dict[str, Any] = json.loads(found[-1][2])
    return given


def badge(page: Page, module: str) -> Locator:
    return page.locator(f'[data-module="{module}"] .state')


def reason(page: Page, module: str) -> Locator:
    return page.locator(f'[data-module="{module}"] .why')


def all_connected(page: Page) -> None:
    for module in (*ORDER, "binding"):
        expect(badge(page, module)).to_have_attribute("data-state", "good")


def tab(page: Page, name: str) -> None:
    page.click(f'[data-tab="{name}"]')
    expect(page.locator(f'[data-panel="{name}"]')).to_be_visible()


def token(page: Page) -> str:
    found: str = page.evaluate("localStorage.getItem('fleet.pilot.token')")
    return found


def shoot(page: Page, name: str) -> None:
    """Keep a picture where CI collects them."""
    if folder := os.environ.get("FLEET_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"pilot-{name}.png"))
