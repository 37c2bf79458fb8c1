"""The XML that both files of a route are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lxml import etree

from waylines.wpml.plan_actions import shortest
from waylines.wpml.route import ActionGroup, Position

if TYPE_CHECKING:
    from waylines.wpml.plan import WaypointPlan
    from waylines.wpml.plan_survey import SurveyPlan

KML = "http://www.opengis.net/kml/2.2"
NAMESPACE = "http://www.dji.com/wpmz/1.0.6"
#: Payloads with several cameras store the picture of the wide one unless told otherwise; the others know one word.
_WIDE = frozenset({"42", "43", "52", "53", "61", "82", "83"})


def new_document() -> tuple[Any, Any]:
    """An empty file: its root and KML's Document in it."""
    root = etree.Element(f"{{{KML}}}kml", nsmap={None: KML, "wpml": NAMESPACE})
    return root, kml(root, "Document")


def kml(parent: Any, name: str, text: str | None = None) -> Any:
    """A new element of KML."""
    child = etree.SubElement(parent, f"{{{KML}}}{name}")
    child.text = text
    return child


def add(parent: Any, name: str, value: str | float | bool | None = None) -> Any:
    """A new element of the vendor's, with a text, a number or a yes or no."""
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if value is not None:
        child.text = shortest(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)
    return child


def mission(document: Any, plan: WaypointPlan | SurveyPlan) -> None:
    """Element `missionConfig`, which both files hold."""
    config = add(document, "missionConfig")
    add(config, "flyToWaylineMode", plan.fly_to_wayline_mode)
    add(config, "finishAction", plan.finish_action)
    add(config, "exitOnRCLost", plan.exit_on_rc_lost)
    add(config, "executeRCLostAction", plan.rc_lost_action)
    add(config, "takeOffSecurityHeight", plan.take_off_security_height)
    if plan.take_off_ref_point is not None:
        add(config, "takeOffRefPoint", latitude_first(plan.take_off_ref_point))
    add(config, "globalTransitionalSpeed", plan.global_transitional_speed)
    add(config, "globalRTHHeight", plan.rth_height)
    _model(config, "drone", plan.drone_model_key)
    if plan.mission_reroute is not None or plan.transitional_reroute is not None:
        reroute = add(config, "autoRerouteInfo")
        add(reroute, "missionAutoRerouteMode", bool(plan.mission_reroute))
        add(reroute, "transitionalAutoRerouteMode", bool(plan.transitional_reroute))
    for name, value in plan.mission_parameters.items():
        add(config, name, value)
    if plan.payload_model_key:
        add(_model(config, "payload", plan.payload_model_key), "payloadPositionIndex", plan.payload_position)


def _model(config: Any, prefix: str, key: str) -> Any:
    _domain, kind, sub_type = key.split("-")
    info = add(config, f"{prefix}Info")
    add(info, f"{prefix}EnumValue", kind)
    add(info, f"{prefix}SubEnumValue", sub_type)
    return info


def payload(folder: Any, plan: WaypointPlan | SurveyPlan) -> None:
    """Element `payloadParam` of a template."""
    parameters = add(folder, "payloadParam")
    add(parameters, "payloadPositionIndex", plan.payload_position)
    for name, value in plan.payload_parameters.items():
        add(parameters, name, value)
    add(parameters, "imageFormat", plan.image_format or usual_image_format(plan.payload_model_key))


def usual_image_format(payload_model_key: str) -> str:
    """What a payload stores when nobody says otherwise, in the format's own words (its spelling included)."""
    kind = payload_model_key.split("-")[1:2]
    return "wide" if kind and kind[0] in _WIDE else "visable"


def heading(parent: Any, name: str, mode: str, angle: float | None, poi: Position | None) -> None:
    """Where the nose points: element `waypointHeadingParam` or the template's global one."""
    element = add(parent, name)
    add(element, "waypointHeadingMode", mode)
    add(element, "waypointHeadingAngle", angle or 0.0)
    add(element, "waypointPoiPoint", latitude_first(poi) if poi else "0.000000,0.000000,0.000000")
    add(element, "waypointHeadingAngleEnable", mode == "smoothTransition")
    add(element, "waypointHeadingPathMode", "followBadArc")
    add(element, "waypointHeadingPoiIndex", 0)


def group(mark: Any, actions: ActionGroup) -> None:
    """Element `actionGroup`."""
    element = add(mark, "actionGroup")
    add(element, "actionGroupId", actions.id)
    add(element, "actionGroupStartIndex", actions.first_index)
    add(element, "actionGroupEndIndex", actions.last_index)
    add(element, "actionGroupMode", actions.mode)
    trigger = add(element, "actionTrigger")
    add(trigger, "actionTriggerType", actions.trigger)
    if actions.interval is not None:
        add(trigger, "actionTriggerParam", float(actions.interval))
    for entry in actions.actions:
        action(element, entry.id, entry.name, entry.parameters)


def action(parent: Any, number: int, name: str, parameters: Mapping[str, Any]) -> None:
    """Element `action`."""
    element = add(parent, "action")
    add(element, "actionId", number)
    add(element, "actionActuatorFunc", name)
    inner = add(element, "actionActuatorFuncParam")
    for key, value in parameters.items():
        add(inner, key, value)


def latitude_first(place: Position) -> str:
    """The vendor's order for reference points."""
    return ",".join(shortest(float(value)) for value in (place.latitude, place.longitude, place.height or 0.0))


def longitude_first(latitude: float, longitude: float, *height: float) -> str:
    """KML's order."""
    return ",".join(shortest(float(value)) for value in (longitude, latitude, *height))
