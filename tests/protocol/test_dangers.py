"""What a command may do, who may send it, and how long it may take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fleet.protocol import methods
from fleet.protocol.fields import Field
from fleet.protocol.methods import Danger, Method

MOVES = {
    "cover_open",
    "cover_close",
    "cover_force_close",
    "putter_open",
    "putter_close",
    "drone_open",
    "drone_close",
    "flighttask_create",
    "flighttask_execute",
    "flighttask_pause",
    "flighttask_recovery",
    "flighttask_stop",
    "flight_setup_abort",
    "takeoff_to_point",
    "fly_to_point",
    "fly_to_point_update",
    "fly_to_point_stop",
    "return_home",
    "return_home_cancel",
    "return_specific_home",
    "poi_mode_enter",
    "poi_mode_exit",
    "poi_circle_speed_set",
    "in_flight_wayline_deliver",
    "in_flight_wayline_stop",
    "in_flight_wayline_recover",
    "in_flight_wayline_cancel",
    "drone_control",
    "stick_control",
    "drc_force_landing",
    "drc_emergency_landing",
    "drone_emergency_stop",
    "gimbal_reset",
    "camera_screen_drag",
    "camera_aim",
    "camera_look_at",
    "drc_gimbal_reset",
    "drc_camera_screen_drag",
    "drc_camera_aim",
    "drc_camera_look_at",
}
#: Services that may be sent without asking: they change no more than a picture, or only ask.
HARMLESS_BEGINNINGS = (
    "camera_",
    "ir_metering_",
    "live_",
    "speaker_play_",
    "fileupload_",
    "supplement_light_",
)
HARMLESS = {
    "photo_storage_set",
    "video_storage_set",
    "cloud_control_auth_request",
    "drc_mode_enter",
    "drc_mode_exit",
    "unlock_license_list",
    "upload_flighttask_media_prioritize",
}


def everything() -> Iterator[Method]:
    for channel in sorted(methods.channels()):
        for product in methods.PRODUCTS:
            yield from methods.for_product(product, channel)


def commands() -> list[Method]:
    return [method for method in everything() if method.channel in methods.COMMAND_CHANNELS]


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


def test_every_command_says_how_careful_one_must_be() -> None:
    assert len(commands()) > 400
    for method in commands():
        assert method.danger in Danger, method
        assert method.role in ("pilot", "operator", "admin"), method
        assert method.timeout > 0 or method.name == "stick_control", method
        assert method.deadline >= method.timeout, method
        assert not method.progress or method.deadline > method.timeout, method
    for method in everything():
        if method.channel not in methods.COMMAND_CHANNELS:
            assert (method.danger, method.role, method.timeout, method.progress) == (
                Danger.NONE,
                "",
                0,
                False,
            )


def test_what_moves_is_marked_as_moving() -> None:
    moving = {method.name for method in commands() if method.danger is Danger.MOVES}
    assert moving >= MOVES
    assert moving - MOVES == {
        "camera_frame_zoom",
        "drc_camera_frame_zoom",
        "drc_ai_spotlight_zoom_confirm",
        "drc_ai_spotlight_zoom_select",
        "drc_ai_spotlight_zoom_track",
    }


def test_what_wipes_and_what_reboots() -> None:
    assert {m.name for m in commands() if m.danger is Danger.WIPES} == {"device_format", "drone_format"}
    assert {m.name for m in commands() if m.danger is Danger.REBOOTS} == {"device_reboot", "ota_create"}


def test_only_harmless_services_go_unasked() -> None:
    unasked = {m.name for m in commands() if m.channel == "services" and m.danger is Danger.NONE}
    assert {name for name in unasked if not name.startswith(HARMLESS_BEGINNINGS)} == HARMLESS


def test_the_least_role_that_may_send() -> None:
    role = {method.name: method.role for method in commands()}
    for name in (
        "device_format",
        "drone_format",
        "ota_create",
        "unlock_license_switch",
        "unlock_license_update",
        "esim_activate",
        "esim_operator_switch",
        "sim_slot_switch",
    ):
        assert role[name] == "admin", name
    for name in (
        "cover_open",
        "debug_mode_open",
        "device_reboot",
        "flighttask_prepare",
        "flighttask_execute",
        "charge_open",
        "drone_open",
        "rtk_calibration",
    ):
        assert role[name] == "operator", name
    for name in (
        "takeoff_to_point",
        "fly_to_point",
        "return_home",
        "live_start_push",
        "camera_photo_take",
        "gimbal_reset",
        "stick_control",
        "drone_emergency_stop",
        "flighttask_pause",
        "drc_mode_enter",
    ):
        assert role[name] == "pilot", name


def test_a_final_state_by_event_names_an_event_of_the_same_product() -> None:
    events = {
        "flighttask_create": "flighttask_progress",
        "flighttask_execute": "flighttask_progress",
        "takeoff_to_point": "takeoff_to_point_progress",
        "fly_to_point": "fly_to_point_progress",
        "in_flight_wayline_deliver": "in_flight_wayline_progress",
        "ota_create": "ota_progress",
        "fileupload_start": "fileupload_progress",
        "cover_open": "cover_open",
        "device_reboot": "device_reboot",
        "rtk_calibration": "rtk_calibration",
    }
    for name, event in events.items():
        assert found("services", name).progress_event == event
    assert not found("services", "return_home").progress
    assert not found("services", "debug_mode_open").progress
    for method in commands():
        if method.progress_event is not None:
            assert methods.find("events", method.progress_event, method.product), method
        if method.progress_key is not None:
            assert field(method, method.progress_key).required
            assert method.progress_event is not None
            event = found("events", method.progress_event, method.product)
            assert any(path.endswith(method.progress_key) for path, _ in tree(event.fields))
    for method in everything():
        if method.channel == "services" and methods.find("events", method.name, method.product):
            assert method.progress_event == method.name


def test_every_command_has_its_reply() -> None:
    for method in commands():
        channel = "services_reply" if method.channel == "services" else "drc/up"
        has_reply = methods.find(channel, method.name, method.product) is not None
        assert has_reply == (method.name != "stick_control"), method
    for method in everything():
        if method.channel == "requests":
            assert methods.find("requests_reply", method.name, method.product), method
