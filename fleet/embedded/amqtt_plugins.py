"""The plug-in of the embedded amqtt broker: who may connect, and what each may publish and read.

The bridge's own account is known from the settings; everybody else is decided by
`devices.services.broker.decide`, which asks the database. Answers are kept for two seconds.
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
from typing import Any
from urllib.parse import unquote, urlsplit

from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session
from django.conf import settings
from django.db import close_old_connections

from fleet.embedded.dynamic_security import BRIDGE_READS, BRIDGE_SENDS

logger = logging.getLogger(__name__)

#: For how long an answer is kept, in seconds, and how many answers.
LIFETIME = 2.0
KEPT = 20_000


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
    """Asks the database in a thread and keeps the answers for a moment."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="decide")
        self._answers: dict[tuple[Any, ...], tuple[float, bool]] = {}

    async def ask(self, function: Callable[..., bool], *arguments: str) -> bool:
        """What `function(*arguments)` says; a failure is a no, and is not kept."""
        key = (function, *arguments)
        now = time.monotonic()
        if (kept := self._answers.get(key)) and kept[0] > now:
            return kept[1]
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                self._executor, self._call, function, arguments
            )
        except Exception:
            logger.exception("cannot decide %s for %r; refused", function.__name__, arguments[0])
            return False
        if len(self._answers) >= KEPT:
            self._answers = {key: kept for key, kept in self._answers.items() if kept[0] > now}
            if len(self._answers) >= KEPT:
                self._answers.clear()
        self._answers[key] = (now + LIFETIME, answer)
        return answer

    @staticmethod
    def _call(function: Callable[..., bool], arguments: tuple[str, ...]) -> bool:
        close_old_connections()
        try:
            return bool(function(*arguments))
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

        return await self._decisions.ask(decide.authenticate, username, password, session.client_id or "")

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        if session is None or not session.username or not topic or action is None:
            return False
        if session.username == self._bridge[0]:
            return bridge_may(action.value, topic)
        from devices.services.broker import decide

        return await self._decisions.ask(decide.may, session.username, action.value, topic)

    async def close(self) -> None:
        self._decisions.close()
