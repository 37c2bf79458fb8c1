"""What a person wants to see of the library: read from an address, applied to rows. Nonsense in it filters nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet

from media.models import Kind, MediaFile, Status
from media.services.library import cells
from media.services.library.cells import Area

#: Everything that needs somebody's eye.
TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`since` and `until` are days of the workspace, both included. `area` as `west,south,east,north`."""

    flight: UUID | None = None
    mission: UUID | None = None
    group: int | None = None
    aircraft: int | None = None
    lens: str = ""
    kind: str = ""
    status: str = ""
    favorite: bool = False
    since: date | None = None
    until: date | None = None
    area: Area | None = None

    @property
    def is_empty(self) -> bool:
        return self == Wanted()

    @property
    def single_files(self) -> bool:
        """Whether files are looked for rather than shots: then every file stands for itself."""
        return bool(self.lens or self.status)

    @property
    def area_text(self) -> str:
        """As an address carries it; "" without one."""
        area = self.area
        return f"{area.west:.6f},{area.south:.6f},{area.east:.6f},{area.north:.6f}" if area else ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is set, as the names and values that `wanted` reads."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= {"area": self.area_text, "favorite": "1" if self.favorite else ""}
        return [(name, str(value)) for name, value in values.items() if value]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What is set and no page offers a field for."""
        return [(name, value) for name, value in self.pairs if name in ("mission", "group")]

    @property
    def query(self) -> str:
        """The same as part of an address."""
        return urlencode(self.pairs)


def wanted(parameters: Mapping[str, str]) -> Wanted:
    """Read it from a query string's parameters."""
    kind, status = parameters.get("kind", ""), parameters.get("status", "")
    return Wanted(
        flight=_uuid(parameters.get("flight", "")),
        mission=_uuid(parameters.get("mission", "")),
        group=_whole(parameters.get("group", "")),
        aircraft=_whole(parameters.get("aircraft", "")),
        lens=parameters.get("lens", "")[:8].upper(),
        kind=kind if kind in Kind.values else "",
        status=status if status in (*Status.values, TROUBLE) else "",
        favorite=parameters.get("favorite", "") == "1",
        since=_day(parameters.get("since", "")),
        until=_day(parameters.get("until", "")),
        area=cells.area_of(parameters.get("area", "")),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def rows(workspace_id: UUID, want: Wanted, zone: tzinfo) -> QuerySet[MediaFile]:
    """The files of this workspace that are wanted, in no order yet."""
    found = MediaFile.objects.filter(workspace_id=workspace_id)
    if not want.single_files:
        found = found.filter(lead=True)
    for name in ("flight", "mission", "group", "aircraft", "lens", "kind"):
        if value := getattr(want, name):
            found = found.filter(**{name: value})
    if want.status == TROUBLE:
        found = found.exclude(status=Status.CONFIRMED)
    elif want.status:
        found = found.filter(status=want.status)
    if want.favorite:
        found = found.filter(favorite=True)
    if want.since:
        found = found.filter(moment__gte=_midnight(want.since, zone))
    if want.until:
        found = found.filter(moment__lt=_midnight(want.until, zone, days=1))
    return found.filter(inside(want.area)) if want.area else found


def _midnight(day: date, zone: tzinfo, *, days: int = 0) -> datetime:
    try:
        return datetime.combine(day + timedelta(days=days), time.min, zone)
    except OverflowError:
        return datetime.combine(day, time.min, zone)


def inside(area: Area) -> Q:
    """In an area: a few ranges of cells that the index knows, and then exactly."""
    near = Q()
    for first, last in cells.ranges(area):
        near |= Q(cell__gte=first, cell__lte=last)
    exact = Q()
    for part in area.parts:
        exact |= Q(longitude__gte=part.west, longitude__lte=part.east)
    # The index holds only files with a place, and is used only where the statement says so itself.
    return Q(cell__isnull=False) & near & exact & Q(latitude__gte=area.south, latitude__lte=area.north)
