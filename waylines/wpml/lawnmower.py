"""Parallel lines over an area, in metres on a plane: to and fro, cell by cell, and around what is not to be crossed.

The area is cut into strips as wide as the lines are apart. Each connected piece of a strip gets one line as long as the
piece, so that every point of the area is at most half a strip beside a line and never beyond its ends. Pieces that
follow each other one by one form a cell, which is flown to and fro; a concave area or one with holes has several.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import shapely
from shapely import affinity
from shapely.geometry import LineString, Polygon

XY = tuple[float, float]
_SLIVER = 0.01
_MOST_CORNERS = 160


@dataclass(frozen=True, slots=True)
class Segment:
    """One line to fly, from `start` to `end`; `way` are corners to take on the way from the end of the one before."""

    start: XY
    end: XY
    way: tuple[XY, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    left: float
    right: float
    level: float


class TooManyLines(ValueError):
    """The area needs more lines than can be planned."""


def best_direction(area: Polygon, spacing: float) -> float:
    """The direction in degrees from north, 0 up to 180, that needs the fewest lines, and of those the shortest ones."""
    candidates = sorted(_edge_directions(area), key=lambda direction: _width(area, direction))[:8]
    turned = [(_rows(area, spacing, direction), direction) for direction in candidates]
    return min(turned, key=lambda entry: (sum(map(len, entry[0])), _length(entry[0]), entry[1]))[1]


def pattern(area: Polygon, spacing: float, direction: float, *, shortest: float, most: int = 5000) -> list[Segment]:
    """The lines in the order they are flown. No line is shorter than `shortest`.

    Raises TooManyLines.
    """
    rows = _rows(area, spacing, direction, most)
    origin = area.centroid
    order = _order(_cells(rows))
    ways = _Ways(area, spacing)
    result: list[Segment] = []
    for piece, backwards in order:
        grow = max(0.0, shortest - (piece.right - piece.left)) / 2
        ends = [(piece.left - grow, piece.level), (piece.right + grow, piece.level)]
        turned = affinity.rotate(LineString(ends), 90.0 - direction, origin=origin)
        start, end = [(float(x), float(y)) for x, y in turned.coords]
        if backwards:
            start, end = end, start
        result.append(Segment(start, end, ways.between(result[-1].end, start) if result else ()))
    return result


def _edge_directions(area: Polygon) -> set[float]:
    found = set()
    for ring in (area.exterior, area.convex_hull.exterior):
        corners = list(ring.coords)
        for (x1, y1), (x2, y2) in pairwise(corners):
            if math.hypot(x2 - x1, y2 - y1) > 0.5:
                found.add(round(math.degrees(math.atan2(x2 - x1, y2 - y1)) % 180.0, 1) % 180.0)
    return found or {0.0}


def _width(area: Polygon, direction: float) -> float:
    _x1, low, _x2, high = _turned(area, direction).bounds
    return float(high - low)


def _turned(area: Polygon, direction: float) -> Polygon:
    """The area with the direction of flight along the x axis."""
    return affinity.rotate(area, direction - 90.0, origin=area.centroid)


def _rows(area: Polygon, spacing: float, direction: float, most: int = 5000) -> list[list[_Piece]]:
    turned = _turned(area, direction)
    left, low, right, high = turned.bounds
    count = max(1, math.ceil((high - low) / spacing - 1e-9))
    if count > most:
        raise TooManyLines
    bottom = (low + high - count * spacing) / 2
    edges = [bottom + number * spacing for number in range(count + 1)]
    strips = shapely.box(left - 1, edges[:-1], right + 1, edges[1:])
    rows = []
    for number, cut in enumerate(shapely.intersection(turned, strips)):
        level = bottom + (number + 0.5) * spacing
        pieces = [_Piece(part.bounds[0], part.bounds[2], level) for part in _parts(cut)]
        rows.append(sorted(pieces, key=lambda piece: piece.left))
    if sum(map(len, rows)) > most:
        raise TooManyLines
    return rows


def _parts(cut: shapely.Geometry) -> Iterator[Polygon]:
    for part in shapely.get_parts(cut):
        if isinstance(part, Polygon) and part.area > _SLIVER:
            yield part


def _length(rows: list[list[_Piece]]) -> float:
    return sum(piece.right - piece.left for row in rows for piece in row)


def _cells(rows: list[list[_Piece]]) -> list[list[_Piece]]:
    """Chains of pieces in neighbouring strips, each with exactly one neighbour on either side."""
    cells: list[list[_Piece]] = []
    open_cells: dict[_Piece, list[_Piece]] = {}
    before: list[_Piece] = []
    for row in rows:
        above = {piece: [other for other in row if _touch(piece, other)] for piece in before}
        below = {piece: [other for other in before if _touch(piece, other)] for piece in row}
        fresh: dict[_Piece, list[_Piece]] = {}
        for piece in row:
            neighbours = below[piece]
            if len(neighbours) == 1 and len(above[neighbours[0]]) == 1:
                cell = open_cells[neighbours[0]]
            else:
                cell = []
                cells.append(cell)
            cell.append(piece)
            fresh[piece] = cell
        open_cells, before = fresh, row
    return cells


def _touch(one: _Piece, other: _Piece) -> bool:
    return one.left <= other.right and other.left <= one.right


def _order(cells: list[list[_Piece]]) -> list[tuple[_Piece, bool]]:
    """All pieces with their direction: the nearest end of the nearest cell comes next."""
    remaining = list(cells)
    place: XY | None = None
    result: list[tuple[_Piece, bool]] = []
    while remaining:
        chosen, upside_down, backwards = 0, False, False
        if place is not None:
            here = place
            chosen, upside_down, backwards = min(
                (
                    (number, flip, back)
                    for number in range(len(remaining))
                    for flip in (False, True)
                    for back in (False, True)
                ),
                key=lambda option: _apart(here, _entry(remaining[option[0]], option[1], option[2])),
            )
        cell = remaining.pop(chosen)
        for piece in reversed(cell) if upside_down else cell:
            result.append((piece, backwards))
            place = (piece.left, piece.level) if backwards else (piece.right, piece.level)
            backwards = not backwards
    return result


def _entry(cell: list[_Piece], upside_down: bool, backwards: bool) -> XY:
    piece = cell[-1] if upside_down else cell[0]
    return (piece.right if backwards else piece.left), piece.level


def _apart(one: XY, other: XY) -> float:
    return math.hypot(one[0] - other[0], one[1] - other[1])


class _Ways:
    """Ways between lines that stay over the area and the strip around it: along its corners, the shortest one."""

    def __init__(self, area: Polygon, spacing: float) -> None:
        # Lines may reach half a strip beyond the area, so a way may as well.
        self._region = area.buffer(0.6 * spacing, join_style="mitre", mitre_limit=2.0)
        shapely.prepare(self._region)
        self._spacing = spacing
        self._corners: list[XY] | None = None

    def between(self, start: XY, end: XY) -> tuple[XY, ...]:
        """The corners between two places; none when the straight way is free or none leads there."""
        if _apart(start, end) <= 2 * self._spacing or self._free(start, end):
            return ()
        places = [start, end, *self._bends()]
        return tuple(self._shortest(places)[1:-1])

    def _free(self, start: XY, end: XY) -> bool:
        return bool(self._region.covers(LineString([start, end])))

    def _bends(self) -> list[XY]:
        if self._corners is None:
            inner = self._region.buffer(-0.55 * self._spacing, join_style="mitre", mitre_limit=2.0)
            inner = inner.simplify(0.1 * self._spacing)
            rings = [ring for part in shapely.get_parts(inner) for ring in (part.exterior, *part.interiors)]
            corners = [(float(x), float(y)) for ring in rings for x, y in list(ring.coords)[:-1]]
            self._corners = corners[:: max(1, math.ceil(len(corners) / _MOST_CORNERS))]
        return self._corners

    def _shortest(self, places: Sequence[XY]) -> list[XY]:
        """Dijkstra over the places that see each other; the straight way when there is none."""
        best = {0: 0.0}
        origin: dict[int, int] = {}
        queue = [(0.0, 0)]
        while queue:
            length, number = heapq.heappop(queue)
            if number == 1:
                way = [1]
                while way[-1] in origin:
                    way.append(origin[way[-1]])
                return [places[step] for step in reversed(way)]
            if length > best[number]:
                continue
            others = [other for other in range(len(places)) if other != number]
            seen = shapely.covers(
                self._region, shapely.linestrings([[places[number], places[other]] for other in others])
            )
            for other, free in zip(others, seen, strict=True):
                reached = length + _apart(places[number], places[other])
                if free and reached < best.get(other, math.inf):
                    best[other] = reached
                    origin[other] = number
                    heapq.heappush(queue, (reached, other))
        return [places[0], places[1]]
