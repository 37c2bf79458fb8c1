"""Route files for tests, made by the library that the server uses."""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any

from waylines import wpml

AREA = [[47.0, 8.0], [47.0, 8.002], [47.0015, 8.002], [47.0015, 8.0]]


def plan(**fields: Any) -> dict[str, Any]:
    """A plan's JSON: a square at 60 m with a photo at its second point."""
    corners = [(47.001, 8.0), (47.002, 8.0), (47.002, 8.001), (47.001, 8.001)]
    points: list[dict[str, Any]] = [{"latitude": lat, "longitude": lon, "height": 60} for lat, lon in corners]
    points[1]["actions"] = [{"name": "takePhoto"}]
    return {
        "name": "",
        "drone_model_key": "0-100-1",
        "payload_model_key": "1-99-0",
        "points": points,
        **fields,
    }


def waypoints(**fields: Any) -> bytes:
    return wpml.write(wpml.WaypointPlan.from_json(plan(**fields)), now=1_700_000_000_000)


def survey(**fields: Any) -> bytes:
    values: dict[str, Any] = {"camera": "1-98-0", "height": 60, **fields}
    return wpml.write(wpml.survey(AREA, **values), now=1_700_000_000_000)


def spiral(count: int, **fields: Any) -> list[dict[str, Any]]:
    """So many points, each with something to do."""
    found = []
    for place in range(count):
        angle, radius = place / 20, 0.0005 + place * 0.000005
        found.append(
            {
                "latitude": 47.0 + radius * math.sin(angle),
                "longitude": 8.0 + radius * math.cos(angle) * 1.46,
                "height": 40 + 30 * math.sin(place / 50),
                "actions": [{"name": "takePhoto", "parameters": {"fileSuffix": f"p{place}"}}],
                **fields,
            }
        )
    return found


def packed(**entries: str | bytes) -> bytes:
    """An archive of these texts: `template="…"` and `waylines="…"`."""
    buffer = io.BytesIO()
    names = {"template": "wpmz/template.kml", "waylines": "wpmz/waylines.wpml"}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(names.get(name, name), body)
    return buffer.getvalue()


def with_action(name: str, **parameters: str) -> bytes:
    """A route whose one photo is this action instead, with these parameters."""
    entries = dict(wpml.read(waypoints()).entries)
    inner = "".join(f"<wpml:{key}>{value}</wpml:{key}>" for key, value in parameters.items())
    for entry, body in entries.items():
        text = body.decode().replace(">takePhoto<", f">{name}<")
        text = text.replace("<wpml:actionActuatorFuncParam>", f"<wpml:actionActuatorFuncParam>{inner}")
        entries[entry] = text.encode()
    return packed(**entries)


def bomb() -> bytes:
    """Small outside, large inside."""
    return packed(waylines=b"<kml>" + b" " * 200_000_000)
