"""Waiting for things to become true, and for tasks to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any


class Signal:
    """Wakes those who wait for a condition on a device, without polling; after them those of `parent`."""

    def __init__(self, parent: Signal | None = None) -> None:
        self._parent = parent
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Something changed: let the conditions be looked at again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._parent is not None:
            self._parent.notify()

    async def until(self, condition: Callable[[], object], timeout: float | None = 10.0) -> None:  # noqa: ASYNC109
        """Return once `condition()` is true; TimeoutError after `timeout` seconds (None: wait for ever)."""
        async with asyncio.timeout(timeout):
            while not condition():
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiters.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiters.discard(waiter)


async def end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and return when all have ended, however they end.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, which the MQTT client uses, loses a
    cancellation that comes together with the result.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.2)
