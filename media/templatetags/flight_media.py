"""A flight's or mission's files on the pages of other apps: `{% load flight_media %}{% flight_media flight %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from media.services.library import filters, gallery, groups
from waylines.models import Flight, Mission

register = template.Library()

#: So many are shown; the rest is in the gallery.
FEW = 12


@register.inclusion_tag("console/partials/flight_media.html", takes_context=True)
def flight_media(context: template.Context, of: Flight | Mission) -> dict[str, Any]:
    """The newest files, and how complete they are. A flight without a mission has the files taken while it lasted."""
    is_mission = isinstance(of, Mission)
    want = filters.Wanted(mission=of.pk) if is_mission else filters.Wanted(flight=of.pk)
    mission_id = of.pk if isinstance(of, Mission) else of.mission_id
    page = gallery.page(of.workspace_id, want, timezone.get_current_timezone(), size=FEW)
    return {
        "request": context.get("request"),
        "cards": page.cards,
        "more": bool(page.after),
        "query": want.query,
        "complete": groups.of_mission(of.workspace_id, mission_id),
        "is_mission": is_mission,
    }
