"""A flight's live page."""

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
from waylines.models import Flight
from waylines.services.flights import page

Json = dict[str, Any]


class FlightConsumer(ConsoleConsumer):
    """One flight: `{"kind": "html", "target", "html"}` for what has changed; while it flies, `{"kind": "point", "time":
    ms, "latitude", …}` of its aircraft; `{"kind": "track"}` when the track must be fetched (again)."""

    async def connect(self) -> None:
        self._painted: dict[str, str] = {}
        self._aircraft: int | None = None
        self._said: tuple[bool, bool] | None = None
        await super().connect()

    def _flight_id(self) -> UUID:
        wanted: UUID = self.scope["url_route"]["kwargs"]["pk"]
        return wanted

    def allowed(self) -> UUID | None:
        user = self.viewer()
        found = Flight.objects.filter(pk=self._flight_id()).values_list("workspace_id", flat=True).first()
        return found if user is not None and found is not None and access.may(user, found, Role.VIEWER) else None

    async def send_state(self) -> None:
        await self.send_news()

    async def send_news(self) -> None:
        for frame in await database_sync_to_async(self._frames)():
            target = frame.get("target", "")
            if not target or self._painted.get(target) != frame["html"]:
                if target:
                    self._painted[target] = frame["html"]
                await self.send_json(frame)

    async def reconcile(self) -> None:
        self.want_news()

    def _frames(self) -> list[Json]:
        flight = page.find(self._flight_id(), self.workspace_id or "")
        if flight is None:
            return []
        self._aircraft = flight.aircraft_id if flight.ended_at is None else None
        language = translation.get_language_from_request(self.request())
        with timezone.override(flight.workspace.time_zone), translation.override(language):
            frames: list[Json] = [
                {"kind": "html", "target": target, "html": render_to_string(template, context(flight))}
                for target, (template, context) in page.PARTIALS.items()
            ]
        said = (flight.ended_at is None, flight.distance is not None)
        if said != self._said:
            self._said = said
            frames.append({"kind": "track"})
        return frames

    async def workspace_telemetry(self, message: Json) -> None:
        for device in message["devices"]:
            if device["id"] == self._aircraft and (frame := page.point(device["summary"], message["timestamp"])):
                await self.send_json(frame)

    async def workspace_changed(self, message: Json) -> None:
        mine = message["kind"] == "flight" and str(message.get("id")) == str(self._flight_id())
        if mine or (self._aircraft is not None and message["kind"] in ("command", "device")):
            self.want_news()


websocket_urlpatterns: list[URLPattern] = [path("ws/console/flights/<uuid:pk>/", FlightConsumer.as_asgi())]
