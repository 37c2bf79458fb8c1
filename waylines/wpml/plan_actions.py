"""Actions that the editor offers: their parameters, checked on the way in and written with all that a file needs.

Names of actions and parameters are those of the WPML format (page "Common elements"), so that a plan reads like the
file that comes out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from waylines.wpml.errors import PlanError
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.plan_fields import Fields
from waylines.wpml.route import Action


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an action: a text, a number with its range, or one of some words.

    Without a default a number is required unless `optional`.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()
    text: bool = False
    optional: bool = False
    default: Any = None


_LENS = Parameter("payloadLensIndex", text=True)
_SUFFIX = Parameter("fileSuffix", text=True)

#: What an editor may offer, by the action's name.
ACTION_KINDS: Mapping[str, tuple[Parameter, ...]] = {
    "takePhoto": (_SUFFIX, _LENS),
    "startRecord": (_SUFFIX, _LENS),
    "stopRecord": (_LENS,),
    "panoShot": (_LENS,),
    "hover": (Parameter("hoverTime", 0.1, 1800),),
    "rotateYaw": (
        Parameter("aircraftHeading", -180, 180),
        Parameter("aircraftPathMode", choices=("clockwise", "counterClockwise"), default="clockwise"),
    ),
    "gimbalRotate": (
        Parameter("gimbalPitchRotateAngle", -120, 70, optional=True),
        Parameter("gimbalYawRotateAngle", -180, 180, optional=True),
        Parameter("gimbalHeadingYawBase", choices=("north", "aircraft"), default="north"),
    ),
    "zoom": (Parameter("focalLength", 1, 5000),),
    "focus": (
        Parameter("focusX", 0, 1, default=0.5),
        Parameter("focusY", 0, 1, default=0.5),
        Parameter("isInfiniteFocus", 0, 1, default=0.0),
    ),
    "customDirName": (Parameter("directoryName", text=True),),
    "searchlight": (
        Parameter("searchlightOperateType", 0, 2, default=1.0),
        Parameter("searchlightBrightness", 0, 100, default=50.0),
    ),
    "recordPointCloud": (
        Parameter(
            "recordPointCloudOperate",
            choices=("startRecord", "pauseRecord", "resumeRecord", "stopRecord"),
            default="startRecord",
        ),
    ),
}
_WITH_LENS = frozenset({"takePhoto", "startRecord", "stopRecord", "panoShot"})
#: Written by other software without any effect on what is flown.
_WITHOUT_EFFECT = frozenset({"actionUUID", "gimbalRotateTime", "gimbalRollRotateAngle"})


@dataclass(frozen=True, slots=True)
class PlanAction:
    """Something to do at a point: an action of `ACTION_KINDS` with its parameters (numbers and texts)."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "parameters": dict(self.parameters)}


def action_from_json(data: Any, path: str) -> PlanAction:
    """Checks an action and fills in its defaults. Raises PlanError."""
    fields = Fields(data, path)
    name = fields.choice("name", "", tuple(ACTION_KINDS))
    given = fields.given("parameters")
    fields.done()
    inner = Fields({} if given is None else given, fields.at("parameters"))
    parameters: dict[str, Any] = {}
    for parameter in ACTION_KINDS[name]:
        value = _value(inner, parameter)
        if value is not None and value != "":
            parameters[parameter.name] = value
    inner.done()
    if name == "gimbalRotate" and not parameters.keys() & {"gimbalPitchRotateAngle", "gimbalYawRotateAngle"}:
        raise PlanError(inner.path, "missing", _("A gimbal has to be turned up, down or sideways: give an angle."))
    if name == "customDirName" and "directoryName" not in parameters:
        raise PlanError(inner.at("directoryName"), "missing", _("A folder needs a name."))
    return PlanAction(name, parameters)


def _value(fields: Fields, parameter: Parameter) -> Any:
    if parameter.text:
        return fields.text(parameter.name, longest=100)
    if parameter.choices:
        return fields.choice(parameter.name, str(parameter.default), parameter.choices)
    if parameter.optional or parameter.default is not None:
        found = fields.optional(parameter.name, parameter.low, parameter.high)
        return parameter.default if found is None else found
    return fields.number(parameter.name, parameter.low, parameter.high)


def written(action: PlanAction, position: int) -> dict[str, str]:
    """All parameters of an action as the file holds them; `position` is the payload's gimbal."""
    values = {name: shortest(value) for name, value in action.parameters.items()}
    if action.name in _WITH_LENS:
        lens = values.pop("payloadLensIndex", "")
        values["useGlobalPayloadLensIndex"] = "0" if lens else "1"
        if lens:
            values["payloadLensIndex"] = lens
    if action.name == "panoShot":
        values["panoShotSubMode"] = "panoShot_360"
    if action.name == "gimbalRotate":
        values = _gimbal(values)
    if action.name == "focus":
        values.update(isPointFocus="1", focusRegionWidth="0", focusRegionHeight="0")
    if action.name not in ("hover", "rotateYaw"):
        values["payloadPositionIndex"] = str(position)
    return values


def _gimbal(values: Mapping[str, str]) -> dict[str, str]:
    pitch, yaw = values.get("gimbalPitchRotateAngle"), values.get("gimbalYawRotateAngle")
    return {
        "gimbalHeadingYawBase": values["gimbalHeadingYawBase"],
        "gimbalRotateMode": "absoluteAngle",
        "gimbalPitchRotateEnable": "0" if pitch is None else "1",
        "gimbalPitchRotateAngle": pitch or "0",
        "gimbalRollRotateEnable": "0",
        "gimbalRollRotateAngle": "0",
        "gimbalYawRotateEnable": "0" if yaw is None else "1",
        "gimbalYawRotateAngle": yaw or "0",
        "gimbalRotateTimeEnable": "0",
        "gimbalRotateTime": "0",
    }


def from_file(action: Action, position: int) -> PlanAction | None:
    """The plan's action that would write what this file holds; None when something would be lost or changed."""
    kinds = ACTION_KINDS.get(action.name)
    if kinds is None or not all(isinstance(value, str) for value in action.parameters.values()):
        return None
    given: dict[str, Any] = {
        kind.name: action.parameters[kind.name] for kind in kinds if kind.name in action.parameters
    }
    if action.name == "gimbalRotate":
        for axis in ("Pitch", "Yaw"):
            if action.parameters.get(f"gimbal{axis}RotateEnable", "0") not in ("1", "true"):
                given.pop(f"gimbal{axis}RotateAngle", None)
    if action.name in _WITH_LENS and action.parameters.get("useGlobalPayloadLensIndex", "0") in ("1", "true"):
        given.pop("payloadLensIndex", None)
    try:
        candidate = action_from_json({"name": action.name, "parameters": given}, "")
    except PlanError:
        return None
    back = written(candidate, position)
    for name, value in action.parameters.items():
        if name in _WITHOUT_EFFECT or (name == "payloadLensIndex" and name not in back):
            continue
        if name == "useGlobalPayloadLensIndex" and not given.get("payloadLensIndex"):
            continue
        if action.name == "gimbalRotate" and name.endswith("RotateAngle") and name not in given:
            continue
        if name not in back or not _same(back[name], value):
            return None
    return candidate


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return abs(float(one) - float(other)) < 0.01
    except ValueError:
        return False


def shortest(value: Any) -> str:
    """A number without needless digits: 5 instead of 5.0, never an exponent."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        text = f"{value:.9f}".rstrip("0").rstrip(".")
        return "0" if text in ("", "-0") else text
    return str(value)
