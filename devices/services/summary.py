"""The few numbers of a device's state that maps and lists show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from devices.models.device import Domain

Summary = dict[str, Any]

#: summary key → the property it is read from, and how large it can be: m, m, °, m/s, m/s, m
_AIRCRAFT = {
    "height": ("height", 20_000),
    "elevation": ("elevation", 20_000),
    "heading": ("attitude_head", 10_000),
    "speed": ("horizontal_speed", 500),
    "climb": ("vertical_speed", 500),
    "home_distance": ("home_distance", 1_000_000),
}
_INT32 = 2**31 - 1


def number(value: Any) -> float | None:
    """A finite number, also when it came as text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """A number without its fraction, as far as databases go; None for anything else."""
    found = number(value)
    return int(found) if found is not None and abs(found) <= _INT32 else None


def summarize(domain: int, properties: Mapping[str, Any]) -> Summary:
    """Position (WGS84 degrees; metres), heading (0 to 360°), speeds (m/s), mode number and battery (%), where known.

    A position of exactly 0, 0 is how devices say that they have none. What no machine can be is left out.
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
    for key, (name, most) in _AIRCRAFT.items():
        value = number(properties.get(name))
        if value is not None and abs(value) <= most:
            found[key] = round(value, 2)
    heading = number(properties.get("heading")) if domain != Domain.AIRCRAFT else None
    if heading is not None and abs(heading) <= _AIRCRAFT["heading"][1]:
        found["heading"] = round(heading, 1)
    if "heading" in found:
        found["heading"] %= 360
    if (mode := whole(properties.get("mode_code"))) is not None:
        found["mode"] = mode
    battery = _battery(domain, properties)
    if battery is not None and 0 <= battery <= 100:
        found["battery"] = round(battery)
    if domain == Domain.DOCK:
        for key in ("drone_in_dock", "cover_state"):
            if (code := whole(properties.get(key))) is not None:
                found[key] = code
    return found


def _battery(domain: int, properties: Mapping[str, Any]) -> float | None:
    if domain == Domain.REMOTE:
        return number(properties.get("capacity_percent"))
    holder = properties.get("battery" if domain == Domain.AIRCRAFT else "drone_charge_state")
    return number(holder.get("capacity_percent")) if isinstance(holder, Mapping) else None
