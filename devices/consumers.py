"""The console's live pages: the current state first, then what changes.

A socket joins its workspace's group before it reads the state, so that nothing falls between the two. What it may see
is checked when it opens and again every half minute; a person who lost their part in the workspace is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone

from devices.models import Command, Device
from devices.services import live_device, live_map
from fleet.middleware import SESSION_KEY
from fleet.models import Role, User, Workspace
from fleet.services import access, broadcast

#: Seconds between two looks at whether the person may still see this.
RECHECK = 30
#: A page is repainted at most this often, in seconds.
PERIOD = 1.0
FORBIDDEN = 4403


class ConsoleConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """A socket of one person on one workspace. Subclasses say which workspace and what to send."""

    workspace_id: UUID | None = None

    async def connect(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self.workspace_id = await database_sync_to_async(self.allowed)()
        if self.workspace_id is None:
            await self.close(FORBIDDEN)
            return
        await self.channel_layer.group_add(broadcast.group(self.workspace_id), self.channel_name)
        await self.accept()
        self._wanted = asyncio.Event()
        self._tasks = [asyncio.create_task(self._recheck()), asyncio.create_task(self._repaint())]
        await self.send_state()

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

    def viewer(self) -> User | None:
        """Whoever the session belongs to now, not when the socket was opened."""
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(self.scope["session"].session_key)
        user = get_user(request)
        return user if isinstance(user, User) else None

    def want_repaint(self) -> None:
        self._wanted.set()

    async def _repaint(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.send_state()
            await asyncio.sleep(PERIOD)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK)
            if await database_sync_to_async(self.allowed)() != self.workspace_id:
                await self.close(FORBIDDEN)
                return

    async def workspace_message(self, message: dict[str, Any]) -> None:
        """For Pilot; the console is told by `workspace_changed`."""

    async def workspace_telemetry(self, message: dict[str, Any]) -> None:
        """A coalesced frame."""

    async def workspace_changed(self, message: dict[str, Any]) -> None:
        """Something that the page may show has changed."""


class MapConsumer(ConsoleConsumer):
    """The live map: `{"kind": "state", "devices": […], "trails": {…}}`, then a `{"kind": "telemetry", …}` a second."""

    _trails_sent = False

    def allowed(self) -> UUID | None:
        user = self.viewer()
        if user is None:
            return None
        asked = parse_qs(self.scope["query_string"].decode()).get("workspace", [""])[0]
        wanted = asked or self.scope["session"].get(SESSION_KEY) or ""
        with contextlib.suppress(ValueError):
            found = Workspace.objects.filter(pk=UUID(wanted)).values_list("pk", flat=True).first()
            if found is not None and access.may(user, found, Role.VIEWER):
                return found
        return None

    async def send_state(self) -> None:
        for frame in await database_sync_to_async(self._state)():
            await self.send_json(frame)

    def _state(self) -> list[dict[str, Any]]:
        """The whole state in frames that the web server lets through; the last one says `complete`."""
        workspace_id = str(self.workspace_id)
        devices = live_map.devices(workspace_id)
        trails = {} if self._trails_sent else live_map.trails(workspace_id)
        self._trails_sent = True
        frames = [
            {
                "kind": "state",
                "devices": (part := devices[start : start + broadcast.FRAME_DEVICES]),
                "trails": {device["id"]: trails[device["id"]] for device in part if device["id"] in trails},
                "complete": start + broadcast.FRAME_DEVICES >= len(devices),
            }
            for start in range(0, len(devices), broadcast.FRAME_DEVICES)
        ]
        return frames or [{"kind": "state", "devices": [], "trails": {}, "complete": True}]

    async def workspace_telemetry(self, message: dict[str, Any]) -> None:
        await self.send_json({"kind": "telemetry", "devices": message["devices"], "at": message["timestamp"]})

    async def workspace_changed(self, message: dict[str, Any]) -> None:
        if message["kind"] in ("device", "topology"):
            self.want_repaint()


class DeviceConsumer(ConsoleConsumer):
    """A device's page, or a command's: the partials that it was first painted with, when they have changed."""

    device_id: int
    command_id: str

    def allowed(self) -> UUID | None:
        user = self.viewer()
        self.device_id = self.scope["url_route"]["kwargs"]["pk"]
        self.command_id = parse_qs(self.scope["query_string"].decode()).get("command", [""])[0]
        workspace_id = Device.objects.filter(pk=self.device_id).values_list("workspace_id", flat=True).first()
        if user is None or workspace_id is None or not access.may(user, workspace_id, Role.VIEWER):
            return None
        return workspace_id

    async def send_state(self) -> None:
        for frame in await database_sync_to_async(self._frames)():
            await self.send_json(frame)

    def _frames(self) -> list[dict[str, Any]]:
        device = Device.objects.select_related("workspace", "model", "gateway__model").filter(pk=self.device_id).first()
        if device is None:
            return []
        with timezone.override(device.workspace.time_zone):
            if self.command_id:
                return self._command_frames(device)
            return [
                {"kind": "html", "target": target, "html": render_to_string(template, context(device))}
                for target, (template, context) in live_device.PARTIALS.items()
            ]

    def _command_frames(self, device: Device) -> list[dict[str, Any]]:
        with contextlib.suppress(ValueError):
            command = (
                Command.objects.select_related("device", "user").filter(pk=UUID(self.command_id), device=device).first()
            )
            if command is not None:
                html = render_to_string("console/partials/command.html", live_device.command_context(command))
                return [{"kind": "html", "target": "live-command", "html": html}]
        return []

    async def workspace_telemetry(self, message: dict[str, Any]) -> None:
        if not self.command_id and any(device["id"] == self.device_id for device in message["devices"]):
            self.want_repaint()

    async def workspace_changed(self, message: dict[str, Any]) -> None:
        if self.command_id:
            if str(message.get("id")) == self.command_id:
                self.want_repaint()
        elif self.device_id in (message.get("id"), message.get("device")) or message["kind"] == "topology":
            self.want_repaint()


websocket_urlpatterns = [
    path("ws/console/map/", MapConsumer.as_asgi()),
    path("ws/console/devices/<int:pk>/", DeviceConsumer.as_asgi()),
]
