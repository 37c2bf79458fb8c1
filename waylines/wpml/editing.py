"""From a file back to a plan, where nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waylines.wpml import geometry
from waylines.wpml.actions import AT_POINTS, BY_DISTANCE, BY_TIME
from waylines.wpml.emitting import usual_image_format
from waylines.wpml.errors import WpmlError
from waylines.wpml.likeness import is_kept
from waylines.wpml.markup import Node, flag_of, integer_of, node_of, nodes, number_of, text_of
from waylines.wpml.plan import STOP, WaypointPlan
from waylines.wpml.plan_actions import from_file
from waylines.wpml.route import Action, MissionConfig, Position, RouteFile, Template, Wayline, Waypoint

#: How far template and wayline may be apart and still be the same point.
_METRES, _HEIGHT = 0.5, 0.5
#: Left out when all of a payload's settings are kept: the plan has its own places for these.
_OWN_PLACE = frozenset({"payloadPositionIndex", "imageFormat"})
#: The same of the mission's settings.
_MISSION = frozenset(
    {
        "flyToWaylineMode", "finishAction", "exitOnRCLost", "executeRCLostAction", "takeOffSecurityHeight",
        "globalTransitionalSpeed", "globalRTHHeight", "takeOffRefPoint", "droneInfo", "payloadInfo", "autoRerouteInfo",
    }
)  # fmt: skip


def plan_of(route: RouteFile, *, name: str = "") -> WaypointPlan | None:
    """The plan behind a simple waypoint route, to edit it; None for what an editor would damage.

    Damage is anything a plan has no place for: several waylines or templates, other template types, heights over
    terrain, embedded files, elements or actions we cannot explain, waylines that differ from their template or from
    what the plan would fly. Each point's place and height is what the waylines say, for that is what was flown so far.
    """
    if len(route.templates) != 1 or len(route.waylines) != 1 or route.resources or route.unknown:
        return None
    template, line = route.templates[0], route.waylines[0]
    if template.type != "waypoint" or line.start_actions or len(route.config.payload_model_keys) > 1:
        return None
    try:
        data = _plan(route, template, line, name)
        plan = None if data is None else WaypointPlan.from_json(said(data))
        return plan if plan is not None and is_kept(plan, route) else None
    except WpmlError:
        return None


def _plan(route: RouteFile, template: Template, line: Wayline, name: str) -> dict[str, Any] | None:
    height_mode = _height_mode(template, line)
    if height_mode is None or not _match(template, line):
        return None
    config = route.config
    position = config.payload_positions[0] if config.payload_positions else 0
    heading = node_of(template.raw, "globalWaypointHeadingParam")
    mode = text_of(heading, "waypointHeadingMode", "followWayline")
    points, photos = _points(template, line, position, mode)
    if points is None:
        return None
    settings = node_of(template.raw, "payloadParam")
    if not all(isinstance(value, str) for value in settings.values()):
        return None
    image_format = text_of(settings, "imageFormat")
    return {
        **decided(config),
        "name": name,
        "author": route.author,
        "drone_model_key": config.drone_model_key,
        "payload_model_key": next(iter(config.payload_model_keys), ""),
        "payload_position": position,
        "speed": line.auto_flight_speed or template.auto_flight_speed,
        "height_mode": height_mode,
        "positioning_type": text_of(node_of(template.raw, "waylineCoordinateSysParam"), "positioningType", "GPS"),
        "geoid_height": _geoid(template) if height_mode == "WGS84" else None,
        "heading_mode": mode,
        "heading": (number_of(heading, "waypointHeadingAngle") or None) if mode == "smoothTransition" else None,
        "poi": _place(_poi(line)) if mode == "towardPOI" else None,
        "turn_mode": text_of(template.raw, "globalWaypointTurnMode", STOP),
        "image_format": "" if image_format == usual_image_format(_payload(route)) else image_format,
        "payload_parameters": {key: value for key, value in settings.items() if key not in _OWN_PLACE},
        "points": points,
        "interval_photos": photos,
    }


def said(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the file is silent about: a plan then has its usual value."""
    return {name: value for name, value in data.items() if value is not None}


def decided(config: MissionConfig) -> dict[str, Any]:
    """What `missionConfig` says that plans of every kind have a place for."""
    reroute = node_of(config.raw, "autoRerouteInfo")
    return {
        "fly_to_wayline_mode": config.fly_to_wayline_mode or "safely",
        "finish_action": config.finish_action,
        "exit_on_rc_lost": config.exit_on_rc_lost,
        "rc_lost_action": config.rc_lost_action or "goBack",
        "take_off_security_height": config.take_off_security_height,
        "global_transitional_speed": config.global_transitional_speed,
        "rth_height": config.global_rth_height,
        "take_off_ref_point": _place(config.take_off_ref_point),
        "mission_reroute": flag_of(reroute, "missionAutoRerouteMode"),
        "transitional_reroute": flag_of(reroute, "transitionalAutoRerouteMode"),
        "mission_parameters": {
            key: value for key, value in config.raw.items() if key not in _MISSION and isinstance(value, str) and value
        },
    }


def _payload(route: RouteFile) -> str:
    return next(iter(route.config.payload_model_keys), "")


def _place(place: Position | None) -> Mapping[str, Any] | None:
    return None if place is None else place._asdict()


def _poi(line: Wayline) -> Position | None:
    return next((point.poi for point in line.points if point.poi is not None), None)


def _height_mode(template: Template, line: Wayline) -> str | None:
    both = (template.height_mode, line.execute_height_mode)
    if both == ("relativeToStartPoint", "relativeToStartPoint"):
        return "relativeToStartPoint"
    return "WGS84" if both == ("EGM96", "WGS84") else None


def _match(template: Template, line: Wayline) -> bool:
    if not line.points or len(template.points) != len(line.points):
        return False
    for planned, flown in zip(template.points, line.points, strict=True):
        if planned.index != flown.index or flown.height is None:
            return False
        height = planned.ellipsoid_height if line.execute_height_mode == "WGS84" else planned.height
        if height is None or abs(height - flown.height) > _HEIGHT:
            return False
        if geometry.distance((planned.latitude, planned.longitude), (flown.latitude, flown.longitude)) > _METRES:
            return False
    return True


def _geoid(template: Template) -> float | None:
    """How far sea level lies above the ellipsoid, as the file's two heights of its first point say."""
    first = template.points[0]
    if first.ellipsoid_height is None or first.height is None:
        return None
    found = first.ellipsoid_height - first.height
    apart = [
        abs(point.ellipsoid_height - point.height - found)
        for point in template.points
        if point.ellipsoid_height is not None and point.height is not None
    ]
    return None if max(apart) > _HEIGHT else round(found, 3)


def _points(
    template: Template, line: Wayline, position: int, mode: str
) -> tuple[list[dict[str, Any]] | None, list[dict[str, Any]]]:
    marks: dict[int, Node] = {}
    for place, mark in enumerate(mark for mark in nodes(template.raw, "Placemark") if "Point" in mark):
        given = integer_of(mark, "index")
        marks[place if given is None else given] = mark
    photos: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    pitched = text_of(template.raw, "gimbalPitchMode") == "usePointSetting"
    for place, (planned, flown) in enumerate(zip(template.points, line.points, strict=True)):
        mark = marks[planned.index]
        if planned.index != place or not _plain(mark, planned, mode):
            return None, []
        actions = _actions(planned, position, photos)
        if actions is None:
            return None, []
        points.append(
            {
                "latitude": flown.latitude,
                "longitude": flown.longitude,
                "height": flown.height,
                "speed": None if flag_of(mark, "useGlobalSpeed") is not False else planned.speed,
                "heading": None if flag_of(mark, "useGlobalHeadingParam") is not False else planned.heading,
                "gimbal_pitch": number_of(mark, "gimbalPitchAngle") if pitched else None,
                "turn_mode": "" if flag_of(mark, "useGlobalTurnParam") is not False else planned.turn_mode,
                "is_risky": planned.is_risky,
                "actions": actions,
            }
        )
    return points, photos


def _plain(mark: Node, planned: Waypoint, mode: str) -> bool:
    """A point's own heading can be a smooth turn and nothing else."""
    own = flag_of(mark, "useGlobalHeadingParam") is False
    return not own or planned.heading_mode == "smoothTransition"


def _actions(planned: Waypoint, position: int, photos: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """A point's actions as JSON; photos at intervals go to their own list. None when one has no place in a plan."""
    found = []
    for action in planned.actions:
        kept = from_file(action, position)
        if kept is None:
            return None
        if action.trigger in (BY_DISTANCE, BY_TIME):
            if kept.name != "takePhoto" or kept.parameters:
                return None
            photos.append(_interval(action))
        elif action.trigger in AT_POINTS and action.first_index == action.last_index:
            found.append(kept.to_json())
        else:
            return None
    return found


def _interval(action: Action) -> dict[str, Any]:
    unit = "distance" if action.trigger == BY_DISTANCE else "seconds"
    return {"first_index": action.first_index, "last_index": action.last_index, unit: action.interval}
