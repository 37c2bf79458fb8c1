"""Flights are kept as long as their workspace says, and no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fleet.models import AuditEntry, Workspace
from tests.factories import make_aircraft
from tests.waylines.flights.flown import make_flight
from waylines.models import Flight, FlightTrack, MissionPolicy
from waylines.services.flights import retention
from waylines.tasks import prune_flights

pytestmark = pytest.mark.django_db


def old(workspace: Workspace, days: int, **fields: Any) -> Flight:
    return make_flight(workspace, started_at=timezone.now() - timedelta(days=days), **fields)


def test_each_workspace_keeps_its_own_time(workspace: Workspace, other_workspace: Workspace) -> None:
    MissionPolicy.objects.create(workspace=workspace, flight_days=30)
    gone, kept = old(workspace, 31), old(workspace, 29)
    theirs, theirs_gone = old(other_workspace, 729), old(other_workspace, 731)
    prune_flights()
    assert set(Flight.objects.all()) == {kept, theirs}
    assert FlightTrack.objects.count() == 2
    entries = {entry.workspace: entry.detail for entry in AuditEntry.objects.filter(action="flight.pruned")}
    assert entries == {
        workspace: {"count": 1, "older_than_days": 30},
        other_workspace: {"count": 1, "older_than_days": 730},
    }
    assert not Flight.objects.filter(pk__in=[gone.pk, theirs_gone.pk]).exists()
    prune_flights()
    assert AuditEntry.objects.filter(action="flight.pruned").count() == 2


def test_it_goes_on_from_batch_to_batch(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 3)
    aircraft = make_aircraft(workspace)
    for _ in range(8):
        old(workspace, 800, aircraft=aircraft)
    assert retention.prune() == 8


def test_one_that_still_flies_is_kept(workspace: Workspace) -> None:
    old(workspace, 800, ended_at=None, distance=None, end_reason="")
    assert retention.prune() == 0
