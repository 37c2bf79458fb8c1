"""From OSD and state messages to the latest state in the database, tracks, and frames for browsers.

`take` runs for every telemetry message on the network thread and only merges in memory. Once a second `flush` writes
what changed in one statement per 500 devices, notes who came online, adds track points and sends one frame for each
workspace.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection

from devices.models import Device, DeviceState, TrackPoint
from devices.models.device import Domain
from devices.services import presence, rejects
from devices.services.latest import Latest, LatestStates
from devices.services.summary import Summary, summarize
from fleet.mqtt.messages import Message, now_ms
from fleet.services import broadcast

logger = logging.getLogger(__name__)

states = LatestStates()
_CHUNK = 500
#: Seconds between two points of a track, while the device moves.
_TRACK_PERIOD = 2.0
_last_point: dict[int, tuple[float, float, float, float | None]] = {}
Listener = Callable[[list["Known"]], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Listener:
    """Be told after every flush which devices changed (`summary` is as written). One's failure is nobody else's."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def take(message: Message) -> None:
    """Merge one OSD message. Called on the network thread: no database, no waiting."""
    data = message.data
    if type(data) is not dict:
        rejects.note_message(message, "data", "OSD whose data is no object.")
        return
    states.merge(message.sn, data, message.timestamp or now_ms(), time.time())


def seen(*serials: str) -> None:
    """A sign of life without telemetry."""
    moment = time.time()
    for sn in serials:
        states.merge(sn, {}, 0, moment)


def store(message: Message) -> None:
    """Merge one state message and write it now, in the caller's transaction: the device is told that we have it."""
    states.merge(message.sn, message.fields, message.timestamp or now_ms(), time.time())
    for _attempt in range(5):
        known, _unknown = _known(states.pick([message.sn]))
        if not known or not _write(known):
            return
    logger.warning("the state of %s is contended; the next flush writes it", message.sn)


class Known:
    """A device's row, as little of it as a flush needs, with its state in memory."""

    __slots__ = ("domain", "id", "latest", "online", "sn", "summary", "workspace_id")

    def __init__(self, row: tuple[Any, ...], latest: Latest) -> None:
        self.id, self.sn, self.workspace_id, self.domain, self.online = row
        self.latest = latest
        self.summary: Summary = {}


def flush() -> int:
    """Write what changed since the last flush. Returns how many devices that were.

    When the database is away nothing is lost: what was not written stays marked and the next flush takes it.
    """
    dirty = states.take_dirty()
    if not dirty:
        return 0
    try:
        known, unknown = _known(dirty)
        if unknown:
            _refuse_unknown(unknown)
        left = _write(known)
        if left:
            states.put_back(device.sn for device in left)
        presence.came_online([device.id for device in known if not device.online])
        _track(known)
    except Exception:
        states.put_back(dirty)
        raise
    _announce(known)
    for listener in _listeners:
        try:
            listener(known)
        except Exception:
            logger.exception("%s failed on a flush of telemetry", listener.__qualname__)
    return len(known)


def _known(latest: Mapping[str, Latest]) -> tuple[list[Known], list[str]]:
    rows = (
        Device.objects.filter(sn__in=list(latest))
        .order_by("pk")
        .values_list("pk", "sn", "workspace_id", "domain", "online")
    )
    known = [Known(row, latest[row[1]]) for row in rows]
    found = {device.sn for device in known}
    return known, [sn for sn in latest if sn not in found]


def _refuse_unknown(serials: list[str]) -> None:
    """Nobody registered these: say so in the reject log, and keep no memory for them."""
    for sn in serials:
        rejects.note(f"thing/product/{sn}/osd", sn, "unregistered", "No device with this serial number is registered.")
    states.forget(serials)


def _write(devices: list[Known]) -> list[Known]:
    """Upsert the rows. Returns those that another process wrote meanwhile: they were read again and must be retried."""
    fresh = [device for device in devices if device.latest.version is None]
    if fresh:
        _read(fresh)
    left: list[Known] = []
    for start in range(0, len(devices), _CHUNK):
        rows = {device: row for device in devices[start : start + _CHUNK] if (row := _row(device))}
        written = _upsert(list(rows.values())) if rows else {}
        for device in rows:
            if device.id in written:
                device.latest.version = written[device.id]
            else:
                device.latest.version = None
                left.append(device)
    return left


def _read(devices: list[Known]) -> None:
    rows = {
        row.device_id: row
        for row in DeviceState.objects.filter(device_id__in=[device.id for device in devices]).iterator()
    }
    for device in devices:
        row = rows.get(device.id)
        if row is None:
            device.latest.version = 0
        else:
            device.latest.merge_under(row.properties, row.stamps)
            device.latest.version = row.version


def _row(device: Known) -> list[Any] | None:
    """What is to be written of a device. One that cannot be put into words is forgotten: its nonsense must not keep the
    others' state from being written."""
    latest = device.latest
    properties, stamps = states.snapshot(latest)
    try:
        device.summary = summarize(device.domain, properties)
        words = [orjson.dumps(part).decode() for part in (properties, stamps, device.summary)]
    except (TypeError, ValueError, OverflowError):
        logger.exception("the state of %s cannot be written and is forgotten", device.sn)
        states.forget([device.sn])
        return None
    seen_at = datetime.fromtimestamp(latest.seen_at, UTC)
    told_at = datetime.fromtimestamp(latest.told_at, UTC) if latest.told_at else None
    return [device.id, *words, (latest.version or 0) + 1, latest.reported_at, seen_at, told_at]


def _upsert(rows: list[list[Any]]) -> dict[int, int]:
    """One statement; a row whose version is not the one we knew is left alone. Returns the versions written, by id."""
    cast, moment = ("::jsonb", "::timestamptz") if connection.vendor == "postgresql" else ("", "")
    row = f"(%s, %s{cast}, %s{cast}, %s{cast}, %s, %s, %s, %s{moment})"
    sql = (
        "INSERT INTO devices_devicestate"  # noqa: S608 - placeholders only
        " (device_id, properties, stamps, summary, version, reported_at, seen_at, told_at) VALUES "
        + ", ".join([row] * len(rows))
        + " ON CONFLICT (device_id) DO UPDATE SET properties = excluded.properties, stamps = excluded.stamps,"
        " summary = excluded.summary, version = excluded.version, reported_at = excluded.reported_at,"
        " seen_at = excluded.seen_at, told_at = COALESCE(excluded.told_at, devices_devicestate.told_at)"
        " WHERE devices_devicestate.version = excluded.version - 1"
        " RETURNING device_id, version"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for values in rows for value in values])
        return dict(cursor.fetchall())


def _track(devices: Iterable[Known]) -> None:
    points = []
    for device in devices:
        summary = device.summary
        if device.domain == Domain.DOCK or "lat" not in summary:
            continue
        moment, latitude, longitude = device.latest.seen_at, summary["lat"], summary["lon"]
        place = (latitude, longitude, summary.get("elevation"))
        before = _last_point.get(device.id)
        if before and (moment - before[0] < _TRACK_PERIOD or before[1:] == place):
            continue
        _last_point[device.id] = (moment, *place)
        points.append(
            TrackPoint(
                device_id=device.id,
                at=datetime.fromtimestamp(moment, UTC),
                latitude=latitude,
                longitude=longitude,
                height=summary.get("height"),
                heading=summary.get("heading"),
                speed=summary.get("speed"),
                elevation=summary.get("elevation"),
                battery=summary.get("battery"),
            )
        )
    if points:
        TrackPoint.objects.bulk_create(points, batch_size=_CHUNK)


def _announce(devices: Iterable[Known]) -> None:
    frames: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for device in devices:
        frames[device.workspace_id].append(
            {"id": device.id, "sn": device.sn, "domain": device.domain, "online": True, "summary": device.summary}
        )
    for workspace_id, frame in frames.items():
        broadcast.telemetry(workspace_id, frame)
