"""The few numbers of a device's state that maps and lists show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from devices.models.device import Domain

Summary = dict[str, Any]

#: summary key → the property it is read from
_AIRCRAFT = {
    "height": "height",
    "elevation": "elevation",
    "heading": "attitude_head",
    "speed": "horizontal_speed",
    "climb": "vertical_speed",
    "home_distance": "home_distance",
}


def number(value: Any) -> float | None:
    """A finite number, also when it came as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, int | float):
        try:
            value = float(value)
        except (TypeError, ValueError):
            return None
    return float(value) if math.isfinite(value) else None


def summarize(domain: int, properties: Mapping[str, Any]) -> Summary:
    """Position (WGS84 degrees; metres), heading (0 to 360°), speeds (m/s), mode number and battery (%), where known.

    A position of exactly 0, 0 is how devices say that they have none.
    """
    found: Summary = {}
    latitude, longitude = number(properties.get("latitude")), number(properties.get("longitude"))
    if (
        latitude is not None
        and longitude is not None
        and (latitude or longitude)
        and abs(latitude) <= 90
        and abs(longitude) <= 180
    ):
        found["lat"], found["lon"] = round(latitude, 7), round(longitude, 7)
    for key, name in _AIRCRAFT.items():
        value = number(properties.get(name))
        if value is not None:
            found[key] = round(value, 2)
    if domain != Domain.AIRCRAFT and (heading := number(properties.get("heading"))) is not None:
        found["heading"] = round(heading, 1)
    if "heading" in found:
        found["heading"] %= 360
    if (mode := number(properties.get("mode_code"))) is not None:
        found["mode"] = int(mode)
    battery = _battery(domain, properties)
    if battery is not None and 0 <= battery <= 100:
        found["battery"] = round(battery)
    if domain == Domain.DOCK:
        for key in ("drone_in_dock", "cover_state"):
            if (value := number(properties.get(key))) is not None:
                found[key] = int(value)
    return found


def _battery(domain: int, properties: Mapping[str, Any]) -> float | None:
    if domain == Domain.REMOTE:
        return number(properties.get("capacity_percent"))
    holder = properties.get("battery" if domain == Domain.AIRCRAFT else "drone_charge_state")
    return number(holder.get("capacity_percent")) if isinstance(holder, Mapping) else None
