"""A mission's progress in plain words, from the catalogue's names of steps and reasons."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from devices.services.summary import number
from fleet.protocol import methods
from fleet.protocol.methods import Field
from waylines.models import Mission, MissionStatus

#: `wayline_mission_state` while the aircraft is on its route: then this tells more than the dock's step does, which a
#: real Dock 3 leaves at "landing" the whole way.
ON_ROUTE = range(5, 9)

#: A line of the mission's page: its tone and what it says.
Note = tuple[str, str]


def _named(fields: Iterable[Field], *path: str) -> Field | None:
    found = next((field for field in fields if field.name == path[0]), None)
    if found is None or len(path) == 1:
        return found
    return _named(found.children, *path[1:])


@cache
def _names(event: str, product: str | None, *path: str) -> dict[str, str]:
    """What an event's values are called, as this product's page has them, else any product's."""
    declared = methods.find("events", event, product) or methods.find("events", event)
    field = _named(declared.fields, *path) if declared else None
    return {str(choice.value): choice.label for choice in field.choices} if field else {}


def _choices(product: str | None, *path: str) -> dict[str, str]:
    return _names("flighttask_progress", product, "output", *path)


def step(mission: Mission) -> str:
    """What is going on, for a person who watches."""
    if mission.status in (MissionStatus.RUNNING, MissionStatus.PAUSED, MissionStatus.STARTING):
        product = mission.dock.product
        if mission.mission_state in ON_ROUTE:
            return _(_choices(product, "ext", "wayline_mission_state").get(str(mission.mission_state), "")) or _(
                "On the route"
            )
        if mission.step is not None:
            label = _choices(product, "progress", "current_step").get(str(mission.step))
            return _(label) if label else _("Step %(step)s") % {"step": mission.step}
        return _("Waiting for the dock's answer")
    return str(mission.get_status_display())


def break_reason(code: Any) -> str:
    """`break_reason` in words; a number that no page lists stays a number."""
    for product in (None, "dock1", "dock2", "dock3"):
        label = _choices(product, "ext", "break_point", "break_reason").get(str(code))
        if label:
            return _(label)
    return _("Reason %(code)s") % {"code": code}


def waypoint(mission: Mission) -> str:
    """Waypoint n of m, counted from one."""
    total = mission.file.facts.get("point_count")
    if mission.waypoint is None or not total:
        return ""
    return _("Waypoint %(number)s of %(total)s") % {"number": min(mission.waypoint + 1, total), "total": total}


def setting_up(mission: Mission) -> bool:
    """The dock has said that getting ready takes too long, and it has not taken off yet."""
    begun = mission.status in (MissionStatus.STARTING, MissionStatus.RUNNING)
    return begun and "flight_setup_exception_notify" in mission.notes and mission.mission_state not in ON_ROUTE


def notes(mission: Mission) -> list[Note]:
    """What happened on the way and is worth a line, in plain words."""
    found = [_late(mission.notes["flight_setup_exception_notify"])] if setting_up(mission) else []
    for name, tell in (
        ("device_exit_homing_notify", _homing),
        ("obstacle_avoidance_notify", _obstacle),
        ("return_home_info", _ways),
    ):
        said = mission.notes.get(name)
        if isinstance(said, dict):
            found.extend(tell(mission, said))
    return found


def _late(said: Any) -> Note:
    minutes = number(said.get("timeout_time")) if isinstance(said, dict) else None
    if minutes is None:
        return "unsure", _("Getting ready for take-off takes longer than usual.")
    return "unsure", _("Getting ready for take-off takes longer than %(minutes)d minutes.") % {"minutes": minutes}


def _homing(mission: Mission, said: dict[str, Any]) -> Iterable[Note]:
    if number(said.get("action")) != 1:
        yield "busy", _("The aircraft comes home again.")
        return
    label = _names("device_exit_homing_notify", mission.dock.product, "reason").get(str(said.get("reason")))
    why = _(label) if label else _("Reason %(code)s") % {"code": said.get("reason")}
    yield "bad", _("The aircraft has given up coming home: %(why)s. Somebody has to decide.") % {"why": why}


def _obstacle(mission: Mission, said: dict[str, Any]) -> Iterable[Note]:
    seen = said.get("obstacles")
    last = seen[-1] if isinstance(seen, list) and seen else None
    if not isinstance(last, dict):
        return
    match number(last.get("type")):
        case 0:
            yield "busy", _("It flies around an obstacle.")
        case 1:
            yield "busy", _("It flew around an obstacle.")
        case 2:
            yield "unsure", _("It stopped before an obstacle.")
        case _:
            yield "busy", _("It met an obstacle.")


def _ways(mission: Mission, said: dict[str, Any]) -> Iterable[Note]:
    """Of a relay: which of the two docks can be reached, how far it is and what it costs."""
    docks = {dock.sn: str(dock) for dock in (mission.dock, mission.landing_dock) if dock is not None}
    ways = said.get("multi_dock_home_info")
    for way in ways if isinstance(ways, list) else []:
        if not isinstance(way, dict) or (dock := docks.get(str(way.get("sn")))) is None:
            continue
        status = number(way.get("plan_status"))
        metres, battery = number(way.get("home_distance")), number(way.get("estimated_battery_consumption"))
        words = {
            "dock": dock,
            "metres": f"{metres:.0f} m" if metres is not None else "?",
            "battery": f"{battery:.0f} %" if battery is not None else "?",
        }
        match status:
            case 1:
                yield "bad", _("%(dock)s cannot be reached.") % words
            case 2:
                yield "bad", _("%(dock)s cannot be reached with what is left in the battery.") % words
            case 3 if way["sn"] == said.get("home_dock_sn"):
                yield "busy", _("It comes home to %(dock)s: %(metres)s, about %(battery)s of the battery.") % words
            case 3:
                yield "busy", _("%(dock)s could be reached too: %(metres)s, about %(battery)s of the battery.") % words
