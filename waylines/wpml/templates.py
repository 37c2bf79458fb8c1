"""`template.kml`: what a person planned, so that Pilot 2 and FlightHub 2 can open and change it."""

from __future__ import annotations

from typing import Any

from waylines.wpml.emitting import add, group, heading, kml, longitude_first, mission, new_document, payload
from waylines.wpml.execution import group_of, interval_group
from waylines.wpml.plan import PlanPoint, WaypointPlan
from waylines.wpml.plan_actions import written
from waylines.wpml.plan_survey import SurveyPlan


def waypoint_template(plan: WaypointPlan, moment: int) -> Any:
    """The template of a waypoint route (page "template.kml", waypoint flight)."""
    root, document = _created(plan, moment)
    folder = _folder(document, "waypoint")
    system = _coordinates(folder, "EGM96" if plan.height_mode == "WGS84" else plan.height_mode)
    add(system, "positioningType", plan.positioning_type)
    add(folder, "autoFlightSpeed", plan.speed)
    add(folder, "globalHeight", _planned_height(plan, plan.points[0].height))
    add(folder, "caliFlightEnable", False)
    pitched = any(point.gimbal_pitch is not None for point in plan.points)
    add(folder, "gimbalPitchMode", "usePointSetting" if pitched else "manual")
    heading(folder, "globalWaypointHeadingParam", plan.heading_mode, plan.heading, plan.poi)
    add(folder, "globalWaypointTurnMode", plan.turn_mode)
    add(folder, "globalUseStraightLine", True)
    numbers = iter(range(len(plan.points) + len(plan.interval_photos)))
    for place, point in enumerate(plan.points):
        mark = _planned_point(folder, plan, place, point)
        if point.actions:
            listed = [(action.name, written(action, plan.payload_position)) for action in point.actions]
            group(mark, group_of(next(numbers), place, place, "reachPoint", None, listed))
        for photos in plan.interval_photos:
            if photos.first_index == place:
                group(mark, interval_group(next(numbers), photos, plan.payload_position))
        add(mark, "isRisky", point.is_risky)
    payload(folder, plan)
    return root


def _planned_point(folder: Any, plan: WaypointPlan, place: int, point: PlanPoint) -> Any:
    mark = kml(folder, "Placemark")
    kml(kml(mark, "Point"), "coordinates", longitude_first(point.latitude, point.longitude))
    add(mark, "index", place)
    add(mark, "ellipsoidHeight", point.height)
    add(mark, "height", _planned_height(plan, point.height))
    add(mark, "useGlobalHeight", False)
    add(mark, "useGlobalSpeed", point.speed is None)
    add(mark, "waypointSpeed", plan.speed if point.speed is None else point.speed)
    add(mark, "useGlobalHeadingParam", point.heading is None)
    if point.heading is not None:
        heading(mark, "waypointHeadingParam", "smoothTransition", point.heading, None)
    add(mark, "useGlobalTurnParam", not point.turn_mode)
    if point.turn_mode:
        turn = add(mark, "waypointTurnParam")
        add(turn, "waypointTurnMode", point.turn_mode)
        add(turn, "waypointTurnDampingDist", 0.2)
    add(mark, "useStraightLine", True)
    if point.gimbal_pitch is not None:
        add(mark, "gimbalPitchAngle", point.gimbal_pitch)
    return mark


def _planned_height(plan: WaypointPlan, height: float) -> float:
    return round(height - (plan.geoid_height or 0.0), 3) if plan.height_mode == "WGS84" else height


def survey_template(plan: SurveyPlan, moment: int) -> Any:
    """The template of a survey (page "template.kml", mapping aerial)."""
    root, document = _created(plan, moment)
    folder = _folder(document, "mapping2d")
    system = _coordinates(folder, plan.height_mode)
    add(system, "globalShootHeight", plan.height)
    add(system, "positioningType", "GPS")
    add(system, "surfaceFollowModeEnable", plan.height_mode == "realTimeFollowSurface")
    add(system, "surfaceRelativeHeight", plan.height)
    add(folder, "autoFlightSpeed", plan.speed)
    mark = kml(folder, "Placemark")
    for name in ("caliFlightEnable", "elevationOptimizeEnable", "smartObliqueEnable", "quickOrthoMappingEnable"):
        add(mark, name, False)
    add(mark, "facadeWaylineEnable", False)
    add(mark, "shootType", "distance")
    add(mark, "direction", round(plan.direction) % 360)
    add(mark, "margin", plan.margin)
    overlap = add(mark, "overlap")
    add(overlap, "orthoCameraOverlapH", round(plan.overlap_front))
    add(overlap, "orthoCameraOverlapW", round(plan.overlap_side))
    area = kml(mark, "Polygon")
    for kind, ring in (("outer", plan.polygon), *(("inner", hole) for hole in plan.holes)):
        corners = " ".join(longitude_first(*corner, 0.0) for corner in (*ring, ring[0]))
        kml(kml(kml(area, f"{kind}BoundaryIs"), "LinearRing"), "coordinates", corners)
    add(mark, "ellipsoidHeight", plan.height)
    add(mark, "height", plan.height)
    turned = add(mark, "mappingHeadingParam")
    add(turned, "mappingHeadingMode", "followWayline")
    add(mark, "gimbalPitchMode", "fixed")
    add(mark, "gimbalPitchAngle", -90)
    payload(folder, plan)
    return root


def _created(plan: WaypointPlan | SurveyPlan, moment: int) -> tuple[Any, Any]:
    root, document = new_document()
    if plan.author:
        add(document, "author", plan.author)
    add(document, "createTime", str(moment))
    add(document, "updateTime", str(moment))
    mission(document, plan)
    return root, document


def _folder(document: Any, kind: str) -> Any:
    folder = kml(document, "Folder")
    add(folder, "templateType", kind)
    add(folder, "templateId", 0)
    return folder


def _coordinates(folder: Any, height_mode: str) -> Any:
    system = add(folder, "waylineCoordinateSysParam")
    add(system, "coordinateMode", "WGS84")
    add(system, "heightMode", height_mode)
    return system
