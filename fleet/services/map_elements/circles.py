"""Circles. Remotes know points, lines and polygons, so a circle is a polygon that remembers what it was drawn as.

`properties.circle` is `{"longitude", "latitude", "radius"}` (degrees, metres). Whoever moves a corner of the polygon
and leaves the property makes it untrue; then it is dropped and the polygon stays.
"""

from __future__ import annotations

import math
from typing import Any

#: Metres, of the sphere that the maps in browsers measure with.
EARTH = 6_371_000.0
#: Metres.
LARGEST = 500_000.0
CORNERS = 72


def fits(circle: Any, rings: list[list[list[float]]] | None) -> bool:
    """Whether a polygon is the circle that its properties say it is, within a hundredth and half a metre."""
    if not isinstance(circle, dict) or rings is None or len(rings) != 1:
        return False
    try:
        longitude, latitude, radius = (float(circle[key]) for key in ("longitude", "latitude", "radius"))
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    if not (abs(longitude) <= 180 and abs(latitude) <= 90 and 0 < radius <= LARGEST):
        return False
    slack = 0.5 + radius / 100
    return all(abs(distance(longitude, latitude, *corner[:2]) - radius) <= slack for corner in rings[0])


def distance(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """Metres along the sphere."""
    y, other_y = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    half = math.sin((other_y - y) / 2) ** 2 + math.cos(y) * math.cos(other_y) * math.sin(across / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(half)))


def ring(longitude: float, latitude: float, radius: float) -> list[list[float]]:
    """The circle as a closed ring."""
    corners = []
    y, angle = math.radians(latitude), radius / EARTH
    for number in range(CORNERS):
        course = 2 * math.pi * number / CORNERS
        there = math.asin(math.sin(y) * math.cos(angle) + math.cos(y) * math.sin(angle) * math.cos(course))
        across = math.atan2(
            math.sin(course) * math.sin(angle) * math.cos(y), math.cos(angle) - math.sin(y) * math.sin(there)
        )
        corners.append([(longitude + math.degrees(across) + 540) % 360 - 180, math.degrees(there)])
    return [*corners, corners[0]]
