"""The gallery: pages of files, what is incomplete, and what is done with many files at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from fleet import console_page
from fleet.console_page import page, show
from fleet.current import covers, current_person
from fleet.models import Role, Workspace
from media.models import Kind, MediaFile, MediaGroup, MediaPolicy, RefusedUpload, Status
from media.services.library import archive, deletion, dock, filters, gallery, groups
from media.services.storage.archive import pieces
from waylines.models import Mission


def urls(site: AdminSite) -> list[URLPattern]:
    """Addresses below /admin/."""
    return [
        page(site, "gallery/", gallery_page, "gallery"),
        page(site, "gallery/more/", more, "gallery_more"),
        page(site, "gallery/zip/", require_POST(zipped), "gallery_zip"),
        page(site, "gallery/star/", require_POST(star), "gallery_star", role=Role.PILOT),
        page(site, "gallery/delete/", require_POST(delete), "gallery_delete", role=Role.OPERATOR),
        page(site, "gallery/uploads/<int:pk>/<slug:action>/", require_POST(upload), "media_upload", role=Role.OPERATOR),
        page(site, "gallery/rules/", rules, "media_rules", role=Role.ADMIN),
    ]


def gallery_page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The newest files that the filters let through, and above them what is incomplete."""
    want = filters.wanted(request.GET.dict())
    found = gallery.page(workspace.pk, want, timezone.get_current_timezone())
    may_act = covers(request, Role.OPERATOR)
    configuration = {
        "socket": f"/ws/console/gallery/?workspace={workspace.pk}" + (f"&{want.query}" if want.query else ""),
        "more": reverse("console:gallery_more") + "?" + want.query,
        "file": reverse("console:media_file", args=[0]),
        "atlas": f"{settings.STATIC_URL}vendor/world-atlas/countries-50m.json",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "words": _words(),
    }
    since = timezone.now() - timedelta(days=1)
    return show(
        request,
        "console/gallery.html",
        title=_("Gallery"),
        want=want,
        page=found,
        alarms=groups.alarms(workspace.pk),
        refused=RefusedUpload.objects.filter(workspace=workspace, last_at__gt=since).count(),
        choices={**gallery.choices(workspace.pk, want), "kind": Kind.choices, "status": _statuses()},
        configuration=configuration,
        about=_about(workspace, want),
        may_act=may_act,
        may_star=covers(request, Role.PILOT),
        may_rule=covers(request, Role.ADMIN),
    )


def _about(workspace: Workspace, want: filters.Wanted) -> list[str]:
    """What is asked for and has no field of its own to say so."""
    found = []
    if want.mission:
        mission = Mission.objects.filter(workspace=workspace, pk=want.mission).first()
        found.append(_("Mission: %(name)s") % {"name": mission or "—"})
    if want.group:
        group = MediaGroup.objects.select_related("mission").filter(workspace=workspace, pk=want.group).first()
        found.append(_("Upload: %(name)s") % {"name": group or "—"})
    return found


def _statuses() -> list[tuple[str, Any]]:
    return [(filters.TROUBLE, _("In trouble")), *Status.choices]


def _words() -> dict[str, str]:
    return {
        "live": _("Live"),
        "connecting": _("Connecting…"),
        "lost": _("Reconnecting…"),
        "selected": _("%s selected"),
        "failed": _("That did not work: %s"),
        "network": _("the server does not answer"),
        "noMap": _("The offline map is not installed; run `make install`."),
    }


def more(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The next page of cards: `{"html", "after", "mark"}`."""
    want = filters.wanted(request.GET.dict())
    found = gallery.page(workspace.pk, want, timezone.get_current_timezone(), after=request.GET.get("after", ""))
    html = render_to_string("console/partials/gallery_cards.html", {"cards": found.cards}, request)
    return JsonResponse({"html": html, "after": found.after, "mark": found.mark})


def _chosen(request: HttpRequest, workspace: Workspace) -> list[int]:
    """The files that a form names: `ids` with commas, or `all` that its filters let through.

    With them goes what they stand for, unless the form says `single`.
    """
    if request.POST.get("all"):
        want = filters.wanted(request.POST.dict())
        return gallery.every(workspace.pk, want, timezone.get_current_timezone())
    ids = [int(part) for part in request.POST.get("ids", "").split(",") if part.isdecimal() and len(part) < 19]
    ids = ids[: gallery.MOST_AT_ONCE]
    return ids if request.POST.get("single") else gallery.with_stacks(workspace.pk, ids)


def zipped(request: HttpRequest, workspace: Workspace) -> HttpResponseBase:
    """Many files as one zip, made while it is sent."""
    ids = _chosen(request, workspace)
    files = archive.contents(workspace, ids, user=current_person(request))
    if len(ids) >= gallery.MOST_AT_ONCE:
        messages.warning(request, _("The zip has the newest %(most)d files; there may be more.") % {"most": len(ids)})
    if not files:
        messages.error(request, _("None of these files is stored, so there is nothing to download."))
        return redirect("console:gallery")
    stamp = timezone.localtime().strftime("%Y-%m-%d-%H%M")
    return console_page.zipped(pieces(files), f"{slugify(workspace.name) or 'media'}-{stamp}")


def star(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Mark files, or take the mark away (`favorite=0`)."""
    wanted = request.POST.get("favorite", "1") != "0"
    changed = gallery.set_favorite(workspace, _chosen(request, workspace), wanted, user=current_person(request))
    return JsonResponse({"changed": changed})


def delete(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """First what would go, then, when somebody is `sure`, the deed."""
    ids = _chosen(request, workspace)
    rows = MediaFile.objects.filter(workspace=workspace, pk__in=ids)
    back = reverse("console:gallery") + (f"?{query}" if (query := filters.wanted(request.POST.dict()).query) else "")
    if not ids:
        messages.error(request, _("Nothing is selected."))
        return redirect(back)
    if not request.POST.get("sure"):
        first = list(rows.defer("metadata").order_by("-moment")[:12])
        sizes = rows.values_list("size", flat=True)
        return show(
            request,
            "console/gallery_delete.html",
            title=_("Delete files"),
            count=rows.count(),
            ids=",".join(str(pk) for pk in ids),
            cards=gallery.cards(first, single=True),
            size=sum(size or 0 for size in sizes),
            favorites=rows.filter(favorite=True).count(),
            back=back,
            query=query,
        )
    gone = deletion.delete(workspace, ids, user=current_person(request))
    messages.success(request, ngettext("%(n)d file was deleted.", "%(n)d files were deleted.", gone) % {"n": gone})
    return redirect(back)


def upload(request: HttpRequest, workspace: Workspace, pk: int, action: str) -> HttpResponse:
    """About an upload that stays incomplete: `first` asks the dock to go on with it, `accept` lives with it."""
    group = MediaGroup.objects.select_related("mission__dock", "gateway", "workspace").filter(
        workspace=workspace, pk=pk
    )
    found = group.first()
    if found is None or action not in ("first", "accept"):
        raise Http404
    person = current_person(request)
    if action == "accept":
        groups.accept(found, user=person)
        return JsonResponse({"message": _("It is accepted as it is.")})
    try:
        dock.prioritize(found, user=person, request_key=request.POST.get("request_key") or None)
    except dock.CannotPrioritize as error:
        return JsonResponse({"message": str(error)}, status=409)
    return JsonResponse({"message": _("The dock was asked; it says when it begins.")})


def rules(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The workspace's rules as a form of their own; there is exactly one."""
    if not covers(request, Role.ADMIN):
        raise PermissionDenied
    MediaPolicy.objects.get_or_create(workspace=workspace)
    return redirect("admin:media_mediapolicy_change", workspace.pk)
