"""What a flight's page shows: its facts, its track for the map and the charts, and what else happened meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from devices.models import Alarm, Command, TrackPoint
from devices.services import live_device
from waylines.models import Flight
from waylines.services.flights import closing, exports, listing
from waylines.services.flights.thinning import thin
from waylines.services.flights.track import Track

Context = dict[str, Any]

#: Metres above take-off at which a track that begins there began in the air.
_BEGUN_ALOFT = 5.0
#: Alarms and commands of one flight that are listed, and points that its page is sent.
_ROWS = 200
_PAGE_POINTS = 5_000
#: How many times as fast a replay may run.
RATES = (1, 2, 5, 10, 20)
_TONES = {Alarm.Level.WARNING: "bad", Alarm.Level.CAUTION: "unsure"}
KIND_TONES = {Flight.Kind.WAYLINE: "busy", Flight.Kind.LIVE: "unsure", Flight.Kind.MANUAL: "off"}


def find(flight_id: UUID | str, workspace_id: UUID | str) -> Flight | None:
    """A flight of this workspace, with all that its page reads."""
    rows = Flight.objects.select_related("workspace", "aircraft", "gateway", "mission__file", "user")
    return rows.filter(pk=flight_id, workspace_id=workspace_id).first()


def summary(flight: Flight) -> Context:
    """The facts. Metres, m/s, percent; "—" where nothing is known."""
    mission = flight.mission
    rows = [
        (_("Take-off"), _moment(flight.started_at), ""),
        (_("Landing"), _moment(flight.ended_at) if flight.ended_at else _("in the air"), ""),
        (_("Duration"), listing.clock(listing.duration(flight)), ""),
        (_("Distance"), _metres(flight.distance), ""),
        (_("Highest above take-off"), _metres(flight.highest), ""),
        (_("Farthest from take-off"), _metres(flight.farthest), ""),
        (_("Highest speed"), _number(flight.fastest, "m/s"), ""),
        (_("Battery"), _battery(flight), ""),
        (_("Aircraft"), flight.aircraft_name or flight.aircraft_sn, _device(flight.aircraft_id)),
        (_("Model"), flight.model_name or "—", ""),
        (_("Serial number"), flight.aircraft_sn, ""),
        (_("Through"), flight.gateway_name or "—", _device(flight.gateway_id)),
        (_("Pilot"), flight.pilot_name or "—", ""),
    ]
    if mission is not None:
        rows.append((_("Mission"), mission.name, reverse("admin:waylines_mission_change", args=[mission.pk])))
    return {
        "flight": flight,
        "rows": rows,
        "flying": flight.ended_at is None,
        "measuring": flight.ended_at is not None and flight.distance is None,
        "lost": flight.end_reason == Flight.End.SILENT,
        "aloft": _begun_aloft(flight),
        "tone": KIND_TONES.get(Flight.Kind(flight.kind), "off") if flight.kind in Flight.Kind.values else "off",
    }


def _begun_aloft(flight: Flight) -> bool:
    """Whether we only heard of it when it was in the air already."""
    if flight.distance is not None:
        said = closing.stored(flight).elevation[:1]
        first = said[0] if said else None
    else:
        rows = TrackPoint.objects.filter(device=flight.aircraft, at__gte=flight.started_at).order_by("at")
        first = rows.values_list("elevation", flat=True).first()
    return first is not None and first > _BEGUN_ALOFT


def _moment(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S")


def _number(value: float | None, unit: str, digits: int = 1) -> str:
    return "—" if value is None else f"{number_format(round(value, digits), decimal_pos=digits)} {unit}"


def _metres(value: float | None) -> str:
    return _number(value / 1000, "km", 2) if value is not None and value >= 10_000 else _number(value, "m", 0)


def _battery(flight: Flight) -> str:
    used = listing.battery_used(flight)
    if used is not None:
        return f"{flight.battery_start} % → {flight.battery_end} % ({used} %)"
    return "—" if flight.battery_start is None else f"{flight.battery_start} %"


def _device(pk: int | None) -> str:
    return reverse("admin:devices_device_change", args=[pk]) if pk else ""


def _alarms(flight: Flight) -> QuerySet[Alarm]:
    """Of aircraft and gateway, as far as they overlap with the flight."""
    end = flight.ended_at or timezone.now()
    devices = [pk for pk in (flight.aircraft_id, flight.gateway_id) if pk]
    return (
        Alarm.objects.filter(workspace_id=flight.workspace_id, device_id__in=devices, started_at__lte=end)
        .filter(Q(ended_at=None) | Q(ended_at__gte=flight.started_at))
        .select_related("device")
        .order_by("started_at")[:_ROWS]
    )


def alarms(flight: Flight) -> Context:
    """What aircraft and gateway complained of; `at` is seconds since 1970, for the charts."""
    lines = [
        {
            "alarm": alarm,
            "at": alarm.started_at.timestamp(),
            "level": alarm.get_level_display(),
            "tone": _TONES.get(Alarm.Level(alarm.level), "off") if alarm.level in Alarm.Level.values else "off",
        }
        for alarm in _alarms(flight)
    ]
    return {"flight": flight, "lines": lines}


def commands(flight: Flight) -> Context:
    """What was asked of the gateway meanwhile."""
    rows = Command.objects.none()
    if flight.gateway_id:
        rows = Command.objects.filter(
            workspace_id=flight.workspace_id,
            device_id=flight.gateway_id,
            created_at__gte=flight.started_at,
            created_at__lte=flight.ended_at or timezone.now(),
        )
    lines = [
        {
            "command": command,
            "at": command.created_at.timestamp(),
            "label": live_device.command_label(command),
            "tone": live_device.tone(command.status),
            "url": reverse("admin:devices_command_change", args=[command.pk]),
        }
        for command in rows.select_related("user", "device__model")
        .defer("data", "output")
        .order_by("created_at")[:_ROWS]
    ]
    return {"flight": flight, "lines": lines}


#: target (the id of the element on the page) → its template and what fills it
PARTIALS: Mapping[str, tuple[str, Callable[[Flight], Context]]] = {
    "live-summary": ("console/partials/flight_summary.html", summary),
    "live-alarms": ("console/partials/flight_alarms.html", alarms),
    "live-commands": ("console/partials/flight_commands.html", commands),
}


def track(flight: Flight) -> Context:
    """The track for map and charts: columns of one length, `time` in seconds from `at` (ms since 1970).

    Longitudes run on over the antimeridian. `flying` says that more will come.
    """
    found = closing.track(flight)
    if len(found) > _PAGE_POINTS:
        found = thin(found, largest=_PAGE_POINTS)
    at = found.time[0] if len(found) else flight.started_at.timestamp()
    columns: dict[str, Any] = found.columns()
    columns["time"] = [round(moment - at, 1) for moment in found.time]
    return {"at": round(at * 1000), "flying": flight.ended_at is None, "final": flight.distance is not None, **columns}


def point(summary: Mapping[str, Any], timestamp: int) -> Context | None:
    """One point of a flight in the air out of a frame of telemetry; None while the aircraft has no position."""
    if "lat" not in summary:
        return None
    names = ("height", "elevation", "speed", "heading", "battery")
    said = {name: summary.get(name) for name in names}
    return {"kind": "point", "time": timestamp, "latitude": summary["lat"], "longitude": summary["lon"], **said}


def plan(flight: Flight) -> list[list[list[float]]]:
    """The planned route beside the flown one: a list of [latitude, longitude] for each wayline."""
    outline = flight.mission.file.outline if flight.mission else []
    lines: list[list[list[float]]] = []
    for wayline in outline if isinstance(outline, list) else []:
        points = wayline.get("points", []) if isinstance(wayline, dict) else wayline
        if line := [[float(place[0]), float(place[1])] for place in points if len(place) >= 2]:
            lines.append(line)
    return lines


def configuration(flight: Flight) -> Context:
    """What the page's scripts start from."""
    return {
        "track": reverse("console:flight_track", args=[flight.pk]),
        "atlas": f"{settings.STATIC_URL}vendor/world-atlas/countries-50m.json",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "zone": flight.workspace.time_zone,
        "plan": plan(flight),
        "name": flight.aircraft_name or flight.aircraft_sn,
        "words": {
            "noMap": _("The offline map is not installed; run `make install`."),
            "takeOff": _("Take-off"),
            "landing": _("Landing"),
            "lost": _("Last heard of here"),
            "plan": _("Planned route"),
            "play": _("Play"),
            "pause": _("Pause"),
            "elevation": _("Height above take-off"),
            "height": _("Height above the ellipsoid"),
            "speed": _("Speed"),
            "battery": _("Battery"),
            "heading": _("Heading"),
            "failed": _("The track could not be loaded. Open the page again."),
        },
    }


def files(flight: Flight) -> list[dict[str, str]]:
    """The formats in which the track can be taken away."""
    return [
        {"name": made.name, "url": reverse("console:flight_export", args=[flight.pk, made.suffix])}
        for made in exports.FORMATS.values()
    ]


def export(flight: Flight, made: exports.Format) -> str:
    """The flight as a file in this format."""
    found: Track = closing.track(flight)
    return made.write(flight, found)
