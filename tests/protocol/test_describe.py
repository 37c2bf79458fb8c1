"""Raw state in plain words: nothing lost, nothing raised."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.protocol.describe import MAX_DEPTH, Reading, describe
from fleet.protocol.properties import for_model

DOCK = for_model("3-3-0")
AIRCRAFT = for_model("0-100-1", "dock3")


def flat(readings: Iterable[Reading]) -> Iterator[Reading]:
    for reading in readings:
        yield reading
        yield from flat(reading.children)


def at(path: str, state: dict[str, Any], properties: Any = AIRCRAFT) -> Reading:
    found = [reading for reading in flat(describe(properties, state)) if reading.path == path]
    assert len(found) == 1, path
    return found[0]


def said(path: str, state: dict[str, Any], properties: Any = AIRCRAFT) -> str:
    reading = at(path, state, properties)
    return f"{reading.text} {reading.unit}".strip()


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and value:
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_an_enum_becomes_its_label_and_keeps_its_number() -> None:
    reading = at("mode_code", {"mode_code": 9})
    assert (reading.label, reading.text, reading.raw, reading.known) == ("Mode", "Returning home", 9, True)


@pytest.mark.parametrize("raw", [1, True, "1", 1.0, "true"])
def test_devices_write_yes_in_many_ways(raw: Any) -> None:
    assert said("rid_state", {"rid_state": raw}) == "Working"
    assert said("temp_mode_state", {"temp_mode_state": raw}, DOCK) == "Yes"


@pytest.mark.parametrize("raw", [0, False, "0", "false"])
def test_devices_write_no_in_many_ways(raw: Any) -> None:
    assert said("offline_map_enable", {"offline_map_enable": raw}) == "Off"
    assert said("temp_mode_state", {"temp_mode_state": raw}, DOCK) == "No"


@pytest.mark.parametrize("raw", [17, -1, "dancing", 10**40])
def test_an_enum_value_of_tomorrow_is_shown(raw: Any) -> None:
    reading = at("cover_state", {"cover_state": raw}, DOCK)
    assert reading.text == f"Unknown ({raw})"
    assert reading.raw == raw
    assert reading.known is True


def test_an_unknown_key_is_kept_by_its_name() -> None:
    reading = at("warp_factor", {"warp_factor": 9.97512})
    assert (reading.label, reading.text, reading.raw, reading.known) == (
        "warp_factor",
        "9.975",
        9.97512,
        False,
    )


def test_an_unknown_field_of_a_known_struct_is_kept_behind_the_known_ones() -> None:
    battery = at("battery", {"battery": {"mood": "fine", "capacity_percent": 88}})
    assert [(child.label, child.text, child.known) for child in battery.children] == [
        ("Charge", "88", True),
        ("mood", "fine", False),
    ]


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("battery.capacity_percent", {"battery": {"capacity_percent": 32767}}),
        ("battery.remain_job_time", {"battery": {"remain_job_time": 65535}}),
        ("battery.batteries.0.temperature", {"battery": {"batteries": [{"temperature": 3276.7}]}}),
        ("wind_direction", {"wind_direction": 0}),
        ("activation_time", {"activation_time": 0}),
        ("elevation", {"elevation": None}),
    ],
)
def test_what_the_device_does_not_know_is_unknown(path: str, state: dict[str, Any]) -> None:
    reading = at(path, state)
    assert (reading.text, reading.unit, reading.known) == ("unknown", "", True)


@pytest.mark.parametrize(
    ("path", "state", "words"),
    [
        ("elevation", {"elevation": 81.26}, "81.3 m"),
        ("elevation", {"elevation": -0.04}, "0 m"),
        ("attitude_head", {"attitude_head": -121}, "-121 °"),
        ("latitude", {"latitude": 52.123456789}, "52.1234568 °"),
        ("wind_speed", {"wind_speed": 54}, "5.4 m/s"),
        ("storage.total", {"storage": {"total": 60_382_000}}, "60.4 GB"),
        ("storage.used", {"storage": {"used": 512}}, "512 kB"),
        ("battery.remain_flight_time", {"battery": {"remain_flight_time": 1986}}, "33 min"),
        ("battery.remain_flight_time", {"battery": {"remain_flight_time": 42}}, "42 s"),
        ("total_flight_time", {"total_flight_time": 407_493.5}, "113 h 11 min"),
        ("total_flight_distance", {"total_flight_distance": 2_265_524.3}, "2265.5 km"),
        ("battery.batteries.0.voltage", {"battery": {"batteries": [{"voltage": 24_558}]}}, "24.56 V"),
        ("98-0-0.zoom_factor", {"98-0-0": {"zoom_factor": 0.567}}, "0.57 x"),
        ("98-0-0.thermal_gain_mode", {"98-0-0": {"thermal_gain_mode": 2}}, "High (-20 to 150 °C)"),
        ("activation_time", {"activation_time": 1_700_000_000}, "2023-11-14 22:13 UTC"),
        ("track_id", {"track_id": ""}, "none"),
        ("country", {"country": "AT"}, "AT"),
    ],
)
def test_numbers_in_units_of_people(path: str, state: dict[str, Any], words: str) -> None:
    assert said(path, state) == words


def test_a_time_in_milliseconds() -> None:
    assert said("first_power_on", {"first_power_on": 1_700_000_000_000}, DOCK) == "2023-11-14 22:13 UTC"


def test_wind_at_the_dock_is_not_scaled() -> None:
    assert said("wind_speed", {"wind_speed": 5.4}, DOCK) == "5.4 m/s"


def test_a_time_no_calendar_has_stays_a_number() -> None:
    assert said("activation_time", {"activation_time": 10**14}) == str(10**14)


def test_models_and_payloads_get_their_names() -> None:
    dock = {"sub_device": {"device_model_key": "0-100-1"}}
    assert said("sub_device.device_model_key", dock, DOCK) == "Matrice 4TD"
    assert said("sub_device.device_model_key", {"sub_device": {"device_model_key": "0-4711-0"}}, DOCK) == "0-4711-0"
    aircraft = {"cameras": [{"payload_index": "99-0-0", "camera_mode": 1}], "99-0-0": {"gimbal_yaw": 3.0}}
    assert at("cameras.0", aircraft).label == "Matrice 4TD camera"
    assert said("cameras.0.payload_index", aircraft) == "Matrice 4TD camera (99-0-0)"
    assert at("99-0-0", aircraft).label == "Matrice 4TD camera"
    assert said("99-0-0.gimbal_yaw", aircraft) == "3 °"


def test_an_array_of_structs_is_listed() -> None:
    state = {"live_status": [{"video_id": "a", "status": 1}, {"video_id": "b", "error_status": 513010}]}
    reading = at("live_status", state, DOCK)
    assert reading.text == "2 entries"
    assert [child.label for child in reading.children] == ["1", "2"]
    assert said("live_status.0.status", state, DOCK) == "Live"
    assert said("live_status.1.error_status", state, DOCK).startswith("513010: No live video")
    assert said("live_status.0.error_status", {"live_status": [{"error_status": 0}]}, DOCK) == "none"


def test_an_array_of_values_is_one_line() -> None:
    assert said(
        "98-0-0.thermal_supported_palette_styles",
        {"98-0-0": {"thermal_supported_palette_styles": [0, 13, 77]}},
    ) == ("White hot, Rainbow 2, Unknown (77)")
    assert said("payloads", {"payloads": []}) == "none"


def test_known_readings_come_first_and_sorted() -> None:
    readings = describe(AIRCRAFT, {"zzz": 1, "wind_speed": 3, "aaa": 2, "battery": {}})
    assert [reading.label for reading in readings] == ["Battery", "Wind", "aaa", "zzz"]


def test_a_value_of_another_shape_than_the_page_says_is_shown_as_it_is() -> None:
    assert said("battery", {"battery": 55}) == "55"
    assert said("elevation", {"elevation": "high"}) == "high"
    assert said("elevation.m", {"elevation": {"m": 3}}) == "3"
    assert said("cameras.front", {"cameras": {"front": 1}}) == "1"


def test_without_properties_everything_is_unknown_but_there() -> None:
    readings = list(flat(describe({}, {"battery": {"capacity_percent": 88}})))
    assert [(reading.path, reading.known) for reading in readings] == [
        ("battery", False),
        ("battery.capacity_percent", False),
    ]


@pytest.mark.parametrize("state", [None, 3, "x", [1, {"a": 2}], True])
def test_a_state_that_is_no_object_is_one_unknown_reading(state: Any) -> None:
    (reading,) = describe(AIRCRAFT, state)
    assert (reading.path, reading.raw, reading.known) == ("", state, False)


@pytest.mark.parametrize("name", ["a", "elevation", "mode_code", "activation_time", "track_id", "rid_state"])
def test_a_number_with_more_digits_than_text_may_have_is_kept(name: str) -> None:
    reading = at(name, {name: 10**5000})
    assert "too large" in reading.text
    assert reading.raw == 10**5000


def test_very_deep_state_stays_raw_below_some_depth() -> None:
    state: Any = 1
    for _ in range(5_000):
        state = {"a": [state]}
    deepest = list(flat(describe(AIRCRAFT, state)))[-1]
    assert deepest.path.count(".") == MAX_DEPTH
    assert deepest.text == "1 entry"
    assert not deepest.children


NUMBERS = (
    st.integers() | st.floats() | st.integers(min_value=10**290, max_value=10**320) | st.sampled_from([32767, 65535])
)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["98-0-0", "0-100-1", ""])
KEYS = st.text(max_size=6) | st.sampled_from(
    sorted({*DOCK, *AIRCRAFT, "98-0-0", "capacity_percent", "temperature", "state", "payload_index", "batteries"})
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


def fingerprint(values: Iterable[Any]) -> Counter[str]:
    return Counter("nan" if isinstance(value, float) and math.isnan(value) else repr(value) for value in values)


@given(st.dictionaries(KEYS, VALUES, max_size=8), st.sampled_from([DOCK, AIRCRAFT, {}]))
def test_no_leaf_of_any_state_is_lost(state: dict[str, Any], properties: Any) -> None:
    readings = list(flat(describe(properties, state)))
    kept = [reading.raw for reading in readings if not reading.children]
    inner = [leaf for raw in kept for leaf in leaves(raw)]
    expected = [leaf for value in state.values() for leaf in leaves(value)]
    assert fingerprint(inner) == fingerprint(expected)
    assert all(isinstance(reading.text, str) and isinstance(reading.label, str) for reading in readings)


@given(st.text(max_size=200), st.sampled_from([DOCK, AIRCRAFT]))
def test_any_text_in_a_known_place_is_shown(text: str, properties: Any) -> None:
    for name in properties:
        (reading,) = describe(properties, {name: text})
        assert reading.raw == text


@given(SCALARS)
def test_any_value_in_any_known_field_is_described(value: Any) -> None:
    def filled(field: Any) -> Any:
        if not field.children:
            return value
        members = {child.name: filled(child) for child in field.children}
        return [members] if field.type == "array" else members

    for properties in (DOCK, AIRCRAFT):
        state = {name: filled(prop.field) for name, prop in properties.items()}
        for reading in flat(describe(properties, state)):
            assert reading.known is True
            assert reading.text or reading.children


def test_readings_of_json_can_be_told_from_text_to_text() -> None:
    state = json.loads('{"mode_code": 5, "wind_speed": NaN, "elevation": 1e400}')
    assert said("wind_speed", state) == "unknown"
    assert said("elevation", state) == "unknown"
    assert said("mode_code", state) == "On route"
