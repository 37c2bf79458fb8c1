"""The map of shots: single files where they are few, cells with a number where they are many."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q

from media.models import MediaFile
from media.services.library import cells
from media.services.library.cells import LEVELS, Area
from media.services.library.filters import Wanted, rows

Json = dict[str, Any]

#: So many single shots are drawn at once; more become cells.
MOST = 1_500
#: A cell of the map is a quarter of a tile wide: 64 pixels.
FINER = 2


def around(workspace_id: UUID, want: Wanted, zone: tzinfo, area: Area, zoom: int) -> Json:
    """`{"shots": […]}` or `{"clusters": [[latitude, longitude, how many], …]}` of an area at a zoom of the map."""
    found = rows(workspace_id, replace(want, area=area), zone)
    shots = list(found.order_by()[: MOST + 1].values_list(*_COLUMNS))
    if len(shots) <= MOST:
        return {"shots": [_shot(line) for line in shots]}
    level = max(1, min(LEVELS, zoom + FINER))
    groups = (
        _coarse(workspace_id, want, zone, area)
        .annotate(place=F("cell").bitrightshift(cells.shift(level)))
        .order_by()
        .values_list("place")
        .annotate(n=Count("pk"))
    )
    clusters = []
    for place, number in groups:
        latitude, longitude = cells.centre(place, level)
        clusters.append([round(latitude, 6), round(longitude, 6), number])
    return {"clusters": clusters}


def _coarse(workspace_id: UUID, want: Wanted, zone: tzinfo, area: Area) -> Any:
    """By cells alone, so that the index is all that is read; a little beyond the edge does no harm here."""
    near = Q()
    for first, last in cells.ranges(area):
        near |= Q(cell__gte=first, cell__lte=last)
    return rows(workspace_id, replace(want, area=None), zone).filter(near, cell__isnull=False)


def only(workspace_id: UUID, want: Wanted, zone: tzinfo, ids: set[int]) -> list[Json]:
    """Those of these files that are wanted and have a place."""
    found = rows(workspace_id, want, zone).filter(pk__in=ids, cell__isnull=False)
    return [_shot(line) for line in found.values_list(*_COLUMNS)]


_COLUMNS = ("pk", "latitude", "longitude", "gimbal_yaw", "gimbal_pitch", "field_of_view", "kind", "lens", "status")


def _shot(line: tuple[Any, ...]) -> Json:
    pk, latitude, longitude, yaw, pitch, view, kind, lens, status = line
    return {
        "id": pk,
        "lat": round(latitude, 6),
        "lon": round(longitude, 6),
        "yaw": yaw,
        "pitch": pitch,
        "view": view,
        "kind": kind,
        "lens": lens,
        "status": status,
    }


def extent(workspace_id: UUID, want: Wanted, zone: tzinfo) -> list[list[float]] | None:
    """South-west and north-east of the newest of the wanted files; None when none has a place."""
    newest = rows(workspace_id, want, zone).filter(cell__isnull=False).order_by("-moment", "-pk")
    places = newest.values_list("latitude", "longitude")[:500]
    known = [(north, east) for north, east in places if north is not None and east is not None]
    if not known:
        return None
    return [[min(values) for values in zip(*known, strict=True)], [max(values) for values in zip(*known, strict=True)]]


def at(workspace_id: UUID, pk: int) -> MediaFile | None:
    """One shot for its card on the map."""
    return MediaFile.objects.select_related("aircraft", "mission").filter(workspace_id=workspace_id, pk=pk).first()
