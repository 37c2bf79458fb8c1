"""Result codes in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.protocol import errors
from fleet.protocol.errors import ErrorText, explain, text

ADDED_AFTER_1_11 = (321788, 327022, 341002, 514155, 514168)


def test_all_documented_codes_have_a_short_text_and_a_family() -> None:
    assert len(errors.codes()) == 448
    for code in errors.codes():
        found = explain(code)
        assert found.text == text(code) == text(str(code))
        assert 0 < len(found.text) <= 120, code
        assert found.text.endswith("."), code
        assert re.fullmatch(r"[\x20-\x7e°]+", found.text), code
        assert found.family, code


@pytest.mark.parametrize("code", ADDED_AFTER_1_11)
def test_codes_of_the_last_version_are_known(code: int) -> None:
    assert text(code)


@pytest.mark.parametrize(
    ("code", "word", "family"),
    [
        (514107, "Cover", "Dock"),
        (514168, "calibrated", "Dock"),
        (514302, "certificate", "Dock network"),
        (513003, "live", "Live video"),
        (341002, "converged", "Dock position"),
        (338005, "15 km", "Landing at another dock"),
        (338049, "stick", "Fly-to"),
        (327212, "moving", "Panorama"),
        (327059, "Volume", "Speaker and PSDK payload"),
        (326003, "SIM", "4G transmission"),
        (324016, "full", "Logs and uploads"),
        (321788, "interference", "Route flight"),
        (317006, "files", "Media files"),
        (316104, "wide", "Camera set-up"),
        (316026, "Emergency stop", "Aircraft on a mission"),
        (315008, "RTK", "Multi-dock mission"),
        (314003, "format", "Sending a mission"),
        (312015, "busy", "Firmware update"),
    ],
)
def test_text_and_family_fit_the_code(code: int, word: str, family: str) -> None:
    found = explain(code)
    assert word in found.text
    assert found.family == family


@pytest.mark.parametrize("code", [0, "0"])
def test_success_needs_no_words(code: int | str) -> None:
    assert text(code) == ""
    assert explain(code) == ErrorText(code=0)


def test_a_code_no_page_lists_still_has_a_family() -> None:
    assert explain(514999) == ErrorText(code=514999, text="", family="Dock network")
    assert explain(513777).family == "Live video"
    assert explain(123) == ErrorText(code=123)


def test_codes_come_as_numbers_and_as_text() -> None:
    assert text(" 514107 ") == text("0x7d83b") == text(514107)
    assert explain("0x7d83b").code == 514107


@pytest.mark.parametrize("code", ["", "ok", "5141O7", None, "9" * 30, True])
def test_what_is_no_code_says_nothing(code: int | str | None) -> None:
    assert explain(code) == ErrorText(code=None)
    assert text(code) == ""


@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.integers())))
def test_nothing_raises(code: object) -> None:
    assert isinstance(text(code), str)  # type: ignore[arg-type]
    assert isinstance(explain(code), ErrorText)  # type: ignore[arg-type]
