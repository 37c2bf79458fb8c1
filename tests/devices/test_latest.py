"""Merging of partial, late and contradicting telemetry."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devices.services.latest import CLOCK_SET_BACK, Latest
from devices.services.summary import summarize

NOW = 1_700_000_000_000


def test_parts_are_merged_and_never_replace_each_other() -> None:
    latest = Latest()
    latest.merge({"a": 1, "b": {"x": 1, "y": 2}}, NOW)
    latest.merge({"b": {"x": 5}, "c": 3}, NOW + 10)
    assert latest.properties == {"a": 1, "b": {"x": 5, "y": 2}, "c": 3}


def test_an_older_message_never_overwrites_a_newer_one_but_may_add() -> None:
    latest = Latest()
    latest.merge({"a": "new"}, NOW)
    latest.merge({"a": "old", "b": "only here"}, NOW - 1000)
    assert latest.properties == {"a": "new", "b": "only here"}


def test_a_clock_that_was_an_hour_fast_and_is_corrected_does_not_silence_the_device() -> None:
    latest = Latest()
    latest.merge({"a": "fast clock"}, NOW + 3_600_000)
    latest.merge({"a": "right clock"}, NOW)
    assert latest.properties["a"] == "right clock"


@given(
    st.lists(
        st.tuples(
            st.integers(0, CLOCK_SET_BACK - 1),
            st.dictionaries(st.sampled_from("abcde"), st.integers(), min_size=1),
        ),
        max_size=12,
        unique_by=lambda entry: entry[0],
    ),
    st.randoms(),
)
def test_whatever_the_order_of_arrival_the_newest_of_each_property_wins(messages: list[Any], random: Any) -> None:
    expected: dict[str, int] = {}
    for _stamp, data in sorted(messages, key=lambda entry: entry[0]):
        expected.update(data)
    shuffled = list(messages)
    random.shuffle(shuffled)
    latest = Latest()
    for stamp, data in shuffled:
        latest.merge(data, NOW + stamp)
    assert latest.properties == expected


@given(
    st.integers(0, 3),
    st.dictionaries(
        st.text(), st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
    ),
)
def test_a_summary_of_anything_is_made_without_an_error(domain: int, properties: dict[str, Any]) -> None:
    summarize(domain, properties)


@given(
    st.sampled_from(["latitude", "longitude", "attitude_head", "mode_code", "battery", "height"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
)
def test_wrong_types_in_what_the_summary_reads_are_left_out(name: str, value: Any) -> None:
    summarize(0, {name: value})


def test_zero_zero_is_no_position() -> None:
    assert "lat" not in summarize(0, {"latitude": 0, "longitude": 0})
    assert summarize(0, {"latitude": 47.1, "longitude": "8.5"})["lon"] == 8.5


def test_the_summary_of_an_aircraft_and_of_a_dock() -> None:
    aircraft = summarize(
        0,
        {"latitude": 47.0, "longitude": 8.0, "height": 512.345, "attitude_head": -90, "horizontal_speed": 7.5,
         "vertical_speed": 0, "mode_code": 5, "battery": {"capacity_percent": 81}},
    )  # fmt: skip
    assert aircraft == {
        "lat": 47.0,
        "lon": 8.0,
        "height": 512.35,
        "heading": 270.0,
        "speed": 7.5,
        "climb": 0.0,
        "mode": 5,
        "battery": 81,
    }
    dock = summarize(
        3,
        {
            "mode_code": 0,
            "drone_charge_state": {"capacity_percent": 55, "state": 1},
            "drone_in_dock": 1,
            "cover_state": 0,
        },
    )
    assert dock == {"mode": 0, "battery": 55, "drone_in_dock": 1, "cover_state": 0}
