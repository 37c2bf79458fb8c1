"""GeoJSON files, as other map programs write them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from fleet.services.map_elements.feature import CannotImport, Feature, simple

Json = dict[str, Any]

#: Where map programs keep the name and the colour of a feature.
_NAMES = ("name", "Name", "title", "label")
_COLOURS = ("color", "stroke", "marker-color", "fill")
#: What an export of ours adds to an element, and what an import of it makes anew.
ADDED = ("name", "group", "by")


def features(content: bytes) -> Iterator[Feature]:
    """Raises `CannotImport` for what is no GeoJSON."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CannotImport(_("The file is no JSON that can be read (%(why)s).") % {"why": str(error)[:80]}) from None
    if not isinstance(found, dict) or "type" not in found:
        raise CannotImport(_("The file is JSON, but no GeoJSON."))
    if found.get("crs") is not None and not any(name in json.dumps(found["crs"]) for name in ("CRS84", "4326")):
        raise CannotImport(_("Only WGS 84 (longitude, latitude in degrees) can be imported; convert the file first."))
    if found["type"] == "FeatureCollection":
        rows = found.get("features")
        if not isinstance(rows, list):
            raise CannotImport(_("The collection has no list of features."))
    else:
        rows = [found]
    for number, row in enumerate(rows, start=1):
        yield from _feature(row, number)


def _feature(row: Any, number: int) -> Iterator[Feature]:
    unnamed = _("Feature %(number)s") % {"number": number}
    if not isinstance(row, dict):
        yield Feature(unnamed, why=_("It is no GeoJSON feature."))
        return
    if row.get("type") != "Feature":
        row = {"geometry": row}
    given = row.get("properties")
    properties = dict(given) if isinstance(given, dict) else {}
    name = next((str(properties[key]) for key in _NAMES if properties.get(key)), unnamed)
    colour = next((properties[key] for key in _COLOURS if properties.get(key)), None)
    kept = {key: value for key, value in properties.items() if key not in ADDED} | {"color": colour}
    yield from simple(name, row.get("geometry"), kept)
