"""What lists, maps and gates want to know of a route, as one flat record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from waylines.wpml import geometry, timing
from waylines.wpml.actions import AT_POINTS, BY_DISTANCE, BY_TIME, amount
from waylines.wpml.route import Action, RouteFile, Wayline, as_json

#: Actions that take one picture when done, and one at each interval of a repeating trigger.
_PHOTOS = frozenset({"takePhoto", "orientedShoot", "accurateShoot", "panoShot"})
_REPEATED = _PHOTOS | {"startContinuousShooting", "startSmartOblique", "startTimeLapse"}
#: No camera is faster, so that a forged interval counts no millions.
_SHORTEST = {BY_DISTANCE: 0.1, BY_TIME: 0.1}


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a route. Metres, seconds, degrees.

    `template_types` are the file's words, `template_type_codes` Pilot's numbers for those that have one. `distance` and
    `duration` cover all waylines from their first to their last point; `estimated` says that at least one of the two
    was computed here because the file does not say. `action_count` counts actions by name as often as they are done,
    interval photos excepted, which only `photo_count` holds. `video_seconds` is None when nothing is recorded.
    `highest` and `lowest` are in `height_mode`, which is "mixed" when waylines differ. `start` is latitude and
    longitude, `bounds` south, west, north, east. `executable` is False for a template without waylines.
    """

    drone_model_key: str = ""
    payload_model_keys: tuple[str, ...] = ()
    template_types: tuple[str, ...] = ()
    template_type_codes: tuple[int, ...] = ()
    distance: float | None = None
    duration: float | None = None
    estimated: bool = False
    point_count: int = 0
    photo_count: int = 0
    action_count: Mapping[str, int] = field(default_factory=dict)
    video_seconds: float | None = None
    highest: float | None = None
    lowest: float | None = None
    height_mode: str = ""
    fastest: float | None = None
    start: tuple[float, float] | None = None
    bounds: tuple[float, float, float, float] | None = None
    wayline_count: int = 0
    risky_count: int = 0
    executable: bool = False
    finish_action: str = ""
    exit_on_rc_lost: str = ""
    rc_lost_action: str = ""
    take_off_security_height: float | None = None
    rth_height: float | None = None
    version: str = ""
    author: str = ""
    resources: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Lists and dicts for a JSON column."""
        data: dict[str, Any] = as_json(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facts:
        """Back from `to_json`; what an older version did not store keeps its default."""
        known = {entry.name for entry in fields(cls)}
        given: dict[str, Any] = {key: value for key, value in data.items() if key in known}
        for key, value in given.items():
            if isinstance(value, list):
                given[key] = tuple(value)
        return cls(**given)


def facts(route: RouteFile) -> Facts:
    """Reads the facts out of a route: from its waylines, or from its templates where it has none."""
    lines = executed(route)
    tally = _Tally()
    for line in lines:
        tally.add(line)
    points = [point for line in lines for point in line.points]
    heights = [point.height for point in points if point.height is not None]
    modes = {line.execute_height_mode for line in lines if line.points}
    places: list[tuple[float, float]] = [(point.latitude, point.longitude) for point in points]
    outline = [(place.latitude, place.longitude) for plan in route.templates for place in (*plan.polygon, *plan.line)]
    config = route.config
    speeds = [point.speed for point in points if point.speed is not None]
    return Facts(
        drone_model_key=config.drone_model_key,
        payload_model_keys=config.payload_model_keys,
        template_types=tuple(dict.fromkeys(plan.type for plan in route.templates if plan.type)),
        template_type_codes=tuple(
            dict.fromkeys(plan.type_code for plan in route.templates if plan.type_code is not None)
        ),
        distance=round(tally.distance, 1) if points else None,
        duration=round(tally.duration, 1) if points else None,
        estimated=tally.estimated,
        point_count=len(points),
        photo_count=tally.photos,
        action_count=dict(tally.actions),
        video_seconds=round(tally.video, 1) if tally.recorded else None,
        highest=max(heights, default=None),
        lowest=min(heights, default=None),
        height_mode=modes.pop() if len(modes) == 1 else "mixed" if modes else "",
        fastest=max(speeds, default=None),
        start=places[0] if places else None,
        bounds=geometry.bounds(places or outline),
        wayline_count=len(route.waylines),
        risky_count=sum(point.is_risky for point in points),
        executable=route.executable,
        finish_action=config.finish_action,
        exit_on_rc_lost=config.exit_on_rc_lost,
        rc_lost_action=config.rc_lost_action if config.exit_on_rc_lost == "executeLostAction" else "",
        take_off_security_height=config.take_off_security_height,
        rth_height=config.global_rth_height,
        version=route.version,
        author=route.author,
        resources=tuple(resource.name for resource in route.resources),
    )


def executed(route: RouteFile) -> tuple[Wayline, ...]:
    """The waylines of the file; where it has none, the points of its waypoint templates as if they were flown."""
    if any(line.points for line in route.waylines):
        return route.waylines
    return tuple(
        Wayline(
            id=plan.id,
            template_id=plan.id,
            execute_height_mode=plan.height_mode,
            auto_flight_speed=plan.auto_flight_speed,
            points=plan.points,
        )
        for plan in route.templates
        if plan.points
    )


class _Tally:
    """Adds up waylines that are flown one after the other."""

    def __init__(self) -> None:
        self.distance = 0.0
        self.duration = 0.0
        self.estimated = False
        self.photos = 0
        self.actions: Counter[str] = Counter()
        self.video = 0.0
        self.recorded = False

    def add(self, line: Wayline) -> None:
        along = timing.profile(line)
        if not line.points:
            return
        if line.distance is None or line.distance <= 0 or line.duration is None or line.duration <= 0:
            self.estimated = True
        self.distance += line.distance if line.distance and line.distance > 0 else along.distance
        self.duration += line.duration if line.duration and line.duration > 0 else along.duration
        place_of = {point.index: place for place, point in enumerate(line.points)}
        self._count(line.start_actions)
        recording: float | None = None
        lapse: tuple[float, float] | None = None
        for place, point in enumerate(line.points):
            for action in point.actions:
                if action.trigger in AT_POINTS:
                    self._count([action])
                else:
                    self._repeat(action, along, place, place_of.get(action.last_index, len(line.points) - 1))
                if action.name == "startRecord" and recording is None:
                    recording = along.left[place]
                elif action.name == "stopRecord" and recording is not None:
                    self._film(along.arrivals[place] - recording)
                    recording = None
                elif action.name == "startTimeLapse" and action.trigger in AT_POINTS:
                    every = amount(action, "minShootInterval")
                    lapse = (along.left[place], every) if every >= _SHORTEST[BY_TIME] else None
                elif action.name == "stopTimeLapse" and lapse is not None:
                    self.photos += int(max(0.0, along.arrivals[place] - lapse[0]) / lapse[1]) + 1
                    lapse = None
        if recording is not None:
            self._film(along.duration - recording)

    def _count(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.actions[action.name or "?"] += 1
            if action.name in _PHOTOS:
                self.photos += 1

    def _film(self, seconds: float) -> None:
        self.recorded = True
        self.video += max(0.0, seconds)

    def _repeat(self, action: Action, along: timing.Profile, first: int, last: int) -> None:
        """What a trigger repeats between two points; everything else in flight is one action per group."""
        every = action.interval or 0.0
        if action.name not in _REPEATED or every < _SHORTEST.get(action.trigger, float("inf")):
            self.actions[action.name or "?"] += 1
            return
        last = max(first, last)
        if action.trigger == BY_DISTANCE:
            length = along.distances[last] - along.distances[first]
        else:
            length = along.arrivals[last] - along.left[first]
        self.photos += int(max(0.0, length) / every + 1e-6) + 1
