"""The stand-in `djiBridge` itself: it refuses what the remote would refuse, or the page's tests would prove nothing."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Error

from tests.pilot.stage import BRIDGE, ORDER

pytestmark = pytest.mark.browser
LOADS = {
    "api": {"host": "http://x/", "token": "t"},
    "thing": {"host": "tcp://x:1883", "connectCallback": "c", "username": "u", "password": "p"},
    "liveshare": {"videoPublishType": "video-on-demand", "statusCallback": "s"},
    "ws": {"host": "ws://x", "token": "t", "connectCallback": "c"},
    "map": {"userName": "u", "elementPreName": "P"},
    "tsa": {},
    "media": {},
    "mission": {},
}
WORKSPACE = "e3dea0f5-37f2-4d79-ae58-490af3228069"


@pytest.fixture
def call(chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.route("http://bridge.test/", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    context.add_init_script(BRIDGE)
    page.goto("http://bridge.test/")

    def make(name, *arguments):
        answer = page.evaluate("([name, given]) => window.djiBridge[name](...given)", [name, arguments])
        return json.loads(answer) if isinstance(answer, str) else answer

    make.page = page
    yield make
    context.close()


@pytest.fixture
def verified(call):
    assert call("platformVerifyLicense", "a", "b", "c")["data"] is True
    return call


def load(call, name):
    return call("platformLoadComponent", name, json.dumps(LOADS[name]))


def test_nothing_works_before_the_licence(call):
    assert call("platformIsVerified")["data"] is False
    assert call("platformGetRemoteControllerSN")["code"] != 0
    assert load(call, "api")["code"] != 0


def test_in_the_documented_order_everything_loads(verified):
    verified("platformSetWorkspaceId", WORKSPACE)
    assert [load(verified, name)["code"] for name in ORDER] == [0] * len(ORDER)


@pytest.mark.parametrize(
    "before, wrong",
    [
        ([], "map"), (["api"], "tsa"), (["api", "thing"], "mission"), (["api", "ws"], "map"),
        (["thing", "ws"], "tsa"), (["api"], "media"), (["api", "thing"], "media"),
    ],
)  # fmt: skip
def test_out_of_order_is_refused(verified, before, wrong):
    for name in before:
        assert load(verified, name)["code"] == 0
    answer = load(verified, wrong)
    assert answer["code"] != 0
    assert "needs" in answer["message"]


def test_a_workspace_id_is_a_uuid(verified):
    assert verified("platformSetWorkspaceId", "7")["code"] != 0


@pytest.mark.parametrize("arguments", [["api"], ["api", {}], ["api", "{}", "more"], [1, "{}"]])
def test_other_arguments_find_no_method(verified, arguments):
    with pytest.raises(Error, match="Method not found"):
        verified("platformLoadComponent", *arguments)


def test_a_method_belongs_to_its_object(verified):
    with pytest.raises(Error, match="non-injected"):
        verified.page.evaluate("() => { const lost = window.djiBridge.platformIsVerified; return lost(); }")


def test_what_uses_the_api_is_stale_once_that_is_loaded_anew(verified):
    verified("platformSetWorkspaceId", WORKSPACE)
    for name in ORDER:
        load(verified, name)
    load(verified, "api")
    stale = verified.page.evaluate("window.bridgeKept().stale")
    assert sorted(stale) == ["map", "mission", "tsa"]
    load(verified, "map")
    assert "map" not in verified.page.evaluate("window.bridgeKept().stale")


def test_a_part_that_is_not_loaded_takes_no_settings(verified):
    assert verified("mediaSetAutoUploadPhoto", True)["code"] != 0
    assert verified("apiSetToken", "t")["code"] != 0
    assert verified("liveshareStartLive")["code"] != 0
