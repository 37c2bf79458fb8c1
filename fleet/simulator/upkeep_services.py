"""Firmware, logs, licences, flight areas, media, and who may control (pages "Firmware upgrade", "Log",
"FlySafe", …).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator import progress
from fleet.simulator.commands import Outcome, service, standard

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

UNKNOWN_DEVICE = 325001
UPGRADING, IDLE = 3, 0


@service("ota_create")
def upgrade(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Download, install, restart nothing: the new version is reported at the end."""
    wanted = {
        str(device.get("sn")): str(device.get("product_version", ""))
        for device in data.get("devices") or []
        if isinstance(device, Mapping)
    }
    strangers = set(wanted) - {gateway.sn, gateway.aircraft_sn}
    if strangers:
        return Outcome(UNKNOWN_DEVICE, reason=f"not mine: {', '.join(sorted(strangers))}")
    outcome = standard(gateway, message, event="ota_progress")
    outcome.then = lambda: _upgrade(gateway, message, wanted)
    return outcome


async def _upgrade(gateway: SimulatedGateway, message: Message, wanted: Mapping[str, str]) -> None:
    mode = gateway.values.get("mode_code", IDLE)
    gateway.values["mode_code"] = UPGRADING
    gateway.push_state({"firmware_upgrade_status": 1})
    code = gateway.behaviour.fail_later.get(message.method)
    for step in ("download_firmware", "upgrade_firmware"):
        for percent in (0, 25, 50, 75):
            whole = (percent + (100 if step == "upgrade_firmware" else 0)) // 2
            data = progress.data("in_progress", whole, current_step=step)
            gateway.post_event("ota_progress", data, bid=message.bid)
            await gateway.behaviour.pause(2)
    gateway.values["mode_code"] = mode
    gateway.push_state({"firmware_upgrade_status": 0})
    if code is None:
        for sn, version in wanted.items():
            gateway.push_state({"firmware_version": version}, aircraft=sn == gateway.aircraft_sn)
    progress.finish(gateway, message, "ota_progress", step={"current_step": "upgrade_firmware"})


@service("fileupload_list")
def list_logs(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Three starts of each device asked for; module "0" is the aircraft, "3" the dock."""
    hour = 3_600_000
    now = int(time.time() * 1000)
    files = []
    for module in data.get("module_list") or []:
        sn = gateway.aircraft_sn if str(module) == "0" else gateway.sn
        starts = [
            {
                "boot_index": 400 + number,
                "start_time": now - (3 - number) * 8 * hour,
                "end_time": now - (3 - number) * 8 * hour + hour,
                "size": 33_000 + 5_000 * number,
            }
            for number in range(3)
        ]
        files.append({"device_sn": sn, "module": str(module), "result": 0, "list": starts})
    return Outcome(extra={"files": files})


@service("fileupload_start")
def upload_logs(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Claim to upload: progress events as if, but nothing is put into the bucket."""
    outcome = standard(gateway, message)
    params = data.get("params")
    files = params.get("files") if isinstance(params, Mapping) else None
    wanted = [dict(file) for file in files or [] if isinstance(file, Mapping)]
    outcome.then = lambda: _upload(gateway, message, wanted)
    return outcome


async def _upload(gateway: SimulatedGateway, message: Message, wanted: list[dict[str, Any]]) -> None:
    code = gateway.behaviour.fail_later.get(message.method)
    for percent in (0, 40, 80, 100):
        last = percent == 100
        status = ("failed" if code else "ok") if last else "in_progress"
        files = [
            {
                "module": str(file.get("module", "3")),
                "device_sn": gateway.aircraft_sn if str(file.get("module")) == "0" else gateway.sn,
                "key": str(file.get("object_key", "")),
                "fingerprint": hashlib.sha256(str(file.get("object_key")).encode()).hexdigest()[:32],
                "size": 48_000,
                "progress": {
                    "progress": percent,
                    "current_step": percent // 10,
                    "total_step": 10,
                    "finish_time": int(time.time() * 1000) if last else 0,
                    "upload_rate": 0 if last else 210_000,
                    "status": status,
                    "result": (code or 0) if last else 0,
                },
            }
            for file in wanted
        ]
        body = {"result": (code or 0) if last else 0, "output": {"ext": {"files": files}, "status": status}}
        gateway.post_event("fileupload_progress", body, bid=message.bid, need_reply=int(last))
        await gateway.behaviour.pause(1)


@service("unlock_license_list")
def list_licences(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """One licence for flying up to 150 m."""
    now = int(time.time())
    common = {
        "license_id": 240_330,
        "name": "Test site, 150 m",
        "type": 3,
        "group_id": 0,
        "user_id": "",
        "device_sn": gateway.aircraft_sn,
        "begin_time": now - 86_400,
        "end_time": now + 30 * 86_400,
        "user_only": False,
        "enabled": gateway.values.get("licence_enabled", True),
    }
    return Outcome(
        extra={
            "device_model_domain": data.get("device_model_domain", 0),
            "consistence": True,
            "licenses": [{"common_fields": common, "height_unlock": {"height": 150}}],
        }
    )


@service("unlock_license_switch")
def switch_licence(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """On or off."""
    gateway.values["licence_enabled"] = bool(data.get("enable"))
    return Outcome(extra={"license_id": data.get("license_id")})


@service("flight_areas_update")
def update_areas(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Ask for the file list, then report each file as taken over."""
    outcome = standard(gateway, message)
    outcome.then = lambda: _take_areas(gateway, message)
    return outcome


async def _take_areas(gateway: SimulatedGateway, message: Message) -> None:
    reply = await gateway.request("flight_areas_get", None)
    files = reply.output.get("files")
    known = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
    for file in known or [{}]:
        named = {"name": file.get("name", ""), "checksum": file.get("checksum", "")}
        for status in ("wait_sync", "synchronizing", "synchronized"):
            body = {"status": status, "reason": 0, "file": named}
            gateway.post_event("flight_areas_sync_progress", body, bid=message.bid)
            await gateway.behaviour.pause(1)


@service("rtk_calibration")
def calibrate(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Calibrate dock or relay; one event at the end."""
    outcome = standard(gateway, message)
    devices = [dict(device) for device in data.get("devices") or [] if isinstance(device, Mapping)]
    outcome.then = lambda: _calibrate(gateway, message, devices)
    return outcome


async def _calibrate(gateway: SimulatedGateway, message: Message, devices: list[dict[str, Any]]) -> None:
    await gateway.behaviour.pause(3)
    code = gateway.behaviour.fail_later.get(message.method)
    status = "failed" if code else "ok"
    done = [
        {
            "sn": device.get("sn"),
            "type": device.get("type"),
            "module": device.get("module"),
            "result": code or 0,
            "status": status,
        }
        for device in devices
    ]
    output = {
        "ext": {"devices": done, "version": 1},
        "progress": {"percent": 0 if code else 100, "current_step": 1},
        "status": status,
    }
    gateway.post_event("rtk_calibration", {"result": code or 0, "output": output}, bid=message.bid)


@service("cloud_control_auth_request")
def ask_pilot(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """The pilot is asked and agrees after a moment; with fail_later he does not."""
    outcome = standard(gateway, message)
    keys = [str(key) for key in data.get("control_keys") or []]
    outcome.then = lambda: _pilot_decides(gateway, message, keys)
    return outcome


async def _pilot_decides(gateway: SimulatedGateway, message: Message, keys: list[str]) -> None:
    await gateway.behaviour.pause(1.5)
    code = gateway.behaviour.fail_later.get(message.method)
    body = {"result": code or 0, "output": {"status": "failed" if code else "ok"}}
    if code is None:
        _grant(gateway, {*gateway.values["cloud_control_auth"], *keys})
    gateway.post_event("cloud_control_auth_notify", body, bid=message.bid, need_reply=0)


@service("cloud_control_release")
def give_back(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Give keys back to the pilot."""
    _grant(
        gateway,
        set(gateway.values["cloud_control_auth"]) - {str(key) for key in data.get("control_keys") or []},
    )
    return standard(gateway, message)


def _grant(gateway: SimulatedGateway, keys: set[str]) -> None:
    gateway.values["cloud_control_auth"][:] = sorted(keys)
    gateway.push_state({"cloud_control_auth": sorted(keys)})
