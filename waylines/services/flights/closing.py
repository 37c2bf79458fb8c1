"""What the worker does for flights: ends those that fell silent, and measures and thins those that are over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from devices.models import Command, DeviceState, TrackPoint
from devices.models.device import Domain
from waylines.models import Flight, FlightTrack, Mission
from waylines.services.flights import recording
from waylines.services.flights.measures import extremes, from_points, measure
from waylines.services.flights.thinning import thin
from waylines.services.flights.track import POINT_FIELDS, Track, decode, encode, join

logger = logging.getLogger(__name__)

#: Without a word for so long, contact counts as lost; an aircraft that was on the ground has simply been put away.
SILENCE = timedelta(minutes=5)
PUT_AWAY = timedelta(seconds=20)
#: What the last flush of another bridge may still be writing.
_SETTLE = timedelta(seconds=3)
_AT_ONCE = 50
#: Points of one flight that are looked at, at most: a week of one every two seconds is fewer.
_MOST_POINTS = 400_000
#: What makes a flight from a dock one that somebody steered through the server.
_STEERING = ("takeoff_to_point", "fly_to_point", "drc_mode_enter", "poi_mode_enter")


def sweep() -> None:
    """End what is over, and finish what has ended. One flight's failure is nobody else's."""
    now = timezone.now()
    for flight in Flight.objects.filter(ended_at=None).select_related("aircraft__state"):
        _guarded(_end_if_silent, flight, now)
    half = timedelta(minutes=settings.TRACK_MINUTES) / 2
    rows = Flight.objects.filter(
        Q(ended_at__lte=now - _SETTLE, distance=None) | Q(ended_at=None, started_at__lte=now - half, distance=None)
    )
    # In any order: some that can never be finished must not stand before all others for ever.
    for flight in rows.order_by("?")[:_AT_ONCE]:
        _guarded(finish if flight.ended_at else _keep_so_far, flight, now)


def _guarded(work: Callable[[Flight, datetime], None], flight: Flight, now: datetime) -> None:
    try:
        work(flight, now)
    except Exception:
        logger.exception("flight %s could not be looked after", flight.pk)


def _end_if_silent(flight: Flight, now: datetime) -> None:
    state = flight.aircraft.state if flight.aircraft and hasattr(flight.aircraft, "state") else None
    row = Flight.objects.filter(pk=flight.pk)
    if state is None:
        if flight.aircraft is None or now - flight.started_at > SILENCE:
            recording.close(row, flight.started_at, Flight.End.SILENT, {})
        return
    heard = _heard(flight, state)
    silent = now - heard
    on_the_ground = recording.airborne(state.summary) is False
    if silent > (PUT_AWAY if on_the_ground else SILENCE):
        reason = Flight.End.LANDED if on_the_ground else Flight.End.SILENT
        recording.close(row, max(heard, flight.started_at), reason, state.summary)


def _heard(flight: Flight, state: DeviceState) -> datetime:
    """When the aircraft was last heard of. A gateway that says "not connected" for it does not speak of it."""
    if state.summary.get("mode") != 14:
        return state.seen_at
    newest = TrackPoint.objects.filter(device=flight.aircraft).aggregate(newest=Max("at"))["newest"]
    return max(newest or flight.started_at, flight.started_at)


def points(flight: Flight, *, after: float = 0.0) -> Track:
    """The flight's points as they were written while it flew, without what cannot be true."""
    rows = TrackPoint.objects.filter(device=flight.aircraft, at__gte=flight.started_at)
    if flight.ended_at:
        rows = rows.filter(at__lte=flight.ended_at)
    if after:
        rows = rows.filter(at__gt=datetime.fromtimestamp(after, tz=flight.started_at.tzinfo))
    return from_points(rows.order_by("at").values_list("at", *POINT_FIELDS)[:_MOST_POINTS])


def stored(flight: Flight) -> Track:
    """What is kept of the track; without points when nothing is yet."""
    row = FlightTrack.objects.filter(flight_id=flight.pk).first()
    return decode(row.points) if row else Track()


def track(flight: Flight) -> Track:
    """All that is known: what is kept, and while it flies (or was just over) what came after that."""
    kept = stored(flight)
    if flight.distance is not None or flight.aircraft_id is None:
        return kept
    return join(kept, points(flight, after=kept.time[-1] if len(kept) else 0.0))


def _keep_so_far(flight: Flight, now: datetime) -> None:
    """Of a flight so long that its first points would be pruned: keep what is older than half of that time."""
    if flight.aircraft_id is None:
        return
    kept = stored(flight)
    half = timedelta(minutes=settings.TRACK_MINUTES) / 2
    begin = datetime.fromtimestamp(kept.time[-1], tz=now.tzinfo) if len(kept) else flight.started_at
    if now - begin < half:
        return
    whole = track(flight)
    FlightTrack.objects.update_or_create(flight=flight, defaults={"points": encode(_thinned(whole))})


def _thinned(whole: Track) -> Track:
    return thin(whole, keep=extremes(whole))


def finish(flight: Flight, _now: datetime | None = None) -> None:
    """Measure a flight that is over, keep its track thinned, and say whose it was."""
    whole = track(flight)
    thinned = _thinned(whole)
    numbers = measure(thinned)
    found = {
        "distance": round(numbers.distance, 1),
        "highest": _tidy(numbers.highest),
        "farthest": _tidy(numbers.farthest),
        "fastest": _tidy(numbers.fastest),
        "point_count": len(thinned),
    }
    for name, value in (("battery_start", numbers.battery_start), ("battery_end", numbers.battery_end)):
        if getattr(flight, name) is None and value is not None:
            found[name] = value
    if len(thinned):
        for name, place in (("start", 0), ("end", -1)):
            if getattr(flight, f"{name}_latitude") is None:
                found[f"{name}_latitude"], found[f"{name}_longitude"] = (
                    thinned.latitude[place],
                    thinned.longitude[place],
                )
    with transaction.atomic():
        # A flight that was opened again meanwhile is left alone; its end comes later.
        if not Flight.objects.filter(pk=flight.pk, ended_at=flight.ended_at).update(**found):
            return
        FlightTrack.objects.update_or_create(flight=flight, defaults={"points": encode(thinned)})
        _whose(flight)
        recording.announce(flight)


def _tidy(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _whose(flight: Flight) -> None:
    """What only shows afterwards: the mission whose progress came late, who steered it from here."""
    if flight.kind == Flight.Kind.WAYLINE or flight.gateway_id is None or flight.ended_at is None:
        return
    mission = _missions(flight, flight.ended_at).order_by("executed_at").first()
    if mission is not None:
        recording.attach(Q(pk=flight.pk), mission)
        return
    if flight.gateway is None or flight.gateway.domain != Domain.DOCK:
        return
    steered = (
        Command.objects.filter(
            device_id=flight.gateway_id,
            method__in=_STEERING,
            published_at__isnull=False,
            created_at__gte=flight.started_at - timedelta(minutes=2),
            created_at__lte=flight.ended_at,
        )
        .select_related("user")
        .order_by("created_at")
        .first()
    )
    if steered is not None:
        Flight.objects.filter(pk=flight.pk).update(
            kind=Flight.Kind.LIVE, user=steered.user, pilot_name=recording.person(steered.user) or steered.actor
        )


def _missions(flight: Flight, ended: datetime) -> QuerySet[Mission]:
    """Missions of the gateway that were under way during the flight."""
    return (
        Mission.objects.filter(Q(dock_id=flight.gateway_id) | Q(landing_dock_id=flight.gateway_id))
        .filter(executed_at__lte=ended, workspace_id=flight.workspace_id)
        .filter(Q(finished_at=None) | Q(finished_at__gt=flight.started_at))
        .exclude(progress=None, step=None)
        .select_related("user")
    )
