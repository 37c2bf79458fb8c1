"""A flight as a file for other programs: GPX, KML, CSV and GeoJSON.

Times are UTC (ISO 8601). Heights are metres above the WGS84 ellipsoid, as the aircraft says them; heights above the
take-off point stand beside them where the format has a place for them. Longitudes are within ±180°.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from waylines.models import Flight
from waylines.services.flights.track import Track, wrap

#: The name that is written into the files; their heights are never translated.
HEIGHTS = "Heights: metres above the WGS84 ellipsoid. Elevation: metres above the take-off point. Times: UTC."
_GPX = "http://www.topografix.com/GPX/1/1"
_OWN = "urn:fleet:flight:1"
_KML = "http://www.opengis.net/kml/2.2"
_GX = "http://www.google.com/kml/ext/2.2"
for _prefix, _space in (("fleet", _OWN), ("gx", _GX)):
    ET.register_namespace(_prefix, _space)
#: What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CELL = re.compile(r"^[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Format:
    """`write` makes the file's text out of a flight and its track."""

    name: str
    suffix: str
    content_type: str
    write: Callable[[Flight, Track], str]


def file_name(flight: Flight, suffix: str) -> str:
    """Letters, digits, dots and dashes only, whatever the aircraft is called."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", flight.aircraft_name or flight.aircraft_sn).strip("-")[:60]
    return f"flight-{flight.started_at:%Y%m%dT%H%M%SZ}{'-' + name if name else ''}.{suffix}"


def cell(value: Any) -> Any:
    """A value as a spreadsheet may have it: text that it would take for a formula gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and _CELL.match(value) else value


def _title(flight: Flight) -> str:
    return f"{flight.aircraft_name or flight.aircraft_sn} {flight.started_at:%Y-%m-%d %H:%M} UTC"


def _iso(track: Track, place: int) -> str:
    return track.moment(place).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _place(track: Track, place: int) -> tuple[float, float]:
    """Longitude and latitude."""
    return round(wrap(track.longitude[place]), 6), track.latitude[place]


def _xml(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add(parent: ET.Element, tag: str, text: Any = None, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, tag, attributes)
    if text is not None:
        made.text = _NOT_XML.sub("", str(text))
    return made


def gpx(flight: Flight, track: Track) -> str:
    """GPX 1.1: one track, cut where it crosses the antimeridian; speed and the like as extensions."""
    root = ET.Element("gpx", {"xmlns": _GPX, "version": "1.1", "creator": "Fleet"})
    head = _add(root, "metadata")
    _add(head, "name", _title(flight))
    _add(head, "desc", HEIGHTS)
    _add(head, "time", flight.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    line = _add(root, "trk")
    _add(line, "name", _title(flight))
    _add(line, "type", flight.kind)
    for part in _parts(track):
        segment = _add(line, "trkseg")
        for place in part:
            longitude, latitude = _place(track, place)
            point = _add(segment, "trkpt", lat=f"{latitude:.6f}", lon=f"{longitude:.6f}")
            if track.height[place] is not None:
                _add(point, "ele", track.height[place])
            _add(point, "time", _iso(track, place))
            said = [(name, getattr(track, name)[place]) for name in ("elevation", "speed", "heading", "battery")]
            if any(value is not None for _name, value in said):
                extensions = _add(point, "extensions")
                for name, value in said:
                    if value is not None:
                        _add(extensions, f"{{{_OWN}}}{name}", value)
    return _xml(root)


def _parts(track: Track) -> Iterator[range]:
    """Ranges of places between the crossings of the antimeridian."""
    begin = 0
    for place in range(1, len(track)):
        if _turn(track.longitude[place]) != _turn(track.longitude[place - 1]):
            yield range(begin, place)
            begin = place
    if len(track):
        yield range(begin, len(track))


def _turn(longitude: float) -> int:
    """How often a running longitude has gone around the earth."""
    return int((longitude + 180) // 360)


def kml(flight: Flight, track: Track) -> str:
    """KML 2.2 with a track in time (`gx:Track`), take-off and landing."""
    root = ET.Element("kml", {"xmlns": _KML})
    document = _add(root, "Document")
    _add(document, "name", _title(flight))
    _add(document, "description", HEIGHTS)
    schema = _add(document, "Schema", id="flight")
    for name in ("elevation", "speed", "battery"):
        field = _add(schema, f"{{{_GX}}}SimpleArrayField", name=name, type="float")
        _add(field, "displayName", name)
    style = _add(document, "Style", id="way")
    _add(_add(style, "LineStyle"), "color", "ffeb6325")
    if len(track):
        for name, place in (("Take-off", 0), ("Landing", len(track) - 1)):
            mark = _add(document, "Placemark")
            _add(mark, "name", name)
            _add(_add(mark, "TimeStamp"), "when", _iso(track, place))
            _add(_add(mark, "Point"), "coordinates", ",".join(f"{value}" for value in _place(track, place)))
        _kml_track(document, flight, track)
    return _xml(root)


def _kml_track(document: ET.Element, flight: Flight, track: Track) -> None:
    known = any(value is not None for value in track.height)
    mark = _add(document, "Placemark")
    _add(mark, "name", _title(flight))
    _add(mark, "styleUrl", "#way")
    line = _add(mark, f"{{{_GX}}}Track")
    _add(line, "altitudeMode", "absolute" if known else "clampToGround")
    for place in range(len(track)):
        _add(line, "when", _iso(track, place))
    heights = _bridged(track.height)
    for place in range(len(track)):
        longitude, latitude = _place(track, place)
        _add(line, f"{{{_GX}}}coord", f"{longitude} {latitude} {heights[place]}")
    data = _add(_add(line, "ExtendedData"), "SchemaData", schemaUrl="#flight")
    for name in ("elevation", "speed", "battery"):
        array = _add(data, f"{{{_GX}}}SimpleArrayData", name=name)
        for value in getattr(track, name):
            _add(array, f"{{{_GX}}}value", "" if value is None else value)


def _bridged(column: list[float | None]) -> list[float]:
    """A column whose gaps repeat what stood before them; zeros where nothing is known."""
    last = next((value for value in column if value is not None), 0.0)
    found = []
    for value in column:
        last = last if value is None else value
        found.append(last)
    return found


_CSV = (
    "time_utc",
    "latitude",
    "longitude",
    "height_above_ellipsoid_m",
    "elevation_above_takeoff_m",
    "speed_m_s",
    "heading_deg",
    "battery_percent",
)


def table(flight: Flight, track: Track) -> str:
    """CSV with a line for each point; units stand in the names of the columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_CSV)
    for place in range(len(track)):
        longitude, latitude = _place(track, place)
        said = [getattr(track, name)[place] for name in ("height", "elevation", "speed", "heading", "battery")]
        writer.writerow([_iso(track, place), f"{latitude:.6f}", f"{longitude:.6f}", *said])
    return out.getvalue()


def geojson(flight: Flight, track: Track) -> str:
    """RFC 7946: one feature, its line cut at the antimeridian; `coordTimes` says when each point was."""
    lines: list[list[list[float]]] = []
    times: list[list[str]] = []
    known = any(value is not None for value in track.height)
    heights = _bridged(track.height)
    for part in _parts(track):
        line = [[*_place(track, place), *([heights[place]] if known else [])] for place in part]
        moments = [_iso(track, place) for place in part]
        if lines:
            _meet(track, part.start, heights if known else None, (lines[-1], times[-1]), (line, moments))
        lines.append(line)
        times.append(moments)
    geometry: dict[str, Any] | None = None
    if len(track) == 1:
        geometry = {"type": "Point", "coordinates": lines[0][0]}
    elif len(lines) == 1:
        geometry = {"type": "LineString", "coordinates": lines[0]}
    elif lines:
        geometry = {"type": "MultiLineString", "coordinates": lines}
    feature = {
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "name": _title(flight),
            "kind": flight.kind,
            "aircraft": flight.aircraft_sn,
            "started_at": flight.started_at.isoformat(),
            "ended_at": flight.ended_at.isoformat() if flight.ended_at else None,
            "distance_m": flight.distance,
            "heights": HEIGHTS,
            "coordTimes": times[0] if len(times) == 1 else times,
        },
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)


def _meet(
    track: Track,
    place: int,
    heights: list[float] | None,
    before: tuple[list[list[float]], list[str]],
    after: tuple[list[list[float]], list[str]],
) -> None:
    """Let two lines end and begin on the antimeridian between a point and the one before it."""
    west, east = track.longitude[place - 1], track.longitude[place]
    edge = 360.0 * max(_turn(west), _turn(east)) - 180.0
    share = (edge - west) / (east - west)

    def between(column: list[float]) -> float:
        return column[place - 1] + share * (column[place] - column[place - 1])

    rest = [round(between(track.latitude), 6), *([round(between(heights), 1)] if heights else [])]
    moment = Track(time=[between(track.time)])
    side = 180.0 if east > west else -180.0
    before[0].append([side, *rest])
    after[0].insert(0, [-side, *rest])
    before[1].append(_iso(moment, 0))
    after[1].insert(0, _iso(moment, 0))


FORMATS = {
    made.suffix: made
    for made in (
        Format("GPX", "gpx", "application/gpx+xml", gpx),
        Format("KML", "kml", "application/vnd.google-earth.kml+xml", kml),
        Format("CSV", "csv", "text/csv; charset=utf-8", table),
        Format("GeoJSON", "geojson", "application/geo+json", geojson),
    )
}
