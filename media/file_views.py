"""One file: its page in the gallery, and the way to its bytes. The browser is only ever given short-lived addresses."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fleet.console_page import page
from fleet.current import covers, current_person
from fleet.models import Role, Workspace
from fleet.services import audit
from media.models import Kind, MediaFile, Status
from media.services import storage
from media.services.library import confirm, gallery

#: Seconds for which an address of a file is good; a film goes on being fetched piece by piece while it plays.
GOOD_FOR = 300
GOOD_FOR_FILM = 3 * 3600
#: Small pictures never change under their key.
GOOD_FOR_THUMBNAIL = 3600


def urls(site: AdminSite) -> list[URLPattern]:
    """Addresses below /admin/."""
    return [
        page(site, "gallery/<int:pk>/", details, "media_file"),
        page(site, "gallery/<int:pk>/thumbnail/", thumbnail, "media_thumbnail"),
        page(site, "gallery/<int:pk>/view/", look, "media_view"),
        page(site, "gallery/<int:pk>/download/", download, "media_download"),
        page(site, "gallery/<int:pk>/again/", require_POST(again), "media_again", role=Role.OPERATOR),
    ]


def _file(workspace: Workspace, pk: int) -> MediaFile:
    found = gallery.one(workspace.pk, pk)
    if found is None:
        raise Http404
    return found


def details(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """All that is known of a file, with those that show the same thing; the inside of the gallery's large view."""
    file = _file(workspace, pk)
    stack = gallery.stack(file)
    pair = gallery.pair(stack)
    context = {
        "file": file,
        "stack": stack if len(stack) > 1 else [],
        "pair": pair,
        "lens": gallery.lens_name(file.lens),
        "camera": gallery.camera_name(file.payload_model_key),
        "drone": gallery.camera_name(file.drone_model_key),
        "raw": json.dumps(file.metadata, indent=2, ensure_ascii=False) if file.metadata else "",
        "shows": _shows(file),
        "may_act": covers(request, Role.OPERATOR),
        "may_star": covers(request, Role.PILOT),
        "flight_url": _page_of("flight", file.flight_id),
        "mission_url": _page_of("mission", file.mission_id),
    }
    return render(request, "console/partials/gallery_file.html", context)


def _page_of(model: str, pk: Any) -> str:
    return reverse(f"admin:waylines_{model}_change", args=[pk]) if pk else ""


def _shows(file: MediaFile) -> str:
    """How a browser shows it: picture, film, sound, or not at all."""
    ending = file.name.rsplit(".", 1)[-1].lower()
    if not file.is_there:
        return ""
    if file.kind == Kind.PHOTO:
        return "picture" if ending in ("jpg", "jpeg", "png", "webp") else ""
    return {Kind.VIDEO: "film", Kind.AUDIO: "sound"}.get(Kind(file.kind), "")


def thumbnail(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """To the small picture."""
    key = MediaFile.objects.filter(workspace=workspace, pk=pk).values_list("thumbnail_key", flat=True).first()
    if not key:
        raise Http404
    return _to(storage.presigned_url(key, ttl=GOOD_FOR_THUMBNAIL, inline=True))


def look(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """To the whole file, to be shown in the page; only what is a picture, a film or a sound is ever shown."""
    file = _file(workspace, pk)
    if not _shows(file):
        raise Http404
    ttl = GOOD_FOR if file.kind == Kind.PHOTO else GOOD_FOR_FILM
    return _to(storage.presigned_url(file.object_key, ttl=ttl, inline=True))


def download(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """To the whole file, to be saved under its name. The audit knows who did."""
    file = _file(workspace, pk)
    if not file.is_there:
        raise Http404
    person = current_person(request)
    audit.record("media.downloaded", workspace=workspace, user=person, target=file.name, files=[file.pk])
    name = file.name.replace("\\", "/").rsplit("/", 1)[-1] or "file"
    return _to(storage.presigned_url(file.object_key, ttl=GOOD_FOR, filename=name))


def _to(address: str) -> HttpResponse:
    """A redirect to a signed address, which nobody in between may keep or be told of."""
    answer = HttpResponseRedirect(address)
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def again(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Look once more for a file that was not in the bucket."""
    file = _file(workspace, pk)
    if file.status != Status.MISSING:
        return JsonResponse({"message": _("It is not missing.")}, status=409)
    confirm.look_again(file)
    return JsonResponse({"message": _("It is looked for once more.")})
