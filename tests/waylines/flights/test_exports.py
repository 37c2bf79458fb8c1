"""Files of a flight: other programs can read them, and nothing in them is ours to run."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fleet.models import Workspace
from tests.waylines.flights.flown import circle, make_flight
from waylines.services.flights import exports
from waylines.services.flights.track import Track

pytestmark = pytest.mark.django_db
START = 1_760_000_000.0
NAMES = {
    "g": "http://www.topografix.com/GPX/1/1",
    "k": "http://www.opengis.net/kml/2.2",
    "gx": "http://www.google.com/kml/ext/2.2",
}


@pytest.fixture
def write(workspace: Workspace) -> Callable[..., str]:
    def made(suffix: str, track: Track | None = None, **fields: Any) -> str:
        flight = make_flight(workspace, **fields)
        return exports.FORMATS[suffix].write(flight, circle(START) if track is None else track)

    return made


def parse(text: str) -> ET.Element:
    return ET.fromstring(text.encode())  # noqa: S314 - our own


def crossing() -> Track:
    track = circle(START, 10)
    track.longitude = [179.9991 + 0.0002 * n for n in range(10)]
    return track


def test_gpx_has_places_heights_and_utc_times(write: Callable[..., str]) -> None:
    root = parse(write("gpx"))
    points = root.findall(".//g:trkpt", NAMES)
    assert len(points) == 60
    assert (float(points[0].get("lat", "")), float(points[0].get("lon", ""))) == (
        47.0,
        pytest.approx(8.001974, abs=1e-6),
    )
    assert points[3].findtext("g:ele", namespaces=NAMES) == "503.0"
    assert points[3].findtext("g:time", namespaces=NAMES) == "2025-10-09T08:53:26.000Z"
    assert "WGS84 ellipsoid" in root.findtext("g:metadata/g:desc", namespaces=NAMES)  # type: ignore[operator]
    order = [child.tag.split("}")[1] for child in points[0]]
    assert order == ["ele", "time", "extensions"]  # the schema's own order
    assert [child.tag for child in points[0][2]] == [
        f"{{urn:fleet:flight:1}}{name}" for name in ("elevation", "speed", "heading", "battery")
    ]


def test_kml_has_a_track_in_time(write: Callable[..., str]) -> None:
    root = parse(write("kml"))
    track = root.find(".//gx:Track", NAMES)
    assert track is not None
    assert len(track.findall("k:when", NAMES)) == len(track.findall("gx:coord", NAMES)) == 60
    assert track.findtext("gx:coord", namespaces=NAMES) == "8.001974 47.0 500.0"
    assert track.findtext("k:altitudeMode", namespaces=NAMES) == "absolute"
    arrays = track.findall(".//gx:SimpleArrayData", NAMES)
    assert {array.get("name"): len(array) for array in arrays} == {"elevation": 60, "speed": 60, "battery": 60}


def test_csv_names_its_units(write: Callable[..., str]) -> None:
    lines = list(csv.DictReader(io.StringIO(write("csv"))))
    assert len(lines) == 60
    assert lines[20] == {
        "time_utc": "2025-10-09T08:54:00.000Z", "latitude": "47.001167", "longitude": "7.999013",
        "height_above_ellipsoid_m": "520.0", "elevation_above_takeoff_m": "90.0", "speed_m_s": "8.0",
        "heading_deg": "210.0", "battery_percent": "85.0",
    }  # fmt: skip


def test_geojson_is_a_line_with_times(write: Callable[..., str]) -> None:
    (feature,) = json.loads(write("geojson"))["features"]
    assert feature["geometry"]["type"] == "LineString"
    assert feature["geometry"]["coordinates"][0] == [8.001974, 47.0, 500.0]
    assert len(feature["geometry"]["coordinates"]) == len(feature["properties"]["coordTimes"]) == 60


def test_geojson_is_cut_at_the_antimeridian(write: Callable[..., str]) -> None:
    (feature,) = json.loads(write("geojson", crossing()))["features"]
    assert feature["geometry"]["type"] == "MultiLineString"
    west, east = feature["geometry"]["coordinates"]
    assert (west[-1][0], east[0][0]) == (180.0, -180.0)
    assert west[-1][1:] == east[0][1:]
    assert west[-2][1] >= west[-1][1] >= east[1][1] or west[-2][1] <= west[-1][1] <= east[1][1]
    assert [len(times) for times in feature["properties"]["coordTimes"]] == [len(west), len(east)]
    assert all(abs(place[0]) <= 180 for line in (west, east) for place in line)


def test_going_back_west_it_is_cut_the_other_way_round(write: Callable[..., str]) -> None:
    track = circle(START, 10)
    track.longitude = [-179.9991 - 0.0002 * n for n in range(10)]
    (feature,) = json.loads(write("geojson", track))["features"]
    first, second = feature["geometry"]["coordinates"]
    assert (first[0][0], first[-1][0], second[0][0]) == (-179.9991, -180.0, 180.0)
    assert second[-1][0] == pytest.approx(179.9991)


@pytest.mark.parametrize("suffix", ["gpx", "kml", "csv"])
def test_longitudes_are_within_bounds(write: Callable[..., str], suffix: str) -> None:
    text = write(suffix, crossing())
    assert "180.0009" not in text
    assert "-179.9991" in text
    if suffix == "gpx":
        assert text.count("<trkseg>") == 2


@pytest.mark.parametrize("suffix", sorted(exports.FORMATS))
@pytest.mark.parametrize("count", [0, 1])
def test_a_flight_without_a_track_is_a_file_too(write: Callable[..., str], suffix: str, count: int) -> None:
    text = write(suffix, circle(START).pick(range(count)))
    if suffix in ("gpx", "kml"):
        parse(text)
    elif suffix == "geojson":
        geometry = json.loads(text)["features"][0]["geometry"]
        assert geometry is None or geometry["type"] == "Point"


@pytest.mark.parametrize("suffix", sorted(exports.FORMATS))
def test_what_the_aircraft_did_not_say_is_left_out(write: Callable[..., str], suffix: str) -> None:
    track = circle(START, 5)
    for name in ("height", "elevation", "speed", "heading", "battery"):
        setattr(track, name, [None] * 5)
    text = write(suffix, track)
    assert "None" not in text
    assert "null" not in text.replace('"ended_at": null', "")


@pytest.mark.parametrize("suffix", ["gpx", "kml"])
def test_names_are_escaped_and_what_xml_cannot_hold_is_dropped(write: Callable[..., str], suffix: str) -> None:
    text = write(suffix, aircraft_name='<b>&"\x0b\x1b\ufffe🚁')
    assert "<b>" not in text
    assert "🚁" in "".join(parse(text).itertext())


def test_file_names_are_safe(workspace: Workspace) -> None:
    flight = make_flight(workspace, aircraft_name='../../etc/"pass\r\nwd ü')
    assert re.fullmatch(r"flight-\d{8}T\d{6}Z-etc-pass-wd\.gpx", exports.file_name(flight, "gpx"))
    nameless = make_flight(workspace, aircraft_name="", aircraft_sn="")
    assert re.fullmatch(r"flight-\d{8}T\d{6}Z\.csv", exports.file_name(nameless, "csv"))


def test_no_cell_is_a_formula() -> None:
    assert [exports.cell(value) for value in ("=1+1", "@x", "-2", "Kite", -2, None)] == [
        "'=1+1",
        "'@x",
        "'-2",
        "Kite",
        -2,
        None,
    ]
