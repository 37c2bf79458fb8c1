"""What a mission's page shows and keeps up to date; the page and its socket paint with the same templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Command, Device, TrackPoint
from devices.services import live_device
from devices.services.summary import number
from fleet.protocol import device_models
from waylines.models import Mission, MissionStatus
from waylines.models.mission import ACTIVE
from waylines.services.missions import control, dispatch, gate, planning, words

Context = dict[str, Any]

#: The colour of a status, everywhere.
TONES: dict[str, str] = {
    MissionStatus.AWAITING: "unsure",
    MissionStatus.PLANNED: "off",
    MissionStatus.PREPARING: "busy",
    MissionStatus.READY: "busy",
    MissionStatus.STARTING: "busy",
    MissionStatus.RUNNING: "busy",
    MissionStatus.PAUSED: "unsure",
    MissionStatus.OK: "good",
    MissionStatus.PARTIAL: "unsure",
    MissionStatus.FAILED: "bad",
    MissionStatus.CANCELED: "off",
    MissionStatus.REJECTED: "bad",
    MissionStatus.SKIPPED: "unsure",
    MissionStatus.UNKNOWN: "unsure",
}


def labels() -> dict[str, Any]:
    """What each action is called on a button."""
    return {
        "pause": _("Pause"),
        "resume": _("Go on"),
        "return_home": _("Return home"),
        "return_home_cancel": _("Stay there"),
        "stop": _("Stop the mission"),
        "abort_setup": _("Give up the start"),
        "cancel": _("Cancel"),
        "approve": _("Approve"),
        "reject": _("Do not approve"),
        "continue": _("Fly the rest"),
        "media_first": _("Upload its media first"),
    }


#: Least role for what is no command of its own.
ROLES = {"pause": "pilot", "return_home": "pilot", "return_home_cancel": "pilot"}


def actions(mission: Mission) -> list[dict[str, str]]:
    """The buttons that make sense now; who may press them is decided when they do."""
    names = control.possible(mission)
    if planning.may_approve(mission):
        names = ["approve", *(["reject"] if mission.status == MissionStatus.AWAITING else []), *names]
    if planning.can_resume(mission):
        names.append("continue")
    if mission.is_final and mission.media_count and mission.status != MissionStatus.SKIPPED:
        names.append("media_first")
    return [
        {
            "name": name,
            "label": labels()[name],
            "url": reverse("console:mission_act", args=[mission.pk, name]),
            "tone": "bad" if name in ("stop", "reject") else "main" if name in ("approve", "resume") else "",
        }
        for name in names
    ]


def summary(mission: Mission) -> Context:
    """Where it is, in plain words."""
    active = mission.status in ACTIVE
    heard = mission.progress_at
    silent = bool(active and heard and (timezone.now() - heard).total_seconds() > 60)
    return {
        "mission": mission,
        "tone": TONES.get(mission.status, "off"),
        "step": words.step(mission),
        "waypoint": words.waypoint(mission) if active or mission.is_final else "",
        "active": active,
        "silent": silent or (active and not mission.dock.online),
        "actions": actions(mission),
        "latest": dispatch.latest_start(mission) if not mission.is_final and not active else None,
        "break_reason": _break_reason(mission),
        "notes": words.notes(mission) if active else [],
        "continued_by": mission.resumed_by.order_by("-created_at").first(),
    }


def _break_reason(mission: Mission) -> str:
    reason = mission.break_point.get("break_reason") if mission.break_point else None
    return words.break_reason(reason) if reason else ""


def checks(mission: Mission) -> Context:
    """The last look at whether it may take off."""
    order = {"block": 0, "warn": 1, "ok": 2}
    rows = [row for row in mission.gate if isinstance(row, dict)]
    return {
        "mission": mission,
        "checks": sorted(rows, key=lambda row: order.get(str(row.get("verdict")), 3)),
        "tones": {"block": "bad", "warn": "unsure", "ok": "good"},
    }


def history(mission: Mission) -> Context:
    """Every command that this mission led to."""
    keys = [f"{kind}:{mission.pk}" for kind in ("prepare", "execute", "undo", "act")]
    rows = Command.objects.filter(device__in=[mission.dock_id], workspace_id=mission.workspace_id)
    mine = rows.filter(request_key__startswith=keys[0])
    for key in keys[1:]:
        mine = mine | rows.filter(request_key__startswith=key)
    lines = [
        {
            "command": command,
            "label": live_device.command_label(command),
            "tone": live_device.tone(command.status),
            "url": reverse("admin:devices_command_change", args=[command.pk]),
        }
        for command in mine.select_related("user", "device__model").order_by("-created_at")[:30]
    ]
    return {"mission": mission, "lines": lines}


PARTIALS: dict[str, tuple[str, Callable[[Mission], Context]]] = {
    "live-summary": ("console/partials/mission_summary.html", summary),
    "live-checks": ("console/partials/mission_checks.html", checks),
    "live-history": ("console/partials/mission_history.html", history),
}


def find(mission_id: Any) -> Mission | None:
    """A mission with all that its page reads."""
    rows = Mission.objects.select_related(
        "workspace", "dock__model", "landing_dock", "file", "route", "schedule", "user", "approved_by", "resumes"
    )
    return rows.filter(pk=mission_id).first()


def aircraft(mission: Mission) -> Device | None:
    """The aircraft that flies it, as far as is known.

    After a relay it hangs on the other dock, and one day the dock may have a new one: the flight knows better.
    """
    flown = mission.flights.select_related("aircraft__model", "aircraft__state").exclude(aircraft=None)
    if (flight := flown.order_by("-started_at").first()) is not None:
        return flight.aircraft
    return gate.aircraft_of(mission.dock, gate.state_of(mission.dock_id))


def track(mission: Mission) -> list[list[float]]:
    """Where it has been since it started: [latitude, longitude, height above take-off]."""
    if mission.executed_at is None:
        return []
    flown = aircraft(mission)
    if flown is None:
        return []
    points = TrackPoint.objects.filter(device=flown, at__gte=mission.executed_at)
    if mission.finished_at:
        points = points.filter(at__lte=mission.finished_at)
    rows = points.order_by("-at").values_list("latitude", "longitude", "elevation")[:5000]
    return [[round(lat, 6), round(lon, 6), round(up or 0.0, 1)] for lat, lon, up in rows][::-1]


def way_home(mission: Mission) -> list[list[float]]:
    """The way on which its aircraft said that it comes home: [latitude, longitude]. Nothing once it is there."""
    said = mission.notes.get("return_home_info")
    points = said.get("planned_path_points") if isinstance(said, dict) and mission.status in ACTIVE else None
    found = (
        (number(point.get("latitude")), number(point.get("longitude")))
        for point in (points if isinstance(points, list) else [])
        if isinstance(point, dict)
    )
    return [
        [lat, lon] for lat, lon in found if lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180
    ]


def drawing(mission: Mission) -> Context:
    """What the page's map starts from."""
    said = gate.state_of(mission.dock_id)
    docks = [(mission.dock, gate.home_of(said))]
    if mission.landing_dock is not None:
        docks.append((mission.landing_dock, gate.home_of(gate.state_of(mission.landing_dock.pk))))
    return {
        "outline": mission.file.outline,
        "docks": [{"name": str(dock), "at": at} for dock, at in docks if at],
        "wayHome": way_home(mission),
        "track": track(mission),
        # A pause leaves one behind as well; after a flight that went to its end it means nothing.
        "breakPoint": mission.break_point if mission.status != MissionStatus.OK else None,
        "active": mission.status in ACTIVE,
    }


def model_names(mission: Mission) -> str:
    """For which aircraft the route is made."""
    key = str(mission.file.facts.get("drone_model_key") or "")
    found = device_models.find(key) if key else None
    return found.name if found else key


def map_configuration() -> dict[str, Any]:
    """What a page's map needs from the server."""
    return {
        "atlas": f"{settings.STATIC_URL}vendor/world-atlas/countries-50m.json",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "words": {
            "noMap": _("The offline map is not installed; run `make install`."),
            "start": _("Start"),
            "breakPoint": _("Broken off here"),
            "aircraft": _("Aircraft"),
        },
    }
