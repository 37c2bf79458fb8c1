"""What every live page of the console shares: the current state first, then what changes.

A socket joins its workspace's group before it reads the state, so that nothing falls between the two. What it may see
is checked when it opens and again every half minute; a person who lost their part in the workspace is cut off. A
socket that cannot go on closes, and its page connects anew: it never stays open and silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from fleet.middleware import SESSION_KEY
from fleet.models import Role, User, Workspace
from fleet.services import access, broadcast

logger = logging.getLogger(__name__)

Json = dict[str, Any]

#: Seconds between two looks at whether the person may still see this.
RECHECK = 30
#: Seconds between two signs of life; a page that hears nothing for longer than two of them connects anew.
PULSE = 10
#: A device's page is repainted at most this often, in seconds.
PERIOD = 1.0
#: The person has no part in this (any more); the page asks the server what to show instead.
FORBIDDEN = 4403
FAILED = 1011


class ConsoleConsumer(AsyncJsonWebsocketConsumer):
    """A socket of one person on one workspace. Subclasses say which workspace and what to send."""

    workspace_id: UUID | None = None
    period = PERIOD

    async def connect(self) -> None:
        self._tasks: list[asyncio.Task[bool]] = []
        self._wanted = asyncio.Event()
        self.workspace_id = await database_sync_to_async(self.allowed)()
        if self.workspace_id is None:
            await self.close(FORBIDDEN)
            return
        await self.channel_layer.group_add(broadcast.group(self.workspace_id), self.channel_name)
        await self.accept()
        if await self._going_on(self.send_state):
            self._tasks = [
                asyncio.create_task(self._going_on(work)) for work in (self._recheck, self._news, self._pulse)
            ]

    async def disconnect(self, code: int) -> None:
        for task in self._tasks:
            task.cancel()
        if self.workspace_id is not None:
            await self.channel_layer.group_discard(broadcast.group(self.workspace_id), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """A page only listens; what it says is dropped."""

    def allowed(self) -> UUID | None:
        """The workspace this socket may listen to, None when there is none."""
        raise NotImplementedError

    async def send_state(self) -> None:
        """Send everything, as it is now."""
        raise NotImplementedError

    async def send_news(self) -> None:
        """Send what came up since the last time."""
        raise NotImplementedError

    async def reconcile(self) -> None:
        """Send what a lost message would have told."""

    def request(self) -> HttpRequest:
        """The handshake as a request, with the session as it is now and not when the socket was opened."""
        request = HttpRequest()
        request.COOKIES = self.scope["cookies"]
        for name, value in self.scope["headers"]:
            if name == b"accept-language":
                request.META["HTTP_ACCEPT_LANGUAGE"] = value.decode("latin-1")
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(self.scope["session"].session_key)
        return request

    def viewer(self) -> User | None:
        """Whoever the session belongs to now."""
        user = get_user(self.request())
        return user if isinstance(user, User) else None

    def want_news(self) -> None:
        self._wanted.set()

    async def _news(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.send_news()
            await asyncio.sleep(self.period)

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE)
            await self.send_json({"kind": "pulse"})

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK)
            if await database_sync_to_async(self.allowed)() != self.workspace_id:
                await self._end(FORBIDDEN)
                return
            await self.reconcile()

    async def _going_on(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Run a part of the socket; when it fails the socket ends, for a page must not trust one that is half dead."""
        try:
            await work()
        except Exception:
            logger.exception("a live page's socket failed")
            await self._end(FAILED)
            return False
        return True

    async def _end(self, code: int) -> None:
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        await self.close(code)

    async def workspace_message(self, message: Json) -> None:
        """For Pilot; the console is told by `workspace_changed`."""

    async def workspace_telemetry(self, message: Json) -> None:
        """A coalesced frame."""

    async def workspace_changed(self, message: Json) -> None:
        """Something that the page may show has changed."""


class WorkspaceConsumer(ConsoleConsumer):
    """A live page of a whole workspace: `?workspace=` of its address, else the one the session has chosen."""

    def allowed(self) -> UUID | None:
        user = self.viewer()
        if user is None:
            return None
        asked = parse_qs(self.scope["query_string"].decode("latin-1")).get("workspace", [""])[0]
        wanted = asked or self.scope["session"].get(SESSION_KEY) or ""
        with contextlib.suppress(ValueError):
            found = Workspace.objects.filter(pk=UUID(wanted)).values_list("pk", flat=True).first()
            if found is not None and access.may(user, found, Role.VIEWER):
                return found
        return None
