"""A mission's progress in plain words, from the catalogue's names of steps and reasons."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from fleet.protocol import methods
from fleet.protocol.methods import Field
from waylines.models import Mission, MissionStatus

#: `wayline_mission_state` while the aircraft is on its route: then this tells more than the dock's step does, which a
#: real Dock 3 leaves at "landing" the whole way.
_ON_ROUTE = range(5, 9)


def _named(fields: Iterable[Field], *path: str) -> Field | None:
    found = next((field for field in fields if field.name == path[0]), None)
    if found is None or len(path) == 1:
        return found
    return _named(found.children, *path[1:])


@cache
def _choices(product: str | None, *path: str) -> dict[str, str]:
    """The names of a field of `flighttask_progress`, as this product's page has them, else any product's."""
    declared = methods.find("events", "flighttask_progress", product) or methods.find("events", "flighttask_progress")
    field = _named(declared.fields, "output", *path) if declared else None
    return {str(choice.value): choice.label for choice in field.choices} if field else {}


def step(mission: Mission) -> str:
    """What is going on, for a person who watches."""
    if mission.status in (MissionStatus.RUNNING, MissionStatus.PAUSED, MissionStatus.STARTING):
        product = mission.dock.product
        if mission.mission_state in _ON_ROUTE:
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
