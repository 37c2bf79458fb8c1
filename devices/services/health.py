"""Health messages (HMS): which alarms a device has now, and had (page "HMS").

A device repeats its whole list every two seconds, mostly empty. What it said last is remembered for half a minute, so
that an unchanged list costs nothing; after that the database is asked again, for another bridge may have heard it
meanwhile.
"""

from __future__ import annotations

import json
import time
from typing import Any

from django.utils import timezone

from devices.models import Alarm, Device
from devices.services.summary import number
from fleet.mqtt.messages import Json, Message
from fleet.services import broadcast

_REMEMBER = 30.0
_said: dict[str, tuple[float, str]] = {}


def report(message: Message) -> None:
    """Take a device's list: open what is new, close what is gone. Entries without a code are passed over."""
    listed = message.fields.get("list")
    entries = {_code(entry): entry for entry in listed if _code(entry)} if isinstance(listed, list) else {}
    signature = json.dumps(sorted(entries))
    before = _said.get(message.sn)
    if before is not None and before[1] == signature and time.monotonic() - before[0] < _REMEMBER:
        return
    device = Device.objects.filter(sn=message.sn).first()
    if device is None:
        return
    _store(device, entries)
    _said[message.sn] = (time.monotonic(), signature)


def forget() -> None:
    """Ask the database anew for every device."""
    _said.clear()


def _code(entry: Any) -> str:
    return str(entry.get("code") or "")[:64] if isinstance(entry, dict) else ""


def _store(device: Device, entries: dict[str, Json]) -> None:
    now = timezone.now()
    open_alarms = Alarm.objects.filter(device=device, ended_at=None)
    gone = open_alarms.exclude(code__in=list(entries)).update(ended_at=now)
    known = set(open_alarms.values_list("code", flat=True))
    open_alarms.filter(code__in=list(entries)).update(seen_at=now)
    fresh = [_alarm(device, code, entry, now) for code, entry in entries.items() if code not in known]
    Alarm.objects.bulk_create(fresh, ignore_conflicts=True)
    if gone or fresh:
        broadcast.changed(device.workspace_id, "device", id=device.pk)


def _alarm(device: Device, code: str, entry: Json, now: Any) -> Alarm:
    level, module = number(entry.get("level")), number(entry.get("module"))
    return Alarm(
        workspace_id=device.workspace_id,
        device=device,
        code=code,
        level=int(level) if level is not None and abs(level) < 2**15 else Alarm.Level.NOTICE,
        module=int(module) if module is not None and abs(module) < 2**31 else None,
        in_the_sky=bool(number(entry.get("in_the_sky"))),
        imminent=bool(number(entry.get("imminent"))),
        detail=entry,
        started_at=now,
        seen_at=now,
    )
