"""From a plan to a KMZ: `wpmz/template.kml`, what a person planned, and `wpmz/waylines.wpml`, what is flown."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

from lxml import etree

from waylines.wpml.emitting import action, add, group, heading, kml, longitude_first, mission, new_document
from waylines.wpml.execution import wayline_of
from waylines.wpml.plan import WaypointPlan
from waylines.wpml.plan_survey import SurveyPlan
from waylines.wpml.route import ActionGroup, RouteFile, Wayline, Waypoint
from waylines.wpml.templates import survey_template, waypoint_template


def write(plan: WaypointPlan | SurveyPlan, *, now: int | None = None) -> bytes:
    """A KMZ that aircraft fly and Pilot 2 and FlightHub 2 open. `now` is the file's time in Unix milliseconds.

    Raises PlanError: a plan is checked again, wherever it comes from.
    """
    moment = int(time.time() * 1000) if now is None else now
    if isinstance(plan, SurveyPlan):
        survey = SurveyPlan.from_json(plan.to_json())
        return _packed(survey_template(survey, moment), _waylines(survey, survey.wayline()))
    checked = WaypointPlan.from_json(plan.to_json())
    return _packed(waypoint_template(checked, moment), _waylines(checked, wayline_of(checked)))


def rewrite(route: RouteFile) -> bytes:
    """The file again as a KMZ, every entry byte for byte as it was read; a bare WPML gets its archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in route.entries.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def _packed(template: Any, waylines: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, root in (("wpmz/template.kml", template), ("wpmz/waylines.wpml", waylines)):
            # Without a time of its own, so that the same plan is the same file and has the same fingerprint.
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))
    return buffer.getvalue()


def _waylines(plan: WaypointPlan | SurveyPlan, line: Wayline) -> Any:
    """`waylines.wpml` with one wayline (page "waylines.wpml")."""
    root, document = new_document()
    mission(document, plan)
    folder = kml(document, "Folder")
    add(folder, "templateId", line.template_id)
    add(folder, "executeHeightMode", line.execute_height_mode)
    add(folder, "waylineId", line.id)
    add(folder, "distance", line.distance)
    add(folder, "duration", line.duration)
    add(folder, "autoFlightSpeed", line.auto_flight_speed)
    if line.start_actions:
        start = add(folder, "startActionGroup")
        for entry in line.start_actions:
            action(start, entry.id, entry.name, entry.parameters)
    starting: dict[int, list[ActionGroup]] = {}
    for actions in line.action_groups:
        starting.setdefault(actions.first_index, []).append(actions)
    for point in line.points:
        _flown_point(folder, point, starting.get(point.index, []))
    return root


def _flown_point(folder: Any, point: Waypoint, groups: list[ActionGroup]) -> None:
    mark = kml(folder, "Placemark")
    kml(kml(mark, "Point"), "coordinates", longitude_first(point.latitude, point.longitude))
    add(mark, "index", point.index)
    add(mark, "executeHeight", point.height)
    add(mark, "waypointSpeed", point.speed)
    heading(mark, "waypointHeadingParam", point.heading_mode, point.heading, point.poi)
    turn = add(mark, "waypointTurnParam")
    add(turn, "waypointTurnMode", point.turn_mode)
    add(turn, "waypointTurnDampingDist", point.turn_damping or 0.0)
    add(mark, "useStraightLine", True)
    for actions in groups:
        group(mark, actions)
    gimbal = add(mark, "waypointGimbalHeadingParam")
    add(gimbal, "waypointGimbalPitchAngle", point.gimbal_pitch or 0.0)
    add(gimbal, "waypointGimbalYawAngle", 0)
    add(mark, "isRisky", point.is_risky)
    add(mark, "waypointWorkType", 0)
