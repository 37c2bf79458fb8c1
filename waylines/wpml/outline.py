"""A route as the map draws it: compact, JSON-safe, and still of the same shape when there are too many points."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any

from waylines.wpml.actions import AT_POINTS
from waylines.wpml.facts import executed
from waylines.wpml.route import Action, Position, RouteFile, Wayline, Waypoint

MOST_ACTIONS = 50
_METRES_PER_DEGREE = 111_320.0
#: Larger than any triangle on Earth (m²).
_BONUS = 1e16


def outline(route: RouteFile, *, max_points: int = 2000) -> list[dict[str, Any]]:
    """One dict per wayline, or per template where the file has no waylines.

    `id`; `kind` "wayline" or "template"; `type` the template's word; `height_mode`; `points` [[latitude, longitude,
    height or null], …], degrees and metres; `actions` [{"point": place in `points`, "index": index in the file,
    "name", "trigger", "interval", "last": index of its group's last point}, …]; `risky` places of risky points;
    `polygon` and `line` [[latitude, longitude], …] of the template; `point_count` and `thinned`.

    About `max_points` points in all; those where something is done go last, then those that bend the route least. An
    area that several waylines were made from stands with the first of them, and of a point's actions the first
    `MOST_ACTIONS` are named.
    """
    lines = executed(route)
    total = sum(len(line.points) for line in lines) or 1
    result = []
    drawn: set[int] = set()
    for line in lines:
        share = max(2, math.floor(max_points * len(line.points) / total))
        result.append(_line(route, line, share, with_area=line.template_id not in drawn))
        drawn.add(line.template_id)
    for plan in route.templates:
        if plan.id not in drawn and (plan.polygon or plan.line):
            result.append(_drawing(plan.id, "template", plan.type, plan.height_mode, plan.polygon, plan.line))
    return result


def _line(route: RouteFile, line: Wayline, share: int, *, with_area: bool) -> dict[str, Any]:
    plan = route.template(line.template_id)
    kept = thin(line.points, share)
    entry = _drawing(
        line.id,
        "wayline" if route.executable else "template",
        plan.type if plan else "",
        line.execute_height_mode,
        plan.polygon if plan and with_area else (),
        plan.line if plan and with_area else (),
    )
    for place, number in enumerate(kept):
        point = line.points[number]
        height = None if point.height is None else round(point.height, 2)
        entry["points"].append([round(point.latitude, 7), round(point.longitude, 7), height])
        entry["actions"].extend(_action(place, point.index, action) for action in point.actions[:MOST_ACTIONS])
        if point.is_risky:
            entry["risky"].append(place)
    entry["point_count"] = len(line.points)
    entry["thinned"] = len(kept) < len(line.points)
    return entry


def _drawing(
    number: int, kind: str, word: str, height_mode: str, polygon: Sequence[Position], drawn: Sequence[Position]
) -> dict[str, Any]:
    return {
        "id": number,
        "kind": kind,
        "type": word,
        "height_mode": height_mode,
        "points": [],
        "actions": [],
        "risky": [],
        "polygon": [[round(place.latitude, 7), round(place.longitude, 7)] for place in polygon],
        "line": [[round(place.latitude, 7), round(place.longitude, 7)] for place in drawn],
        "point_count": 0,
        "thinned": False,
    }


def _action(place: int, index: int, action: Action) -> dict[str, Any]:
    entry: dict[str, Any] = {"point": place, "index": index, "name": action.name, "trigger": action.trigger}
    if action.trigger not in AT_POINTS:
        entry["interval"] = action.interval
        entry["last"] = action.last_index
    return entry


def thin(points: Sequence[Waypoint], wanted: int) -> list[int]:
    """Places of the points to keep, in order: again and again the one that bends the line least is left out.

    (Visvalingam: the smallest triangle with its neighbours goes first.) Points where something is done stay longest.
    """
    count = len(points)
    if count <= max(2, wanted):
        return list(range(count))
    before = list(range(-1, count - 1))
    after = list(range(1, count + 1))
    gone = bytearray(count)
    flat = _flat(points)
    bonus = [_BONUS if point.actions else 0.0 for point in points]
    areas = [math.inf] * count
    heap: list[tuple[float, int]] = []
    for place in range(1, count - 1):
        areas[place] = bonus[place] + _area(flat[place - 1], flat[place], flat[place + 1])
        heap.append((areas[place], place))
    heapq.heapify(heap)
    left = count
    while left > wanted and heap:
        area, place = heapq.heappop(heap)
        if gone[place] or area != areas[place]:
            continue
        gone[place] = 1
        left -= 1
        earlier, later = before[place], after[place]
        after[earlier], before[later] = later, earlier
        for neighbour in (earlier, later):
            if 0 < neighbour < count - 1:
                fresh = bonus[neighbour] + _area(flat[before[neighbour]], flat[neighbour], flat[after[neighbour]])
                areas[neighbour] = max(area, fresh)
                heapq.heappush(heap, (areas[neighbour], neighbour))
    return [place for place in range(count) if not gone[place]]


def _flat(points: Sequence[Waypoint]) -> list[tuple[float, float, float]]:
    shrink = math.cos(math.radians(points[0].latitude)) * _METRES_PER_DEGREE
    origin = points[0].longitude
    return [
        (
            ((point.longitude - origin + 180.0) % 360.0 - 180.0) * shrink,
            point.latitude * _METRES_PER_DEGREE,
            point.height or 0.0,
        )
        for point in points
    ]


def _area(a: tuple[float, float, float], b: tuple[float, float, float], c: tuple[float, float, float]) -> float:
    """Twice the area of a triangle in space."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    return math.sqrt((uy * vz - uz * vy) ** 2 + (uz * vx - ux * vz) ** 2 + (ux * vy - uy * vx) ** 2)
