"""The missions' live pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone, translation

from fleet.console_socket import ConsoleConsumer
from fleet.models import Role
from fleet.services import access
from waylines import flight_consumers
from waylines.models import Mission
from waylines.services import live_mission

Json = dict[str, Any]


class MissionConsumer(ConsoleConsumer):
    """One mission: `{"kind": "html", "target", "html"}` and `{"kind": "way-home", "points"}` for what has changed,
    `{"kind": "track", "points"}` once, and `{"kind": "position", "lat", "lon", "heading", "elevation", "battery"}`
    whenever its aircraft moves."""

    period = 0.5

    async def connect(self) -> None:
        self._painted: dict[str, Json] = {}
        self._aircraft: int | None = None
        await super().connect()

    def allowed(self) -> UUID | None:
        user = self.viewer()
        found = Mission.objects.filter(pk=self._mission_id()).values_list("workspace_id", flat=True).first()
        return found if user is not None and found is not None and access.may(user, found, Role.VIEWER) else None

    def _mission_id(self) -> UUID:
        wanted: UUID = self.scope["url_route"]["kwargs"]["pk"]
        return wanted

    async def send_state(self) -> None:
        track = await database_sync_to_async(self._track)()
        await self.send_json({"kind": "track", "points": track})
        await self.send_news()

    def _track(self) -> list[list[float]]:
        mission = live_mission.find(self._mission_id())
        if mission is None:
            return []
        flown = live_mission.aircraft(mission)
        self._aircraft = flown.pk if flown else None
        return live_mission.track(mission)

    async def send_news(self) -> None:
        for frame in await database_sync_to_async(self._frames)():
            what = frame.get("target", frame["kind"])
            if self._painted.get(what) != frame:
                self._painted[what] = frame
                await self.send_json(frame)

    async def reconcile(self) -> None:
        self.want_news()

    def _frames(self) -> list[Json]:
        mission = live_mission.find(self._mission_id())
        if mission is None:
            return []
        flown = live_mission.aircraft(mission)
        self._aircraft = flown.pk if flown else None
        language = translation.get_language_from_request(self.request())
        with timezone.override(mission.workspace.time_zone), translation.override(language):
            painted: list[Json] = [
                {"kind": "html", "target": target, "html": render_to_string(template, context(mission))}
                for target, (template, context) in live_mission.PARTIALS.items()
            ]
        return [*painted, {"kind": "way-home", "points": live_mission.way_home(mission)}]

    async def workspace_telemetry(self, message: Json) -> None:
        for device in message["devices"]:
            if device["id"] == self._aircraft and "lat" in device["summary"]:
                keys = ("lat", "lon", "heading", "elevation", "battery", "speed")
                said = {key: device["summary"][key] for key in keys if key in device["summary"]}
                await self.send_json({"kind": "position", **said})

    async def workspace_changed(self, message: Json) -> None:
        mine = str(message.get("id")) == str(self._mission_id())
        if message["kind"] in ("command", "device", "topology") or (message["kind"] == "mission" and mine):
            self.want_news()


websocket_urlpatterns: list[URLPattern] = [
    path("ws/console/missions/<uuid:pk>/", MissionConsumer.as_asgi()),
    *flight_consumers.websocket_urlpatterns,
]
