"""From a route to legs that the aircraft flies, and from where it is back to a break point of the route."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from fleet.simulator.motion import CLIMB_SPEED, Leg, Mode, Place
from fleet.simulator.route import Action, Interval, Route, Wayline

TOO_HIGH, TOO_FAR, TOO_LOW, WRONG_BREAK_POINT = 321513, 321514, 321516, 322539
FARTHEST = 20_000.0
DEEPEST = -30.0
LOWEST = 5.0
NEAR = 0.01
ON_SEGMENT, ON_WAYPOINT = 0, 1

Point = tuple[float, float, float]


class Unflyable(Exception):
    """The aircraft will not fly this; `code` is the protocol's, the text says why."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Mark:
    """What the end of a leg means: waypoint `index` of the wayline at `wayline` is reached (None: a point between
    two), and what is done there.
    """

    wayline: int
    index: int | None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Where in the route the flight begins: position of the wayline, waypoint, and the part of the segment after
    it that was flown before (None: the waypoint itself, with its actions).
    """

    wayline: int = 0
    index: int = 0
    progress: float | None = None


class Plan:
    """A route in metres from home. Raises Unflyable where the aircraft would refuse it."""

    def __init__(self, route: Route, home: Place, *, height_limit: float) -> None:
        self.route = route
        self.home = home
        self.points: list[list[Point]] = [self._points(wayline) for wayline in route.waylines]
        for east, north, up in (point for points in self.points for point in points):
            if math.hypot(east, north) > FARTHEST:
                raise Unflyable(TOO_FAR, f"a waypoint {math.hypot(east, north) / 1000:.0f} km away")
            if up > height_limit:
                raise Unflyable(TOO_HIGH, f"a waypoint at {up:.0f} m, above the limit of {height_limit:.0f} m")

    def _points(self, wayline: Wayline) -> list[Point]:
        points = []
        for waypoint in wayline.waypoints:
            east, north = self.home.metres_to(waypoint.latitude, waypoint.longitude)
            up = waypoint.height - (self.home.height if wayline.ellipsoid else 0.0)
            if up < DEEPEST:
                raise Unflyable(TOO_LOW, f"a waypoint {-up:.0f} m below the dock")
            points.append((east, north, max(up, LOWEST)))
        return points

    # -- where it begins -----------------------------------------------------------------------------------

    def start(self, break_point: Mapping[str, Any] | None) -> Start:
        """The place that a `break_point` of flighttask_prepare names; raises Unflyable when there is none."""
        if not break_point:
            return Start()
        try:
            wayline_id, index = int(break_point.get("wayline_id") or 0), int(break_point.get("index") or 0)
            state, progress = int(break_point.get("state") or 0), float(break_point.get("progress") or 0.0)
        except (TypeError, ValueError) as error:
            raise Unflyable(WRONG_BREAK_POINT, f"break point {dict(break_point)!r}") from error
        ids = [wayline.wayline_id for wayline in self.route.waylines]
        if wayline_id not in ids:
            raise Unflyable(WRONG_BREAK_POINT, f"no wayline {wayline_id}")
        wayline = ids.index(wayline_id)
        last = len(self.points[wayline]) - 1
        if not 0 <= index <= last or not 0.0 <= progress <= 1.0:
            raise Unflyable(WRONG_BREAK_POINT, f"waypoint {index} of {last}, progress {progress}")
        if state == ON_WAYPOINT or index == last or (index == 0 and progress == 0.0):
            return Start(wayline, index)
        return Start(wayline, index, progress)

    # -- the way -------------------------------------------------------------------------------------------

    def legs(self, start: Start, *, in_air: bool = False) -> list[Leg]:
        """From the dock (or from where it is, when it flies already) over the start to the route's last point."""
        first = self._between(start) if start.progress is not None else self.points[start.wayline][start.index]
        transit = max(self.route.transit_speed, 1.0)
        up = max(self.route.take_off_height, LOWEST)
        legs = [] if in_air else [Leg(0.0, 0.0, up, CLIMB_SPEED, Mode.TAKE_OFF)]
        if self.route.safely and not in_air:
            high = max(up, first[2])
            legs.append(Leg(0.0, 0.0, high, CLIMB_SPEED, Mode.WAYLINE))
            legs.append(Leg(first[0], first[1], high, transit, Mode.WAYLINE))
        if start.progress is not None:
            legs.append(_leg(first, transit, Mark(start.wayline, None)))
        for position in range(start.wayline, len(self.route.waylines)):
            begin = start if position == start.wayline else Start(position)
            legs += self._wayline(position, begin, transit)
        return legs

    def _between(self, start: Start) -> Point:
        points = self.points[start.wayline]
        return _lerp(points[start.index], points[start.index + 1], start.progress or 0.0)

    def _wayline(self, position: int, start: Start, transit: float) -> Iterator[Leg]:
        wayline, points = self.route.waylines[position], self.points[position]
        begin = start.index if start.progress is None else start.index + 1
        along = [0.0, *accumulate(math.dist(a, b) for a, b in pairwise(points))]
        for index in range(begin, len(points)):
            waypoint = wayline.waypoints[index]
            speed = transit
            if index > begin or start.progress is not None:
                speed = wayline.waypoints[index - 1].speed
                flown = (start.progress or 0.0) if index == begin else 0.0
                for part, action in shots_on(wayline.intervals, along, index - 1, speed):
                    if part > flown:
                        between = _lerp(points[index - 1], points[index], part)
                        yield _leg(between, speed, Mark(position, None, (action,)))
            here = tuple(interval.action for interval in wayline.intervals if interval.first == index)
            yield _leg(points[index], speed, Mark(position, index, waypoint.actions + here), waypoint.wait)

    # -- and back ------------------------------------------------------------------------------------------

    def break_point(self, wayline: int, index: int | None, here: Point) -> dict[str, Any]:
        """`index`, `state`, `progress` and `wayline_id` of a break point at `here`, when waypoint `index` was the
        last one done (None: the route was not reached).
        """
        points = self.points[wayline]
        found = {"wayline_id": self.route.waylines[wayline].wayline_id, "state": ON_SEGMENT, "progress": 0.0}
        if index is None:
            return {"index": 0, **found, "state": ON_WAYPOINT}
        if index + 1 >= len(points):
            return {"index": index, **found, "state": ON_WAYPOINT}
        whole = math.dist(points[index], points[index + 1])
        if math.dist(here, points[index + 1]) < 0.5:
            return {"index": index + 1, **found, "state": ON_WAYPOINT}
        progress = math.dist(points[index], here) / whole if whole > 0 else 0.0
        return {"index": index, **found, "progress": round(min(progress, 1.0), 4)}


def shots_on(
    intervals: Sequence[Interval], along: Sequence[float], index: int, speed: float
) -> list[tuple[float, Action]]:
    """The pictures of intervals between waypoint `index` and the next, as parts (0..1) of that segment. `along` is
    how far (m) each waypoint lies along the wayline.
    """
    found: list[tuple[float, Action]] = []
    length = along[index + 1] - along[index]
    for interval in intervals:
        step = interval.metres or interval.seconds * speed
        if not interval.first <= index < interval.last or step < 0.5 or length <= 0:
            continue
        before = along[index] - along[interval.first]
        at = math.floor((before + NEAR) / step) * step + step - before
        while at < length + NEAR:
            found.append((min(at / length, 1.0), interval.action))
            at += step
    return sorted(found, key=lambda pair: pair[0])


def _lerp(a: Point, b: Point, part: float) -> Point:
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part


def _leg(point: Point, speed: float, mark: Mark, wait: float = 0.0) -> Leg:
    return Leg(*point, speed, Mode.WAYLINE, wait, mark)
