"""What the live map shows: every device of a workspace, small enough to be sent whole."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, TrackPoint
from devices.models.device import Domain
from fleet.protocol import properties

Json = dict[str, Any]

#: How much of the past a device's trail shows.
TRAIL = timedelta(minutes=10)
#: All trails together hold at most this many points; with many devices each one's is shorter.
TRAIL_POINTS = 10_000

#: A set of properties that stands for each kind where only the names of modes are asked for.
_SETS = {Domain.AIRCRAFT: "m4d", Domain.REMOTE: "rc-plus-2", Domain.DOCK: "dock3"}


@cache
def mode_choices() -> dict[int, dict[str, str]]:
    """The names of the protocol's `mode_code` for each kind of device, in English."""
    names: dict[int, dict[str, str]] = {}
    for domain, name in _SETS.items():
        found = properties.for_set(name).get("mode_code")
        names[int(domain)] = {str(choice.value): choice.label for choice in found.field.choices} if found else {}
    return names


def modes() -> dict[int, dict[str, str]]:
    """The same in the reader's language."""
    return {domain: {value: _(label) for value, label in names.items()} for domain, names in mode_choices().items()}


def devices(workspace_id: UUID | str, *, only: list[int] | None = None) -> list[Json]:
    """The devices as the map knows them. One query, however many there are."""
    rows: QuerySet[Device] = Device.objects.filter(workspace_id=workspace_id)
    if only is not None:
        rows = rows.filter(pk__in=only)
    rows = (
        rows.select_related("model", "state")
        .defer("state__properties", "state__stamps")
        .order_by("domain", "callsign", "sn")
    )
    return [_device(row) for row in rows]


def trails(workspace_id: UUID | str) -> dict[int, list[list[float]]]:
    """[latitude, longitude] of the last minutes by device id, oldest first. One query."""
    newest = (
        TrackPoint.objects.filter(device__workspace_id=workspace_id, at__gt=timezone.now() - TRAIL)
        .order_by("-at")
        .values_list("device_id", "latitude", "longitude")[:TRAIL_POINTS]
    )
    found: dict[int, list[list[float]]] = defaultdict(list)
    for device_id, latitude, longitude in newest:
        found[device_id].append([latitude, longitude])
    return {device_id: points[::-1] for device_id, points in found.items()}


def _device(row: Device) -> Json:
    state = row.state if hasattr(row, "state") else None
    return {
        "id": row.pk,
        "sn": row.sn,
        "name": str(row),
        "domain": row.domain,
        "model": row.model_name,
        "online": row.online,
        "gateway": row.gateway_id,
        "summary": state.summary if state else {},
        "seen": int(state.seen_at.timestamp() * 1000) if state else None,
        "url": reverse("admin:devices_device_change", args=[row.pk]),
    }
