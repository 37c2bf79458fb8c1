"""From a survey's file back to what somebody decided: the area, the camera and the overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waylines.wpml.cameras import CAMERAS
from waylines.wpml.editing import decided, said
from waylines.wpml.markup import Node, node_of, nodes, number_of, text_of
from waylines.wpml.plan_survey import SurveyPlan
from waylines.wpml.route import Action, RouteFile, Template, Wayline

Json = dict[str, Any]

#: How far a point of the file may lie from the one computed anew and still be the same, degrees (about a metre).
_APART = 1e-5
#: What the plan has a place for, or what is the same in every survey that is written here.
_KNOWN = frozenset(
    {
        "caliFlightEnable",
        "elevationOptimizeEnable",
        "smartObliqueEnable",
        "quickOrthoMappingEnable",
        "facadeWaylineEnable",
        "shootType",
        "direction",
        "margin",
        "overlap",
        "Polygon",
        "ellipsoidHeight",
        "height",
        "mappingHeadingParam",
        "gimbalPitchMode",
        "gimbalPitchAngle",
    }
)
_OWN_PLACE = frozenset({"payloadPositionIndex", "imageFormat"})


def survey_of(route: RouteFile, *, name: str = "") -> SurveyPlan | None:
    """The plan behind an area survey, to change it; None for one that would not come out as it is in the file.

    Whether nothing is lost is seen by computing the survey again: every point and action has to be the file's.
    """
    if len(route.templates) != 1 or len(route.waylines) != 1 or route.resources or route.unknown:
        return None
    template = route.templates[0]
    marks = list(nodes(template.raw, "Placemark"))
    if template.type != "mapping2d" or len(marks) != 1 or set(marks[0]) - _KNOWN:
        return None
    for computed in (True, False):
        try:
            angle = None if computed else number_of(marks[0], "direction")
            plan = SurveyPlan.from_json(said({**_decisions(route, template, marks[0], name), "angle": angle}))
        except ValueError:  # a `WpmlError` is one; so are coordinates that are no numbers
            return None
        if _same(plan.wayline(), route.waylines[0]):
            return plan
    return None


def _decisions(route: RouteFile, template: Template, mark: Node, name: str) -> Json:
    config, settings = route.config, node_of(template.raw, "payloadParam")
    payload = next(iter(config.payload_model_keys), "")
    usual = CAMERAS[payload].drone_key if payload in CAMERAS else ""
    return {
        **decided(config),
        "name": name,
        "author": route.author,
        "camera": payload,
        "drone_model_key": config.drone_model_key or usual,
        "payload_model_key": payload,
        "payload_position": config.payload_positions[0] if config.payload_positions else 0,
        "polygon": [[place.latitude, place.longitude] for place in template.polygon],
        "holes": _holes(mark),
        "height": number_of(mark, "height"),
        "height_mode": template.height_mode,
        "overlap_front": number_of(node_of(mark, "overlap"), "orthoCameraOverlapH"),
        "overlap_side": number_of(node_of(mark, "overlap"), "orthoCameraOverlapW"),
        "margin": number_of(mark, "margin"),
        "speed": template.auto_flight_speed,
        "image_format": text_of(settings, "imageFormat"),
        "payload_parameters": {
            key: value for key, value in settings.items() if key not in _OWN_PLACE and isinstance(value, str)
        },
    }


def _holes(mark: Node) -> list[list[list[float]]]:
    rings = (node_of(inner, "LinearRing") for inner in nodes(node_of(mark, "Polygon"), "innerBoundaryIs"))
    return [[_place(corner) for corner in text_of(ring, "coordinates").split()] for ring in rings]


def _place(corner: str) -> list[float]:
    longitude, latitude = (float(part) for part in corner.split(",")[:2])
    return [latitude, longitude]


def _same(computed: Wayline, filed: Wayline) -> bool:
    if computed.execute_height_mode != filed.execute_height_mode or len(computed.points) != len(filed.points):
        return False
    if _done(computed.start_actions) != _done(filed.start_actions):
        return False
    return all(
        abs(one.latitude - other.latitude) < _APART
        and abs(one.longitude - other.longitude) < _APART
        and one.height == other.height
        and one.speed == other.speed
        and _done(one.actions) == _done(other.actions)
        for one, other in zip(computed.points, filed.points, strict=True)
    )


def _done(actions: Sequence[Action]) -> list[tuple[str, str, float | None, Mapping[str, Any]]]:
    return [(action.name, action.trigger, action.interval, dict(action.parameters)) for action in actions]
