"""The page in Pilot 2 on the whole server: its socket is a real one, and what flies arrives on it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fleet.embedded import ports
from tests.live import PASSWORD, FleetProcess, LiveFleet
from tests.pilot.stage import BRIDGE, all_connected, remote, token

pytestmark = [pytest.mark.browser, pytest.mark.broker]
LICENCE = {"FLEET_DJI_APP_ID": "1", "FLEET_DJI_APP_KEY": "k", "FLEET_DJI_APP_LICENSE": "l"}


@pytest.fixture(scope="module")
def licensed_url(live_fleet: LiveFleet) -> Iterator[str]:
    """A second web process of the same installation, with a licence, under another address."""
    port = ports.free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**live_fleet.environment, **LICENCE, "FLEET_PUBLIC_URL": url, "FLEET_WEB_PORT": str(port)}
    arguments = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "fleet.asgi:application"]
    process = FleetProcess(live_fleet.directory, "web-licensed", arguments, environment)
    process.start()
    yield url
    process.stop()


@pytest.fixture
def rc(demo_workspace: dict[str, Any], simulator: Any) -> str:
    return str(next(entry["sn"] for entry in demo_workspace["gateways"] if not entry["kind"].startswith("dock")))


@pytest.fixture(scope="module")
def pilot(live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> str:
    """Somebody of this workspace only: whoever may enter several, as the administrator may, is asked which."""
    return str(
        live_fleet.query(
            "from fleet.models import Membership, Role, User, Workspace\n"
            f"user = User.objects.create_user('pilot-live', password={PASSWORD!r})\n"
            f"ws = Workspace.objects.get(pk={demo_workspace['workspace']!r})\n"
            "Membership.objects.create(user=user, workspace=ws, role=Role.PILOT)\nanswer = user.username"
        )
    )


@pytest.fixture
def page(chromium: Any, licensed_url: str, pilot: str, rc: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 960, "height": 540})
    context.set_default_timeout(30_000)
    context.add_init_script(f"window.bridgeOptions = {json.dumps({'sn': rc, 'realSocket': True})};\n{BRIDGE}")
    found: Page = context.new_page()
    end = time.monotonic() + 60
    while True:
        try:
            found.goto(f"{licensed_url}/pilot/")
            break
        except Exception:
            if time.monotonic() > end:
                raise
            found.wait_for_timeout(300)
    found.fill("#username", pilot)
    found.fill("#password", PASSWORD)
    found.click("#login-button")
    all_connected(found)
    yield found
    context.close()


def frames(page: Page, biz_code: str) -> list[dict[str, Any]]:
    return [frame for frame in page.evaluate("window.bridgeFrames") if frame["biz_code"] == biz_code]


def wait(page: Page, condition: str, argument: Any = None, timeout: float = 60_000) -> None:
    page.wait_for_function(condition, arg=argument, timeout=timeout)


def test_a_remote_sees_docks_and_aircraft_move(page: Page, demo_workspace: dict[str, Any]) -> None:
    dock = next(entry for entry in demo_workspace["gateways"] if entry["kind"] == "dock3")
    for sn in (dock["sn"], demo_workspace["gateways"][2]["aircraft_sn"]):
        wait(page, "sn => window.bridgeFrames.some(f => f.biz_code === 'device_osd' && f.data.sn === sn)", sn, 120_000)
    host = frames(page, "device_osd")[-1]["data"]["host"]
    assert abs(host["latitude"]) > 0
    assert set(host) == {
        "latitude", "longitude", "height", "attitude_head", "elevation", "horizontal_speed", "vertical_speed",
    }  # fmt: skip


def test_a_new_name_reaches_the_remote_at_once(
    page: Page, live_fleet: LiveFleet, demo_workspace: dict[str, Any]
) -> None:
    sn = next(entry["sn"] for entry in demo_workspace["gateways"] if entry["kind"] == "dock3")
    before = len(frames(page, "device_update_topo"))
    live_fleet.query(
        "from devices.models import Device\nfrom fleet.services import broadcast\nimport time\n"
        f"d = Device.objects.get(sn={sn!r})\nd.callsign = 'Renamed ' + str(time.time())\nd.save(update_fields=['callsign'])\n"
        "broadcast.changed(d.workspace_id, 'device', id=d.pk)\ntime.sleep(1)\nanswer = d.callsign"
    )
    wait(page, "n => window.bridgeFrames.filter(f => f.biz_code === 'device_update_topo').length > n", before)
    name = page.evaluate(
        """async ([token, workspace, sn]) => {
          const answer = await fetch(`/manage/api/v1/workspaces/${workspace}/devices/topologies`, {headers: {"x-auth-token": token}});
          const list = (await answer.json()).data.list;
          return list.flatMap(entry => entry.parents.concat(entry.hosts)).find(device => device.sn === sn).device_callsign;
        }""",
        [token(page), demo_workspace["workspace"], sn],
    )
    assert name.startswith("Renamed")


def test_a_renewed_token_keeps_the_socket(page: Page) -> None:
    first = token(page)
    page.reload()
    all_connected(page)
    assert token(page) != first
    assert remote(page)["wsToken"] == token(page)
    wait(page, "() => window.bridgeFrames.length > 0", timeout=60_000)


def test_a_token_that_ends_while_connected_ends_the_socket_and_the_page_says_so(
    page: Page, live_fleet: LiveFleet, pilot: str
) -> None:
    live_fleet.query(
        "from django.utils import timezone\nfrom fleet.models import AccessToken\n"
        f"answer = AccessToken.objects.filter(user__username={pilot!r}).update(expires_at=timezone.now())"
    )
    wait(page, "() => window.bridgeClosed === 4401", timeout=60_000)
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#notice-text")).to_contain_text("stays connected")
    page.fill("#password", PASSWORD)
    page.click("#login-button")
    all_connected(page)


def test_the_doctor_knows_what_this_remote_told(
    page: Page, chromium: Any, live_fleet: LiveFleet, demo_workspace: dict[str, Any], rc: str
) -> None:
    live_fleet.wait(
        lambda: live_fleet.query(
            "from devices.models import Device\nfrom devices.services.doctor import gateway\n"
            f"d = Device.objects.select_related('workspace', 'user', 'model').get(sn={rc!r})\n"
            "answer = {s.key: s.state for s in gateway.steps_of(d)}"
        )
        == dict.fromkeys(
            ["page-login", "account", "login", "first-word", "topology", "workspace", "socket", "modules", "first-osd", "online"],
            "good",
        ),
        90,
        "every step of the remote to be good",
    )  # fmt: skip
