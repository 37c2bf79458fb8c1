"""Flights as a list: what they add up to, the list as a file, and a small picture of each."""

from __future__ import annotations

import csv
import io
from datetime import UTC, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, QuerySet, Sum
from django.utils import timezone

from waylines.models import Flight
from waylines.services.flights.exports import cell
from waylines.services.flights.thinning import metres
from waylines.services.flights.track import Track

#: Lines of one list file; who needs more narrows the list.
MOST_LINES = 50_000
_WIDE, _HIGH, _MARGIN = 96, 56, 5
_PICTURE_POINTS = 400

_COLUMNS = (
    "started_utc",
    "ended_utc",
    "end",
    "aircraft",
    "aircraft_sn",
    "model",
    "through",
    "kind",
    "mission",
    "pilot",
    "duration_s",
    "distance_m",
    "highest_above_takeoff_m",
    "farthest_m",
    "fastest_m_s",
    "battery_start_percent",
    "battery_end_percent",
    "flight_id",
)


def duration(flight: Flight) -> timedelta | None:
    """How long it lasted; of one in the air, so far."""
    end = flight.ended_at or timezone.now()
    return max(end - flight.started_at, timedelta(0))


def clock(span: timedelta | None) -> str:
    """`1:02:03` or `2:03` (minutes and seconds)."""
    if span is None:
        return "—"
    seconds = int(span.total_seconds())
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def battery_used(flight: Flight) -> int | None:
    """Percent; None when it is not known, or when the battery was fuller at the end."""
    if flight.battery_start is None or flight.battery_end is None or flight.battery_end > flight.battery_start:
        return None
    return flight.battery_start - flight.battery_end


def totals(rows: QuerySet[Flight]) -> dict[str, Any]:
    """`flights`, `hours` and `kilometres` of these rows. One query."""
    lasted = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    found = rows.order_by().aggregate(flights=Count("pk"), lasted=Sum(lasted), metres=Sum("distance"))
    hours = (found["lasted"] or timedelta()).total_seconds() / 3600
    return {"flights": found["flights"], "hours": hours, "kilometres": (found["metres"] or 0) / 1000}


def table(rows: QuerySet[Flight]) -> str:
    """The list as CSV: UTC, metres, seconds; nothing in it is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for flight in rows[:MOST_LINES].iterator(chunk_size=2000):
        mission = flight.mission.name if flight.mission else ""
        ended = flight.ended_at
        values = [
            _utc(flight.started_at),
            _utc(ended),
            flight.end_reason,
            flight.aircraft_name,
            flight.aircraft_sn,
            flight.model_name,
            flight.gateway_name,
            flight.kind,
            mission,
            flight.pilot_name,
            int((ended - flight.started_at).total_seconds()) if ended else "",
            flight.distance,
            flight.highest,
            flight.farthest,
            flight.fastest,
            flight.battery_start,
            flight.battery_end,
            str(flight.pk),
        ]
        writer.writerow([cell(value) for value in values])
    return out.getvalue()


def _utc(moment: Any) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def picture(track: Track) -> str:
    """A small SVG of the way, seen from above, north up; readable on light and dark."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" height="{_HIGH}">'
    if not len(track):
        return f"{head}</svg>"
    step = max(1, len(track) // _PICTURE_POINTS)
    space = metres(track)[::step, :2]
    low, high = space.min(axis=0), space.max(axis=0)
    room = ((_WIDE - 2 * _MARGIN), (_HIGH - 2 * _MARGIN))
    scale = min(room[0] / max(high[0] - low[0], 1.0), room[1] / max(high[1] - low[1], 1.0))
    middle = (low + high) / 2
    drawn = [
        f"{_WIDE / 2 + (east - middle[0]) * scale:.1f},{_HIGH / 2 - (north - middle[1]) * scale:.1f}"
        for east, north in space
    ]
    x, y = drawn[0].split(",")
    return (
        f'{head}<polyline points="{" ".join(drawn)}" fill="none" stroke="#2a86d8" stroke-width="1.6"'
        f' stroke-linejoin="round" stroke-linecap="round"/><circle cx="{x}" cy="{y}" r="2.6" fill="#1c9d5b"/></svg>'
    )
