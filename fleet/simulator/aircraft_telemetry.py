"""What an aircraft reports: properties pages of M3D/M3TD, M4D/M4TD and M4E/M4T, and the keys that real
traffic adds.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from fleet.simulator.motion import ENDURANCE

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway

ON_GROUND_PERIOD, FLYING_PERIOD = 2.0, 1.0


def initial_values(aircraft_sn: str, camera: str, thermal: bool, rnd: random.Random) -> dict[str, Any]:
    """All properties that do not follow from the flight; commands and property/set change them."""
    gimbal: dict[str, Any] = {
        "payload_index": camera,
        "gimbal_pitch": 0.0,
        "gimbal_roll": 0.0,
        "gimbal_yaw": 0.0,
        "zoom_factor": 0.567,
        "measure_target_longitude": 0.0,
        "measure_target_latitude": 0.0,
        "measure_target_altitude": 0.0,
        "measure_target_distance": 0.0,
        "measure_target_error_state": 3,
    }
    if thermal:
        gimbal |= {
            "thermal_current_palette_style": 0,
            "thermal_gain_mode": 0,
            "thermal_isotherm_state": 0,
            "thermal_isotherm_upper_limit": 150,
            "thermal_isotherm_lower_limit": 0,
            "thermal_global_temperature_min": 11.2,
            "thermal_global_temperature_max": 34.9,
        }
    return {
        camera: gimbal,
        "gear": 1,
        "height_limit": 120,
        "distance_limit_status": {"state": 0, "distance_limit": 5000, "is_near_distance_limit": 0},
        "rth_altitude": 100,
        "rc_lost_action": 2,
        "rid_state": True,
        "country": "CH",
        "night_lights_state": 0,
        "obstacle_avoidance": {"horizon": 1, "upside": 1, "downside": 1},
        "commander_flight_height": 100.0,
        "commander_flight_mode": 1,
        "current_commander_flight_mode": 1,
        "commander_mode_lost_action": 1,
        "rth_mode": 1,
        "current_rth_mode": 1,
        "remaining_power_for_return_home": 25,
        "offline_map_enable": False,
        "low_battery_warning_threshold": 30,
        "serious_low_battery_warning_threshold": 15,
        "control_source": "A",
        "mode_code_reason": 0,
        "camera_watermark_settings": {
            "global_enable": 0,
            "drone_type_enable": 0,
            "drone_sn_enable": 0,
            "datetime_enable": 0,
            "gps_enable": 0,
            "user_custom_string_enable": 0,
            "user_custom_string": "",
            "layout": 0,
        },
        "camera": {
            "payload_index": camera,
            "camera_mode": 0,
            "photo_state": 0,
            "recording_state": 0,
            "record_time": 0,
            "remain_photo_num": 4096,
            "remain_record_duration": 7200,
            "screen_split_enable": False,
            "zoom_factor": 2.0,
            "ir_zoom_factor": 2.0,
            "photo_storage_settings": ["vision"],
            "video_storage_settings": ["vision"],
            "wide_exposure_mode": 1,
            "wide_iso": 3,
            "wide_shutter_speed": 14,
            "wide_exposure_value": 16,
            "wide_focus_mode": 2,
            "wide_focus_state": 0,
            "wide_focus_value": 0,
            "zoom_exposure_mode": 1,
            "zoom_iso": 3,
            "zoom_shutter_speed": 14,
            "zoom_exposure_value": 16,
            "zoom_focus_mode": 2,
            "zoom_focus_state": 0,
            "zoom_focus_value": 34,
            "zoom_max_focus_value": 66,
            "zoom_min_focus_value": 30,
            "ir_metering_mode": 0,
        },
        "battery_sn": f"8Y{rnd.getrandbits(48):012X}",
        "activation_time": int(time.time()) - rnd.randint(10**6, 3 * 10**7),
        "total_flight_time": float(rnd.randint(10**4, 10**6)),
        "total_flight_distance": float(rnd.randint(10**5, 10**7)),
        "track_id": "",
    }


def period(gateway: SimulatedGateway) -> float:
    """Seconds until the next OSD."""
    return FLYING_PERIOD if gateway.aircraft.flying else ON_GROUND_PERIOD


def osd(gateway: SimulatedGateway) -> dict[str, Any]:
    """The whole OSD of the aircraft as it would be now; about 1.6 to 2 kB of JSON."""
    aircraft, values, profile = gateway.aircraft, gateway.aircraft_values, gateway.profile
    rnd, here = aircraft.random, aircraft.here
    flying = aircraft.flying
    percent = int(aircraft.battery)
    data: dict[str, Any] = {
        profile.camera: {**values[profile.camera], "gimbal_yaw": round(aircraft.heading, 1)},
        "mode_code": int(aircraft.mode),
        "gear": values["gear"],
        "latitude": here.latitude,
        "longitude": here.longitude,
        "height": round(here.height, 3),
        "elevation": round(aircraft.up, 1),
        "horizontal_speed": round(aircraft.horizontal_speed, 1),
        "vertical_speed": round(aircraft.vertical_speed, 1),
        "attitude_head": round(aircraft.heading),
        "attitude_pitch": round(-1.2 * aircraft.horizontal_speed + rnd.gauss(0, 0.3), 1) if flying else 0.3,
        "attitude_roll": round(rnd.gauss(0, 0.8), 1) if flying else -0.2,
        "home_distance": round(aircraft.home_distance, 2),
        # In tenths of a metre a second, as aircraft send it; a dock sends metres a second.
        "wind_speed": max(round(24 + rnd.gauss(0, 5)), 0) if flying else 0,
        "wind_direction": 6 if flying else 1,
        "battery": {
            "capacity_percent": percent,
            "remain_flight_time": int(aircraft.battery / 100 * ENDURANCE),
            "return_home_power": min(12 + int(aircraft.home_distance / 100), 90),
            "landing_power": 8,
            "remain_job_time": 65535,
            "batteries": [
                {
                    "index": 0,
                    "sn": values["battery_sn"],
                    "type": 0,
                    "sub_type": 0,
                    "firmware_version": "02.00.20.74",
                    "capacity_percent": percent,
                    "loop_times": 41,
                    "voltage": 13_600 + percent * 34,
                    "temperature": round(31 + (6 if flying else 0) + rnd.gauss(0, 0.1), 1),
                    "high_voltage_storage_days": 0,
                }
            ],
        },
        "position_state": {
            "is_fixed": 2,
            "quality": 5,
            "gps_number": 27 + rnd.randint(0, 4),
            "rtk_number": 29 + rnd.randint(0, 4),
        },
        "storage": {"total": 60_082_000, "used": 1_204_000},
        "obstacle_avoidance": values["obstacle_avoidance"],
        "height_limit": values["height_limit"],
        "is_near_height_limit": int(aircraft.up > values["height_limit"] - 5),
        "is_near_area_limit": 0,
        "distance_limit_status": values["distance_limit_status"],
        "rth_altitude": values["rth_altitude"],
        "night_lights_state": values["night_lights_state"],
        "activation_time": values["activation_time"],
        "total_flight_sorties": aircraft.flights,
        "total_flight_distance": round(values["total_flight_distance"] + aircraft.distance, 1),
        "total_flight_time": round(values["total_flight_time"] + aircraft.airborne_for, 1),
        "track_id": aircraft.track_id if flying else "",
        "maintain_status": {
            "maintain_status_array": [
                {
                    "state": 0,
                    "last_maintain_type": kind,
                    "last_maintain_time": 0,
                    "last_maintain_flight_time": 0,
                    "last_maintain_flight_sorties": 0,
                }
                for kind in (1, 2, 3)
            ]
        },
    }
    if profile.is_dock:
        data |= {
            "cameras": [values["camera"]],
            "country": values["country"],
            "rid_state": values["rid_state"],
            "rc_lost_action": values["rc_lost_action"],
            "fts_info": {"status": 0},
        }
    else:
        data["firmware_version"] = profile.aircraft_firmware
    return data


def states(gateway: SimulatedGateway) -> list[dict[str, Any]]:
    """State messages of the aircraft: each asks for a reply."""
    values, profile, home = gateway.aircraft_values, gateway.profile, gateway.aircraft.home
    messages: list[dict[str, Any]] = [
        {"home_latitude": home.latitude, "home_longitude": home.longitude},
        {
            "low_battery_warning_threshold": values["low_battery_warning_threshold"],
            "serious_low_battery_warning_threshold": values["serious_low_battery_warning_threshold"],
        },
        {"control_source": values["control_source"]},
        {
            "commander_flight_height": values["commander_flight_height"],
            "commander_flight_mode": values["commander_flight_mode"],
            "current_commander_flight_mode": values["current_commander_flight_mode"],
            "commander_mode_lost_action": values["commander_mode_lost_action"],
            "rth_mode": values["rth_mode"],
            "current_rth_mode": values["current_rth_mode"],
        },
        {"camera_watermark_settings": values["camera_watermark_settings"]},
        {"mode_code_reason": values["mode_code_reason"]},
        {"offline_map_enable": values["offline_map_enable"]},
        {
            "payloads": [
                {
                    "payload_index": profile.camera,
                    "control_source": "A",
                    "sn": "",
                    "firmware_version": "",
                }
            ]
        },
    ]
    firmware: dict[str, Any] = {"compatible_status": 0, "firmware_upgrade_status": 0}
    if profile.is_dock:
        firmware["firmware_version"] = profile.aircraft_firmware
        messages += [
            {"remaining_power_for_return_home": values["remaining_power_for_return_home"]},
            {"flysafe_database_version": "1.0.1.44"},
            {"best_link_gateway": gateway.sn},
            {"wireless_link_topo": gateway.values["wireless_link_topo"]},
            {"geo_caging_status": {"state": 0}},
            {"is_beidou_version": False},
        ]
    return [firmware, *messages]
