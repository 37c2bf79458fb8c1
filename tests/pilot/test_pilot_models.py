"""What an administrator may type for the remotes of a workspace."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from fleet.models import Icon, ModelIcon, PilotSettings, ThirdPartyApp
from fleet.models.pilot_settings import (
    FORBIDDEN_SCHEMES,
    validate_icon_url,
    validate_launch_url,
    validate_live_url,
    validate_png,
)
from tests.pilot.pictures import png


@pytest.mark.parametrize("url", ["radio-app://start", "https://orders.example/x?y=1", "a.b+c://x", "TEL2://x"])
def test_apps_are_opened_by_an_address_with_a_scheme(url):
    validate_launch_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "radio", "radio:", "radio://", "://x", "1a://x", "a b://x", "x://a b", "x://a\nb", "x://\u2028b",
        "javascript:alert(1)", "JavaScript://x%0aalert(1)", *(f"{scheme}://x" for scheme in sorted(FORBIDDEN_SCHEMES)),
    ],
)  # fmt: skip
def test_an_address_that_could_run_in_the_page_is_refused(url):
    with pytest.raises(ValidationError):
        validate_launch_url(url)


@pytest.mark.parametrize(
    "url", ["https://x.example/i.png", "/static/i.png", "resource://Pilot2/drawable/tsa_car_normal"]
)
def test_icons_may_be_ours_pilots_or_on_the_web(url):
    validate_icon_url(url)


@pytest.mark.parametrize("url", ["", "i.png", "//x.example/i.png", "data:image/png;base64,x", "https://", "file:///x"])
def test_other_icon_addresses_are_refused(url):
    with pytest.raises(ValidationError):
        validate_icon_url(url)


@pytest.mark.parametrize("url", ["rtmp://v.example/live/{sn}", "rtmps://v.example:1936/{sn}"])
def test_live_addresses(url):
    validate_live_url(url)


@pytest.mark.parametrize("url", ["http://v.example", "rtmp://", "v.example", "javascript://x"])
def test_other_live_addresses_are_refused(url):
    with pytest.raises(ValidationError):
        validate_live_url(url)


def test_a_png_is_an_icon():
    validate_png(png(512, 512))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg onload=alert(1)>",
        b"GIF89a",
        png()[:20],
        png(513, 10),
        png(10, 513),
        png(0, 5),
        png() + b"x" * 100_000,
    ],
    ids=["empty", "svg", "gif", "cut", "wide", "high", "flat", "heavy"],
)
def test_anything_else_is_none(data):
    with pytest.raises(ValidationError):
        validate_png(data)


@pytest.mark.parametrize("prefix", ["", "<b>", "-x", "x" * 21])
def test_a_name_for_map_elements_is_plain(workspace, prefix):
    with pytest.raises(ValidationError):
        PilotSettings(workspace=workspace, element_prefix=prefix).full_clean()


@pytest.mark.parametrize("package", ["radio", "org..x", "org.example.<b>", "1.2"])
def test_a_package_is_named_as_android_does(workspace, package):
    with pytest.raises(ValidationError):
        ThirdPartyApp(workspace=workspace, name="X", url="x://y", package=package).full_clean()


def test_a_models_icon_needs_a_picture(workspace):
    with pytest.raises(ValidationError):
        ModelIcon(workspace=workspace, model_key="0-1-0").full_clean()
    chosen = ModelIcon(workspace=workspace, model_key="0-1-0", normal=Icon.objects.create(workspace=workspace, name="X", image=png()))  # fmt: skip
    chosen.full_clean()
    assert chosen.selected_address == chosen.address
