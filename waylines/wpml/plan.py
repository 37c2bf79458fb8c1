"""A waypoint route as the editor keeps it: what a person decides, and nothing that can be computed.

JSON has the same names as the dataclasses: `WaypointPlan.from_json` checks everything and is the one way in, also for
`write`. Metres, m/s, degrees from north, WGS84.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from waylines.wpml import geometry
from waylines.wpml.errors import PlanError
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.plan_actions import PlanAction, action_from_json
from waylines.wpml.plan_fields import Fields, model_key
from waylines.wpml.route import Position, as_json

FINISH_ACTIONS = ("goHome", "noAction", "autoLand", "gotoFirstWaypoint")
RC_LOST_ACTIONS = ("goBack", "landing", "hover")
EXIT_ON_RC_LOST = ("executeLostAction", "goContinue")
FLY_TO_WAYLINE_MODES = ("safely", "pointToPoint")
HEIGHT_MODES = ("relativeToStartPoint", "WGS84")
HEADING_MODES = ("followWayline", "manually", "fixed", "smoothTransition", "towardPOI")
TURN_MODES = (
    "toPointAndStopWithDiscontinuityCurvature",
    "toPointAndStopWithContinuityCurvature",
    "toPointAndPassWithContinuityCurvature",
    "coordinateTurn",
)
STOP = TURN_MODES[0]
MOST_POINTS = 65_535
FASTEST = 25.0
_LOWEST, _HIGHEST = -1500.0, 10_000.0
_LONGEST_LEG = 100_000.0
_PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,59}")


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """A waypoint. What is None or empty follows the plan.

    `heading` turns the nose smoothly to that course on the way here; `gimbal_pitch` the camera, -90 is straight down.
    """

    latitude: float
    longitude: float
    height: float
    speed: float | None = None
    heading: float | None = None
    gimbal_pitch: float | None = None
    turn_mode: str = ""
    is_risky: bool = False
    actions: tuple[PlanAction, ...] = ()

    @classmethod
    def from_json(cls, data: Any, path: str = "point") -> PlanPoint:
        """Raises PlanError."""
        fields = Fields(data, path)
        turn_mode = fields.text("turn_mode")
        point = cls(
            latitude=fields.number("latitude", -90, 90, digits=9),
            longitude=fields.number("longitude", -180, 180, digits=9),
            height=fields.number("height", _LOWEST, _HIGHEST),
            speed=fields.optional("speed", 0.1, FASTEST),
            heading=fields.optional("heading", -180, 180),
            gimbal_pitch=fields.optional("gimbal_pitch", -120, 70),
            turn_mode=fields.choice("turn_mode", "", TURN_MODES) if turn_mode else "",
            is_risky=bool(fields.flag("is_risky")),
            actions=tuple(
                action_from_json(action, f"{fields.at('actions')}[{place}]")
                for place, action in enumerate(fields.items("actions", most=200))
            ),
        )
        fields.done()
        return point


@dataclass(frozen=True, slots=True)
class IntervalPhotos:
    """Photos taken in flight between two points, each `distance` metres or each `seconds`: exactly one of the two."""

    first_index: int
    last_index: int
    distance: float | None = None
    seconds: float | None = None

    @classmethod
    def from_json(cls, data: Any, path: str, points: int) -> IntervalPhotos:
        """Raises PlanError; `points` is how many waypoints there are."""
        fields = Fields(data, path)
        first = fields.whole("first_index", 0, 0, max(0, points - 1))
        photos = cls(
            first_index=first,
            last_index=fields.whole("last_index", max(0, points - 1), first, max(0, points - 1)),
            distance=fields.optional("distance", 0.5, 10_000),
            seconds=fields.optional("seconds", 0.5, 3600),
        )
        fields.done()
        if (photos.distance is None) == (photos.seconds is None):
            raise PlanError(path, "one_of_two", _("Photos are taken by distance or by time: give one of the two."))
        return photos


@dataclass(frozen=True, slots=True)
class WaypointPlan:
    """A waypoint route.

    `height_mode` "relativeToStartPoint" measures from the take-off point, "WGS84" from the ellipsoid; the latter needs
    `geoid_height`, how far mean sea level lies above the ellipsoid there, because templates hold heights above sea
    level. `positioning_type` is how the places were found ("GPS", "RTKBaseStation"). `image_format` is what the camera
    stores ("wide,ir"), empty for the payload's usual. `payload_parameters` and `mission_parameters` are further
    settings of payload and mission as the file names them. `name` is the file's name and not written into it.
    """

    name: str
    drone_model_key: str
    payload_model_key: str
    points: tuple[PlanPoint, ...]
    author: str = ""
    payload_position: int = 0
    fly_to_wayline_mode: str = "safely"
    finish_action: str = "goHome"
    exit_on_rc_lost: str = "executeLostAction"
    rc_lost_action: str = "goBack"
    take_off_security_height: float = 20.0
    global_transitional_speed: float = 10.0
    rth_height: float = 100.0
    take_off_ref_point: Position | None = None
    mission_parameters: Mapping[str, str] = field(default_factory=dict)
    speed: float = 5.0
    height_mode: str = "relativeToStartPoint"
    positioning_type: str = "GPS"
    geoid_height: float | None = None
    heading_mode: str = "followWayline"
    heading: float | None = None
    poi: Position | None = None
    turn_mode: str = STOP
    image_format: str = ""
    payload_parameters: Mapping[str, str] = field(default_factory=dict)
    mission_reroute: bool | None = None
    transitional_reroute: bool | None = None
    interval_photos: tuple[IntervalPhotos, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What `from_json` takes."""
        data: dict[str, Any] = as_json(self)
        for name in ("poi", "take_off_ref_point"):
            place = getattr(self, name)
            data[name] = None if place is None else place._asdict()
        return data

    @classmethod
    def from_json(cls, data: Any) -> WaypointPlan:
        """A checked plan. Raises PlanError whose `field` is the path of what is wrong."""
        fields = Fields(data)
        listed = fields.items("points", most=MOST_POINTS)
        if len(listed) < 2:
            raise PlanError("points", "too_few", _("A route needs at least two waypoints."))
        points = tuple(PlanPoint.from_json(point, f"points[{place}]") for place, point in enumerate(listed))
        plan = cls(
            name=fields.text("name"),
            author=fields.text("author"),
            drone_model_key=model_key(fields, "drone_model_key", 0),
            payload_model_key=model_key(fields, "payload_model_key", 1, required=False),
            points=points,
            payload_position=fields.whole("payload_position", 0, 0, 7),
            **mission_settings(fields),
            take_off_ref_point=place_from(fields, "take_off_ref_point"),
            speed=given_or(fields, "speed", 0.1, FASTEST, 5.0),
            height_mode=fields.choice("height_mode", HEIGHT_MODES[0], HEIGHT_MODES),
            positioning_type=fields.text("positioning_type", "GPS", longest=60),
            geoid_height=fields.optional("geoid_height", -150, 150),
            heading_mode=fields.choice("heading_mode", HEADING_MODES[0], HEADING_MODES),
            heading=fields.optional("heading", -180, 180),
            poi=place_from(fields, "poi"),
            turn_mode=fields.choice("turn_mode", STOP, TURN_MODES),
            image_format=fields.text("image_format"),
            payload_parameters=parameters_from(fields, "payload_parameters"),
            interval_photos=tuple(
                IntervalPhotos.from_json(photos, f"interval_photos[{place}]", len(points))
                for place, photos in enumerate(fields.items("interval_photos", most=1000))
            ),
        )
        fields.done()
        _check(plan)
        return plan


def mission_settings(fields: Fields) -> dict[str, Any]:
    """What waypoint routes and surveys have in common (element `missionConfig`). Raises PlanError."""
    return {
        "fly_to_wayline_mode": fields.choice("fly_to_wayline_mode", "safely", FLY_TO_WAYLINE_MODES),
        "finish_action": fields.choice("finish_action", "goHome", FINISH_ACTIONS),
        "exit_on_rc_lost": fields.choice("exit_on_rc_lost", "executeLostAction", EXIT_ON_RC_LOST),
        "rc_lost_action": fields.choice("rc_lost_action", "goBack", RC_LOST_ACTIONS),
        "take_off_security_height": given_or(fields, "take_off_security_height", 1.2, 1500, 20.0),
        "global_transitional_speed": given_or(fields, "global_transitional_speed", 0.1, 15, 10.0),
        "rth_height": given_or(fields, "rth_height", 2, 1500, 100.0),
        "mission_reroute": fields.flag("mission_reroute"),
        "transitional_reroute": fields.flag("transitional_reroute"),
        "mission_parameters": parameters_from(fields, "mission_parameters"),
    }


def _check(plan: WaypointPlan) -> None:
    for place, (before, point) in enumerate(pairwise(plan.points), start=1):
        if _same_place(before, point):
            raise PlanError(
                f"points[{place}]", "identical_points", _("This waypoint lies exactly where the one before it lies.")
            )
    lengths, _courses = geometry.legs([(point.latitude, point.longitude) for point in plan.points])
    for place, length in enumerate(lengths, start=1):
        if length > _LONGEST_LEG:
            raise PlanError(
                f"points[{place}]",
                "too_far",
                _("This waypoint is more than %(limit)s km away from the one before it."),
                limit=int(_LONGEST_LEG / 1000),
            )
    if plan.height_mode == "WGS84" and plan.geoid_height is None:
        raise PlanError(
            "geoid_height",
            "missing",
            _("Heights above the ellipsoid need the height of mean sea level above the ellipsoid at this place."),
        )
    if plan.heading_mode == "towardPOI" and plan.poi is None:
        raise PlanError("poi", "missing", _("Say where the nose shall point to."))


def _same_place(one: PlanPoint, other: PlanPoint) -> bool:
    return (one.latitude, one.longitude, one.height) == (other.latitude, other.longitude, other.height)


def given_or(fields: Fields, name: str, low: float, high: float, usual: float, *, digits: int = 3) -> float:
    """A number that a page shows: `usual` when nobody speaks of it, and never behind the back of whoever emptied it."""
    if fields.is_emptied(name):
        raise PlanError(fields.at(name), "missing", _("A number is expected here."))
    found = fields.optional(name, low, high, digits=digits)
    return usual if found is None else found


def place_from(fields: Fields, name: str) -> Position | None:
    """A place given as an object; None when it is not given. Raises PlanError."""
    given = fields.given(name)
    if given is None:
        return None
    inner = Fields(given, fields.at(name))
    height = inner.optional("height", _LOWEST, _HIGHEST)
    place = Position(
        inner.number("latitude", -90, 90, digits=9), inner.number("longitude", -180, 180, digits=9), height
    )
    inner.done()
    return place


def parameters_from(fields: Fields, where: str) -> dict[str, str]:
    """Further settings of the payload or the mission: short names and texts. Raises PlanError."""
    given = fields.given(where)
    if given is None:
        return {}
    inner = Fields(given, fields.at(where))
    if len(given) > 40:
        raise PlanError(inner.path, "too_many", _("At most %(limit)s fit here."), limit=40)
    found = {}
    for name in given:
        if not isinstance(name, str) or not _PARAMETER_NAME.fullmatch(name):
            raise PlanError(inner.path, "unknown_field", _("There is no such field."))
        found[name] = inner.text(name)
    return found
