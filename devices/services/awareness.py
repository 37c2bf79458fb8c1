"""Has anything changed of what remotes are shown of each other? (protocol page “situation awareness”)

A remote reads the topology anew when it is told `device_update_topo`. Names, icons, persons and models change at many
places, so what is shown is compared as a whole: whoever changed it, and however, no remote keeps an old picture.
"""

from __future__ import annotations

import hashlib
import threading
import time
from uuid import UUID

from devices.models import Device
from fleet.models import ModelIcon

#: Of a device.
_SHOWN = (
    "sn", "domain", "callsign", "model_id", "model__name", "gateway__sn", "index", "icon_normal", "icon_selected",
    "user_id", "user__username", "user__first_name", "user__last_name", "bound_at",
)  # fmt: skip
_known: dict[UUID, tuple[float, str]] = {}
_locks: dict[UUID, threading.Lock] = {}


def fingerprint(workspace_id: UUID, since: float) -> str:
    """Names what remotes are shown of a workspace's devices; who is online is left out, for that is told on its own.

    An answer found at or after `since` (`time.monotonic()`) is shared: some hundred sockets hear of one change, and
    one of them asks the database.
    """
    with _locks.setdefault(workspace_id, threading.Lock()):
        known = _known.get(workspace_id)
        if known is not None and known[0] >= since:
            return known[1]
        begun = time.monotonic()
        found = _read(workspace_id)
        _known[workspace_id] = (begun, found)
        return found


def _read(workspace_id: UUID) -> str:
    devices = Device.objects.filter(workspace_id=workspace_id).order_by("pk").values_list(*_SHOWN)
    icons = (
        ModelIcon.objects.filter(workspace_id=workspace_id)
        .order_by("pk")
        .values_list("model_key", "normal_id", "normal_url", "selected_id", "selected_url")
    )
    digest = hashlib.sha256()
    for row in (*devices.iterator(), *icons):
        digest.update(repr(row).encode())
    return digest.hexdigest()
