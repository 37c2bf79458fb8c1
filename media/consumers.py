"""Live pages of the media library: new files appear in the gallery and on the map of shots."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from channels.db import database_sync_to_async
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone, translation

from fleet.console_socket import WorkspaceConsumer
from fleet.models import Role, Workspace
from fleet.services import access
from media.services.library import filters, gallery, groups, shots

Json = dict[str, Any]

#: A burst of more files than this is not sent file by file: the page reads its beginning anew.
BURST = 120
PERIOD = 0.5


class MediaConsumer(WorkspaceConsumer):
    """What both pages share: the filters stand in the address, as on the page itself."""

    period = PERIOD

    async def send_state(self) -> None:
        """The page was painted with the state: it is told which, and asks for a newer one by itself.

        `{"kind": "state", "mark"}`, the mark of the first page of files as it is now.
        """
        self._changed: set[int] = set()
        self._alarms = True
        parameters = dict(parse_qsl(self.scope["query_string"].decode("latin-1")))
        self._want = filters.wanted(parameters)
        beginning = await database_sync_to_async(self._beginning)()
        self._versions = beginning.versions
        await self.send_json({"kind": "state", "mark": beginning.mark})
        self.want_news()

    async def reconcile(self) -> None:
        """What became of the newest files without a word reaching us, and the alarms."""
        before = self._versions
        self._versions = (await database_sync_to_async(self._beginning)()).versions
        self._changed |= {pk for pk, _version in before.items() ^ self._versions.items()}
        self._alarms = True
        self.want_news()

    def _workspace(self) -> Workspace:
        return Workspace.objects.filter(pk__in=[self.workspace_id]).get()

    def _beginning(self) -> gallery.Page:
        workspace = self._workspace()
        return gallery.page(workspace.pk, self._want, ZoneInfo(workspace.time_zone))

    async def workspace_changed(self, message: Json) -> None:
        if message["kind"] == "media":
            self._changed.add(int(message["id"]))
            self._alarms = True
        elif message["kind"] in ("media_group", "media_alarm"):
            self._alarms = True
        else:
            return
        self.want_news()

    async def send_news(self) -> None:
        changed, self._changed = self._changed, set()
        alarms, self._alarms = self._alarms, False
        if len(changed) > BURST:
            await self.send_json({"kind": "reload"})
            changed = set()
        for frame in await database_sync_to_async(self._frames)(changed, alarms):
            await self.send_json(frame)

    def _frames(self, changed: set[int], alarms: bool) -> list[Json]:
        workspace = self._workspace()
        language = translation.get_language_from_request(self.request())
        with timezone.override(workspace.time_zone), translation.override(language):
            return self.frames(workspace, changed, alarms)

    def frames(self, workspace: Workspace, changed: set[int], alarms: bool) -> list[Json]:
        raise NotImplementedError


class GalleryConsumer(MediaConsumer):
    """`{"kind": "cards", "cards": [{"id", "html"}], "gone": [id, …]}`, and the alarms as a partial."""

    _painted = ""

    def frames(self, workspace: Workspace, changed: set[int], alarms: bool) -> list[Json]:
        found: list[Json] = []
        if changed:
            cards, gone = gallery.news(workspace.pk, self._want, timezone.get_current_timezone(), changed)
            shown = [
                {
                    "id": card.file.pk,
                    "html": render_to_string("console/partials/gallery_card.html", {"card": card}),
                }
                for card in cards
            ]
            found.append({"kind": "cards", "cards": shown, "gone": sorted(gone)})
        if alarms and (html := self._alarm_html(workspace)) != self._painted:
            self._painted = html
            found.append({"kind": "html", "target": "gallery-alarms", "html": html})
        return found

    def _alarm_html(self, workspace: Workspace) -> str:
        viewer = self.viewer()
        may = viewer is not None and access.may(viewer, workspace, Role.OPERATOR)
        context = {"alarms": groups.alarms(workspace.pk), "may_act": may}
        return render_to_string("console/partials/gallery_alarms.html", context)


class ShotsConsumer(MediaConsumer):
    """`{"kind": "shots", "shots": […], "gone": [id, …]}`."""

    def frames(self, workspace: Workspace, changed: set[int], alarms: bool) -> list[Json]:
        if not changed:
            return []
        found = shots.only(workspace.pk, self._want, timezone.get_current_timezone(), changed)
        gone = changed - {shot["id"] for shot in found}
        return [{"kind": "shots", "shots": found, "gone": sorted(gone)}]


websocket_urlpatterns: list[URLPattern] = [
    path("ws/console/gallery/", GalleryConsumer.as_asgi()),
    path("ws/console/shots/", ShotsConsumer.as_asgi()),
]
