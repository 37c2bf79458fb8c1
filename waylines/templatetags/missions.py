"""What pages of other apps show of missions."""

from __future__ import annotations

from typing import Any

from django import template

from devices.models import Device
from devices.models.device import Domain
from waylines.services import calendar, live_mission

register = template.Library()


@register.inclusion_tag("console/partials/dock_missions.html")
def dock_missions(device: Device) -> dict[str, Any]:
    """A dock's next and last missions; nothing for other devices."""
    if device.domain != Domain.DOCK:
        return {}
    return {"device": device, "tones": live_mission.TONES, **calendar.of_dock(device)}


@register.filter
def tone(mission: Any) -> str:
    """The colour of a mission's status."""
    return live_mission.TONES.get(mission.status, "off")
