"""The live page of the shared map: what remotes and other operators draw appears while they draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from channels.db import database_sync_to_async
from django.urls import URLPattern, path

from fleet.console_socket import WorkspaceConsumer
from fleet.services.map_elements import listing

Json = dict[str, Any]

#: Seconds in which changes gather.
PERIOD = 0.2
#: Bytes of a frame; the web server closes a socket that is sent more than 1 MiB at once, and one element fits always.
FRAME = 900_000
#: A burst of more changes than this is read as a whole.
BURST = 500


def _frames(elements: list[Json]) -> Iterator[list[bytes]]:
    """Elements as JSON, as many at once as a frame holds."""
    part: list[bytes] = []
    size = 0
    for element in elements:
        row = orjson.dumps(element)
        if part and size + len(row) > FRAME:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row) + 1
    if part:
        yield part


class ElementsConsumer(WorkspaceConsumer):
    """The shared map of a workspace.

    `{"kind": "groups", "groups": […]}`, then `{"kind": "elements", "elements": […]}` in as many frames as it takes,
    then `{"kind": "complete", "ids": […]}`: what else a page shows is gone. Later the same kinds as things change,
    and `{"kind": "gone", "ids": […]}`.
    """

    period = PERIOD

    async def send_state(self) -> None:
        self._changed: set[str] = set()
        self._groups_changed = False
        self._whole: set[str] = set()
        #: when each element that the page shows was changed last, in ms
        self._shown: dict[str, int] = {}
        await self._send_all()

    async def _send_all(self) -> None:
        await self._send_groups()
        rows = await database_sync_to_async(listing.elements)(self.workspace_id)
        self._shown = {}
        await self._send_elements(rows)
        await self.send_json({"kind": "complete", "ids": list(self._shown)})

    async def workspace_changed(self, message: Json) -> None:
        if message["kind"] != "map":
            return
        if message["id"]:
            self._changed.add(message["id"])
        else:
            self._groups_changed = True
            if message.get("whole"):
                self._whole.add(message["group"])
        self.want_news()

    async def send_news(self) -> None:
        changed, self._changed = self._changed, set()
        whole, self._whole = self._whole, set()
        groups_changed, self._groups_changed = self._groups_changed, False
        if len(changed) > BURST:
            await self._send_all()
            return
        if groups_changed:
            await self._send_groups()
        for group in whole:
            rows = await database_sync_to_async(listing.elements)(self.workspace_id, group_id=group)
            await self._send_elements(rows)
        if changed:
            rows = await database_sync_to_async(listing.elements)(self.workspace_id, only=changed)
            await self._send_elements(rows)
            gone = sorted(changed - {row["id"] for row in rows})
            for pk in gone:
                self._shown.pop(pk, None)
            if gone:
                await self.send_json({"kind": "gone", "ids": gone})

    async def reconcile(self) -> None:
        now = await database_sync_to_async(listing.stamps)(self.workspace_id)
        differing = {pk for pk in now.keys() | self._shown.keys() if now.get(pk) != self._shown.get(pk)}
        groups = await database_sync_to_async(listing.groups)(self.workspace_id)
        if differing or groups != self._groups:
            self._groups_changed = True
            self._changed |= differing
            self.want_news()

    async def _send_groups(self) -> None:
        self._groups: list[Json] = await database_sync_to_async(listing.groups)(self.workspace_id)
        await self.send_json({"kind": "groups", "groups": self._groups})

    async def _send_elements(self, rows: list[Json]) -> None:
        self._shown.update({row["id"]: row["at"] for row in rows})
        for part in _frames(rows):
            await self.send(text_data='{"kind":"elements","elements":[' + b",".join(part).decode() + "]}")


websocket_urlpatterns: list[URLPattern] = [path("ws/console/elements/", ElementsConsumer.as_asgi())]
