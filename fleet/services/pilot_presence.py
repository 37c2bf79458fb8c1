"""What a remote's page and its socket last told of themselves: for the connection doctor, kept in the cache.

None of it decides anything, so a cache that is away costs the knowledge and nothing else.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

from fleet.models import AccessToken

logger = logging.getLogger(__name__)

#: Seconds without a sign of life after which a socket counts as gone: its process may have died without a word.
SILENCE = 100.0
_DAY = 86_400
_PREFIX = "pilot"


@dataclass(frozen=True, slots=True)
class Socket:
    """The last socket of a remote or a person; moments are seconds since 1970."""

    channel: str
    opened_at: float
    seen_at: float
    closed_at: float | None = None
    code: int | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and time.time() - self.seen_at < SILENCE


@dataclass(frozen=True, slots=True)
class Report:
    """What the page said of itself: its modules as {name: {"state", "reason"}}, and Pilot's version."""

    at: float
    user: str
    modules: dict[str, dict[str, str]] = field(default_factory=dict)
    version: str = ""


def use(token: AccessToken, sn: str) -> None:
    """The page on the remote `sn` works with this token: its socket will come with it."""
    left = (token.expires_at - timezone.now()).total_seconds()
    _set(f"token:{token.pk}", sn, max(60, int(left)))


def opened(token: AccessToken, channel: str) -> None:
    now = time.time()
    _store(token, Socket(channel, now, now))


def lives(token: AccessToken, channel: str) -> None:
    """A sign of life; also puts right what a second socket of the same remote left behind."""
    for key in _keys(token):
        present = _socket(_get(key))
        if present is not None and present.channel == channel and present.closed_at is None:
            _set(key, asdict(present) | {"seen_at": time.time()}, _DAY)
        elif present is None or not present.is_open:
            now = time.time()
            _set(key, asdict(Socket(channel, now, now)), _DAY)


def closed(token: AccessToken, channel: str, code: int) -> None:
    """Only the socket that is known as the present one ends it: a reconnect may have come first."""
    for key in _keys(token):
        present = _socket(_get(key))
        if present is not None and present.channel == channel:
            _set(key, asdict(present) | {"closed_at": time.time(), "code": code}, _DAY)


def socket_of(workspace_id: UUID, sn: str, user_id: int | None) -> Socket | None:
    """The last socket of the remote; where its page never named it, that of the person who works with it."""
    found = _socket(_get(f"socket:{workspace_id}:sn:{sn}"))
    if found is None and user_id is not None:
        found = _socket(_get(f"socket:{workspace_id}:user:{user_id}"))
    return found


def note_report(token: AccessToken, sn: str, modules: dict[str, dict[str, str]], version: str) -> None:
    report = Report(time.time(), token.user.get_username(), modules, version)
    _set(f"report:{token.workspace_id}:{sn}", asdict(report), 30 * _DAY)


def report_of(workspace_id: UUID, sn: str) -> Report | None:
    found = _get(f"report:{workspace_id}:{sn}")
    return Report(**found) if isinstance(found, dict) else None


def _store(token: AccessToken, socket: Socket) -> None:
    for key in _keys(token):
        _set(key, asdict(socket), _DAY)


def _keys(token: AccessToken) -> list[str]:
    keys = [f"socket:{token.workspace_id}:user:{token.user_id}"]
    if sn := _get(f"token:{token.pk}"):
        keys.append(f"socket:{token.workspace_id}:sn:{sn}")
    return keys


def _socket(kept: Any) -> Socket | None:
    return Socket(**kept) if isinstance(kept, dict) else None


def _get(key: str) -> Any:
    try:
        return cache.get(f"{_PREFIX}:{key}")
    except Exception as error:
        logger.warning("the cache does not answer: %s", error)
        return None


def _set(key: str, value: Any, seconds: int) -> None:
    try:
        cache.set(f"{_PREFIX}:{key}", value, seconds)
    except Exception as error:
        logger.warning("the cache does not answer: %s", error)
