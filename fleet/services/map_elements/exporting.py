"""The map, or one group of it, as a file that other map programs read: GeoJSON and KML."""

from __future__ import annotations

import json
import re
from typing import Any

from lxml import etree

from fleet.models import MapElement, MapGroup, Workspace
from fleet.services.map_elements.kml import value_of

Json = dict[str, Any]

_KML = "http://www.opengis.net/kml/2.2"
#: What no XML may hold.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _rows(workspace: Workspace, group: MapGroup | None) -> list[MapElement]:
    rows = MapElement.objects.filter(workspace=workspace).select_related("group").order_by("group__name", "created_at")
    return list(rows.filter(group=group) if group is not None else rows)


def geojson(workspace: Workspace, group: MapGroup | None = None) -> bytes:
    """A feature collection; name, group and author stand among the properties."""
    features = [
        {
            **row.content,
            "id": str(row.pk),
            "properties": {
                **row.content.get("properties", {}),
                "name": row.name,
                "group": row.group.name,
                "by": row.user_name,
            },
        }
        for row in _rows(workspace, group)
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def kml(workspace: Workspace, group: MapGroup | None = None) -> bytes:
    """A document with a folder for each group."""
    root = etree.Element(f"{{{_KML}}}kml", nsmap={None: _KML})
    document = _add(root, "Document")
    _add(document, "name", group.name if group is not None else workspace.name)
    folders: dict[Any, Any] = {}
    for row in _rows(workspace, group):
        if row.group_id not in folders:
            folders[row.group_id] = _add(document, "Folder")
            _add(folders[row.group_id], "name", row.group.name)
        _placemark(folders[row.group_id], row)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _placemark(folder: Any, row: MapElement) -> None:
    mark = _add(folder, "Placemark", id=f"e{row.pk}")
    _add(mark, "name", row.name)
    properties = dict(row.content.get("properties", {}))
    if description := properties.pop("description", None):
        _add(mark, "description", str(description))
    colour = str(properties.pop("color", "#2D8CF0"))
    painted = f"{colour[5:7]}{colour[3:5]}{colour[1:3]}"
    style = _add(mark, "Style")
    _add(_add(style, "IconStyle"), "color", f"ff{painted}")
    line = _add(style, "LineStyle")
    _add(line, "color", f"ff{painted}")
    _add(line, "width", "3")
    _add(_add(style, "PolyStyle"), "color", f"40{painted}")
    data = _add(mark, "ExtendedData")
    for name, value in properties.items():
        plain = isinstance(value, str) and value_of(value) == value
        written = value if plain else json.dumps(value, ensure_ascii=False)
        _add(_add(data, "Data", name=name), "value", written)
    _shape(mark, row.content["geometry"])


def _shape(mark: Any, geometry: Json) -> None:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    shape = _add(mark, kind)
    lines = coordinates if kind == "Polygon" else [coordinates] if kind == "LineString" else [[coordinates]]
    high = any(len(place) > 2 for line in lines for place in line)
    _add(shape, "altitudeMode", "absolute" if high else "clampToGround")
    if kind == "Polygon":
        for number, ring in enumerate(coordinates):
            _line(_add(_add(shape, "innerBoundaryIs" if number else "outerBoundaryIs"), "LinearRing"), ring)
    else:
        _line(shape, [coordinates] if kind == "Point" else coordinates)


def _line(shape: Any, places: list[list[float]]) -> None:
    _add(shape, "coordinates", " ".join(",".join(repr(part) for part in place) for place in places))


def _add(parent: Any, tag: str, text: str = "", **attributes: str) -> Any:
    made = etree.SubElement(
        parent, f"{{{_KML}}}{tag}", {name: _UNPRINTABLE.sub("", value) for name, value in attributes.items()}
    )
    if text:
        made.text = _UNPRINTABLE.sub("", text)
    return made
