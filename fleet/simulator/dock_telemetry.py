"""What a dock reports of itself: properties pages of Dock 2 and Dock 3, and the keys that real Dock 3
traffic adds.

A dock's OSD comes in three partial messages of its own rhythm each; nothing is in two of them.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from fleet.simulator.profiles import DOCK_CAMERA

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway

# Seconds between two messages of each part, as seen of a real Dock 3.
PERIODS = (1.2, 1.2, 2.0)


def initial_values(sn: str, aircraft_sn: str, product: str, rnd: random.Random) -> dict[str, Any]:
    """All properties that do not follow from the aircraft's doings; commands and property/set change them."""
    values: dict[str, Any] = {
        "mode_code": 0,
        "cover_state": 0,
        "supplement_light_state": 0,
        "alarm_state": 0,
        "battery_store_mode": 2,
        "silent_mode": 0,
        "user_experience_improvement": 1,
        "air_transfer_enable": False,
        "drc_state": 0,
        "charging": None,
        "firmware_upgrade_status": 0,
        "compatible_status": 0,
        "job_number": rnd.randint(50, 2500),
        "acc_time": rnd.randint(10**6, 4 * 10**7),
        "activation_time": int(time.time()) - rnd.randint(10**6, 3 * 10**7),
        "first_power_on": int((time.time() - rnd.randint(10**6, 3 * 10**7)) * 1000),
        "air_conditioner": {"air_conditioner_state": 0, "switch_time": 0},
        "backup_battery": {"switch": 1, "voltage": 26_400 + rnd.randint(0, 400), "temperature": 26.3},
        "drone_battery_maintenance_info": {
            "maintenance_state": 0,
            "maintenance_time_left": 0,
            "heat_state": 0,
            "batteries": [{"index": 0, "capacity_percent": 32767, "voltage": 32767, "temperature": 3276.7}],
        },
        "maintain_status": {
            "maintain_status_array": [
                {
                    "state": 0,
                    "last_maintain_type": kind,
                    "last_maintain_time": 0,
                    "last_maintain_work_sorties": 0,
                }
                for kind in (17, 18)
            ]
        },
        "storage": {"total": 82_045_336, "used": rnd.randint(10**5, 10**7)},
        "position_state": {
            "is_calibration": 1,
            "is_fixed": 2,
            "quality": 5,
            "gps_number": 8,
            "rtk_number": 26,
        },
        "wireless_link_topo": {
            "secret_code": [rnd.randint(0, 255) for _ in range(28)],
            "center_node": {"sdr_id": rnd.getrandbits(31), "sn": aircraft_sn},
            "leaf_nodes": [{"sdr_id": rnd.getrandbits(31), "sn": sn, "control_source_index": 1}],
        },
        "dongle_infos": [],
        "live_status": [],
        "rtcm_info": {
            "mount_point": "",
            "port": "",
            "host": "",
            "rtcm_device_type": 1,
            "source_type": 3,
        },
        "home_position_is_valid": 1,
        "heading": round(rnd.uniform(-180, 180), 1),
        "rainfall": 0,
        "ambient": rnd.uniform(8, 24),
        "wind": rnd.uniform(0.5, 4.5),
    }
    if product == "dock3":
        values["deployment_mode"] = 0
    return values


def osd_parts(dock: SimulatedGateway) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The three partial OSD messages as they would be now."""
    return climate(dock), link(dock), power(dock)


def climate(dock: SimulatedGateway) -> dict[str, Any]:
    """The first part: where the dock is, its weather, its mechanics, its aircraft."""
    values, aircraft, home = dock.values, dock.aircraft, dock.place
    rnd, weather = aircraft.random, dock.behaviour
    in_dock = dock.has_aircraft and not aircraft.flying
    land = home.offset(25, -18)
    part: dict[str, Any] = {
        "network_state": {"type": 2, "quality": 5, "rate": round(rnd.uniform(3, 900), 2)},
        "drone_charge_state": charge_state(dock),
        "drone_in_dock": int(in_dock),
        "rainfall": values["rainfall"] if weather.rainfall is None else weather.rainfall,
        "wind_speed": round(max(values["wind"] + rnd.gauss(0, 0.4), 0), 1)
        if weather.wind_speed is None
        else weather.wind_speed,
        "environment_temperature": round(values["ambient"] + rnd.gauss(0, 0.1), 1),
        "temperature": round(values["ambient"] + 3 + rnd.gauss(0, 0.2), 1),
        "humidity": round(52 + rnd.gauss(0, 1), 1),
        "latitude": home.latitude,
        "longitude": home.longitude,
        "height": home.height,
        "heading": values["heading"],
        "home_position_is_valid": values["home_position_is_valid"],
        "alternate_land_point": {
            "latitude": land.latitude,
            "longitude": land.longitude,
            "height": home.height,
            "safe_land_height": 40.0,
            "is_configured": 1,
        },
        "first_power_on": values["first_power_on"],
        "position_state": values["position_state"],
        "storage": dock.storage,
        "mode_code": dock.mode_code,
        "cover_state": values["cover_state"],
        "supplement_light_state": values["supplement_light_state"],
        "emergency_stop_state": int(dock.behaviour.emergency_stop),
        "air_conditioner": values["air_conditioner"],
        "battery_store_mode": values["battery_store_mode"],
        "alarm_state": values["alarm_state"],
        "sub_device": sub_device(dock),
    }
    if dock.profile.product == "dock3":
        part |= {
            "self_converge_coordinate": {
                "latitude": home.latitude,
                "longitude": home.longitude,
                "height": home.height,
            },
            "relative_alternate_land_point": {
                "longitude": land.longitude,
                "latitude": land.latitude,
                "safe_land_height": 40.0,
                "status": 1,
            },
            "deployment_mode": values["deployment_mode"],
            "gimbal_holder_state": 0,
            "departure_point": {},
            "departure_point_status": 0,
            "tilt_angle": {"valid": True, "value": 0.4},
        }
    return part


def link(dock: SimulatedGateway) -> dict[str, Any]:
    """The second part: radio links, files, the task's step."""
    values = dock.values
    up = dock.aircraft_seen
    part: dict[str, Any] = {
        "flighttask_step_code": step_code(dock),
        "media_file_detail": {"remain_upload": dock.media.remaining},
        "wireless_link": {
            "4g_freq_band": 2.4,
            "4g_gnd_quality": 0,
            "4g_link_state": 0,
            "4g_quality": 0,
            "4g_uav_quality": 0,
            "dongle_number": len(values["dongle_infos"]),
            "link_workmode": values.get("link_workmode", 0),
            "sdr_freq_band": 5.8 if up else 0.0,
            "sdr_link_state": int(up),
            "sdr_quality": 5 if up else 0,
        },
        "drc_state": values["drc_state"],
    }
    if dock.profile.product == "dock3":
        part |= {
            "sdr": {
                "up_quality": 5 if up else 0,
                "down_quality": 5 if up else 0,
                "frequency_band": 5.8 if up else 0.0,
            },
            "temp_mode_state": 0,
            "poe_link_status": 0,
            "poe_power_output": 0,
        }
    return part


def power(dock: SimulatedGateway) -> dict[str, Any]:
    """The third part: power, upkeep, counters."""
    values, rnd = dock.values, dock.aircraft.random
    part = {
        "job_number": values["job_number"],
        "acc_time": values["acc_time"],
        "activation_time": values["activation_time"],
        "maintain_status": values["maintain_status"],
        "electric_supply_voltage": 228 + rnd.randint(0, 6),
        "working_voltage": 25_200 + rnd.randint(0, 300),
        "working_current": float(900 + rnd.randint(0, 400)),
        "backup_battery": values["backup_battery"],
        "drone_battery_maintenance_info": values["drone_battery_maintenance_info"],
    }
    if dock.profile.product == "dock3":
        part["acdc_power_input"] = 1
    return part


def step_code(dock: SimulatedGateway) -> int:
    """`flighttask_step_code`: 0 prepares, 1 flies, 2 tidies up, 5 idle."""
    mission = dock.tasks.mission
    if dock.aircraft.flying:
        return 1
    if mission is None:
        return 5
    return 0 if mission.task.mission_state < 5 else 2


def charge_state(dock: SimulatedGateway) -> dict[str, int]:
    """Charging follows from the aircraft's battery unless charge_open or charge_close has said otherwise."""
    aircraft = dock.aircraft
    told = dock.values["charging"]
    charging = not aircraft.flying and (aircraft.battery < 100 if told is None else told)
    return {"state": int(charging), "capacity_percent": int(aircraft.battery)}


def sub_device(dock: SimulatedGateway) -> dict[str, Any]:
    """The aircraft as its dock sees it; the model is not known while it is off."""
    seen: dict[str, Any] = {
        "device_sn": dock.aircraft_sn,
        "device_online_status": int(dock.aircraft_seen),
        "device_paired": 1,
    }
    if dock.aircraft_seen:
        seen["device_model_key"] = dock.profile.aircraft_key
    return seen


def states(dock: SimulatedGateway) -> list[dict[str, Any]]:
    """State messages of the dock: what is reported when it changes, and after every connection."""
    values = dock.values
    camera_list = [camera(DOCK_CAMERA, "normal-0", ["normal"])]
    aircraft_cameras = [
        camera(
            dock.profile.camera,
            "wide-0",
            ["wide", "zoom", "ir"] if dock.profile.thermal else ["wide", "zoom"],
        ),
        camera(dock.profile.assist_camera, "normal-0", ["normal"]),
    ]
    devices = [
        {
            "sn": dock.sn,
            "available_video_number": 1,
            "coexist_video_number_max": 1,
            "camera_list": camera_list,
        }
    ]
    if dock.aircraft_seen:
        devices.append(
            {
                "sn": dock.aircraft_sn,
                "available_video_number": 2,
                "coexist_video_number_max": 1,
                "camera_list": aircraft_cameras,
            }
        )
    capacity = {
        "available_video_number": sum(int(str(device["available_video_number"])) for device in devices),
        "coexist_video_number_max": 2,
        "device_list": devices,
    }
    return [
        {
            "firmware_version": dock.profile.firmware,
            "firmware_upgrade_status": values["firmware_upgrade_status"],
            "compatible_status": values["compatible_status"],
        },
        {"live_capacity": capacity},
        {"live_status": values["live_status"]},
        {"wireless_link_topo": values["wireless_link_topo"]},
        {"dongle_infos": values["dongle_infos"]},
        {"rtcm_info": values["rtcm_info"]},
        {
            "silent_mode": values["silent_mode"],
            "user_experience_improvement": values["user_experience_improvement"],
            "air_transfer_enable": values["air_transfer_enable"],
            "acc_time": values["acc_time"],
        },
    ]


def camera(index: str, video: str, lenses: list[str]) -> dict[str, Any]:
    """One camera of live_capacity. A real Dock 3 names the first video wide-0 while its type says zoom."""
    return {
        "camera_index": index,
        "available_video_number": 1,
        "coexist_video_number_max": 1,
        "video_list": [
            {
                "video_index": video,
                "video_type": "zoom" if "zoom" in lenses else lenses[0],
                "switchable_video_types": lenses,
            }
        ],
    }
