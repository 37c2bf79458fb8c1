"""What an aircraft reads out of a route file: `waylines.wpml` in a KMZ (WPML, page "waylines.wpml").

Only what is flown is read: points, heights, speeds, waits, photos, video, gimbal. Everything else is left alone.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

LARGEST = 64 * 1024 * 1024
DEFAULT_SPEED = 10.0
PHOTO_ACTIONS = ("takePhoto", "orientedShoot", "accurateShoot", "panoShot")
#: what WPML calls the lenses, and how the aircraft ends the names of their pictures
LENSES = {"wide": "V", "visable": "V", "visible": "V", "zoom": "Z", "ir": "T", "narrow_band": "MS"}


class RouteError(ValueError):
    """The file cannot be flown; the text says why."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action: `kind` is WPML's word; seconds of waiting, gimbal pitch in degrees and lenses where it has
    them. No lens named means all that the aircraft has.
    """

    kind: str
    seconds: float = 0.0
    pitch: float | None = None
    lenses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A point of a wayline: degrees, metres in the wayline's own height mode, metres a second from here on."""

    latitude: float
    longitude: float
    height: float
    speed: float
    actions: tuple[Action, ...] = ()

    @property
    def wait(self) -> float:
        """Seconds the aircraft stays here: hovering, and a second for each picture and turn of the gimbal."""
        return sum(action.seconds for action in self.actions)


@dataclass(frozen=True, slots=True)
class Interval:
    """Pictures while it flies from waypoint `first` to `last`: every so many seconds, or every so many metres."""

    first: int
    last: int
    action: Action
    seconds: float = 0.0
    metres: float = 0.0


@dataclass(frozen=True, slots=True)
class Wayline:
    """One `Folder`: flown from its first point to its last. Heights are above the ellipsoid where
    `ellipsoid` says so, else above the take-off point.
    """

    wayline_id: int
    ellipsoid: bool
    waypoints: tuple[Waypoint, ...]
    intervals: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A route file: its waylines in order, and what holds for all of them (metres, metres a second)."""

    waylines: tuple[Wayline, ...]
    take_off_height: float
    transit_speed: float
    safely: bool
    finish_action: str
    drone: tuple[int, int] | None = None

    @property
    def ground(self) -> float | None:
        """Metres above the ellipsoid of a ground that would suit the route; None when its heights count from there."""
        heights = [waypoint.height for wayline in self.waylines if wayline.ellipsoid for waypoint in wayline.waypoints]
        return min(heights) - self.take_off_height if heights else None


def read(content: bytes) -> Route:
    """Read a KMZ. Raises RouteError when it is not one, or has nothing to fly."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.rsplit("/", 1)[-1] == "waylines.wpml"]
            if not names:
                raise RouteError("the archive has no waylines.wpml")
            if archive.getinfo(min(names, key=len)).file_size > LARGEST:
                raise RouteError("waylines.wpml is too large")
            text = archive.read(min(names, key=len))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise RouteError(f"not a KMZ: {error}") from error
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise RouteError("waylines.wpml declares entities")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  no entities: looked for above
    except ElementTree.ParseError as error:
        raise RouteError(f"waylines.wpml is not XML: {error}") from error
    return _route(root)


def _route(root: ElementTree.Element) -> Route:
    mission = _first(root, "missionConfig")
    waylines = tuple(_wayline(folder, number) for number, folder in enumerate(_all(root, "Folder")))
    flown = tuple(wayline for wayline in waylines if wayline.waypoints)
    if not flown:
        raise RouteError("waylines.wpml has no waypoint")
    drone = _first(mission, "droneInfo")
    return Route(
        waylines=flown,
        take_off_height=_number(mission, "takeOffSecurityHeight", 20.0),
        transit_speed=_number(mission, "globalTransitionalSpeed", DEFAULT_SPEED) or DEFAULT_SPEED,
        safely=_text(mission, "flyToWaylineMode") != "pointToPoint",
        finish_action=_text(mission, "finishAction") or "goHome",
        drone=None
        if drone is None
        else (int(_number(drone, "droneEnumValue", -1)), int(_number(drone, "droneSubEnumValue", -1))),
    )


def _wayline(folder: ElementTree.Element, number: int) -> Wayline:
    marks = sorted(
        ((int(_number(mark, "index", place)), mark) for place, mark in enumerate(_all(folder, "Placemark"))),
        key=lambda pair: pair[0],
    )
    numbers = {index: place for place, (index, _) in enumerate(marks)}
    at_point: dict[int, list[Action]] = {}
    intervals: list[Interval] = []
    for _, mark in marks:
        for group in _all(mark, "actionGroup"):
            first = int(_number(group, "actionGroupStartIndex", 0))
            last = int(_number(group, "actionGroupEndIndex", first))
            actions = [_action(action) for action in _all(group, "action")]
            trigger = _first(group, "actionTrigger")
            every = _number(trigger, "actionTriggerParam", 0.0)
            kind = _text(trigger, "actionTriggerType")
            if kind in ("multipleTiming", "multipleDistance") and every > 0:
                what = {"seconds": every} if kind == "multipleTiming" else {"metres": every}
                intervals += [
                    Interval(numbers.get(first, 0), numbers.get(last, len(marks) - 1), action, **what)
                    for action in actions
                    if action.kind in PHOTO_ACTIONS
                ]
            else:
                at_point.setdefault(first, []).extend(actions)
    speed = _number(folder, "autoFlightSpeed", DEFAULT_SPEED)
    waypoints = tuple(_waypoint(mark, speed, tuple(at_point.get(index, ()))) for index, mark in marks)
    return Wayline(
        wayline_id=int(_number(folder, "waylineId", number)),
        ellipsoid=_text(folder, "executeHeightMode") == "WGS84",
        waypoints=waypoints,
        intervals=tuple(intervals),
    )


def _waypoint(mark: ElementTree.Element, speed: float, actions: tuple[Action, ...]) -> Waypoint:
    parts = _text(mark, "coordinates").replace("\n", " ").strip().split(",")
    try:
        longitude, latitude = float(parts[0]), float(parts[1])
    except (IndexError, ValueError) as error:
        raise RouteError(f"a point at {','.join(parts)!r}") from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise RouteError(f"a point at {latitude}, {longitude}")
    own = _number(mark, "waypointSpeed", 0.0)
    height = _number(mark, "executeHeight", _number(mark, "height", 0.0))
    return Waypoint(latitude, longitude, height, own if own > 0 else max(speed, 1.0), actions)


def _action(element: ElementTree.Element) -> Action:
    kind = _text(element, "actionActuatorFunc")
    names = _text(element, "payloadLensIndex").replace(" ", "").split(",")
    lenses = tuple(dict.fromkeys(LENSES[name] for name in names if name in LENSES))
    if _text(element, "useGlobalPayloadLensIndex") == "1":
        lenses = ()
    match kind:
        case "hover":
            return Action(kind, seconds=max(_number(element, "hoverTime", 0.0), 0.0))
        case "gimbalRotate" | "gimbalEvenlyRotate":
            pitch = _first(element, "gimbalPitchRotateAngle")
            angle = None if pitch is None else _number(element, "gimbalPitchRotateAngle", 0.0)
            return Action(kind, seconds=1.0 if kind == "gimbalRotate" else 0.0, pitch=angle)
        case "orientedShoot" | "accurateShoot":
            return Action(kind, 1.0, _number(element, "gimbalPitchRotateAngle", -90.0), lenses)
        case "panoShot":
            return Action(kind, 12.0, lenses=lenses)
        case "takePhoto":
            return Action(kind, 1.0, lenses=lenses)
    return Action(kind)


def _all(element: ElementTree.Element | None, name: str) -> Iterator[ElementTree.Element]:
    """Every element of that name below, whichever namespace it has: WPML has had several."""
    if element is not None:
        yield from (child for child in element.iter() if child.tag.rsplit("}", 1)[-1] == name)


def _first(element: ElementTree.Element | None, name: str) -> ElementTree.Element | None:
    return next(_all(element, name), None)


def _text(element: ElementTree.Element | None, name: str) -> str:
    found = _first(element, name)
    return (found.text or "").strip() if found is not None else ""


def _number(element: ElementTree.Element | None, name: str, default: float) -> float:
    text = _text(element, name)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError as error:
        raise RouteError(f"{name} is {text!r}") from error
    if not math.isfinite(number):
        raise RouteError(f"{name} is {text!r}")
    return number
