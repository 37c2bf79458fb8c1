"""The reject log: what arrived and could not be used. Gathered in memory, written in batches, bounded both ways."""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import UTC, datetime

from django.conf import settings

from devices.models import Device, RejectedMessage
from fleet.mqtt.messages import Message, encode

_BUFFER = 1_000
_HEAD = 2_000
#: The same complaint about the same serial is written at most once in so many seconds.
_QUIET = 60.0

_pending: deque[RejectedMessage] = deque(maxlen=_BUFFER)
_recent: dict[tuple[str, str], float] = {}
_lock = threading.Lock()


def note(topic: str, sn: str, reason: str, detail: str = "", payload: bytes = b"") -> None:
    """Remember a reject. Never blocks; under a flood the same complaint about one serial is kept once a minute."""
    moment = time.time()
    with _lock:
        if moment - _recent.get((sn or topic, reason), 0) < _QUIET and len(_pending) >= _BUFFER // 10:
            return
        if len(_recent) > 10_000:
            _recent.clear()
        _recent[sn or topic, reason] = moment
        _pending.append(
            RejectedMessage(
                topic=topic[:300].replace("\x00", "\ufffd"),
                sn=sn[:64],
                reason=reason[:64],
                detail=detail[:500].replace("\x00", "\ufffd"),
                head=payload[:_HEAD].decode("utf-8", "replace").replace("\x00", "\ufffd"),
                size=len(payload),
                at=datetime.fromtimestamp(moment, UTC),
            )
        )


def note_message(message: Message, reason: str, detail: str) -> None:
    """Remember a reject of a message that was read."""
    note(message.topic, message.sn, reason, detail, encode(message.envelope))


def flush() -> int:
    """Write what was gathered. Returns how many rows."""
    with _lock:
        rows = list(_pending)
        _pending.clear()
    if not rows:
        return 0
    workspaces = dict(Device.objects.filter(sn__in={row.sn for row in rows}).values_list("sn", "workspace_id"))
    for row in rows:
        row.workspace_id = workspaces.get(row.sn)
    try:
        RejectedMessage.objects.bulk_create(rows)
    except Exception:
        with _lock:
            _pending.extendleft(reversed(rows))
        raise
    return len(rows)


def prune() -> int:
    """Keep the newest `FLEET_REJECT_LOG_LIMIT`. Returns how many went."""
    edge = RejectedMessage.objects.order_by("-pk").values_list("pk", flat=True)[settings.REJECT_LOG_LIMIT :].first()
    return RejectedMessage.objects.filter(pk__lte=edge).delete()[0] if edge else 0
