"""What may be drawn: a GeoJSON feature with one point, line or polygon, of sane size, inside the world."""

from __future__ import annotations

import math
import re
from typing import Any

from django.utils.translation import gettext as _
from shapely.geometry import Polygon  # type: ignore[import-untyped]
from shapely.validation import explain_validity  # type: ignore[import-untyped]

from fleet.models import MapElement

Json = dict[str, Any]
Position = list[float]

#: More vertices than anybody draws, and few enough for every remote.
MOST_VERTICES = 10_000
#: Metres; beyond is no height on Earth but a slip.
_HIGHEST = 100_000.0
_COLOUR = re.compile(r"^#?[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$")
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
    except (TypeError, ValueError):
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
            _("An element of this type is a %(wanted)s, not a %(kind)s.") % {"wanted": wanted, "kind": kind}
        )
    places = _coordinates(kind, geometry.get("coordinates"))
    properties = content.get("properties")
    properties = dict(properties) if isinstance(properties, dict) else {}
    properties["color"] = colour(properties.get("color"))
    return {**content, "type": "Feature", "properties": properties, "geometry": {**geometry, "coordinates": places}}


def colour(value: Any) -> str:
    """#RRGGBB; a colour that is none becomes the usual one, for it is no reason to lose a drawing."""
    if not isinstance(value, str) or not _COLOUR.match(value.strip()):
        return _USUAL_COLOUR
    return f"#{value.strip().lstrip('#')[:6].upper()}"


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
    flat = [[(point[0], point[1]) for point in ring] for ring in rings]
    shape = Polygon(flat[0], flat[1:])
    if not shape.is_valid:
        raise BadGeometry(_("The polygon crosses itself (%(why)s).") % {"why": explain_validity(shape)[:80]})
    return rings


def _ring(value: Any) -> list[Position]:
    ring = _positions(value)
    if ring and ring[0][:2] != ring[-1][:2]:
        # Remotes leave the ring open; GeoJSON wants it closed.
        ring.append(list(ring[0]))
    if len({tuple(point[:2]) for point in ring}) < 3:
        raise BadGeometry(_("A polygon needs at least three different points."))
    return ring
