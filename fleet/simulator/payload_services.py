"""Camera, speaker and live video (pages "Live flight controls", "PSDK", "Livestream")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator.commands import Outcome, service, standard, status_output
from fleet.simulator.media import COMMANDED

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

NO_SUCH_PAYLOAD, NO_SUCH_VIDEO, ALREADY_LIVE, NOT_LIVE = 327000, 513002, 513003, 513011
PANORAMA = 3


def _camera(gateway: SimulatedGateway, data: Mapping[str, Any]) -> dict[str, Any] | None:
    known = data.get("payload_index") in (gateway.profile.camera, gateway.profile.assist_camera)
    camera: dict[str, Any] = gateway.aircraft_values["camera"]
    return camera if known else None


@service(
    "camera_mode_switch",
    "camera_recording_start",
    "camera_recording_stop",
    "camera_focal_length_set",
    "camera_screen_split",
    "camera_exposure_mode_set",
    "camera_focus_mode_set",
    "camera_focus_value_set",
    "photo_storage_set",
    "video_storage_set",
    "ir_metering_mode_set",
)
def set_camera(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Change the camera; its OSD shows it."""
    camera = _camera(gateway, data)
    if camera is None:
        return Outcome(NO_SUCH_PAYLOAD, reason=f"no payload {data.get('payload_index')}")
    lens = "zoom" if data.get("camera_type") == "zoom" else "wide"
    zoomed = "ir_zoom_factor" if data.get("camera_type") == "ir" else "zoom_factor"
    changes: dict[str, dict[str, Any]] = {
        "camera_mode_switch": {"camera_mode": data.get("camera_mode")},
        "camera_recording_start": {"recording_state": 1},
        "camera_recording_stop": {"recording_state": 0, "record_time": 0},
        "camera_focal_length_set": {zoomed: data.get("zoom_factor")},
        "camera_screen_split": {"screen_split_enable": data.get("enable")},
        "camera_exposure_mode_set": {f"{lens}_exposure_mode": data.get("exposure_mode")},
        "camera_focus_mode_set": {f"{lens}_focus_mode": data.get("focus_mode")},
        "camera_focus_value_set": {f"{lens}_focus_value": data.get("focus_value")},
        "photo_storage_set": {"photo_storage_settings": data.get("photo_storage_settings")},
        "video_storage_set": {"video_storage_settings": data.get("video_storage_settings")},
        "ir_metering_mode_set": {"ir_metering_mode": data.get("mode")},
    }
    gateway.aircraft_values["camera"] = {**camera, **changes[message.method]}
    return standard(gateway, message)


@service("camera_photo_take")
def take_photo(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """A panorama takes a while and reports it; a single photo is done at once."""
    camera = _camera(gateway, data)
    if camera is None:
        return Outcome(NO_SUCH_PAYLOAD, reason=f"no payload {data.get('payload_index')}")
    panorama = camera["camera_mode"] == PANORAMA
    gateway.aircraft_values["camera"] = {**camera, "remain_photo_num": max(camera["remain_photo_num"] - 1, 0)}
    outcome = Outcome(
        output=status_output(gateway, message.method, "in_progress" if panorama else "ok"),
    )
    if gateway.profile.is_dock and gateway.aircraft.flying and gateway.flights.flight_id:
        gateway.media.shoot(gateway.flights.flight_id, flight_type=COMMANDED)
    if panorama:
        outcome.then = lambda: _panorama(gateway, message)
    return outcome


async def _panorama(gateway: SimulatedGateway, message: Message) -> None:
    code = gateway.behaviour.fail_later.get(message.method)
    for step, percent in ((3002, 10), (3002, 50), (3005, 80), (3000, 100)):
        last = percent == 100
        status = ("fail" if code else "ok") if last else "in_progress"
        output = {
            "status": status,
            "progress": {"current_step": step, "percent": percent},
            "ext": {"camera_mode": PANORAMA},
        }
        data = {"result": (code or 0) if last else 0, "output": output}
        gateway.post_event("camera_photo_take_progress", data, bid=message.bid)
        await gateway.behaviour.pause(1)


@service("gimbal_reset")
def reset_gimbal(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """0 centre, 1 down, 2 yaw to the centre, 3 pitch down."""
    if _camera(gateway, data) is None:
        return Outcome(NO_SUCH_PAYLOAD, reason=f"no payload {data.get('payload_index')}")
    gimbal = gateway.aircraft_values[gateway.profile.camera]
    pitch = {0: 0.0, 1: -90.0, 3: -90.0}.get(int(data.get("reset_mode") or 0), gimbal["gimbal_pitch"])
    gateway.aircraft_values[gateway.profile.camera] = {**gimbal, "gimbal_pitch": pitch}
    return standard(gateway, message)


@service("speaker_tts_play_start", "speaker_audio_play_start")
def speak(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Play, with progress."""
    outcome = standard(gateway, message)
    source = data.get("tts") or data.get("file") or {}
    index = data.get("psdk_index", 0)
    outcome.then = lambda: _speak(gateway, message, index, str(source.get("md5", "")))
    return outcome


async def _speak(gateway: SimulatedGateway, message: Message, index: Any, md5: str) -> None:
    code = gateway.behaviour.fail_later.get(message.method)
    steps = (("upload", 20), ("change_work_mode", 60), ("play", 100))
    for step, percent in steps:
        last = percent == 100
        output = {
            "psdk_index": index,
            "md5": md5,
            "status": ("failed" if code else "ok") if last else "in_progress",
            "progress": {"step_key": step, "percent": percent},
        }
        data = {"result": (code or 0) if last else 0, "output": output}
        gateway.post_event(f"{message.method}_progress", data, bid=message.bid)
        await gateway.behaviour.pause(1)


def _live(gateway: SimulatedGateway, video_id: Any) -> dict[str, Any] | None:
    streams: list[dict[str, Any]] = gateway.values["live_status"]
    return next((stream for stream in streams if stream["video_id"] == video_id), None)


@service("live_start_push")
def start_live(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Claim to stream: `live_status` says so, but no video is sent."""
    video_id = str(data.get("video_id") or "")
    if video_id.split("/")[0] not in (gateway.sn, gateway.aircraft_sn):
        return Outcome(NO_SUCH_VIDEO, reason=f"no video {video_id}")
    if _live(gateway, video_id):
        return Outcome(ALREADY_LIVE, reason=f"{video_id} is live")
    stream = {
        "video_id": video_id,
        "video_type": "normal" if video_id.startswith(f"{gateway.sn}/") else "wide",
        "video_quality": data.get("video_quality", 0),
        "status": 1,
        "error_status": 0,
    }
    gateway.values["live_status"] = [*gateway.values["live_status"], stream]
    return _tell_live(gateway, message)


@service("live_stop_push")
def stop_live(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Stop claiming to."""
    if gateway.behaviour.strict and not _live(gateway, data.get("video_id")):
        return Outcome(NOT_LIVE, reason=f"{data.get('video_id')} is not live")
    gateway.values["live_status"] = [
        stream for stream in gateway.values["live_status"] if stream["video_id"] != data.get("video_id")
    ]
    return _tell_live(gateway, message)


@service("live_set_quality", "live_lens_change")
def change_live(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Quality and lens of what is live; newer docks get no `video_id` with the lens."""
    names = {"live_set_quality": "video_quality", "live_lens_change": "video_type"}
    name = names[message.method]
    for stream in gateway.values["live_status"]:
        if data.get("video_id") in (None, stream["video_id"]):
            stream[name] = data.get(name)
    return _tell_live(gateway, message)


def _tell_live(gateway: SimulatedGateway, message: Message) -> Outcome:
    outcome = standard(gateway, message)

    async def tell() -> None:
        gateway.push_state({"live_status": gateway.values["live_status"]})

    outcome.then = tell
    return outcome
