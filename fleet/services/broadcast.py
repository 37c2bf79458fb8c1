"""News for browsers and Pilot, through the channel layer.

Services run on threads without an event loop; a loop of our own on one thread keeps one connection to Redis open.
Sending never blocks and never fails its caller: a page that misses a frame gets the next one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.db import transaction

from fleet.mqtt.messages import now_ms

logger = logging.getLogger(__name__)

#: The web server closes a socket that is sent more than 1 MiB at once; this many devices stay well below.
FRAME_DEVICES = 1_000

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_loop_pid = 0


def group(workspace_id: UUID | str) -> str:
    """The channel-layer group of a workspace: whoever joined it gets its news and nobody else's."""
    return f"workspace.{workspace_id}"


def to_workspace(workspace_id: UUID | str, biz_code: str, data: Any) -> None:
    """A push that Pilot understands (`device_online`, `device_update_topo`, …), after the transaction."""
    _after_commit(
        workspace_id, {"type": "workspace.message", "biz_code": biz_code, "data": data, "timestamp": now_ms()}
    )


def telemetry(workspace_id: UUID | str, devices: list[dict[str, Any]]) -> None:
    """A coalesced frame, in parts where it is large: the devices whose state changed since the last one."""
    for start in range(0, len(devices), FRAME_DEVICES):
        part = devices[start : start + FRAME_DEVICES]
        _send(workspace_id, {"type": "workspace.telemetry", "devices": part, "timestamp": now_ms()})


def changed(workspace_id: UUID | str, kind: str, **ids: Any) -> None:
    """Tell the console's pages that something they may show has changed, after the transaction."""
    _after_commit(workspace_id, {"type": "workspace.changed", "kind": kind, **ids})


def _after_commit(workspace_id: UUID | str, message: dict[str, Any]) -> None:
    transaction.on_commit(lambda: _send(workspace_id, message))


def _send(workspace_id: UUID | str, message: dict[str, Any]) -> None:
    _submit(_deliver(group(workspace_id), message))


async def _deliver(name: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await asyncio.wait_for(layer.group_send(name, message), timeout=5)
    except Exception as error:
        logger.warning("news for %s was not delivered: %s", name, error)


def _submit(work: Coroutine[Any, Any, None]) -> None:
    global _loop, _loop_pid
    with _lock:
        if _loop is None or _loop_pid != os.getpid():
            _loop, _loop_pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="broadcast", daemon=True).start()
    asyncio.run_coroutine_threadsafe(work, _loop)
