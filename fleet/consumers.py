"""The socket of Pilot 2: who came, who left, and where everybody is (`/api/v1/ws`).

Frames are `{"biz_code", "version", "timestamp", "data"}`, server to client only. The token comes as
`x-auth-token`, in the address or as a header; without a valid one the handshake is refused with 403. Daphne's
own pings keep an idle connection open through proxies and end one whose other side is gone or reads too
slowly. Positions go out at a fixed rate (`FLEET_POSITION_PUSH_MS`), and whatever changes of what remotes are shown
of each other becomes one `device_update_topo` (protocol page “situation awareness”).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.urls import re_path

from devices.models import DeviceState
from devices.services import awareness
from fleet.models import AccessToken
from fleet.mqtt.messages import now_ms
from fleet.services import access, broadcast, pilot_presence, tokens

logger = logging.getLogger(__name__)

#: The token is over, withdrawn, or its owner left the workspace.
CLOSE_LOGIN_AGAIN = 4401
#: The other side does not keep up; it may come back and read the topology anew.
CLOSE_TOO_SLOW = 1013
#: What came in is larger than anything Pilot has to say.
CLOSE_TOO_BIG = 1009

_HOST_FIELDS = {
    "height": "height",
    "elevation": "elevation",
    "horizontal_speed": "speed",
    "vertical_speed": "climb",
}

#: Told one of these, Pilot reads the topology anew.
TOPOLOGY_CODES = frozenset({"device_online", "device_offline", "device_update_topo"})

Frame = dict[str, Any]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def position(sn: str, summary: dict[str, Any]) -> Frame | None:
    """The data of a `device_osd` push, None for a device without a place. What else is unknown is 0."""
    latitude, longitude = _number(summary.get("lat")), _number(summary.get("lon"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    host = {"latitude": latitude, "longitude": longitude}
    for field, key in _HOST_FIELDS.items():
        host[field] = _number(summary.get(key)) or 0.0
    # The summary counts 0 to 360; a heading on the wire goes from -180 to 180.
    host["attitude_head"] = ((_number(summary.get("heading")) or 0.0) + 180) % 360 - 180
    return {"sn": sn, "host": host}


def token_of(key: str) -> AccessToken | None:
    """The token, None when it opens no workspace (any more)."""
    token = tokens.find(key)
    if token is None or access.role_of(token.user, token.workspace_id) is None:
        return None
    return token


def positions_of(workspace_id: UUID) -> list[Frame]:
    """Where everybody who is online is now."""
    states = DeviceState.objects.filter(device__workspace_id=workspace_id, device__online=True)
    found = (position(sn, summary) for sn, summary in states.values_list("device__sn", "summary"))
    return [data for data in found if data is not None]


class PilotConsumer(AsyncWebsocketConsumer):
    """One remote that listens to its workspace.

    News is put aside at once and sent by tasks of their own, so that the channel layer's queue never fills up
    behind a slow socket: of each device only the newest position waits, and a connection that lets
    `backlog_limit` other frames pile up is closed.
    """

    recheck_every = 30.0
    #: Seconds in which changes gather before the topology is compared.
    topology_period = 0.5
    backlog_limit = 500
    incoming_limit = 4096

    async def connect(self) -> None:
        self._messages: deque[tuple[float, Frame]] = deque()
        self._positions: dict[str, tuple[int, Frame]] = {}
        self._wake, self._moved, self._changed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._changed_at = 0.0
        self._fingerprint = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._group = ""
        self._key = self._read_key()
        token = await database_sync_to_async(token_of)(self._key)
        if token is None:
            await self.close(CLOSE_LOGIN_AGAIN)
            return
        self._token, self._workspace_id = token, token.workspace_id
        self._group = broadcast.group(self._workspace_id)
        await self.channel_layer.group_add(self._group, self.channel_name)
        await self._differs(time.monotonic())  # before Pilot may read the topology
        await self.accept()
        await self._note(pilot_presence.opened, self.channel_name)
        now = now_ms()
        for data in await database_sync_to_async(positions_of)(self._workspace_id):
            self._positions[data["sn"]] = (now, data)
        self._moved.set()
        work = (self._send_news, self._push_positions, self._watch_topology, self._watch_token)
        self._tasks = [asyncio.create_task(task()) for task in work]

    async def disconnect(self, code: int) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._group:
            await self.channel_layer.group_discard(self._group, self.channel_name)
            await self._note(pilot_presence.closed, self.channel_name, code)

    async def dispatch(self, message: Frame) -> None:
        """News of a sort that Pilot does not know passes by.

        Channels looks after old database connections before each message, which is a turn on a thread that all sockets
        share. No handler of news asks the database, so news goes to its handler directly.
        """
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            return
        if message["type"].startswith("workspace."):
            await handler(message)
        else:
            await super().dispatch(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pilot has nothing to say here; what comes (a `ping` for instance) is dropped."""
        if len(text_data or bytes_data or "") > self.incoming_limit:
            await self.close(CLOSE_TOO_BIG)

    async def workspace_message(self, event: Frame) -> None:
        await self._say(event["biz_code"], event.get("timestamp"), event.get("data"))

    async def workspace_changed(self, event: Frame) -> None:
        """News for the console; some of it is about what remotes see, too."""
        if event.get("kind") in ("device", "topology"):
            self._look_again()

    async def workspace_telemetry(self, event: Frame) -> None:
        stamp = event.get("timestamp") or now_ms()
        for device in event.get("devices", ()):
            data = position(device.get("sn", ""), device.get("summary") or {})
            if data is not None:
                self._positions[data["sn"]] = (stamp, data)
        self._moved.set()

    async def _say(self, biz_code: str, stamp: int | None, data: Any) -> None:
        if self._closing:
            return
        if len(self._messages) >= self.backlog_limit:
            self._closing = True
            logger.warning("a Pilot socket of workspace %s is closed: it does not keep up", self._workspace_id)
            await self.close(CLOSE_TOO_SLOW)
            return
        self._messages.append((time.monotonic(), self._frame(biz_code, stamp, data)))
        self._wake.set()

    async def _send_news(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._messages:
                heard, frame = self._messages.popleft()
                if frame["biz_code"] in TOPOLOGY_CODES:
                    # Pilot reads everything after this frame, so what has changed until now needs no second one.
                    await self._differs(heard)
                await self.send(text_data=json.dumps(frame))

    async def _push_positions(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            for sn in list(self._positions):
                stamp, data = self._positions.pop(sn)
                await self.send(text_data=json.dumps(self._frame("device_osd", stamp, data)))
            await asyncio.sleep(settings.POSITION_PUSH_MS / 1000)

    async def _watch_topology(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(self.topology_period)
            self._changed.clear()
            if await self._differs(self._changed_at):
                await self._say("device_update_topo", None, {})

    async def _watch_token(self) -> None:
        while True:
            await asyncio.sleep(self.recheck_every)
            try:
                token = await database_sync_to_async(token_of)(self._key)
            except Exception as error:
                # A database that is away for a moment is no reason to throw anybody out.
                logger.warning("the token of a Pilot socket could not be checked: %s", error)
                continue
            if token is None or token.workspace_id != self._workspace_id:
                with contextlib.suppress(Exception):
                    await self.close(CLOSE_LOGIN_AGAIN)
                return
            await self._note(pilot_presence.lives, self.channel_name)
            self._look_again()  # what no news told of is noticed here

    def _look_again(self) -> None:
        self._changed_at = time.monotonic()
        self._changed.set()

    async def _differs(self, since: float) -> bool:
        """Whether remotes are shown something else than at the last look; that is then the last look."""
        try:
            found: str = await database_sync_to_async(awareness.fingerprint)(self._workspace_id, since)
        except Exception as error:
            logger.warning("the topology of workspace %s could not be compared: %s", self._workspace_id, error)
            return False
        before, self._fingerprint = self._fingerprint, found
        return before != found

    async def _note(self, tell: Any, *what: Any) -> None:
        await database_sync_to_async(tell)(self._token, *what)

    def _read_key(self) -> str:
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        keys: list[str] = query.get("x-auth-token", [])
        if keys:
            return keys[0]
        for name, value in self.scope.get("headers", ()):
            if name.lower() == b"x-auth-token":
                found: str = value.decode("latin-1")
                return found
        return ""

    @staticmethod
    def _frame(biz_code: str, stamp: int | None, data: Any) -> Frame:
        return {
            "biz_code": biz_code,
            "version": "1.0",
            "timestamp": stamp or now_ms(),
            "data": {} if data is None else data,
        }


PILOT_PATH = "api/v1/ws"

websocket_urlpatterns = [re_path(rf"^{PILOT_PATH}/?$", PilotConsumer.as_asgi())]
