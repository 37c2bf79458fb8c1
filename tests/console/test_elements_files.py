"""Import and export of the shared map: what comes out goes in again, and hostile files do no harm."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fleet.models import MapElement, Role
from fleet.services import broadcast
from fleet.services.map_elements import circles, importing
from tests.console.pages import Login
from tests.console.test_elements import drawn, feature, group_of

pytestmark = pytest.mark.django_db(transaction=True)

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
  <Style id="red"><LineStyle><color>ff393ce2</color></LineStyle></Style>
  <StyleMap id="map"><Pair><key>normal</key><styleUrl>#red</styleUrl></Pair></StyleMap>
  <Folder><Placemark><name>Ropeway</name><styleUrl>#map</styleUrl>
    <LineString><altitudeMode>absolute</altitudeMode><coordinates>8.0,47.0,500 8.01,47.01,650.5</coordinates></LineString></Placemark></Folder>
  <Placemark><name>Hut</name><description>with a &lt;b&gt;stove&lt;/b&gt;</description>
    <Style><IconStyle><color>ff6bbe19</color></IconStyle></Style><Point><coordinates> 8.5,47.5,0 </coordinates></Point></Placemark>
  <Placemark><name>Both</name><MultiGeometry>
    <Polygon><outerBoundaryIs><LinearRing><coordinates>8,47 8.1,47 8.1,47.1 8,47</coordinates></LinearRing></outerBoundaryIs>
      <innerBoundaryIs><LinearRing><coordinates>8.05,47.02 8.06,47.02 8.06,47.03 8.05,47.02</coordinates></LinearRing></innerBoundaryIs></Polygon>
    <Point><coordinates>8,47</coordinates></Point></MultiGeometry></Placemark>
  <Placemark><name>Nothing</name></Placemark>
  <Placemark><name>Broken</name><Point><coordinates>here,there</coordinates></Point></Placemark>
  <Placemark><Point><coordinates></coordinates></Point></Placemark>
</Document></kml>"""


@pytest.fixture
def client(login: Login) -> Client:
    return login(Role.OPERATOR)


def send(client: Client, content: bytes | str, group: Any) -> Any:
    file = SimpleUploadedFile("map", content if isinstance(content, bytes) else content.encode())
    return client.post("/admin/elements/import/", {"file": file, "group": str(group.pk)})


def collection(*features: Any, **more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features, **more})


def test_kml_with_styles_heights_and_pieces(client: Client, workspace: Any) -> None:
    answer = send(client, KML, group_of(workspace)).json()
    assert answer["made"] == 4
    assert [found["name"] for found in answer["refused"]] == ["Nothing", "Broken", "Placemark 6"]
    assert "number" in answer["refused"][1]["why"]
    assert answer["bounds"] == [[47.0, 8.0], [47.5, 8.5]]
    ropeway = MapElement.objects.get(name="Ropeway")
    assert (ropeway.type, ropeway.content["properties"]["color"], ropeway.content["properties"]["is3d"]) == (1, "#E23C39", True)  # fmt: skip
    assert ropeway.content["geometry"]["coordinates"][1] == [8.01, 47.01, 650.5]
    hut = MapElement.objects.get(name="Hut")
    assert hut.content["properties"] == {"color": "#19BE6B", "description": "with a <b>stove</b>", "clampToGround": True, "is3d": False}  # fmt: skip
    assert hut.content["geometry"]["coordinates"] == [8.5, 47.5]
    assert len(MapElement.objects.get(name="Both 1").content["geometry"]["coordinates"]) == 2
    assert MapElement.objects.get(name="Both 2").type == 0


def test_a_kmz_is_unpacked(client: Client, workspace: Any) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("files/icon.png", b"x")
        archive.writestr("doc.kml", KML)
    assert send(client, file.getvalue(), group_of(workspace)).json()["made"] == 4


def test_geojson_of_other_programs(client: Client, workspace: Any) -> None:
    rows = [
        {"type": "Feature", "properties": {"title": "Track", "stroke": "#ff8800", "width": 4}, "geometry": {"type": "LineString", "coordinates": [[8, 47], [9, 47]]}},
        {"type": "Feature", "properties": None, "geometry": {"type": "MultiPoint", "coordinates": [[8, 47], [9, 47, 12]]}},
        {"type": "Feature", "properties": {"name": "No shape"}, "geometry": None},
        {"type": "Feature", "properties": {"name": "Flipped"}, "geometry": {"type": "Point", "coordinates": [47, 108]}},
        {"type": "Feature", "properties": {"name": "Curve"}, "geometry": {"type": "CircularString", "coordinates": []}},
        "text",
    ]  # fmt: skip
    answer = send(client, collection(*rows), group_of(workspace)).json()
    assert answer["made"] == 3
    assert {found["name"]: found["why"] for found in answer["refused"]} == {
        "No shape": "It has no geometry.",
        "Flipped": "47.0, 108.0 is not on Earth; longitude comes first.",
        "Curve": "Points, lines and polygons can be drawn, not CircularString.",
        "Feature 6": "It is no GeoJSON feature.",
    }
    track = MapElement.objects.get(name="Track")
    assert (track.content["properties"]["color"], track.content["properties"]["width"]) == ("#FF8800", 4)
    assert MapElement.objects.get(name="Feature 2 2").content["properties"]["is3d"] is True


@pytest.mark.parametrize("kind", ["geojson", "kml"])
def test_what_comes_out_goes_in_again(client: Client, workspace: Any, other_workspace: Any, kind: str) -> None:
    circle = {"longitude": 8.0, "latitude": 47.0, "radius": 250.0}
    polygon = {"type": "Polygon", "coordinates": [circles.ring(8, 47, 250)]}
    high = {"type": "LineString", "coordinates": [[8.0, 47.0, 500.0], [8.1, 47.1, 510.5]]}
    drawn(workspace, "Round & <round>", type_=2, content=feature(polygon, circle=circle, clampToGround=True))
    drawn(workspace, "High\x01", content=feature(high, is3d=True, clampToGround=False, odd='a "quoted" <b>'))
    drawn(workspace, "Elsewhere", group=group_of(workspace, 2))
    before = {row.name: row.content for row in MapElement.objects.filter(group=group_of(workspace))}
    answer = client.get(f"/admin/elements/export/?format={kind}&group={group_of(workspace).pk}")
    assert f"default.{kind}" in answer["Content-Disposition"]
    assert b"Elsewhere" not in answer.content
    assert b"Elsewhere" in client.get(f"/admin/elements/export/?format={kind}").content
    MapElement.objects.all().delete()
    done = send(client, answer.content, group_of(workspace)).json()
    assert (done["made"], done["refused"]) == (2, [])
    after = {row.name: row.content for row in MapElement.objects.all()}
    if kind == "kml":  # no XML may hold such a character
        before["High"] = before.pop("High\x01")
    for name, content in before.items():
        assert after[name]["geometry"] == content["geometry"]
        assert after[name]["properties"].items() >= content["properties"].items()


def test_properties_and_late_heights_come_back_as_they_were(client: Client, workspace: Any) -> None:
    odd = {"altitude": 120, "nothing": None, "t": "true", "j": "[1]", "n": "12", "deep": {"a": [1, "x"]}, "text": "a b"}
    line = {"type": "LineString", "coordinates": [[8, 47, 0], [8.1, 47.1, 500]]}
    row = drawn(workspace, "Odd", content=feature(line, **odd))
    content = {**row.content, "geometry": {"type": "LineString", "coordinates": [[8, 47], [8.1, 47.1, 500]]}}
    MapElement.objects.filter(pk=row.pk).update(content=content)
    answer = client.get(f"/admin/elements/export/?format=kml&group={group_of(workspace).pk}")
    MapElement.objects.all().delete()
    assert send(client, answer.content, group_of(workspace)).json()["made"] == 1
    found = MapElement.objects.get().content
    assert found["properties"].items() >= odd.items()
    assert found["geometry"]["coordinates"][1] == [8.1, 47.1, 500]


BOMB = '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)
)


def zipped(content: bytes, name: str = "doc.kml") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def place(*numbers: float) -> dict[str, Any]:
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": numbers}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"hello", "no XML"),
        (b"{", "no JSON"),
        (b"[1]", "no GeoJSON"),
        (b'{"type": "FeatureCollection"}', "no list"),
        (b'{"type": "FeatureCollection", "features": []}', "nothing in this file"),
        (b"[" * 200_000, "no JSON"),
        (b"<html/>", "no KML"),
        (b"<kml><Document>", "line 1"),
        (b"<kml/>", "nothing in this file"),
        ((BOMB + "]><kml><Placemark><name>&j;</name></Placemark></kml>").encode(), "document type"),
        (("<?xml version='1.0' encoding='utf-16'?>" + BOMB + "]><kml/>").encode("utf-16"), "document type"),
        (b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><Placemark><name>&x;</name></Placemark></kml>', "document type"),
        (b'<!DOCTYPE kml SYSTEM "http://127.0.0.1:9/x.dtd"><kml/>', "document type"),
        (b"<a>" * 5000, "no XML"),
        (b"<kml>" + b"<a/>" * 300_001 + b"</kml>", "more than any map needs"),
        (zipped(b"x", "readme.txt"), "no KML in this archive"),
        (b"PK\x03\x04 and nothing", "cannot be read"),
        (zipped(b"<kml>" + b" " * 6_000_000), "too large"),
        (collection({}, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2056"}}).encode(), "WGS 84"),
        (collection(*[place(8, 47)] * 2001).encode(), "more than 2000 drawings"),
        (collection(feature({"type": "LineString", "coordinates": [[n / 1e4, 47] for n in range(100_000)]})).encode(), "more than 50000 points"),
        (b"x" * 5_000_001, "larger than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_useless_and_hostile_files_are_refused_in_words(
    client: Client, workspace: Any, content: bytes, words: str
) -> None:
    answer = send(client, content, group_of(workspace))
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert not MapElement.objects.exists()


def test_one_drawing_with_too_many_points_is_named(client: Client, workspace: Any) -> None:
    long = feature({"type": "LineString", "coordinates": [[n / 1e4, 47] for n in range(10_001)]}, name="Long")
    answer = send(client, collection(long, place(8, 47)), group_of(workspace)).json()
    assert answer["made"] == 1
    assert "10001 points" in answer["refused"][0]["why"]


def test_everybody_hears_of_an_import_once(client: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(broadcast, "_send", lambda workspace_id, message: heard.append(message))
    group = group_of(workspace)
    for count in (10, 300):
        heard.clear()
        with CaptureQueriesContext(connection) as queries:
            send(client, collection(*[place(8, 47)] * count), group)
        assert [message.get("biz_code") for message in heard] == ["map_group_refresh", None]
        assert heard[0]["data"] == {"ids": [str(group.pk)]}
        assert len(queries) < 25


def test_a_full_map_takes_no_more(client: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.services.map_elements.elements.MOST_ELEMENTS", 3)
    assert "full" in send(client, collection(*[place(8, 47)] * 4), group_of(workspace)).json()["error"]
    assert not MapElement.objects.exists()


def test_a_neighbours_group_takes_no_file(client: Client, other_workspace: Any) -> None:
    assert send(client, collection(place(8, 47)), group_of(other_workspace)).status_code == 404
    assert not MapElement.objects.exists()
    assert client.post("/admin/elements/import/", {}).status_code == 400
    assert importing.LARGEST_FILE == 5_000_000
