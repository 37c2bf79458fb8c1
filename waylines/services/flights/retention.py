"""How long flights are kept, and how they are deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from fleet.models import User, Workspace
from fleet.services import audit
from waylines.models import Flight, MissionPolicy

_BATCH = 500
#: Batches of one workspace in one run; the next run goes on.
_BATCHES = 40


def prune() -> int:
    """Delete every workspace's flights that ended more than `MissionPolicy.flight_days` ago. Returns how many."""
    total = 0
    standard = MissionPolicy._meta.get_field("flight_days").get_default()
    policies = dict(MissionPolicy.objects.values_list("workspace_id", "flight_days"))
    for workspace in Workspace.objects.all():
        days = policies.get(workspace.pk, standard)
        limit = timezone.now() - timedelta(days=days)
        count = 0
        for _batch in range(_BATCHES):
            rows = Flight.objects.filter(workspace=workspace, started_at__lt=limit, ended_at__lt=limit)
            ids = list(rows.order_by("started_at").values_list("pk", flat=True)[:_BATCH])
            count += _delete(ids)
            if len(ids) < _BATCH:
                break
        if count:
            audit.record("flight.pruned", workspace=workspace, count=count, older_than_days=days)
        total += count
    return total


def _delete(ids: Iterable[UUID]) -> int:
    _all, by_model = Flight.objects.filter(pk__in=ids).delete()
    return by_model.get(Flight._meta.label, 0)


def delete(flight: Flight, *, user: User) -> None:
    """Delete one flight for good, and say who did."""
    said: dict[str, Any] = {
        "started_at": flight.started_at.isoformat(),
        "aircraft": flight.aircraft_name,
        "kind": flight.kind,
        "pilot": flight.pilot_name,
        "distance": flight.distance,
    }
    target, pk = flight.aircraft_sn, str(flight.pk)
    flight.delete()
    audit.record("flight.deleted", workspace=flight.workspace, user=user, target=target, flight=pk, **said)
