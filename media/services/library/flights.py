"""Which mission and which flight a file belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from devices.models import Device
from waylines.models import Flight, Mission

#: Clocks of aircraft and server differ; take-off is noticed a little late.
TOLERANCE = timedelta(minutes=1)


def mission_of(workspace_id: UUID, flight_id: str) -> Mission | None:
    """The mission whose id a dock gives as `flight_id`; None for a flight that we did not plan."""
    try:
        wanted = UUID(flight_id)
    except ValueError:
        return None
    return Mission.objects.filter(pk=wanted, workspace_id=workspace_id).first()


def flight_of(
    workspace_id: UUID, mission: Mission | None, aircraft: Device | None, taken_at: datetime | None
) -> Flight | None:
    """The flight on which it was taken: the mission's, else the one that the aircraft was on at that moment."""
    flights = Flight.objects.filter(workspace_id=workspace_id).order_by("-started_at")
    if mission is not None:
        if flown := flights.filter(mission=mission).first():
            return flown
        # By the clock it may seem to be the flight before, which was another mission.
        flights = flights.filter(mission__isnull=True)
    if aircraft is None or taken_at is None:
        return None
    return flights.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gte=taken_at - TOLERANCE),
        aircraft=aircraft,
        started_at__lte=taken_at + TOLERANCE,
    ).first()
