"""The catalogue of methods against the facts of the protocol."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

import pytest

from fleet.protocol import methods
from fleet.protocol.fields import TYPES, Choice, Field, field_from_json
from fleet.protocol.methods import Method

DOCKS = ("dock1", "dock2", "dock3")
REMOTES = ("dji-rc-plus-2", "rc-pro", "rc")


def everything() -> Iterator[Method]:
    for channel in sorted(methods.channels()):
        for product in methods.PRODUCTS:
            yield from methods.for_product(product, channel)


def tree(fields: Iterable[Field], path: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield path + field.name, field
        yield from tree(field.children, f"{path}{field.name}.")


def found(channel: str, name: str, product: str | None = None) -> Method:
    method = methods.find(channel, name, product)
    assert method is not None, (channel, name, product)
    return method


def field(method: Method, path: str) -> Field:
    return dict(tree(method.fields))[path]


def values(method: Method, path: str) -> list[int | str | bool]:
    return [choice.value for choice in field(method, path).choices]


def test_the_catalogue_is_as_large_as_the_protocol() -> None:
    documented = [m for m in everything() if m.channel != "state_reply"]
    assert len(documented) >= 1059
    assert len({m.name for m in documented}) >= 216
    assert len({(m.channel, m.name) for m in documented}) >= 416
    assert {p: len(methods.for_product(p, "services")) for p in methods.PRODUCTS} == {
        "dock3": 91,
        "dock2": 90,
        "dock1": 85,
        "dji-rc-plus-2": 16,
        "rc-pro": 27,
        "rc": 4,
    }


def test_channels_and_their_directions() -> None:
    assert methods.channels() == {
        "services",
        "services_reply",
        "events",
        "events_reply",
        "requests",
        "requests_reply",
        "status",
        "status_reply",
        "state_reply",
        "drc/down",
        "drc/up",
    }
    up = {m.channel for m in everything() if m.up}
    down = {m.channel for m in everything() if not m.up}
    assert up == {"services_reply", "events", "requests", "status", "drc/up"}
    assert down == methods.channels() - up


def test_every_method_and_field_is_described_in_ascii() -> None:
    for method in everything():
        assert method.label and method.label.isascii(), method.name
        assert methods.section_label(method.section).isascii()
        assert methods.section_label(method.section) != method.section, method.section
        for path, one in tree(method.fields):
            where = (method.channel, method.name, path)
            assert one.label and one.label.isascii(), where
            assert not one.label[0].islower() or one.label.startswith("eSIM"), where
            assert "_" not in one.label, where
            for choice in one.choices:
                assert choice.label and choice.label.isascii(), (*where, choice)


def test_every_field_is_well_formed() -> None:
    for method in everything():
        names = [one.name for one in method.fields]
        assert len(names) == len(set(names)), (method.channel, method.name, method.product)
        for path, one in tree(method.fields):
            where = (method.channel, method.name, method.product, path)
            assert one.type in TYPES, where
            assert bool(one.children) <= (one.type in ("struct", "array")), where
            assert (one.item_type == "struct") <= bool(one.children), where
            assert one.minimum is None or one.maximum is None or one.minimum < one.maximum, where
            listed = [(type(c.value), c.value) for c in one.choices]
            assert len(listed) == len(set(listed)), where
            assert not one.required or method.channel in methods.COMMAND_CHANNELS, where


@pytest.mark.parametrize("name", ["methods.json", "device_models.json"])
def test_the_data_has_no_foreign_script_and_stays_small(name: str) -> None:
    text = resources.files("fleet.protocol").joinpath("data", name).read_text("utf-8")
    assert {letter for letter in text if not letter.isascii()} <= {"°"}
    assert len(text.encode()) < 350_000
    assert max(map(len, text.splitlines())) < 10_000


def test_units_are_symbols() -> None:
    units = {one.unit for method in everything() for _, one in tree(method.fields)}
    assert units <= {"", "m", "mm", "m/s", "°", "°/s", "°C", "%", "s", "ms", "min", "Hz", "rad/s", "MB", "B"}
    assert field(found("services", "fly_to_point"), "max_speed").unit == "m/s"
    assert field(found("drc/down", "drone_control"), "w").unit == "°/s"
    assert field(found("services", "flighttask_prepare"), "executable_conditions.storage_capacity").unit == "MB"


def test_ranges_of_take_off() -> None:
    safe = field(found("services", "takeoff_to_point", "dock1"), "security_takeoff_height")
    assert (safe.type, safe.unit, safe.minimum, safe.maximum, safe.step) == ("float", "m", 20, 1500, 0.1)
    remote = found("services", "takeoff_to_point", "dji-rc-plus-2")
    assert "simulate_mission" not in dict(tree(remote.fields))
    assert field(remote, "target_latitude").minimum == -90


def test_products_differ() -> None:
    assert values(found("services", "ota_create", "dock3"), "devices.firmware_upgrade_type") == [2, 3, 4]
    assert values(found("services", "ota_create", "dock2"), "devices.firmware_upgrade_type") == [2, 3]
    assert methods.find("services", "putter_open", "dock3") is None
    assert methods.products("services", "putter_open") == {"dock1"}
    assert methods.products("services", "camera_photo_take") == {*DOCKS, "rc-pro"}
    assert methods.products("drc/down", "drc_camera_photo_take") == {"dji-rc-plus-2"}
    assert methods.products("status", "update_topo") == {*DOCKS, *REMOTES}
    altitude = "simulate_mission.altitude"
    assert altitude in dict(tree(found("services", "flighttask_prepare", "dock3").fields))
    assert altitude not in dict(tree(found("services", "flighttask_prepare", "dock2").fields))


def test_what_is_required_of_a_mission() -> None:
    prepare = dict(tree(found("services", "flighttask_prepare", "dock3").fields))
    for path in ("flight_id", "task_type", "file", "file.url", "file.fingerprint", "rth_altitude"):
        assert prepare[path].required, path
    for path in (
        "ready_conditions",
        "executable_conditions",
        "break_point",
        "simulate_mission",
        "execute_time",
    ):
        assert not prepare[path].required, path
    assert not field(found("services", "flighttask_execute"), "multi_dock_task").required
    assert not field(found("services", "unlock_license_update"), "file").required


def test_what_real_devices_send_and_no_page_says() -> None:
    for name in ("uom_fly_data_info", "release_terminal_control_area"):
        assert found("events", name, "dock3").up
    for name in (
        "drc_batteries_info_push",
        "drc_geo_connect_info_push",
        "drc_ai_info_push",
        "drc_count_down_info_push",
        "drc_live_video_info_push",
        "drc_multi_gimbals_sync_info",
    ):
        assert found("drc/up", name, "dji-rc-plus-2").up
    assert not found("state_reply", "", "dock3").up
    mission = dict(tree(found("events", "flighttask_progress", "dock3").fields))
    assert {"result", "output.status", "output.progress.percent", "output.ext.flight_id", "status"} <= set(mission)
    assert "output.ext.transition_wayline_info.planned_path_points.latitude" in mission


def test_other_spellings_are_kept_too() -> None:
    upload = dict(tree(found("events", "fileupload_progress", "dock3").fields))
    assert {"output.ext.files.progress.progress", "output.ext.files.progress.prgress"} <= set(upload)
    firmware = dict(tree(found("events", "ota_progress", "dock3").fields))
    assert {"output.progress.current_step", "output.progress.step_key"} <= set(firmware)
    carrier = found("services", "esim_operator_switch", "dock3")
    assert field(carrier, "esim_operator").required
    assert not field(carrier, "telecom_operator").required


def test_enum_values_and_labels() -> None:
    status = field(found("events", "cover_open", "dock3"), "output.status")
    assert {c.value for c in status.choices} == {
        "sent",
        "in_progress",
        "paused",
        "ok",
        "failed",
        "canceled",
        "rejected",
        "timeout",
    }
    assert Choice("in_progress", "Running") in status.choices
    steps = values(found("events", "cover_close", "dock3"), "output.progress.step_key")
    assert steps[0] == "get_bid" and "drone_paddle_forward" in steps
    numbers = values(found("events", "flighttask_progress", "dock3"), "output.progress.current_step")
    assert numbers == [*range(50), 65533, 65534, 65535]
    reset = field(found("services", "gimbal_reset", "dock3"), "reset_mode")
    assert reset.choices[:2] == (Choice(0, "Center"), Choice(1, "Down"))
    shutter = field(found("drc/down", "drc_camera_shutter_set", "dock3"), "shutter_value")
    assert Choice(60, "Auto") in shutter.choices and len(shutter.choices) == 61
    stick = field(found("drc/down", "stick_control", "dock3"), "roll")
    assert (stick.minimum, stick.maximum) == (364, 1684)


def test_arrays_and_structs_are_trees() -> None:
    points = field(found("services", "fly_to_point", "dock3"), "points")
    assert (points.type, points.item_type) == ("array", "struct")
    assert [child.name for child in points.children] == ["latitude", "longitude", "height"]
    areas = field(found("events", "flight_areas_drone_location", "dock3"), "drone_locations")
    assert areas.type == "array"
    stored = field(found("services", "photo_storage_set", "dock3"), "photo_storage_settings")
    assert stored.item_type == "enum" and "ir" in [choice.value for choice in stored.choices]


def test_the_unknown_is_never_an_error() -> None:
    assert methods.find("services", "no_such_method") is None
    assert methods.find("no_such_channel", "cover_open") is None
    assert methods.find("services", "cover_open", "dock99") is None
    assert methods.for_product("dock99", "services") == ()
    assert methods.for_product(None, "services") == ()
    assert methods.names("no_such_channel") == frozenset()
    assert methods.products("services", "no_such_method") == frozenset()
    assert methods.section_label("no_such_section") == "no_such_section"


def test_find_without_a_product_prefers_the_newest_dock() -> None:
    assert found("services", "takeoff_to_point").product == "dock3"
    assert found("services", "putter_open").product == "dock1"
    assert found("services", "cloud_control_release").product == "dji-rc-plus-2"


def test_a_product_lists_its_methods_in_order() -> None:
    listed = methods.for_product("dock3", "services")
    assert [(m.section, m.name) for m in listed] == sorted((m.section, m.name) for m in listed)
    assert {m.product for m in listed} == {"dock3"}
    assert {m.name for m in listed} <= methods.names("services")
    assert found("services", "cover_open", "dock3") in listed


def test_a_wrong_data_file_is_told() -> None:
    with pytest.raises(ValueError, match="no type 'number'"):
        field_from_json({"name": "a", "type": "number", "label": "A"})
    with pytest.raises(ValueError, match="no label"):
        field_from_json({"name": "a", "type": "int"}, labels={"b": "B"})
    with pytest.raises(ValueError, match="no set of choices 'c'"):
        field_from_json({"name": "a", "type": "enum", "label": "A", "choices": "c"})
    shared = field_from_json(
        {"name": "a", "type": "enum", "choices": "c", "required": True},
        labels={"a": "A"},
        choices={"c": [[1, "One"], ["x", "Other"]]},
    )
    assert shared == Field("a", "enum", "A", choices=(Choice(1, "One"), Choice("x", "Other")), required=True)


def test_importing_reads_no_data() -> None:
    script = (
        "from fleet.protocol import device_models, methods\n"
        "print(methods._catalogue.cache_info().currsize + device_models._models.cache_info().currsize)\n"
    )
    root = Path(methods.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


@pytest.mark.parametrize("module", sorted(Path(methods.__file__).parent.glob("*.py")), ids=lambda p: p.name)
def test_the_protocol_imports_python_and_itself_only(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            imported = [node.module or ""]
        else:
            continue
        for name in imported:
            assert name.startswith("fleet.protocol") or name.split(".")[0] in sys.stdlib_module_names, name
