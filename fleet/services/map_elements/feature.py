"""What a file holds before it is drawn: a name, properties and one simple geometry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from fleet.models import MapElement

Json = dict[str, Any]

TYPES = {
    "Point": MapElement.Type.POINT,
    "LineString": MapElement.Type.LINE,
    "Polygon": MapElement.Type.POLYGON,
}


class CannotImport(Exception):
    """The file as a whole is of no use; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Feature:
    """`why` says that it cannot be drawn, and why."""

    name: str
    geometry: Json = field(default_factory=dict)
    properties: Json = field(default_factory=dict)
    why: str = ""


def simple(name: str, geometry: Any, properties: Json) -> Iterator[Feature]:
    """A GeoJSON geometry as features of one piece each: what has several pieces is numbered."""
    pieces = list(_pieces(geometry, 0))
    for number, piece in enumerate(pieces, start=1):
        label = name if len(pieces) == 1 else f"{name} {number}"
        if isinstance(piece, str):
            yield Feature(label, why=piece)
        else:
            yield Feature(label, piece, properties)


def _pieces(geometry: Any, depth: int) -> Iterator[Json | str]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(kind, str):
        yield _("It has no geometry.")
    elif kind in TYPES:
        yield geometry
    elif kind in ("MultiPoint", "MultiLineString", "MultiPolygon"):
        inner = geometry.get("coordinates")
        for part in inner if isinstance(inner, list) else []:
            yield {"type": kind.removeprefix("Multi"), "coordinates": part}
    elif kind == "GeometryCollection" and depth < 3:
        inner = geometry.get("geometries")
        for part in inner if isinstance(inner, list) else []:
            yield from _pieces(part, depth + 1)
    else:
        yield _("Points, lines and polygons can be drawn, not %(kind)s.") % {"kind": kind[:40]}
