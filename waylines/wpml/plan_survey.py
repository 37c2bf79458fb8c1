"""A survey from above: an area, a camera and an overlap become parallel lines with a photo every so many metres."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry import Polygon

from waylines.wpml import geometry, lawnmower, timing
from waylines.wpml.actions import BY_DISTANCE
from waylines.wpml.cameras import Camera
from waylines.wpml.errors import PlanError
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.execution import group_of
from waylines.wpml.facts import facts
from waylines.wpml.plan import STOP, given_or, mission_settings, parameters_from, place_from
from waylines.wpml.plan_actions import PlanAction, written
from waylines.wpml.plan_fields import Fields, model_key
from waylines.wpml.route import ActionGroup, Position, RouteFile, Wayline, Waypoint, as_json

LatLon = tuple[float, float]
HEIGHT_MODES = ("relativeToStartPoint", "realTimeFollowSurface")
#: Unless told otherwise (m/s); slower where the camera cannot keep up.
_USUAL_SPEED = 10.0
_FASTEST = 15.0
_MOST_CORNERS = 500
_SMALLEST, _LARGEST = 10.0, 400e6
_MOST_POINTS = 60_000
#: A line is that much longer than its photos need, so that nobody's rounding loses the last one.
_MILLIMETRES = 0.002


@dataclass(frozen=True, slots=True)
class SurveyLine:
    """A line with photos from `start` to `end`; `way` are points to pass between the line before and this one."""

    start: LatLon
    end: LatLon
    way: tuple[LatLon, ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyPlan:
    """A survey. Metres, m/s, degrees; overlaps in percent.

    The first part is what a person decides and what JSON holds: `polygon` with `holes` as latitude, longitude; `angle`
    the lines' direction from north, None for the one with the fewest turns; `margin` metres beyond the area. The second
    part is computed: `direction`, the `lines` in the order of flight, the distance between photos and between lines,
    `gsd` in centimetres per pixel, `area` in square metres, and the estimated `duration` and `distance`.
    """

    name: str
    camera: Camera
    polygon: tuple[LatLon, ...]
    height: float
    drone_model_key: str
    payload_model_key: str
    overlap_front: float = 80.0
    overlap_side: float = 70.0
    angle: float | None = None
    margin: float = 0.0
    speed: float = _USUAL_SPEED
    holes: tuple[tuple[LatLon, ...], ...] = ()
    author: str = ""
    payload_position: int = 0
    height_mode: str = HEIGHT_MODES[0]
    fly_to_wayline_mode: str = "safely"
    finish_action: str = "goHome"
    exit_on_rc_lost: str = "executeLostAction"
    rc_lost_action: str = "goBack"
    take_off_security_height: float = 20.0
    global_transitional_speed: float = 10.0
    rth_height: float = 100.0
    take_off_ref_point: Position | None = None
    mission_parameters: Mapping[str, str] = field(default_factory=dict)
    image_format: str = ""
    payload_parameters: Mapping[str, str] = field(default_factory=dict)
    mission_reroute: bool | None = None
    transitional_reroute: bool | None = None

    direction: float = 0.0
    lines: tuple[SurveyLine, ...] = ()
    photo_distance: float = 0.0
    line_distance: float = 0.0
    gsd: float = 0.0
    photo_count: int = 0
    area: float = 0.0
    distance: float = 0.0
    duration: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """What `from_json` takes: the decisions, not what follows from them."""
        data: dict[str, Any] = as_json(self)
        for name in _COMPUTED:
            del data[name]
        data["take_off_ref_point"] = self.take_off_ref_point and self.take_off_ref_point._asdict()
        return data

    def summary(self) -> dict[str, Any]:
        """What follows from the decisions, for a page that draws it; `path` is [[latitude, longitude], …]."""
        data: dict[str, Any] = {name: as_json(getattr(self, name)) for name in _COMPUTED if name != "lines"}
        data["speed"] = self.speed
        data["line_count"] = len(self.lines)
        data["path"] = [list(place) for line in self.lines for place in (*line.way, line.start, line.end)]
        return data

    @classmethod
    def from_json(cls, data: Any) -> SurveyPlan:
        """A checked and computed plan. Raises PlanError whose `field` is the path of what is wrong."""
        fields = Fields(data)
        camera = Camera.from_json(fields.given("camera") or "", "camera")
        drone = model_key(fields, "drone_model_key", 0, required=not camera.drone_key) or camera.drone_key
        payload = model_key(fields, "payload_model_key", 1, required=not camera.key) or camera.key
        polygon = _ring(fields.items("polygon", most=_MOST_CORNERS), "polygon")
        given = fields.items("holes", most=_MOST_CORNERS)
        if sum(len(hole) for hole in given if isinstance(hole, Sequence)) > _MOST_CORNERS:
            raise PlanError("holes", "too_many", _("At most %(limit)s fit here."), limit=_MOST_CORNERS)
        holes = tuple(_ring(hole, f"holes[{place}]") for place, hole in enumerate(given))
        plan = cls(
            name=fields.text("name"),
            camera=camera,
            polygon=polygon,
            height=fields.number("height", 2, 1500),
            drone_model_key=drone,
            payload_model_key=payload,
            overlap_front=given_or(fields, "overlap_front", 10, 95, 80.0, digits=0),
            overlap_side=given_or(fields, "overlap_side", 10, 95, 70.0, digits=0),
            angle=fields.optional("angle", -360, 360, digits=0),
            margin=fields.optional("margin", 0, 500, digits=0) or 0.0,
            speed=fields.optional("speed", 0.5, _FASTEST) or 0.0,
            holes=holes,
            author=fields.text("author"),
            payload_position=fields.whole("payload_position", 0, 0, 7),
            height_mode=fields.choice("height_mode", HEIGHT_MODES[0], HEIGHT_MODES),
            **mission_settings(fields),
            take_off_ref_point=place_from(fields, "take_off_ref_point"),
            image_format=fields.text("image_format"),
            payload_parameters=parameters_from(fields, "payload_parameters"),
        )
        fields.done()
        return _computed(plan)

    def wayline(self) -> Wayline:
        """What the aircraft flies: straight to each line, a photo every `photo_distance` on it, a stop at its ends."""
        return _wayline(self)


_COMPUTED = (
    "direction",
    "lines",
    "photo_distance",
    "line_distance",
    "gsd",
    "photo_count",
    "area",
    "distance",
    "duration",
)


def survey(
    polygon: Sequence[Sequence[float]] | Mapping[str, Any],
    *,
    camera: Camera | str,
    height: float,
    overlap_front: float = 80.0,
    overlap_side: float = 70.0,
    angle: float | None = None,
    margin: float = 0.0,
    speed: float | None = None,
    **further: Any,
) -> SurveyPlan:
    """Plans a survey of a polygon, given as (latitude, longitude) corners or as a GeoJSON Polygon (with holes).

    `camera` is a `Camera` or the model key of one in `CAMERAS`; `height` is above the take-off point, metres; overlaps
    are percent. Without a speed it is 10 m/s, or as much less as the camera needs. `further` are other fields of
    `SurveyPlan`. Raises PlanError.
    """
    rings: list[Any] = [polygon]
    if isinstance(polygon, Mapping):
        rings = _geojson_rings(polygon)
    return SurveyPlan.from_json(
        {
            "name": "",
            "polygon": rings[0],
            "holes": rings[1:],
            "camera": camera.to_json() if isinstance(camera, Camera) else camera,
            "height": height,
            "overlap_front": overlap_front,
            "overlap_side": overlap_side,
            "angle": angle,
            "margin": margin,
            "speed": speed,
            **further,
        }
    )


def _geojson_rings(polygon: Mapping[str, Any]) -> list[Any]:
    shape = polygon.get("geometry") if polygon.get("type") == "Feature" else polygon
    rings = shape.get("coordinates") if isinstance(shape, Mapping) and shape.get("type") == "Polygon" else None
    if not isinstance(rings, (list, tuple)) or not rings or not all(isinstance(ring, (list, tuple)) for ring in rings):
        raise PlanError("polygon", "no_polygon", _("A polygon is expected here."))
    return [
        [(corner[1], corner[0]) if isinstance(corner, (list, tuple)) and len(corner) > 1 else corner for corner in ring]
        for ring in rings
    ]


def _ring(corners: Any, path: str) -> tuple[LatLon, ...]:
    if not isinstance(corners, (list, tuple)):
        raise PlanError(path, "not_a_list", _("A list is expected here."))
    ring: list[LatLon] = []
    for place, corner in enumerate(corners):
        if not isinstance(corner, (list, tuple)) or len(corner) < 2:
            raise PlanError(f"{path}[{place}]", "no_place", _("Latitude and longitude are expected here."))
        fields = Fields({"latitude": corner[0], "longitude": corner[1]}, f"{path}[{place}]")
        ring.append((fields.number("latitude", -89.9, 89.9, digits=9), fields.number("longitude", -180, 180, digits=9)))
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    if len(set(ring)) < 3:
        raise PlanError(path, "too_few", _("An area needs at least three corners."))
    return tuple(ring)


def _computed(plan: SurveyPlan) -> SurveyPlan:
    local = geometry.LocalMap(geometry.middle(plan.polygon))
    shape = Polygon(local.to_plane(plan.polygon), [local.to_plane(hole) for hole in plan.holes])
    area = _checked_area(shape)
    across, along = plan.camera.footprint(plan.height)
    line_distance = across * (1 - plan.overlap_side / 100)
    photo_distance = round(along * (1 - plan.overlap_front / 100), 2)
    speed = _speed(plan, photo_distance)
    flown = area.buffer(plan.margin, join_style="mitre", mitre_limit=2.0) if plan.margin else area
    try:
        direction = lawnmower.best_direction(flown, line_distance) if plan.angle is None else plan.angle % 360.0
        segments = lawnmower.pattern(flown, line_distance, direction, shortest=photo_distance + _MILLIMETRES)
    except shapely.errors.GEOSException:
        raise _crosses_itself() from None
    except lawnmower.TooManyLines:
        raise PlanError(
            "polygon", "too_many_lines", _("The area is too large for this height and overlap: more than 5000 lines.")
        ) from None
    segments = [_stretched(segment, photo_distance, along / 2) for segment in segments]
    lines = tuple(
        SurveyLine(places[-2], places[-1], tuple(places[:-2]))
        for segment in segments
        for places in [local.to_earth((*segment.way, segment.start, segment.end))]
    )
    if sum(2 + len(line.way) for line in lines) > _MOST_POINTS:
        raise PlanError(
            "polygon", "too_many_lines", _("The area is too large for this height and overlap: more than 5000 lines.")
        )
    decided = {name: getattr(plan, name) for name in plan.__dataclass_fields__ if name not in _COMPUTED}
    decided["speed"] = speed
    half = SurveyPlan(
        **decided,
        direction=round(direction, 1),
        lines=lines,
        photo_distance=photo_distance,
        line_distance=round(line_distance, 2),
        gsd=round(plan.camera.ground_sample(plan.height), 2),
        area=round(area.area, 1),
    )
    line = half.wayline()
    computed = {name: getattr(half, name) for name in _COMPUTED}
    flown_facts = facts(RouteFile(waylines=(line,), executable=True))
    computed.update(distance=line.distance or 0.0, duration=line.duration or 0.0, photo_count=flown_facts.photo_count)
    return SurveyPlan(**decided, **computed)


def _checked_area(shape: Polygon) -> Polygon:
    if not shape.is_valid:
        raise _crosses_itself()
    if shape.area < _SMALLEST:
        raise PlanError(
            "polygon",
            "too_small",
            _(
                "The area is smaller than %(limit)s m².",
            ),
            limit=int(_SMALLEST),
        )
    if shape.area > _LARGEST:
        raise PlanError("polygon", "too_large", _("The area is larger than %(limit)s km²."), limit=int(_LARGEST / 1e6))
    return shapely.remove_repeated_points(shape)


def _crosses_itself() -> PlanError:
    return PlanError("polygon", "crosses_itself", _("The area's outline crosses or touches itself."))


def _speed(plan: SurveyPlan, photo_distance: float) -> float:
    fastest = math.floor(min(_FASTEST, photo_distance / plan.camera.shortest_interval) * 100) / 100
    if fastest < 0.5:
        raise PlanError(
            "overlap_front", "too_dense", _("The camera cannot take photos that fast: fly higher or overlap less.")
        )
    if not plan.speed:
        return min(_USUAL_SPEED, fastest)
    if plan.speed > fastest:
        raise PlanError(
            "speed",
            "too_fast",
            _("The camera keeps up only to %(fastest)s m/s at this height and overlap."),
            fastest=fastest,
        )
    return plan.speed


def _stretched(segment: lawnmower.Segment, every: float, reach: float) -> lawnmower.Segment:
    """A line whose last photo would not reach its end gets longer by one photo."""
    length = math.dist(segment.start, segment.end)
    rest = length - math.floor(length / every + 1e-6) * every
    if rest <= reach:
        return segment
    longer = (length - rest + every) / length
    (x1, y1), (x2, y2) = segment.start, segment.end
    longer += _MILLIMETRES / length
    return lawnmower.Segment(segment.start, (x1 + (x2 - x1) * longer, y1 + (y2 - y1) * longer), segment.way)


def _wayline(plan: SurveyPlan) -> Wayline:
    photo = ("takePhoto", written(PlanAction("takePhoto"), plan.payload_position))
    down = PlanAction("gimbalRotate", {"gimbalPitchRotateAngle": -90.0, "gimbalHeadingYawBase": "aircraft"})
    look = ("gimbalRotate", written(down, plan.payload_position))
    groups: list[ActionGroup] = [group_of(0, 0, 0, "reachPoint", None, [look])]
    places: list[LatLon] = []
    for line in plan.lines:
        places.extend((*line.way, line.start, line.end))
        first = len(places) - 2
        groups.append(group_of(len(groups), first, first + 1, BY_DISTANCE, plan.photo_distance, [photo]))
    starting: dict[int, list[ActionGroup]] = {}
    for group in groups:
        starting.setdefault(group.first_index, []).append(group)
    points = tuple(
        Waypoint(
            index=place,
            latitude=round(latitude, 9),
            longitude=round(longitude, 9),
            height=plan.height,
            speed=plan.speed,
            heading_mode="followWayline",
            heading=0.0,
            turn_mode=STOP,
            turn_damping=0.0,
            straight=True,
            gimbal_pitch=-90.0,
            actions=tuple(action for group in starting.get(place, []) for action in group.actions),
        )
        for place, (latitude, longitude) in enumerate(places)
    )
    along = timing.profile_of(points, plan.speed, level=plan.height_mode == HEIGHT_MODES[1])
    return Wayline(
        id=0,
        template_id=0,
        distance=round(along.distance, 2),
        duration=round(along.duration, 2),
        execute_height_mode=plan.height_mode,
        auto_flight_speed=plan.speed,
        points=points,
        start_actions=group_of(0, 0, 0, "", None, [look]).actions,
        action_groups=tuple(groups),
    )
