"""How long a wayline takes, leg by leg, where the file does not say.

An estimate: constant acceleration where the aircraft stops at points, straight legs, calm air.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from waylines.wpml import geometry
from waylines.wpml.actions import AT_POINTS, amount
from waylines.wpml.route import Action, Wayline, Waypoint

#: m/s², m/s and degrees/s of the aircraft that docks hold, rounded to the careful side.
ACCELERATION = 2.0
CLIMB_SPEED = 4.0
YAW_SPEED = 45.0
DEFAULT_SPEED = 5.0
_SLOWEST = 0.1
#: Seconds of actions that the aircraft stands still for; hovering and turning say their own.
_TAKES = {
    "takePhoto": 1.5,
    "startRecord": 1.0,
    "stopRecord": 1.0,
    "zoom": 1.5,
    "focus": 2.0,
    "gimbalRotate": 1.0,
    "rotateYaw": 2.0,
    "orientedShoot": 4.0,
    "accurateShoot": 6.0,
    "panoShot": 45.0,
}
_GROUND_FOLLOWING = "realTimeFollowSurface"


@dataclass(frozen=True, slots=True)
class Profile:
    """A wayline along its points: what has been flown (m) and how long it took (s) at the arrival at each of them.

    `left` is the time at which the aircraft leaves each point.
    """

    distances: tuple[float, ...]
    arrivals: tuple[float, ...]
    left: tuple[float, ...]

    @property
    def distance(self) -> float:
        return self.distances[-1] if self.distances else 0.0

    @property
    def duration(self) -> float:
        return self.left[-1] if self.left else 0.0


def profile(wayline: Wayline) -> Profile:
    """Distances and times along a wayline, from its first to its last point."""
    level = wayline.execute_height_mode == _GROUND_FOLLOWING
    return profile_of(wayline.points, wayline.auto_flight_speed, level=level)


def profile_of(points: Sequence[Waypoint], speed: float | None, *, level: bool = False) -> Profile:
    """The same for any points; with `level`, heights are above the ground and differences of height are no climb."""
    if not points:
        return Profile((), (), ())
    grounds, courses = geometry.legs([(point.latitude, point.longitude) for point in points])
    lengths: list[float] = []
    arrivals = [0.0]
    left = [_stay(points[0], 0.0)]
    for place, (start, end) in enumerate(pairwise(points)):
        climb = 0.0 if level else abs((end.height or 0.0) - (start.height or 0.0))
        length = math.hypot(grounds[place], climb)
        turn = _turn(courses[place - 1], courses[place]) if place else 0.0
        lengths.append(length)
        arrivals.append(left[-1] + _leg(length, climb, start.speed or speed or DEFAULT_SPEED, _stops(end)))
        left.append(arrivals[-1] + _stay(end, turn))
    return Profile(tuple(accumulate(lengths, initial=0.0)), tuple(arrivals), tuple(left))


def straight(length: float, climb: float, speed: float | None) -> float:
    """Seconds for one straight flight from standing to standing."""
    return _leg(length, climb, speed or DEFAULT_SPEED, True)


def _leg(length: float, climb: float, speed: float, stops: bool) -> float:
    speed = max(speed, _SLOWEST)
    seconds = max(length / speed, climb / CLIMB_SPEED)
    if not stops:
        return seconds
    if length > speed * speed / ACCELERATION:
        return seconds + speed / ACCELERATION
    return max(seconds, 2 * math.sqrt(length / ACCELERATION))


def _stops(point: Waypoint) -> bool:
    if point.turn_mode:
        return "Stop" in point.turn_mode
    return any(action.trigger in AT_POINTS for action in point.actions)


def _turn(before: float, after: float) -> float:
    return abs((after - before + 180.0) % 360.0 - 180.0)


def _stay(point: Waypoint, turn: float) -> float:
    seconds = sum(_action_time(action) for action in point.actions if action.trigger in AT_POINTS)
    if _stops(point) and turn and point.heading_mode in ("", "followWayline"):
        seconds += turn / YAW_SPEED
    return seconds


def _action_time(action: Action) -> float:
    if action.name == "hover":
        return amount(action, "hoverTime")
    seconds = _TAKES.get(action.name, 0.0)
    if action.name == "gimbalRotate":
        seconds = max(seconds, amount(action, "gimbalRotateTime"))
    return seconds
