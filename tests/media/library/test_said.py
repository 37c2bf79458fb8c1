"""What devices say, read as well as it can be."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.services.library import said

ZURICH = said.zone_of("Europe/Zurich")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    "result", "object_key", "name", "path", "fingerprint", "sub_file_type", "ext", "metadata",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), anything))
def test_nothing_that_is_json_is_an_error(body: dict[str, object]) -> None:
    found = said.read(body)
    text = json.dumps(found.raw, allow_nan=False)
    assert "\\u0000" not in text


def test_both_spellings_and_both_times() -> None:
    pilot = said.read({"ext": {"tinny_fingerprint": "a"}, "metadata": {"created_time": "2026-01-02T03:04:05+08:00"}})
    dock = said.read({"ext": {"tiny_fingerprint": "b"}, "metadata": {"create_time": "2026-01-02 03:04:05"}})
    assert (pilot.tiny_fingerprint, dock.tiny_fingerprint) == ("a", "b")
    assert (pilot.taken, dock.taken) == ("2026-01-02T03:04:05+08:00", "2026-01-02 03:04:05")


@pytest.mark.parametrize(
    ("value", "result"), [(None, 0), ("", 0), (0, 0), ("0", 0), (7, 7), ("7", 7), ("no", -1), ({}, -1)]
)
def test_results(value: object, result: int) -> None:
    assert said.read({"result": value}).result == result


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-01T12:00:00+08:00", datetime(2026, 7, 1, 4, tzinfo=UTC)),
        ("2026-07-01 12:00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026:07:01 12:00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026:07:01 12:00:00+00:00", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("0000:00:00 00:00:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("2999-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    assert said.moment(text, ZURICH) == moment


def test_zeros_are_no_place_and_nonsense_is_none() -> None:
    assert said.read({"metadata": {"shoot_position": {"lat": 0, "lng": 0}}}).latitude is None
    assert said.read({"metadata": {"shoot_position": {"lat": 91, "lng": 8}}}).latitude is None
    assert said.read({"metadata": {"shoot_position": {"lat": "47.5", "lng": "8"}}}).latitude == 47.5


def test_a_key_is_taken_as_it_is_or_not_at_all() -> None:
    assert said.read({"object_key": "a" * 1024}).object_key == "a" * 1024
    assert said.read({"object_key": "a" * 1025}).object_key == ""
    assert said.read({"object_key": "é" * 513}).object_key == ""  # bytes count
    assert said.read({"object_key": "a\x00b"}).object_key == ""
