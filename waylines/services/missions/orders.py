"""What a dock is asked: the data of `flighttask_*` commands (page "Wayline management")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from media.services import storage
from waylines.models import Mission
from waylines.models.mission import MissionKind
from waylines.services.missions.policy import policy_of

#: Seconds for which the address of a route file is good; a dock that comes later asks for a new one.
URL_SECONDS = 3600


def file_of(mission: Mission) -> dict[str, str]:
    """`file`: where the KMZ is and its MD5. Raises `StorageError`."""
    return {"url": storage.presigned_url(mission.file.object_key, ttl=URL_SECONDS), "fingerprint": mission.file.sign}


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def prepare(mission: Mission) -> dict[str, Any]:
    """The data of `flighttask_prepare`. Raises `StorageError`."""
    data: dict[str, Any] = {
        "flight_id": str(mission.pk),
        "execute_time": milliseconds(mission.execute_at),
        "task_type": mission.kind,
        "file": file_of(mission),
        "rth_altitude": mission.rth_altitude,
        "rth_mode": mission.rth_mode,
        "out_of_control_action": mission.out_of_control_action,
        "exit_wayline_when_rc_lost": mission.exit_wayline_when_rc_lost,
        "wayline_precision_type": mission.wayline_precision_type,
    }
    policy = policy_of(mission.workspace_id)
    storage_mb = mission.storage_capacity if mission.storage_capacity is not None else policy.storage_mb
    if mission.kind == MissionKind.CONDITIONAL:
        battery = mission.battery_capacity if mission.battery_capacity is not None else policy.battery
        data["ready_conditions"] = {
            "battery_capacity": battery,
            "begin_time": milliseconds(mission.execute_at),
            "end_time": milliseconds(mission.window_end or mission.execute_at),
        }
        data["executable_conditions"] = {"storage_capacity": storage_mb}
    if mission.break_point:
        keys = ("index", "state", "progress", "wayline_id")
        data["break_point"] = {key: mission.break_point[key] for key in keys if key in mission.break_point}
    if mission.simulate:
        data["simulate_mission"] = simulation(mission)
    return data


def create(mission: Mission) -> dict[str, Any]:
    """The data of `flighttask_create`, which docks of the first firmware fly at once. Raises `StorageError`."""
    file = file_of(mission)
    return {
        "flight_id": str(mission.pk),
        "type": "wayline",
        "file": {"url": file["url"], "sign": file["fingerprint"]},
    }


def simulation(mission: Mission) -> dict[str, Any]:
    """`simulate_mission`: the dock plays the flight at the route's start."""
    start = mission.file.facts.get("start") or [0.0, 0.0]
    return {"is_enable": 1, "latitude": start[0], "longitude": start[1]}
