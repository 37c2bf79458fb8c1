"""Drawings out of files: GeoJSON, KML, KMZ. What cannot be drawn is named with the reason, the rest is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from fleet.models import MapElement, MapGroup, Role, User, Workspace
from fleet.services import access, audit
from fleet.services.map_elements import elements, geojson, geometry, groups, kml
from fleet.services.map_elements.feature import TYPES, CannotImport, Feature

Json = dict[str, Any]

#: Bytes.
LARGEST_FILE = 5_000_000
MOST_FEATURES = 2_000
#: Points of everything in a file together.
MOST_POINTS = 50_000


@dataclass(slots=True)
class Done:
    """`refused` holds names and reasons, `bounds` is [[south, west], [north, east]] of what was drawn."""

    made: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    bounds: list[list[float]] | None = None


def too_large() -> str:
    return _("The file is larger than %(most)s MB.") % {"most": LARGEST_FILE // 1_000_000}


def run(workspace: Workspace, group: MapGroup, content: bytes, *, user: User) -> Done:
    """Draw what is in a file, each with a new id. Raises `CannotImport`, `MapRefused`, `Forbidden`."""
    access.require(user, workspace, Role.OPERATOR)
    found = _read(content)
    done = Done()
    rows: list[MapElement] = []
    for feature in found:
        try:
            rows.append(_element(workspace, group, feature, user))
        except geometry.BadGeometry as error:
            done.refused.append((feature.name[:200], str(error)))
    done.made, done.bounds = len(rows), _bounds(rows)
    if not rows:
        return done
    elements.require_room(workspace, len(rows))
    with transaction.atomic():
        MapElement.objects.bulk_create(rows, batch_size=200)
        audit.record("map.imported", workspace=workspace, user=user, target=group.name, elements=len(rows))
        # One word for all: thousands of single pushes would drive out every remote that reads slowly.
        groups.refresh(group)
    return done


def _read(content: bytes) -> list[Feature]:
    if len(content) > LARGEST_FILE:
        raise CannotImport(too_large())
    content = kml.unpacked(content, LARGEST_FILE)
    head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not head:
        raise CannotImport(_("The file is empty."))
    # What is neither may still be XML in another encoding, which the parser knows by itself.
    found = _counted(geojson.features(content) if head in (b"{", b"[") else kml.features(content))
    if not found:
        raise CannotImport(_("There is nothing in this file that could be drawn."))
    return found


def _counted(features: Iterable[Feature]) -> list[Feature]:
    found: list[Feature] = []
    points = 0
    for feature in features:
        found.append(feature)
        points += _points(feature.geometry.get("coordinates"))
        if len(found) > MOST_FEATURES:
            raise CannotImport(_("The file holds more than %(most)s drawings.") % {"most": MOST_FEATURES})
        if points > MOST_POINTS:
            raise CannotImport(_("The file holds more than %(most)s points.") % {"most": MOST_POINTS})
    return found


def _points(value: Any) -> int:
    """How many points there are in coordinates, whatever they are nested in."""
    waiting, found = [value], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            inner = [each for each in part if isinstance(each, list)]
            found += not inner
            waiting += inner
    return found


def _element(workspace: Workspace, group: MapGroup, feature: Feature, user: User) -> MapElement:
    if feature.why:
        raise geometry.BadGeometry(feature.why)
    kind = TYPES[feature.geometry["type"]]
    properties = dict(feature.properties)
    content = geometry.checked(kind, {"type": "Feature", "properties": properties, "geometry": feature.geometry})
    high = _is_high(content["geometry"]["coordinates"])
    for name, usual in (("clampToGround", not high), ("is3d", high)):
        if not isinstance(properties.get(name), bool):
            content["properties"][name] = usual
    return MapElement(
        workspace=workspace, group=group, name=elements.label(feature.name), type=kind, content=content, user=user,
        user_name=user.get_username(),
    )  # fmt: skip


def _is_high(coordinates: Any) -> bool:
    while coordinates and isinstance(coordinates[0], list):
        coordinates = coordinates[0]
    return len(coordinates) > 2


def _bounds(rows: list[MapElement]) -> list[list[float]] | None:
    places: list[Any] = []
    for row in rows:
        shape = row.content["geometry"]
        nested = {"Point": [[shape["coordinates"]]], "LineString": [shape["coordinates"]]}
        places += [place for line in nested.get(shape["type"], shape["coordinates"]) for place in line]
    if not places:
        return None
    east, north = ([place[axis] for place in places] for axis in (0, 1))
    return [[min(north), min(east)], [max(north), max(east)]]
