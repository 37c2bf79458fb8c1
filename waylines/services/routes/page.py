"""What a route's page and its line in the list show, from what was read when it was stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from devices.models import Device
from devices.models.device import Domain
from waylines import wpml
from waylines.models import Route
from waylines.services.missions import gate
from waylines.services.missions.policy import policy_of
from waylines.services.routes import reading, words

Json = dict[str, Any]
#: The height profile's drawing, in its own units.
WIDTH, HEIGHT = 1000, 160
#: The list of points on the page; a longer route is drawn whole and listed so far.
LISTED = 500


def sketch(route: Route, size: int = 44) -> list[str]:
    """The route's shape as points of SVG polylines in a square; empty when nothing is known."""
    lines = route.file.facts.get("sketch") or []
    places = [place for line in lines for place in line]
    if not places:
        return []
    south, north = min(p[0] for p in places), max(p[0] for p in places)
    west, east = min(p[1] for p in places), max(p[1] for p in places)
    # Degrees of longitude are shorter than those of latitude.
    narrow = math.cos(math.radians((south + north) / 2)) or 1e-6
    extent = max(north - south, (east - west) * narrow) or 1e-9
    scale = (size - 8) / extent
    left, top = (size - (east - west) * narrow * scale) / 2, (size - (north - south) * scale) / 2
    return [
        " ".join(f"{left + (p[1] - west) * narrow * scale:.1f},{top + (north - p[0]) * scale:.1f}" for p in line)
        for line in lines
    ]


def length(metres: float | None) -> str:
    if metres is None:
        return "—"
    return f"{number_format(metres / 1000, 2)} km" if metres >= 1000 else f"{metres:.0f} m"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def rows(route: Route) -> list[tuple[str, str]]:
    """The facts, for people."""
    facts: Mapping[str, Any] = route.file.facts
    mode = str(facts.get("height_mode") or "")
    modes = {
        "WGS84": _("above the ellipsoid"),
        "relativeToStartPoint": _("above take-off"),
        "realTimeFollowSurface": _("above the ground"),
    }
    highest, lowest = facts.get("highest"), facts.get("lowest")
    heights = "—"
    if highest is not None and lowest is not None:
        heights = f"{lowest:.0f} to {highest:.0f} m {modes.get(mode, mode)}"
    found = [
        (_("Aircraft"), words.model(route.drone_model_key) or "—"),
        (_("Payload"), words.models(route.payload_model_keys) or "—"),
        (_("Kind"), ", ".join(words.template(str(word)) for word in facts.get("template_types") or []) or "—"),
        (_("Length"), length(facts.get("distance"))),
        (_("Duration"), duration(facts.get("duration")) + (" ≈" if facts.get("estimated") else "")),
        (_("Waypoints"), str(facts.get("point_count") or 0)),
        (_("Photos"), str(facts.get("photo_count") or 0)),
        (_("Heights"), heights),
        (_("By"), route.user_name or "—"),
        (_("Format"), str(facts.get("version") or "—")),
    ]
    if facts.get("resources"):
        found.append((_("Embedded"), ", ".join(str(name) for name in facts["resources"])[:300]))
    return found


def docks(route: Route) -> list[Device]:
    return list(Device.objects.filter(workspace=route.workspace_id, domain=Domain.DOCK).order_by("callsign", "sn"))


def advice(route: Route, dock: Device | None) -> list[Json]:
    """What speaks against it: by itself, and from this dock with its aircraft."""
    if route.file.problem:
        return [{"severity": "block", "text": route.file.problem}]
    facts = wpml.Facts.from_json({key: value for key, value in route.file.facts.items() if key != "sketch"})
    policy = policy_of(route.workspace_id)
    aircraft_key, home = None, None
    if dock is not None:
        said = gate.state_of(dock.pk)
        aircraft = gate.aircraft_of(dock, said)
        aircraft_key, home = (aircraft.model_id if aircraft else None), gate.home_of(said)
    found = [
        {"severity": advice.severity, "text": reading.in_words(advice)}
        for advice in wpml.advise(
            facts, aircraft_model_key=aircraft_key, home=home, max_height=policy.max_height,
            max_distance=policy.max_distance,
        )
    ]  # fmt: skip
    if home is not None and (away := gate.farthest(home, route.file.outline)) > policy.max_distance:
        text = _("It leads %(away)s m away; the range is %(limit)s m.")
        found.insert(0, {"severity": "block", "text": text % {"away": f"{away:.0f}", "limit": policy.max_distance}})
    return found


def profile(route: Route) -> Json:
    """Heights along the way: an SVG path over `WIDTH` x `HEIGHT`, and for each point where it lies on it."""
    places: list[tuple[float, float]] = []
    along, before = 0.0, None
    for line in route.file.outline:
        for latitude, longitude, height in line.get("points", []):
            if before is not None:
                along += gate.distance(before, (latitude, longitude))
            before = (latitude, longitude)
            places.append((along, height or 0.0))
    if len(places) < 2:
        return {}
    low, high = min(h for _a, h in places), max(h for _a, h in places)
    floor, ceiling = min(0.0, low), max(high, low + 1.0)
    total = places[-1][0] or 1.0
    spots = [
        (round(a / total * WIDTH, 1), round(HEIGHT - 8 - (h - floor) / (ceiling - floor) * (HEIGHT - 16), 1))
        for a, h in places
    ]
    return {
        "path": "M" + " L".join(f"{x},{y}" for x, y in spots),
        "spots": spots,
        "low": f"{low:.0f} m",
        "high": f"{high:.0f} m",
        "length": length(total),
        "width": WIDTH,
        "height": HEIGHT,
    }


def points(route: Route) -> list[Json]:
    """The waypoints with what is done at each."""
    names = words.actions()
    found: list[Json] = []
    for line in route.file.outline:
        done: dict[int, list[str]] = {}
        for action in line.get("actions", []):
            done.setdefault(action["point"], []).append(names.get(action["name"], action["name"]))
        for place, (latitude, longitude, height) in enumerate(line.get("points", [])):
            found.append(
                {
                    "number": len(found) + 1,
                    "latitude": latitude,
                    "longitude": longitude,
                    "height": height,
                    "actions": done.get(place, []),
                }
            )
            if len(found) >= LISTED:
                return found
    return found
