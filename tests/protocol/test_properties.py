"""The property sets: complete, consistent, and the right one for each model and gateway."""

import re
from collections.abc import Iterator
from importlib import resources

import pytest

from fleet.protocol import device_models, properties
from fleet.protocol.fields import Field
from fleet.protocol.properties import PAYLOAD, for_model, for_set, resolve, writable

UNITS = {"", "m", "m/s", "°", "°C", "%", "s", "kB", "kB/s", "mV", "mA", "V", "W", "GHz", "h", "d", "x"}


def walk(path: str, field: Field) -> Iterator[tuple[str, Field]]:
    yield path, field
    for child in field.children:
        yield from walk(f"{path}.{child.name}", child)


def every_field() -> Iterator[tuple[str, Field]]:
    for name in properties.sets():
        for key, prop in for_set(name).items():
            yield from walk(f"{name}:{key}", prop.field)


def field_at(model: str, path: str, gateway: str | None = None) -> Field:
    key, *names = path.split(".")
    field = for_model(model, gateway)[key].field
    for name in names:
        field = next(child for child in field.children if child.name == name)
    return field


def labels(model: str, path: str, gateway: str | None = None) -> dict[object, str]:
    return {choice.value: choice.label for choice in field_at(model, path, gateway).choices}


def test_every_model_that_names_a_set_has_its_properties() -> None:
    named = {model.properties for model in device_models.all_models() if model.properties}
    assert named == set(properties.sets())
    for model in device_models.all_models():
        assert bool(for_model(model.key)) == bool(model.properties), model.key


@pytest.mark.parametrize("key", ["0-4711-0", "9-9-9", "", "drone", "0-99", None, "0-" + "9" * 5000 + "-0"])
def test_an_unknown_model_has_no_properties(key: str | None) -> None:
    assert dict(for_model(key)) == {}
    assert dict(for_model(key, "dock3")) == {}
    assert dict(writable(key)) == {}


def test_names_are_sorted_and_are_those_of_their_fields() -> None:
    for name in properties.sets():
        members = for_set(name)
        assert list(members) == sorted(members)
        assert all(key == prop.field.name for key, prop in members.items())


def test_an_unknown_set_is_empty() -> None:
    assert dict(for_set("mavic-mini")) == {}


def test_every_field_has_a_short_label_and_a_unit_we_know() -> None:
    for path, field in every_field():
        assert 0 < len(field.label) <= 40, path
        assert field.label.strip() == field.label, path
        assert field.unit in UNITS, path
        assert not field.unit or field.type in ("int", "float"), path


def test_enums_list_their_values_once_and_structs_their_fields_once() -> None:
    for path, field in every_field():
        values = [(type(choice.value), choice.value) for choice in field.choices]
        assert len(values) == len(set(values)), path
        assert all(choice.label for choice in field.choices), path
        assert field.choices or field.type != "enum", path
        names = [child.name for child in field.children]
        assert len(names) == len(set(names)), path
        assert not names or field.type == "struct" or field.item_type == "struct", path


def test_push_and_access_are_words_of_the_protocol() -> None:
    for name in properties.sets():
        for key, prop in for_set(name).items():
            assert prop.push in ("osd", "state"), (name, key)
            assert prop.access in ("r", "rw"), (name, key)
            assert {*prop.settable} <= {child.name for child in prop.field.children}, (name, key)
            assert prop.documented or prop.access == "r", (name, key)


def test_the_data_is_english_and_small() -> None:
    text = resources.files("fleet.protocol").joinpath("data/properties.json").read_text("utf-8")
    assert not re.search("[\u2e80-\u9fff\uff00-\uffef]", text)
    assert len(text.encode()) < 250_000


def test_a_dock_and_an_aircraft_mean_different_things_by_mode_code() -> None:
    assert labels("3-2-0", "mode_code")[4] == "On a mission"
    assert labels("0-91-0", "mode_code")[4] == "Taking off"
    assert labels("3-3-0", "mode_code")[5] == "Waiting for calibration"
    assert labels("0-100-1", "mode_code")[20] == "Orbiting a point"
    assert labels("0-100-1", "mode_code")[21] == "On approach or departure route"


def test_enum_numbers_that_differ_between_pages_are_kept_apart() -> None:
    state = "dongle_infos.esim_activate_state"
    assert labels("3-3-0", state)[1] == "Not activated"
    assert labels("2-174-0", state)[1] == "Activated"
    assert labels("3-3-0", "home_position_is_valid")[2] == "Heading only"
    assert 2 not in labels("3-2-0", "home_position_is_valid")
    assert labels("2-174-0", "live_status.video_quality")[3] == "Very high"
    assert labels("2-144-0", "live_status.video_quality")[3] == "High"


def test_a_dock_lets_more_be_set_than_a_remote() -> None:
    through_dock = for_model("0-91-0", "dock2")
    through_remote = for_model("0-91-0", "rc-pro")
    assert through_dock["obstacle_avoidance"].access == "rw"
    assert through_remote["obstacle_avoidance"].access == "r"
    assert {"height_limit", "night_lights_state"} <= set(writable("0-91-0", "rc-pro"))
    assert "rth_altitude" in writable("0-91-0", "dock2")
    assert "rth_altitude" not in writable("0-91-0", "rc-pro")
    assert for_model("0-91-0", "a gateway of tomorrow") == through_dock


def test_an_aircraft_flown_by_remote_only_has_its_own_page_whatever_the_gateway() -> None:
    assert for_model("0-99-0") == for_model("0-99-0", "dji-rc-plus-2") == for_model("0-99-0", "dock3")


def test_charge_kept_for_return_may_be_set_through_docks_2_and_3() -> None:
    for model, gateway in (("0-91-0", "dock2"), ("0-100-0", "dock3")):
        prop = writable(model, gateway)["remaining_power_for_return_home"]
        assert (prop.push, prop.field.unit, prop.field.minimum, prop.field.maximum) == ("state", "%", 0, 100)


def test_the_docks_own_settings() -> None:
    assert set(writable("3-3-0")) == {"air_transfer_enable", "silent_mode", "user_experience_improvement"}
    assert set(writable("3-1-0")) == {"silent_mode", "user_experience_improvement"}
    assert dict(writable("2-174-0")) == {}


def test_what_may_be_set_has_no_read_only_fields() -> None:
    limit = writable("0-100-0", "dock3")["distance_limit_status"].field
    assert [child.name for child in limit.children] == ["state", "distance_limit"]
    assert {child.name for child in field_at("0-100-0", "distance_limit_status").children} == {
        "state",
        "distance_limit",
        "is_near_distance_limit",
    }
    thermal = writable("0-100-1", "dock3")[PAYLOAD]
    assert thermal.access == "r"
    assert {child.name for child in thermal.field.children} == {
        "thermal_current_palette_style",
        "thermal_gain_mode",
        "thermal_isotherm_state",
        "thermal_isotherm_upper_limit",
        "thermal_isotherm_lower_limit",
    }
    assert PAYLOAD not in writable("0-99-1", "dji-rc-plus-2")


def test_a_payload_is_found_by_its_index() -> None:
    aircraft = for_model("0-100-0", "dock3")
    found = resolve(aircraft, "98-0-0")
    assert found is not None
    assert (found.field.name, found.field.label) == ("98-0-0", "Matrice 4D camera")
    assert {child.name for child in found.field.children} >= {"gimbal_pitch", "gimbal_yaw", "zoom_factor"}
    assert resolve(aircraft, "4711-0-2").field.label == "4711-0-2"  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["98-0", "98-0-0-0", "98-0-x", "-98-0-0", "98-0-0 ", "frobnicate", ""])
def test_other_keys_are_no_payload(key: str) -> None:
    assert resolve(for_model("0-100-0"), key) is None


def test_a_dock_has_no_payloads() -> None:
    assert resolve(for_model("3-3-0"), "165-0-7") is None


def test_wind_felt_by_an_aircraft_comes_in_tenths() -> None:
    assert for_model("0-100-0")["wind_speed"].scale == 0.1
    assert for_model("3-3-0")["wind_speed"].scale == 1.0


def test_keys_that_only_real_devices_push_are_described_but_not_called_documented() -> None:
    dock = for_model("3-3-0")
    for key in ("deployment_mode", "relative_alternate_land_point", "acdc_power_input", "tilt_angle", "sdr"):
        assert dock[key].documented is False, key
    aircraft = for_model("0-100-1", "dock3")
    for key in (
        "fts_info",
        "geo_caging_status",
        "is_beidou_version",
        "country",
        "rid_state",
        "rc_lost_action",
    ):
        assert aircraft[key].documented is False, key
    assert field_at("0-100-1", "cameras.wide_focus_mode").choices
    assert field_at("0-100-1", "battery.remain_job_time").unit == "s"
    assert aircraft["mode_code"].documented is True


def test_numbers_that_mean_not_known() -> None:
    assert 32767 in properties.unknown_values("capacity_percent")
    assert {3276.7, 32767} <= set(properties.unknown_values("temperature"))
    assert 65535 in properties.unknown_values("remain_job_time")
    assert properties.unknown_values("no such field") == ()


def test_points_in_time() -> None:
    assert properties.time_unit("activation_time") == "s"
    assert properties.time_unit("first_power_on") == "ms"
    assert properties.time_unit("acc_time") is None
