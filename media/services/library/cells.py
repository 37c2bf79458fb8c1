"""Places as cells of a quadtree (Web Mercator tiles), so that an area is a few ranges of one indexed number.

A cell at level n is two bits a level, `LEVELS` of them: the cell that holds it at a coarser level is found by shifting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: At level 24 a cell is 2.4 m wide at the equator.
LEVELS = 24
#: An area is described by at most so many ranges; what they take in too much is cut off by latitude and longitude.
_MOST = 32
_EDGE = 85.05112878


@dataclass(frozen=True, slots=True)
class Area:
    """Degrees. `west` may be greater than `east`: then it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @property
    def parts(self) -> list[Area]:
        """The same in areas that do not cross the antimeridian."""
        if self.west <= self.east:
            return [self]
        return [Area(self.west, self.south, 180.0, self.north), Area(-180.0, self.south, self.east, self.north)]


def area_of(text: str) -> Area | None:
    """Read `west,south,east,north`. None for what is none; more than once around the world is all of it."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not all(math.isfinite(value) for value in (west, south, east, north)) or south > north:
        return None
    if east - west >= 360:
        west, east = -180.0, 180.0
    return Area(_around(west), max(-90.0, south), _around(east), min(90.0, north))


def _around(longitude: float) -> float:
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def _tile(latitude: float, longitude: float, level: int) -> tuple[int, int]:
    size = 1 << level
    sine = math.sin(math.radians(min(_EDGE, max(-_EDGE, latitude))))
    x = (longitude + 180) / 360 * size
    y = (0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * size
    return min(size - 1, max(0, int(x))), min(size - 1, max(0, int(y)))


def _interleave(x: int, y: int, level: int) -> int:
    cell = 0
    for bit in range(level - 1, -1, -1):
        cell = cell << 2 | (y >> bit & 1) << 1 | (x >> bit & 1)
    return cell


def cell_of(latitude: float, longitude: float) -> int:
    """The cell of a place at the finest level."""
    return _interleave(*_tile(latitude, longitude, LEVELS), LEVELS)


def shift(level: int) -> int:
    """By how many bits a finest cell is shifted to get the one at `level` that holds it."""
    return 2 * (LEVELS - level)


def centre(cell: int, level: int) -> tuple[float, float]:
    """Latitude and longitude of the middle of a cell at `level`."""
    x = y = 0
    for bit in range(level - 1, -1, -1):
        pair = cell >> (2 * bit) & 3
        x, y = x << 1 | pair & 1, y << 1 | pair >> 1
    size = 1 << level
    longitude = (x + 0.5) / size * 360 - 180
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + 0.5) / size))))
    return latitude, longitude


def ranges(area: Area) -> list[tuple[int, int]]:
    """First and last finest cell of each range that together cover the area, neighbours joined."""
    found: list[tuple[int, int]] = []
    for part in area.parts:
        level = _level(part)
        left, top = _tile(part.north, part.west, level)
        right, bottom = _tile(part.south, part.east, level)
        bits = shift(level)
        for x in range(left, right + 1):
            for y in range(top, bottom + 1):
                cell = _interleave(x, y, level)
                found.append((cell << bits, (cell + 1 << bits) - 1))
    joined: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _level(area: Area) -> int:
    """The finest level at which the area is covered by few cells."""
    for level in range(LEVELS, 0, -1):
        left, top = _tile(area.north, area.west, level)
        right, bottom = _tile(area.south, area.east, level)
        if (right - left + 1) * (bottom - top + 1) <= _MOST:
            return level
    return 0
