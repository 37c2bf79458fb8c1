"""What may be drawn: a GeoJSON feature with one point, line or polygon, of sane size, inside the world."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from django.utils.translation import gettext as _
from shapely.geometry import Polygon
from shapely.validation import explain_validity

from fleet.models import MapElement
from fleet.services.map_elements import circles

Json = dict[str, Any]
Position = list[float]

#: More vertices than anybody draws, and few enough for every remote.
MOST_VERTICES = 10_000
#: Bytes of a whole feature as JSON: a push of it has to fit into one frame of every socket.
MOST_BYTES = 800_000
#: Levels of what clients put beside the geometry.
_DEEPEST = 16
#: What every part of the way, the browser included, can hold.
_LARGEST = 2**53
#: Metres; beyond is no height on Earth but a slip.
_HIGHEST = 100_000.0
_COLOUR = re.compile(r"(?:#|0x)?([0-9a-f]{2})?([0-9a-f]{6})", re.IGNORECASE)
_PLACE = re.compile(r"\[(-?[\d.e+-]+) (-?[\d.e+-]+)\]")
#: Degrees, a tenth of a millimetre.
_SAME = 1e-9
_USUAL_COLOUR = "#2D8CF0"
_GEOMETRIES = {
    MapElement.Type.POINT: "Point",
    MapElement.Type.LINE: "LineString",
    MapElement.Type.POLYGON: "Polygon",
    MapElement.Type.CIRCLE: "Point",
}


class BadGeometry(ValueError):
    """It cannot be drawn; the text is a sentence for people."""


def type_of(value: Any) -> int:
    """The protocol's `type`, also as text; one we do not know is kept. Raises `BadGeometry` for what is no number."""
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        raise BadGeometry(_("The type of an element is a number.")) from None
    if not 0 <= found < 100:
        raise BadGeometry(_("There is no element of type %(type)s.") % {"type": found})
    return found


def checked(type_: int, content: Any) -> Json:
    """The feature as it is kept: numbers are numbers, rings are closed, everything unknown is still there.

    Raises `BadGeometry`.
    """
    if not isinstance(content, dict):
        raise BadGeometry(_("The content has to be a GeoJSON feature."))
    geometry = content.get("geometry")
    if not isinstance(geometry, dict):
        raise BadGeometry(_("The feature has no geometry."))
    kind = geometry.get("type")
    wanted = _GEOMETRIES.get(MapElement.Type(type_)) if type_ in MapElement.Type.values else None
    # A circle comes as a point with a radius, or as the polygon that it is drawn as.
    if wanted is not None and kind != wanted and not (type_ == MapElement.Type.CIRCLE and kind == "Polygon"):
        raise BadGeometry(
            _("An element of this type is a %(wanted)s, not a %(kind)s.") % {"wanted": wanted, "kind": str(kind)[:40]}
        )
    places = _coordinates(kind, geometry.get("coordinates"))
    rest = _plain({key: value for key, value in content.items() if key != "geometry"})
    shape = _plain({key: value for key, value in geometry.items() if key != "coordinates"})
    given = rest.get("properties")
    properties = dict(given) if isinstance(given, dict) else {}
    properties["color"] = colour(properties.get("color"))
    if not circles.fits(properties.get("circle"), places if kind == "Polygon" else None):
        properties.pop("circle", None)
    found = {**rest, "type": "Feature", "properties": properties, "geometry": {**shape, "coordinates": places}}
    if len(json.dumps(found)) > MOST_BYTES:
        raise BadGeometry(_("It holds more than %(most)s kB; leave something out.") % {"most": MOST_BYTES // 1000})
    return found


def without_redrawing(before: Json, content: Any) -> Any:
    """What Pilot sends as a change, with the properties that it does not know and therefore leaves out."""
    properties, known = (
        dict(found) if isinstance(found, dict) else {}
        for found in (content.get("properties") if isinstance(content, dict) else None, before.get("properties"))
    )
    kept = {key: value for key, value in known.items() if key not in ("color", "clampToGround", "is3d")}
    return {**content, "properties": {**kept, **properties}} if isinstance(content, dict) else content


def _plain(value: Any, depth: int = 0) -> Any:
    """What clients put beside the geometry, as it is, unless no database could keep it."""
    if depth > _DEEPEST:
        raise BadGeometry(_("Its properties are nested too deeply."))
    if isinstance(value, dict):
        return {text(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int | float) and not abs(value) <= _LARGEST:
        raise BadGeometry(_("A number in its properties is too large."))
    return value


def text(value: Any) -> str:
    """A text that a database can keep: no zero bytes and no halves of characters."""
    return str(value).encode("utf-8", "replace").decode().replace("\x00", "")


def colour(value: Any) -> str:
    """#RRGGBB; a colour that is none becomes the usual one, for it is no reason to lose a drawing.

    Of eight digits the first two are how opaque it is, as on Android. A page prints `0x` in the place of `#`.
    """
    found = _COLOUR.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"#{found[2].upper()}" if found else _USUAL_COLOUR


def _coordinates(kind: Any, value: Any) -> Any:
    if kind == "Point":
        return _position(value)
    if kind == "LineString":
        line = _positions(value)
        if len(line) < 2:
            raise BadGeometry(_("A line needs at least two points."))
        return line
    if kind == "Polygon":
        return _polygon(value)
    raise BadGeometry(_("Points, lines and polygons can be drawn, not %(kind)s.") % {"kind": str(kind)[:40]})


def _positions(value: Any) -> list[Position]:
    if not isinstance(value, list | tuple):
        raise BadGeometry(_("Coordinates are a list of points."))
    if len(value) > MOST_VERTICES:
        raise BadGeometry(
            _("It has %(count)s points; at most %(most)s can be drawn.") % {"count": len(value), "most": MOST_VERTICES}
        )
    return [_position(point) for point in value]


def _position(value: Any) -> Position:
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 4:
        raise BadGeometry(_("A point is [longitude, latitude] or [longitude, latitude, height]."))
    longitude, latitude, *rest = (_number(part) for part in value[:3])
    if not -180 <= longitude <= 180 or not -90 <= latitude <= 90:
        raise BadGeometry(
            _("%(longitude)s, %(latitude)s is not on Earth; longitude comes first.")
            % {"longitude": longitude, "latitude": latitude}
        )
    if rest and abs(rest[0]) > _HIGHEST:
        raise BadGeometry(_("A height of %(height)s m cannot be right.") % {"height": rest[0]})
    return [longitude, latitude, *rest]


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise BadGeometry(_("A coordinate has to be a number."))
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadGeometry(_("A coordinate has to be a number.")) from None
    if not math.isfinite(found):
        raise BadGeometry(_("A coordinate has to be a number."))
    return found


def _polygon(value: Any) -> list[list[Position]]:
    if not isinstance(value, list | tuple) or not value:
        raise BadGeometry(_("A polygon is a list of rings."))
    if sum(len(ring) for ring in value if isinstance(ring, list | tuple)) > MOST_VERTICES:
        raise BadGeometry(_("It has too many points; at most %(most)s can be drawn.") % {"most": MOST_VERTICES})
    rings = [_ring(ring) for ring in value]
    outer, *holes = (unwrapped(ring) for ring in rings)
    shape = Polygon(outer, [_beside(hole, outer[0][0]) for hole in holes])
    if not shape.is_valid:
        raise BadGeometry(_fault(explain_validity(shape)))
    return rings


def _fault(said: str) -> str:
    """What the library says, "Self-intersection[8.1 47.2]", as a sentence."""
    found = _PLACE.search(said)
    where = {"latitude": float(found[2]), "longitude": (float(found[1]) + 540) % 360 - 180} if found else {}
    if "elf-intersection" not in said or not where:
        return _("The polygon is not one area (%(why)s).") % {"why": said[:80]}
    return _("The polygon crosses itself, near %(latitude).5f, %(longitude).5f.") % where


def unwrapped(line: list[Position]) -> list[tuple[float, float]]:
    """The line in the plane: where it crosses the 180th meridian it goes on instead of jumping to the other end."""
    found: list[tuple[float, float]] = []
    shift = 0.0
    for index, point in enumerate(line):
        if index:
            step = point[0] - line[index - 1][0]
            shift += -360.0 if step > 180 else 360.0 if step < -180 else 0.0
        found.append((point[0] + shift, point[1]))
    return found


def _beside(line: list[tuple[float, float]], longitude: float) -> list[tuple[float, float]]:
    """The line on that side of the 180th meridian."""
    turns = round((longitude - line[0][0]) / 360)
    return [(point[0] + 360.0 * turns, point[1]) for point in line]


def _ring(value: Any) -> list[Position]:
    ring = _positions(value)
    if ring and ring[0][:2] != ring[-1][:2]:
        # Remotes leave the ring open; GeoJSON wants it closed.
        if len(ring) > 3 and all(abs(a - b) < _SAME for a, b in zip(ring[0][:2], ring[-1][:2], strict=True)):
            ring.pop()
        ring.append(list(ring[0]))
    if len({tuple(point[:2]) for point in ring}) < 3:
        raise BadGeometry(_("A polygon needs at least three different points."))
    return ring
