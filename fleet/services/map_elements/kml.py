"""KML files and archives of them (KMZ), read with nothing in them that a map does not need: no DTD, no entities."""

from __future__ import annotations

import io
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from fleet.services.map_elements.feature import CannotImport, Feature, simple

Json = dict[str, Any]

#: Elements of a document; a map has fewer.
_MOST_TAGS = 300_000
_COLOUR = re.compile(r"[0-9a-f]{8}", re.IGNORECASE)
_GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")


def unpacked(content: bytes, largest: int) -> bytes:
    """The KML in a KMZ; anything else as it is. Raises `CannotImport`."""
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [info.filename for info in archive.infolist() if info.filename.lower().endswith(".kml")]
            if not names:
                raise CannotImport(_("There is no KML in this archive."))
            name = "doc.kml" if "doc.kml" in names else names[0]
            with archive.open(name) as file:
                found = file.read(largest + 1)
    # Broken, packed in an unknown way (NotImplementedError), or with a password (RuntimeError).
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, EOFError, OSError, ValueError):
        raise CannotImport(_("The archive cannot be read.")) from None
    if len(found) > largest:
        raise CannotImport(_("What is in this archive is too large."))
    return found


def features(content: bytes) -> Iterator[Feature]:
    """The placemarks. Raises `CannotImport`."""
    root = _parsed(content)
    styles = _styles(root)
    for number, mark in enumerate(root.iter("{*}Placemark"), start=1):
        name = _text(mark, "name") or _("Placemark %(number)s") % {"number": number}
        shapes = [shape for tag in _GEOMETRIES for shape in mark.iterchildren(f"{{*}}{tag}")]
        if not shapes:
            yield Feature(name, why=_("It has nothing that can be drawn."))
            continue
        properties = {**_data(mark), "color": _colour(mark, styles)}
        if description := _text(mark, "description"):
            properties["description"] = description
        yield from simple(name, _geometry(shapes[0]), properties)


def _parsed(content: bytes) -> Any:
    if content.count(b"<") > _MOST_TAGS:
        raise CannotImport(_("The file holds more than any map needs."))
    # A document type is refused before it is parsed where it can be seen, and afterwards in any other encoding.
    if b"<!DOCTYPE" in content[:65536].replace(b"\0", b""):
        raise _document_type()
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, dtd_validation=False, attribute_defaults=False,
        huge_tree=False, remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None) or 0
        raise CannotImport(_("The file is no XML that can be read (line %(line)s).") % {"line": line}) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _document_type()
    if etree.QName(root).localname != "kml":
        raise CannotImport(_("The file is XML, but no KML."))
    return root


def _document_type() -> CannotImport:
    return CannotImport(_("The file has a document type; no map needs one, and it is refused."))


def _text(parent: Any, tag: str) -> str:
    return (parent.findtext(f"{{*}}{tag}") or "").strip()


def _geometry(shape: Any, depth: int = 0) -> Json:
    kind = etree.QName(shape).localname
    if kind == "MultiGeometry":
        inner = [part for part in shape if isinstance(part.tag, str) and etree.QName(part).localname in _GEOMETRIES]
        return {
            "type": "GeometryCollection",
            "geometries": [_geometry(part, depth + 1) for part in inner] if depth < 3 else [],
        }
    # Only heights above the sea are kept; above the ground or on it they would mean something else.
    high = _text(shape, "altitudeMode") == "absolute"
    if kind == "Polygon":
        sides = ("outer", "inner")
        rings = [ring for side in sides for ring in shape.iterfind(f"{{*}}{side}BoundaryIs/{{*}}LinearRing")]
        return {"type": "Polygon", "coordinates": [_coordinates(ring, high) for ring in rings]}
    if kind == "Point":
        places = _coordinates(shape, high)
        return {"type": "Point", "coordinates": places[0] if places else []}
    return {"type": "LineString", "coordinates": _coordinates(shape, high)}


def _coordinates(shape: Any, high: bool) -> list[list[str]]:
    return [place.split(",")[: 3 if high else 2] for place in _text(shape, "coordinates").split()]


def _styles(root: Any) -> dict[str, str]:
    """What each shared style paints with, by its id; a map of styles is its first one, the normal one."""
    found = {f"#{style.get('id')}": _of_style(style) for style in root.iter("{*}Style") if style.get("id")}
    for pair in root.iter("{*}StyleMap"):
        found[f"#{pair.get('id')}"] = found.get((pair.findtext(".//{*}styleUrl") or "").strip(), "")
    return found


def _of_style(style: Any) -> str:
    for part in ("LineStyle", "PolyStyle", "IconStyle"):
        written = (style.findtext(f"{{*}}{part}/{{*}}color") or "").strip()
        if _COLOUR.fullmatch(written):
            return f"#{written[6:8]}{written[4:6]}{written[2:4]}"  # alpha, blue, green, red
    return ""


def _colour(mark: Any, styles: dict[str, str]) -> str:
    own = mark.find("{*}Style")
    return (_of_style(own) if own is not None else "") or styles.get(_text(mark, "styleUrl"), "")


def value_of(written: str) -> Any:
    """What stands in a file: JSON is what it means, anything else a text."""
    try:
        return json.loads(written, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return written


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _data(mark: Any) -> Json:
    """What else is known of a placemark; numbers and the like are written as JSON by an export of ours."""
    found: Json = {}
    for entry in mark.iterfind("{*}ExtendedData/{*}Data"):
        found[entry.get("name") or ""] = value_of((entry.findtext("{*}value") or "").strip())
    found.pop("", None)
    return found
