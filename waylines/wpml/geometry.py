"""Distances on the ellipsoid, and a flat local map in metres for what is easier on paper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pyproj import Geod, Transformer

_EARTH = Geod(ellps="WGS84")
LatLon = tuple[float, float]


def distance(start: Sequence[float], end: Sequence[float]) -> float:
    """Metres over ground between two places given as latitude, longitude."""
    return float(_EARTH.inv(start[1], start[0], end[1], end[0])[2])


def legs(places: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Length over ground (m) and course (degrees from north) of each leg between consecutive places."""
    if len(places) < 2:
        return [], []
    latitudes = [place[0] for place in places]
    longitudes = [place[1] for place in places]
    courses, _back, lengths = _EARTH.inv(longitudes[:-1], latitudes[:-1], longitudes[1:], latitudes[1:])
    return list(lengths), list(courses)


def distances_from(origin: Sequence[float], places: Sequence[Sequence[float]]) -> list[float]:
    """Metres over ground from one place to each of the others."""
    count = len(places)
    if not count:
        return []
    return list(_EARTH.inv([origin[1]] * count, [origin[0]] * count, [p[1] for p in places], [p[0] for p in places])[2])


def bounds(places: Sequence[Sequence[float]]) -> tuple[float, float, float, float] | None:
    """South, west, north, east. A box over the 180th meridian has an east smaller than its west."""
    if not places:
        return None
    latitudes = [place[0] for place in places]
    longitudes = [place[1] for place in places]
    west, east = min(longitudes), max(longitudes)
    if east - west > 180:
        west = min(value for value in longitudes if value > 0)
        east = max(value for value in longitudes if value <= 0)
    return min(latitudes), west, max(latitudes), east


class LocalMap:
    """A plane in metres that touches the Earth at one place: true distances from there, good shapes for some 100 km."""

    def __init__(self, origin: Sequence[float]) -> None:
        flat = f"+proj=aeqd +lat_0={float(origin[0])!r} +lon_0={float(origin[1])!r} +datum=WGS84 +units=m"
        self._there = Transformer.from_crs("+proj=longlat +datum=WGS84", flat, always_xy=True)

    def to_plane(self, places: Iterable[Sequence[float]]) -> list[tuple[float, float]]:
        """Latitude, longitude to metres east and north."""
        listed = list(places)
        if not listed:
            return []
        east, north = self._there.transform([place[1] for place in listed], [place[0] for place in listed])
        return list(zip(map(float, east), map(float, north), strict=True))

    def to_earth(self, points: Iterable[Sequence[float]]) -> list[LatLon]:
        """Metres east and north to latitude, longitude."""
        listed = list(points)
        if not listed:
            return []
        longitudes, latitudes = self._there.transform(
            [point[0] for point in listed], [point[1] for point in listed], direction="INVERSE"
        )
        return list(zip(map(float, latitudes), map(float, longitudes), strict=True))


def middle(places: Sequence[Sequence[float]]) -> LatLon:
    """A place amid these, also when they lie on both sides of the 180th meridian."""
    x = y = z = 0.0
    for latitude, longitude, *_height in places:
        phi, lam = math.radians(latitude), math.radians(longitude)
        x += math.cos(phi) * math.cos(lam)
        y += math.cos(phi) * math.sin(lam)
        z += math.sin(phi)
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))
