"""Areas that must not be flown over, as GeoJSON, against the legs of a route and not only its points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

import shapely
from shapely.geometry import LineString, Point, Polygon

from waylines.wpml.geometry import LocalMap

_LARGEST_RADIUS = 1_000_000.0
_HORIZON = 9_000_000.0


@dataclass(frozen=True, slots=True)
class Crossing:
    """A leg over an area: `way` and `leg` are places in what was asked, `area` is the area's name or number."""

    area: str
    way: int
    leg: int


@dataclass(frozen=True, slots=True)
class _Area:
    name: str
    shape: shapely.Geometry


def joined(ways: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Each way with the first place of the next: from one wayline to the next it flies as well."""
    return [[*way, *following[:1]] for way, following in zip_longest(ways, ways[1:], fillvalue=())]


def crossings(ways: Sequence[Sequence[Sequence[float]]], areas: Sequence[Any]) -> tuple[list[Crossing], list[str]]:
    """The first leg of each way that touches each area, and the names of areas that cannot be read.

    A way is a list of places as latitude, longitude; one with a single place has one leg, that place. An area is a
    GeoJSON Polygon, MultiPolygon or Point with a `radius` in metres, alone or in a Feature, a FeatureCollection or a
    GeometryCollection.
    """
    flown = [way for way in ways if way]
    if not flown:
        return [], []
    local = LocalMap(flown[0][0])
    read: list[_Area] = []
    unreadable: list[str] = []
    for number, area in enumerate(areas, start=1):
        try:
            read.extend(_areas(area, str(number), None, local, 0))
        except (ValueError, TypeError, KeyError, IndexError, OverflowError, shapely.errors.ShapelyError):
            unreadable.append(_name(area) or str(number))
    legs: list[shapely.Geometry] = []
    where: list[tuple[int, int]] = []
    for number, way in enumerate(ways):
        places = local.to_plane(way)
        pairs = list(pairwise(places)) or [(place, place) for place in places]
        for leg, (start, end) in enumerate(pairs):
            legs.append(Point(start) if start == end else LineString([start, end]))
            where.append((number, leg))
    if not read or not legs:
        return [], unreadable
    area_numbers, leg_numbers = shapely.STRtree(legs).query([area.shape for area in read], predicate="intersects")
    first: dict[tuple[str, int], int] = {}
    for area_number, leg_number in zip(area_numbers.tolist(), leg_numbers.tolist(), strict=True):
        way_number, leg = where[leg_number]
        key = (read[area_number].name, way_number)
        first[key] = min(leg, first.get(key, leg))
    return [
        Crossing(name, way, leg) for (name, way), leg in sorted(first.items(), key=lambda item: item[0][1])
    ], unreadable


def _areas(data: Any, name: str, radius: Any, local: LocalMap, depth: int) -> Iterator[_Area]:
    if not isinstance(data, Mapping) or depth > 5:
        raise ValueError("no GeoJSON")
    name = _name(data) or name
    kind = data.get("type")
    properties = data.get("properties")
    if isinstance(properties, Mapping) and properties.get("radius") is not None:
        radius = properties["radius"]
    if data.get("radius") is not None:
        radius = data["radius"]
    if kind in ("FeatureCollection", "GeometryCollection"):
        for place, member in enumerate(data["features" if kind == "FeatureCollection" else "geometries"], start=1):
            yield from _areas(member, f"{name}.{place}", radius, local, depth + 1)
    elif kind == "Feature":
        yield from _areas(data["geometry"], name, radius, local, depth + 1)
    elif kind == "Point":
        shape = _circle(data["coordinates"], radius, local)
        if shape is not None:
            yield _Area(name, shape)
    elif kind in ("Polygon", "MultiPolygon"):
        for rings in [data["coordinates"]] if kind == "Polygon" else data["coordinates"]:
            shape = _polygon(rings, local)
            if shape is not None:
                yield _Area(name, shape)
    else:
        raise ValueError("no area")


def _circle(place: Any, radius: Any, local: LocalMap) -> shapely.Geometry | None:
    metres = float(radius)
    if not 0 < metres <= _LARGEST_RADIUS:
        raise ValueError("no radius")
    return _usable(Point(_plane([place], local)[0]).buffer(metres, quad_segs=32))


def _polygon(rings: Any, local: LocalMap) -> shapely.Geometry | None:
    flat = [_plane(ring, local) for ring in rings]
    return _usable(shapely.make_valid(Polygon(flat[0], flat[1:])))


def _plane(places: Any, local: LocalMap) -> list[tuple[float, float]]:
    checked = [(float(place[1]), float(place[0])) for place in places]
    if not all(abs(latitude) <= 90 and abs(longitude) <= 360 for latitude, longitude in checked):
        raise ValueError("not on Earth")
    return local.to_plane(checked)


def _usable(shape: shapely.Geometry) -> shapely.Geometry | None:
    """None for what lies on the other side of the Earth, where the local map is turned inside out."""
    if not all(math.isfinite(value) for value in shape.bounds):
        return None
    return shape if any(math.hypot(*corner) < _HORIZON for corner in shapely.get_coordinates(shape)) else None


def _name(data: Any) -> str:
    if not isinstance(data, Mapping):
        return ""
    properties = data.get("properties")
    found = data.get("name") or (properties.get("name") if isinstance(properties, Mapping) else None) or data.get("id")
    return str(found)[:80] if found else ""
