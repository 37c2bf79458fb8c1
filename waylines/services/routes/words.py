"""The route format's words and numbers, as people say them. What we do not know is shown as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from fleet.protocol import device_models


def model(key: str) -> str:
    """An aircraft's or payload's name; the key itself when it is unknown."""
    found = device_models.find(key) if key else None
    return found.name if found else key


def models(keys: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(model(str(key)) for key in keys))


def template(word: str) -> str:
    """A kind of route, by the file's word."""
    return templates().get(word, word)


def templates() -> dict[str, str]:
    return {
        "waypoint": _("Waypoints"),
        "mapping2d": _("Area survey"),
        "mapping3d": _("Oblique survey"),
        "mappingStrip": _("Strip"),
        "mappingPrism": _("Geometry survey"),
        "targetdetection": _("Target detection"),
    }


def template_codes() -> dict[int, str]:
    """Pilot's numbers for them."""
    return {code: template(word) for code, word in enumerate(("waypoint", "mapping2d", "mapping3d", "mappingStrip"))}


def actions() -> dict[str, str]:
    return {
        "takePhoto": _("Take a photo"),
        "startRecord": _("Start recording"),
        "stopRecord": _("Stop recording"),
        "hover": _("Hover"),
        "gimbalRotate": _("Turn the gimbal"),
        "gimbalEvenlyRotate": _("Turn the gimbal evenly"),
        "gimbalAngleLock": _("Lock the gimbal"),
        "gimbalAngleUnlock": _("Unlock the gimbal"),
        "rotateYaw": _("Turn the aircraft"),
        "zoom": _("Zoom"),
        "focus": _("Focus"),
        "panoShot": _("Panorama"),
        "customDirName": _("New folder"),
        "searchlight": _("Searchlight"),
        "recordPointCloud": _("Point cloud"),
        "orientedShoot": _("Photo at a fixed angle"),
        "accurateShoot": _("Photo with AI Spot-Check"),
        "startContinuousShooting": _("Start continuous shooting"),
        "stopContinuousShooting": _("Stop continuous shooting"),
        "startTimeLapse": _("Start time-lapse"),
        "stopTimeLapse": _("Stop time-lapse"),
        "startSmartOblique": _("Start smart oblique"),
        "stopSmartOblique": _("Stop smart oblique"),
        "setFocusType": _("Set the focus type"),
        "megaphone": _("Speaker"),
    }


def action(word: str) -> str:
    return actions().get(word, word)


def trigger(word: str, interval: float | None) -> str:
    """When an action is done; empty for the usual: on reaching its point."""
    if word == "multipleDistance" and interval:
        return _("every %(metres)s m") % {"metres": f"{interval:g}"}
    if word == "multipleTiming" and interval:
        return _("every %(seconds)s s") % {"seconds": f"{interval:g}"}
    if word == "betweenAdjacentPoints":
        return _("on the way to the next point")
    return "" if word in ("reachPoint", "") else word


def parameters(name: str, said: Mapping[str, Any]) -> str:
    """What of an action's parameters a pilot wants to know."""

    def number(key: str) -> str:
        try:
            return f"{float(said[key]):g}"
        except (KeyError, TypeError, ValueError):
            return ""

    if name == "hover":
        return f"{number('hoverTime')} s" if number("hoverTime") else ""
    if name == "zoom":
        return f"{number('focalLength')} mm" if number("focalLength") else ""
    if name == "rotateYaw":
        return f"{number('aircraftHeading')}°" if number("aircraftHeading") else ""
    if name in ("gimbalRotate", "gimbalEvenlyRotate", "orientedShoot", "accurateShoot"):
        parts = []
        if said.get("gimbalPitchRotateEnable", "1") != "0" and number("gimbalPitchRotateAngle"):
            parts.append(_("pitch %(angle)s°") % {"angle": number("gimbalPitchRotateAngle")})
        if said.get("gimbalYawRotateEnable", "1") != "0" and number("gimbalYawRotateAngle"):
            parts.append(_("yaw %(angle)s°") % {"angle": number("gimbalYawRotateAngle")})
        return ", ".join(parts)
    if name == "customDirName":
        return str(said.get("directoryName", ""))
    return str(said.get("fileSuffix", "") or "")


#: What the editor fills in where the format knows no default, by action and parameter.
USUAL: Mapping[tuple[str, str], float] = {
    ("hover", "hoverTime"): 5.0,
    ("rotateYaw", "aircraftHeading"): 0.0,
    ("gimbalRotate", "gimbalPitchRotateAngle"): -90.0,
    ("zoom", "focalLength"): 48.0,
}


def parameter(name: str) -> str:
    """An action's parameter as a field's label, with its unit."""
    return {
        "fileSuffix": _("End of the file's name"),
        "payloadLensIndex": _("Lens (wide, zoom, ir; empty: as set)"),
        "hoverTime": _("Time (s)"),
        "aircraftHeading": _("Course (°)"),
        "aircraftPathMode": _("Turn"),
        "gimbalPitchRotateAngle": _("Pitch (°, -90 is down)"),
        "gimbalYawRotateAngle": _("Yaw (°)"),
        "gimbalHeadingYawBase": _("Yaw from"),
        "focalLength": _("Focal length (mm)"),
        "focusX": _("Focus, from the left (0 to 1)"),
        "focusY": _("Focus, from the top (0 to 1)"),
        "isInfiniteFocus": _("Focus on infinity (0, 1)"),
        "directoryName": _("Folder"),
        "searchlightOperateType": _("Mode (0 off, 1 on, 2 flashing)"),
        "searchlightBrightness": _("Brightness (percent)"),
        "recordPointCloudOperate": _("What to do"),
    }.get(name, name)


def parameter_choice(word: str) -> str:
    return {
        "clockwise": _("clockwise"),
        "counterClockwise": _("counter-clockwise"),
        "north": _("north"),
        "aircraft": _("the aircraft"),
        "startRecord": _("start"),
        "pauseRecord": _("pause"),
        "resumeRecord": _("go on"),
        "stopRecord": _("stop"),
    }.get(word, word)


def height_modes() -> dict[str, str]:
    return {
        "relativeToStartPoint": _("above take-off"),
        "WGS84": _("above the ellipsoid"),
        "EGM96": _("above sea level"),
        "realTimeFollowSurface": _("above the ground"),
        "aboveGroundLevel": _("above the ground"),
        "mixed": _("mixed"),
    }


def height_mode(word: str) -> str:
    return height_modes().get(word, word)


def finish_actions() -> dict[str, str]:
    return {
        "goHome": _("Return home"),
        "noAction": _("Stay in the air"),
        "autoLand": _("Land there"),
        "gotoFirstWaypoint": _("Go to the first waypoint"),
    }


def rc_lost_actions() -> dict[str, str]:
    return {"goBack": _("Return home"), "landing": _("Land"), "hover": _("Hover")}


def heading_modes() -> dict[str, str]:
    return {
        "followWayline": _("Along the route"),
        "manually": _("By hand"),
        "fixed": _("As it was"),
        "smoothTransition": _("Set at each point"),
        "towardPOI": _("To a point of interest"),
    }


def turn_modes() -> dict[str, str]:
    return {
        "toPointAndStopWithDiscontinuityCurvature": _("Stop at each point"),
        "toPointAndStopWithContinuityCurvature": _("Stop at each point, curved way"),
        "toPointAndPassWithContinuityCurvature": _("Pass each point, curved way"),
        "coordinateTurn": _("Cut the corners"),
    }
