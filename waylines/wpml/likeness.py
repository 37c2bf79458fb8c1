"""Whether a file that is written from a plan says what the file said that the plan was read from."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from waylines.wpml.execution import wayline_of
from waylines.wpml.markup import Node, nodes
from waylines.wpml.plan import STOP, WaypointPlan
from waylines.wpml.reader import read
from waylines.wpml.route import Action, RouteFile, Wayline, Waypoint
from waylines.wpml.writer import write

#: Metres that a turn may begin earlier or later, and degrees of camera and nose.
_TURN, _ANGLE = 0.5, 0.1
#: What each point says for itself, what only tells files apart, and what the plan has a field for that may be computed.
_HEADER_SKIPPED = frozenset(
    {"Placemark", "templateId", "globalHeight", "payloadParam", "gimbalPitchMode", "autoFlightSpeed"}
)
#: Of the camera between points: the plan says it by the points' own pitch.
_PITCHING = frozenset({"gimbalRotate", "gimbalEvenlyRotate"})


def is_kept(plan: WaypointPlan, route: RouteFile) -> bool:
    """Whether writing the plan loses and changes nothing: neither what is flown nor what stands above the points."""
    return _flown_alike(wayline_of(plan), route.waylines[0], plan) and _headed_alike(plan, route)


def _flown_alike(computed: Wayline, filed: Wayline, plan: WaypointPlan) -> bool:
    if filed.auto_flight_speed is not None and not _near(computed.auto_flight_speed, filed.auto_flight_speed):
        return False
    pitched = any(point.gimbal_pitch is not None for point in plan.points)
    skipped = _PITCHING if pitched else frozenset()
    ends = (0, len(plan.points) - 1)
    return all(
        _point_alike(one, other)
        and (one.index in ends or _turned_alike(one, other))
        and _done(one.actions, skipped) == _done(other.actions, skipped)
        for one, other in zip(computed.points, filed.points, strict=True)
    )


def _point_alike(one: Waypoint, other: Waypoint) -> bool:
    """What the file does not say of a point is not compared."""
    return (
        (other.speed is None or _near(one.speed, other.speed))
        and other.heading_mode in ("", one.heading_mode)
        and (one.heading_mode != "smoothTransition" or _near(one.heading, other.heading, _ANGLE))
        and (other.gimbal_pitch is None or _near(one.gimbal_pitch or 0.0, other.gimbal_pitch, _ANGLE))
        and one.is_risky == other.is_risky
    )


def _turned_alike(one: Waypoint, other: Waypoint) -> bool:
    """At its ends a route has no turn, whatever is written there."""
    passes = "Stop" not in one.turn_mode
    return (
        other.turn_mode in ("", one.turn_mode)
        and (not passes or other.turn_damping is None or _near(one.turn_damping, other.turn_damping, _TURN))
        and (one.turn_mode == STOP or other.straight is not False)
    )


def _done(actions: Sequence[Action], skipped: Collection[str]) -> list[tuple[Any, ...]]:
    found = [
        (action.name, action.trigger, action.interval, action.first_index, action.last_index)
        for action in actions
        if action.name not in skipped
    ]
    return sorted(found, key=repr)


def _headed_alike(plan: WaypointPlan, route: RouteFile) -> bool:
    """What the file says for all its points; two of them are enough to see how the plan would say it."""
    again = read(write(replace(plan, points=plan.points[:2], interval_photos=())))
    return _contains(again.config.raw, route.config.raw, frozenset()) and _contains(
        again.templates[0].raw, route.templates[0].raw, _HEADER_SKIPPED
    )


def _contains(mine: Node, theirs: Node, skipped: frozenset[str]) -> bool:
    return all(_alike(mine, name, value) for name, value in theirs.items() if name not in skipped)


def _alike(mine: Node, name: str, value: Any) -> bool:
    """Whether `mine` says the same under this name. What says nothing has nothing to lose."""
    if value in ("", {}, [], None):
        return True
    if name not in mine:
        return False
    if isinstance(value, str):
        return isinstance(mine[name], str) and _words(str(mine[name])) == _words(value)
    own = list(nodes(mine, name))
    theirs = list(nodes({name: value}, name))
    return len(own) == len(theirs) and all(_contains(a, b, frozenset()) for a, b in zip(own, theirs, strict=True))


def _words(text: str) -> list[Any]:
    """Numbers as numbers, whatever they are written like."""
    found: list[Any] = []
    for part in text.strip().split(","):
        try:
            found.append(round(float(part), 6))
        except ValueError:
            found.append({"true": 1.0, "false": 0.0}.get(part.strip().lower(), part.strip()))
    return found


def _near(one: float | None, other: float | None, apart: float = 1e-3) -> bool:
    return one is not None and other is not None and math.isclose(one, other, abs_tol=apart, rel_tol=1e-6)
