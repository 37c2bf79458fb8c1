"""The devices' live pages: the map, one device, one command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone, translation

from devices.models import Command, Device
from devices.services import live_device, live_map
from fleet.console_socket import ConsoleConsumer, WorkspaceConsumer
from fleet.models import Role
from fleet.mqtt.messages import now_ms
from fleet.services import access, broadcast

Json = dict[str, Any]

#: The map is sent at most one frame in this time, in seconds: half of the bridge's second, so that none has to wait.
FRAME = 0.5


def _parts(devices: list[Json]) -> Iterator[list[Json]]:
    """As many at once as the web server lets through."""
    for start in range(0, len(devices), broadcast.FRAME_DEVICES):
        yield devices[start : start + broadcast.FRAME_DEVICES]


class MapConsumer(WorkspaceConsumer):
    """The live map.

    First `{"kind": "state", "now": ms, "devices": […], "trails": {id: [[lat, lon], …]}, "complete": true}`, then, at
    most once per `FRAME`, `{"kind": "telemetry", "devices": […], "at": ms}` and, for rows that changed,
    `{"kind": "devices", "now": ms, "devices": […], "gone": [id, …]}`. What is too much for the web server's largest
    frame comes in several; of a state only the last says `complete`.
    """

    period = FRAME

    async def send_state(self) -> None:
        #: the devices that the page knows, and whether it takes each for online
        self._shown: dict[int, bool] = {}
        self._telemetry: dict[int, Json] = {}
        self._telemetry_at = 0
        self._changed: set[int] = set()
        devices, trails = await database_sync_to_async(self._state)()
        self._shown = {device["id"]: device["online"] for device in devices}
        parts = list(_parts(devices)) or [[]]
        for number, part in enumerate(parts, start=1):
            await self.send_json(
                {
                    "kind": "state",
                    "now": now_ms(),
                    "devices": part,
                    "trails": {device["id"]: trails[device["id"]] for device in part if device["id"] in trails},
                    "complete": number == len(parts),
                }
            )

    def _state(self) -> tuple[list[Json], dict[int, list[list[float]]]]:
        workspace_id = str(self.workspace_id)
        return live_map.devices(workspace_id), live_map.trails(workspace_id)

    async def send_news(self) -> None:
        telemetry, self._telemetry = self._telemetry, {}
        changed, self._changed = self._changed, set()
        for part in _parts(list(telemetry.values())):
            await self.send_json({"kind": "telemetry", "devices": part, "at": self._telemetry_at})
        if changed:  # last, for these rows are newer than any telemetry that waited
            await self._send_rows(changed)

    async def _send_rows(self, ids: set[int]) -> None:
        rows = await database_sync_to_async(live_map.devices)(str(self.workspace_id), only=ids)
        gone = sorted(ids & self._shown.keys() - {row["id"] for row in rows})
        for pk in gone:
            del self._shown[pk]
        self._shown.update({row["id"]: row["online"] for row in rows})
        for part in _parts(rows) if rows else [[]] if gone else []:
            await self.send_json({"kind": "devices", "now": now_ms(), "devices": part, "gone": gone})
            gone = []

    async def workspace_telemetry(self, message: Json) -> None:
        for device in message["devices"]:
            if device["id"] not in self._shown:
                self._changed.add(device["id"])
            else:
                self._shown[device["id"]] = device["online"]
            self._telemetry[device["id"]] = device
        self._telemetry_at = message["timestamp"]
        self.want_news()

    async def workspace_changed(self, message: Json) -> None:
        if message["kind"] in ("device", "topology"):
            self._changed.add(message["id"])
            self.want_news()

    async def reconcile(self) -> None:
        now = await database_sync_to_async(live_map.presence)(str(self.workspace_id))
        differing = {pk for pk, online in now.items() if self._shown.get(pk) is not online}
        if differing := differing | (self._shown.keys() - now.keys()):
            self._changed |= differing
            self.want_news()


class DeviceConsumer(ConsoleConsumer):
    """A device's page, or a command's: the partials that it was first painted with, when they have changed."""

    device_id: int
    command_id: str

    def allowed(self) -> UUID | None:
        user = self.viewer()
        self.device_id = self.scope["url_route"]["kwargs"]["pk"]
        self.command_id = parse_qs(self.scope["query_string"].decode("latin-1")).get("command", [""])[0]
        workspace_id = Device.objects.filter(pk=self.device_id).values_list("workspace_id", flat=True).first()
        if user is None or workspace_id is None or not access.may(user, workspace_id, Role.VIEWER):
            return None
        return workspace_id

    async def send_state(self) -> None:
        self._painted: dict[str, str] = {}
        await self.send_news()

    async def send_news(self) -> None:
        for frame in await database_sync_to_async(self._frames)():
            if self._painted.get(frame["target"]) != frame["html"]:
                self._painted[frame["target"]] = frame["html"]
                await self.send_json(frame)

    async def reconcile(self) -> None:
        self.want_news()

    def _frames(self) -> list[Json]:
        device = Device.objects.select_related("workspace", "model", "gateway__model").filter(pk=self.device_id).first()
        if device is None:
            return []
        language = translation.get_language_from_request(self.request())
        with timezone.override(device.workspace.time_zone), translation.override(language):
            if self.command_id:
                return self._command_frames(device)
            return [
                {"kind": "html", "target": target, "html": render_to_string(template, context(device))}
                for target, (template, context) in live_device.PARTIALS.items()
            ]

    def _command_frames(self, device: Device) -> list[Json]:
        with contextlib.suppress(ValueError):
            command = (
                Command.objects.select_related("device", "user").filter(pk=UUID(self.command_id), device=device).first()
            )
            if command is not None:
                html = render_to_string("console/partials/command.html", live_device.command_context(command))
                return [{"kind": "html", "target": "live-command", "html": html}]
        return []

    async def workspace_telemetry(self, message: Json) -> None:
        if not self.command_id and any(device["id"] == self.device_id for device in message["devices"]):
            self.want_news()

    async def workspace_changed(self, message: Json) -> None:
        if self.command_id:
            if str(message.get("id")) == self.command_id:
                self.want_news()
        elif self.device_id in (message.get("id"), message.get("device")) or message["kind"] == "topology":
            self.want_news()


websocket_urlpatterns = [
    path("ws/console/map/", MapConsumer.as_asgi()),
    path("ws/console/devices/<int:pk>/", DeviceConsumer.as_asgi()),
]
