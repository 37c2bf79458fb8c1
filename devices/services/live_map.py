"""What the live map shows: every device of a workspace, small enough to be sent whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
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

#: What a `mode_code` means for the colour of a marker (pages "Device properties"): an aircraft from taking off to
#: landing is flying, on three propellers or forced down it is in trouble; a dock that is not idle is working.
_TONES: dict[int, dict[str, str]] = {
    Domain.AIRCRAFT: {
        **dict.fromkeys((str(mode) for mode in range(3, 22) if mode != 14), "flying"),
        **dict.fromkeys(("1", "2", "13"), "working"),
        **dict.fromkeys(("11", "12"), "alarm"),
    },
    Domain.REMOTE: {},
    Domain.DOCK: dict.fromkeys(("1", "2", "3", "4", "5"), "working"),
}


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


def tones() -> dict[int, dict[str, str]]:
    """By kind of device and `mode_code`: "flying", "working", "alarm"; a mode not listed is plain "online"."""
    return {int(domain): dict(found) for domain, found in _TONES.items()}


def devices(workspace_id: UUID | str, *, only: Iterable[int] | None = None) -> list[Json]:
    """The devices as the map knows them, or only these and what hangs on them. One query, however many there are."""
    rows: QuerySet[Device] = Device.objects.filter(workspace_id=workspace_id)
    if only is not None:
        ids = list(only)
        rows = rows.filter(Q(pk__in=ids) | Q(gateway_id__in=ids))
    rows = (
        rows.select_related("model", "state")
        .defer("state__properties", "state__stamps")
        .order_by("domain", "callsign", "sn")
    )
    return [_device(row) for row in rows]


def presence(workspace_id: UUID | str) -> dict[int, bool]:
    """Which devices there are and whether each is online. One small query."""
    return dict(Device.objects.filter(workspace_id=workspace_id).values_list("pk", "online"))


def trails(workspace_id: UUID | str) -> dict[int, list[list[float]]]:
    """[latitude, longitude] of the last minutes by device id, oldest first. One query."""
    newest = (
        TrackPoint.objects.filter(device__workspace_id=workspace_id, at__gt=timezone.now() - TRAIL)
        .order_by("-at")
        .values_list("device_id", "latitude", "longitude")[:TRAIL_POINTS]
    )
    found: dict[int, list[list[float]]] = defaultdict(list)
    for device_id, latitude, longitude in newest:
        found[device_id].append([round(latitude, 6), round(longitude, 6)])  # a decimetre; half the bytes
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
