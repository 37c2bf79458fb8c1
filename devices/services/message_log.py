"""The message log: everything but telemetry, both ways.

What a device says is written in the transaction that handles it, so that what was acknowledged can be read. What we
say is gathered in memory and written in batches.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from devices.models import Device, LoggedMessage
from fleet.mqtt.messages import Message
from fleet.services import broadcast

logger = logging.getLogger(__name__)

_BUFFER = 20_000
_pending: deque[tuple[str, str, Any, datetime]] = deque(maxlen=_BUFFER)
_lock = threading.Lock()


def store(message: Message) -> None:
    """Write one message of a registered device, in the caller's transaction.

    A healthy device says every two seconds that it has no alarms; that is left out.
    """
    if message.method == "hms" and not message.fields.get("list"):
        return
    device = Device.objects.only("pk", "workspace_id").filter(sn=message.sn).first()
    if device is None:
        return
    LoggedMessage.objects.create(
        workspace_id=device.workspace_id,
        device_id=device.pk,
        direction=LoggedMessage.Direction.UP,
        topic=message.topic[:200],
        method=message.method[:100],
        tid=message.tid[:64],
        bid=message.bid[:64],
        payload=message.envelope,
        at=datetime.now(UTC),
    )
    broadcast.changed(device.workspace_id, "message", id=device.pk)


def note(direction: str, topic: str, envelope: Any) -> None:
    """Remember one message of ours. Never blocks; when the database is away for long, the oldest go first."""
    if direction != LoggedMessage.Direction.DOWN or envelope.get("method") == "hms":
        return
    with _lock:
        _pending.append((direction, topic, envelope, datetime.now(UTC)))


def _serial(topic: str) -> str:
    parts = topic.split("/", 3)
    return parts[2] if len(parts) > 3 else ""


def flush() -> int:
    """Write what was gathered; messages of serials nobody registered are left out. Returns how many rows."""
    with _lock:
        taken = list(_pending)
        _pending.clear()
    if not taken:
        return 0
    try:
        serials = {_serial(topic) for _, topic, _, _ in taken}
        devices = {
            device.sn: device for device in Device.objects.filter(sn__in=serials).only("pk", "sn", "workspace_id")
        }
        rows = [
            LoggedMessage(
                workspace_id=device.workspace_id,
                device_id=device.pk,
                direction=direction,
                topic=topic[:200],
                method=str(envelope.get("method") or "")[:100],
                tid=str(envelope.get("tid") or "")[:64],
                bid=str(envelope.get("bid") or "")[:64],
                payload=envelope,
                at=at,
            )
            for direction, topic, envelope, at in taken
            if (device := devices.get(_serial(topic))) is not None
        ]
        LoggedMessage.objects.bulk_create(rows, batch_size=500)
    except Exception:
        with _lock:
            _pending.extendleft(reversed(taken))
        raise
    for device in {row.device_id: devices[_serial(row.topic)] for row in rows}.values():
        broadcast.changed(device.workspace_id, "message", id=device.pk)
    return len(rows)


def prune() -> int:
    """Drop what is older than `FLEET_MESSAGE_LOG_DAYS`, and beyond `FLEET_MESSAGE_LOG_PER_DEVICE` of each device."""
    gone, _ = LoggedMessage.objects.filter(at__lt=timezone.now() - timedelta(days=settings.MESSAGE_LOG_DAYS)).delete()
    limit = settings.MESSAGE_LOG_PER_DEVICE
    crowded = LoggedMessage.objects.order_by().values("device").annotate(n=Count("pk")).filter(n__gt=limit)
    for device_id in crowded.values_list("device", flat=True):
        mine = LoggedMessage.objects.filter(device_id=device_id).order_by("-pk")
        edge = mine.values_list("pk", flat=True)[limit:].first()
        if edge is not None:
            gone += LoggedMessage.objects.filter(device_id=device_id, pk__lte=edge).delete()[0]
    return gone
