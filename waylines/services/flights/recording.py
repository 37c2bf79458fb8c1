"""From a mode to a flight: opens a row when an aircraft is in the air and closes it when it has landed.

Runs on the bridge after every flush of telemetry. The row is the truth (an aircraft has at most one open flight); what
is remembered here only saves queries: while nothing changes there is one query in `REFRESH` seconds, however many
aircraft fly. So several bridges may share the work, and one that starts goes on with the rows it finds.

An aircraft that is first heard of in the air has a flight from then on. One that comes back flying after its contact
was lost goes on with the same flight: while the row is open in any case, and up to `COMES_BACK` after it was last heard
if its battery was not exchanged meanwhile (page "Device properties", `mode_code`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from devices.models import Device
from devices.models.device import Domain
from devices.services.telemetry import Known
from fleet.services import broadcast
from waylines.models import Flight, Mission
from waylines.models.mission import ACTIVE

#: `mode_code` of an aircraft: 14 is "not connected", which says nothing of where it is.
IN_THE_AIR = frozenset({*range(3, 13), *range(15, 22)})
ON_THE_GROUND = frozenset({0, 1, 2, 13})
#: Virtual stick and live flight control: somebody steers it through the server.
LIVE_CONTROL = frozenset({16, 17})

#: Seconds on the ground before a flight counts as over, and between two signs that still count as one stay.
LANDED_AFTER = 5.0
GROUND_GAP = 15.0
#: Seconds after which what is remembered of a row is looked at again.
REFRESH = 10.0
COMES_BACK = timedelta(minutes=30)
#: Percent that a battery may seem to gain in the air.
_WOBBLE = 2
#: A mode that was said so long (ms) before the newest of a state is no news.
_FRESH = 15_000


class _Watch:
    """What this process believes of one aircraft."""

    __slots__ = ("flight", "ground_heard", "ground_since", "kind", "read_at", "reported_at")

    def __init__(self) -> None:
        self.flight: UUID | None = None
        self.kind = ""
        self.ground_since: float | None = None
        self.ground_heard = 0.0
        self.read_at: float | None = None
        self.reported_at: int | None = None


class _Heard(NamedTuple):
    device: Known
    watch: _Watch
    moment: float
    flies: bool


_watched: dict[int, _Watch] = {}


def forget() -> None:
    """Remember nothing, as after a restart."""
    _watched.clear()


def airborne(summary: dict[str, Any]) -> bool | None:
    """Whether an aircraft is in the air by what it says; None when that tells neither.

    A mode that no page explains counts as flying only where height and speed say so too.
    """
    mode = summary.get("mode")
    if mode in IN_THE_AIR:
        return True
    if mode in ON_THE_GROUND:
        return False
    if mode is None or mode == 14:
        return None
    return True if summary.get("elevation", 0) > 2 and summary.get("speed", 0) > 1 else None


def take(devices: list[Known]) -> None:
    """Look at the aircraft that said something; see `devices.services.telemetry.listen`."""
    heard = [found for device in devices if device.domain == Domain.AIRCRAFT and (found := _hear(device))]
    if not heard:
        return
    if any(entry.watch.read_at is None or entry.moment - entry.watch.read_at > REFRESH for entry in heard):
        _refresh(heard)
    if starting := [entry for entry in heard if entry.flies and entry.watch.flight is None]:
        _open(starting)
    for entry in heard:
        if entry.flies:
            entry.watch.ground_since = None
            _live(entry)
        elif entry.watch.flight is not None:
            _on_the_ground(entry)


def _hear(device: Known) -> _Heard | None:
    watch = _watched.setdefault(device.id, _Watch())
    latest = device.latest
    if latest.reported_at == watch.reported_at:
        return None  # a sign of life; it said nothing of how it is
    watch.reported_at = latest.reported_at
    if abs(latest.reported_at - latest.stamps.get("mode_code", 0)) > _FRESH:
        return None
    flies = airborne(device.summary)
    return None if flies is None else _Heard(device, watch, latest.seen_at, flies)


def _read(heard: Sequence[_Heard]) -> None:
    rows = Flight.objects.filter(aircraft_id__in=[entry.device.id for entry in heard], ended_at=None)
    found = {row[0]: row[1:] for row in rows.values_list("aircraft_id", "pk", "kind")}
    for device, watch, moment, _flies in heard:
        watch.flight, watch.kind = found.get(device.id, (None, ""))
        watch.read_at = moment


def _refresh(heard: Sequence[_Heard]) -> None:
    """Look at the rows again, and whether a mission has begun whose aircraft was already up."""
    _read(heard)
    flying = {
        entry.device.id: entry.watch
        for entry in heard
        if entry.flies and entry.watch.flight and entry.watch.kind != Flight.Kind.WAYLINE
    }
    if not flying:
        return
    gateways = dict(Device.objects.filter(pk__in=flying, gateway__isnull=False).values_list("pk", "gateway_id"))
    missions = _missions(gateways.values())
    for device_id, gateway_id in gateways.items():
        if gateway_id is not None and (mission := missions.get(gateway_id)):
            attach(Q(pk=flying[device_id].flight), mission)
            flying[device_id].kind = Flight.Kind.WAYLINE


def attach(which: Q, mission: Mission) -> None:
    """Say of a flight that it was this mission."""
    Flight.objects.filter(which, workspace_id=mission.workspace_id).update(
        kind=Flight.Kind.WAYLINE, mission=mission, user=mission.user, pilot_name=person(mission.user)
    )


def person(user: Any) -> str:
    """How a person is called in a record that outlives the account."""
    return str(user)[:150] if user else ""


def _missions(gateway_ids: Any) -> dict[int, Mission]:
    """The mission that each gateway is at, if any."""
    ids = set(gateway_ids)
    rows = Mission.objects.filter(Q(dock_id__in=ids) | Q(landing_dock_id__in=ids), status__in=ACTIVE)
    found: dict[int, Mission] = {}
    for mission in rows.select_related("user").defer("extra", "notes", "gate", "break_point"):
        if mission.landing_dock_id:
            found.setdefault(mission.landing_dock_id, mission)
        found[mission.dock_id] = mission
    return found


def _live(entry: _Heard) -> None:
    flight = entry.watch.flight
    if (
        flight is not None
        and entry.watch.kind == Flight.Kind.MANUAL
        and entry.device.summary.get("mode") in LIVE_CONTROL
    ):
        Flight.objects.filter(pk=flight, kind=Flight.Kind.MANUAL).update(kind=Flight.Kind.LIVE)
        entry.watch.kind = Flight.Kind.LIVE


def _open(starting: Sequence[_Heard]) -> None:
    ids = [entry.device.id for entry in starting]
    aircraft = {
        row.pk: row for row in Device.objects.filter(pk__in=ids).select_related("model", "gateway__user", "workspace")
    }
    missions = _missions(row.gateway_id for row in aircraft.values() if row.gateway_id)
    lost = _lost(ids, min(entry.moment for entry in starting))
    fresh: list[Flight] = []
    for entry in starting:
        device = aircraft.get(entry.device.id)
        before = lost.get(entry.device.id)
        if device is None or (before is not None and _goes_on(before, entry)):
            continue
        fresh.append(_row(entry, device, missions.get(device.gateway_id) if device.gateway_id else None))
    Flight.objects.bulk_create(fresh, ignore_conflicts=True)  # another bridge may have been first
    _read(starting)
    known = {entry.watch.flight for entry in starting}
    for flight in fresh:
        if flight.pk in known:
            announce(flight)


def _row(entry: _Heard, aircraft: Device, mission: Mission | None) -> Flight:
    summary, gateway = entry.device.summary, aircraft.gateway
    if mission is not None:
        kind, user = Flight.Kind.WAYLINE, mission.user
    else:
        live = summary.get("mode") in LIVE_CONTROL
        kind = Flight.Kind.LIVE if live else Flight.Kind.MANUAL
        user = gateway.user if gateway is not None and gateway.domain == Domain.REMOTE else None
    return Flight(
        workspace_id=aircraft.workspace_id,
        aircraft=aircraft,
        gateway=gateway,
        aircraft_sn=aircraft.sn,
        aircraft_name=str(aircraft)[:150],
        model_name=aircraft.model_name[:100],
        gateway_name=str(gateway)[:150] if gateway else "",
        kind=kind,
        mission=mission,
        user=user,
        pilot_name=person(user),
        started_at=_time(entry.moment),
        start_latitude=summary.get("lat"),
        start_longitude=summary.get("lon"),
        battery_start=summary.get("battery"),
    )


def _lost(ids: Sequence[int], moment: float) -> dict[int, Flight]:
    """Each aircraft's last flight, where its contact was lost not long ago."""
    since = _time(moment) - COMES_BACK
    rows = Flight.objects.filter(aircraft_id__in=ids, ended_at__gte=since).order_by("started_at")
    last = {row.aircraft_id: row for row in rows if row.aircraft_id is not None}
    return {pk: row for pk, row in last.items() if row.end_reason == Flight.End.SILENT}


def _goes_on(flight: Flight, entry: _Heard) -> bool:
    """Open a lost flight again, unless the aircraft has more in its battery than it had: then it was down."""
    battery = entry.device.summary.get("battery")
    if battery is not None and flight.battery_end is not None and battery > flight.battery_end + _WOBBLE:
        return False
    try:
        with transaction.atomic():
            opened = Flight.objects.filter(pk=flight.pk, end_reason=Flight.End.SILENT).update(
                ended_at=None, end_reason="", distance=None
            )
    except IntegrityError:  # another bridge has opened one
        return True
    if opened:
        announce(flight)
    return bool(opened)


def _on_the_ground(entry: _Heard) -> None:
    device, watch, moment, _flies = entry
    if watch.ground_since is None or moment - watch.ground_heard > GROUND_GAP:
        watch.ground_since = moment
    watch.ground_heard = moment
    if watch.flight is None or moment - watch.ground_since < LANDED_AFTER:
        return
    close(
        Flight.objects.filter(pk=watch.flight, started_at__lte=_time(watch.ground_since)),
        _time(watch.ground_since),
        Flight.End.LANDED,
        device.summary,
    )
    watch.flight, watch.ground_since, watch.read_at = None, None, None


def close(rows: Any, moment: datetime, reason: Flight.End, summary: dict[str, Any]) -> bool:
    """End one open flight; `summary` is the aircraft's last. Of two processes that notice at once, one ends it.

    The track and the figures follow on the worker (`waylines.services.flights.closing`).
    """
    flight = rows.filter(ended_at=None).first()
    if flight is None:
        return False
    ended = Flight.objects.filter(pk=flight.pk, ended_at=None).update(
        ended_at=moment,
        end_reason=reason,
        distance=None,
        battery_end=summary.get("battery"),
        end_latitude=summary.get("lat"),
        end_longitude=summary.get("lon"),
    )
    if ended:
        announce(flight)
    return bool(ended)


def announce(flight: Flight) -> None:
    """Tell the live pages."""
    broadcast.changed(flight.workspace_id, "flight", id=str(flight.pk), device=flight.aircraft_id)


def _time(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
