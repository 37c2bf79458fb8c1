"""The plug-in of the embedded amqtt broker: who may connect, and what each may publish and read.

The bridge's own account is known from the settings; everybody else is decided by
`devices.services.broker.decide`, which asks the database. What was allowed stays allowed for a second.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session
from django.conf import settings
from django.db import close_old_connections

from fleet.embedded.dynamic_security import BRIDGE_READS, BRIDGE_SENDS

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: For how long a yes is kept, in seconds, and how many of them. A no is never kept: what a new aircraft opens
#: is open at once.
LIFETIME = 1.0
KEPT = 20_000
#: The password that a session came with, as `decide.stamp_of` names it: a rotated one is refused everything.
STAMP = "fleet.stamp"


@lru_cache(maxsize=4096)
def covers(pattern: str, topic: str) -> bool:
    """Whether a topic (or a filter that is no wider) lies within an MQTT filter."""
    wanted, levels = pattern.split("/"), topic.split("/")
    for index, part in enumerate(wanted):
        if part == "#":
            return True
        if index >= len(levels) or levels[index] == "#" or (part != "+" and part != levels[index]):
            return False
    return len(wanted) == len(levels)


def bridge_may(action: str, topic: str) -> bool:
    """The bridge's rights, the same as under Mosquitto."""
    patterns = BRIDGE_SENDS if action == "publish" else BRIDGE_READS
    return any(covers(pattern, topic) for pattern in patterns)


class Decisions:
    """Asks the database in a thread and keeps a yes for a moment."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="decide")
        self._allowed: dict[tuple[Any, ...], float] = {}

    async def ask(self, function: Callable[..., bool], *arguments: str) -> bool:
        """What `function(*arguments)` says; a failure is a no."""
        key = (function, *arguments)
        now = time.monotonic()
        if self._allowed.get(key, 0.0) > now:
            return True
        try:
            answer = await self.call(function, *arguments)
        except Exception:
            logger.exception("cannot decide %s for %r; refused", function.__name__, arguments[0])
            return False
        if answer:
            if len(self._allowed) >= KEPT:
                self._allowed = {key: until for key, until in self._allowed.items() if until > now}
            self._allowed[key] = now + LIFETIME
        return answer

    async def call(self, function: Callable[..., Answer], *arguments: str) -> Answer:
        """`function(*arguments)` in a thread that may use the database."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._call, function, arguments)

    @staticmethod
    def _call(function: Callable[..., Answer], arguments: tuple[str, ...]) -> Answer:
        close_old_connections()
        try:
            return function(*arguments)
        finally:
            close_old_connections()

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


class Gatekeeper(BaseAuthPlugin, BaseTopicPlugin):
    """Both questions in one plug-in, for they share the kept answers."""

    @dataclass
    class Config:
        """Nothing to configure: the accounts are in the database."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        address = urlsplit(settings.MQTT_URL)
        self._bridge = (unquote(address.username or ""), unquote(address.password or ""))
        self._decisions = Decisions()

    async def authenticate(self, *, session: Session) -> bool | None:
        username, password = session.username or "", session.password or ""
        if not username or not password:
            return False
        if username == self._bridge[0]:
            return hmac.compare_digest(password.encode(), self._bridge[1].encode())
        from devices.services.broker import decide

        try:
            session.attributes[STAMP] = await self._decisions.call(decide.stamp_of, username)
            return await self._decisions.call(decide.authenticate, username, password, session.client_id or "")
        except Exception:
            logger.exception("cannot decide whether %s may connect; refused", username)
            return False

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        if session is None or not session.username or not topic or action is None:
            return False
        if session.username == self._bridge[0]:
            return bridge_may(action.value, topic)
        from devices.services.broker import decide

        return await self._decisions.ask(
            decide.may, session.username, action.value, topic, session.attributes.get(STAMP, "")
        )

    async def close(self) -> None:
        self._decisions.close()
