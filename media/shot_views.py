"""The map of shots: where pictures were taken, and which way they look."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.console_page import page, show
from fleet.models import Workspace
from media.models import Kind
from media.services.library import cells, filters, gallery, shots

#: What a browser may ask of a map's zoom.
DEEPEST = 22


def urls(site: AdminSite) -> list[URLPattern]:
    """Addresses below /admin/."""
    return [
        page(site, "shots/", shots_page, "shots"),
        page(site, "shots/data/", data, "shots_data"),
        page(site, "shots/<int:pk>/", card, "shot"),
    ]


def shots_page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The map itself; what is on it is asked for piece by piece."""
    want = filters.wanted(request.GET.dict())
    configuration: dict[str, Any] = {
        "socket": f"/ws/console/shots/?workspace={workspace.pk}" + (f"&{want.query}" if want.query else ""),
        "data": reverse("console:shots_data") + "?" + want.query,
        "card": reverse("console:shot", args=[0]),
        "extent": _extent(request, workspace, want),
        "selected": request.GET.get("shot", ""),
        "atlas": f"{settings.STATIC_URL}vendor/world-atlas/countries-50m.json",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "words": {
            "live": _("Live"),
            "connecting": _("Connecting…"),
            "lost": _("Reconnecting…"),
            "count": _("Shots here: %s"),
            "noMap": _("The offline map is not installed; run `make install`."),
            "tiles": _("Map tiles"),
            "failed": _("The shots could not be fetched; move the map to try again."),
            "openCluster": _("Shots: %s. Zoom in."),
        },
    }
    return show(
        request,
        "console/shots.html",
        title=_("Map of shots"),
        want=want,
        choices={**gallery.choices(workspace.pk, want), "kind": Kind.choices},
        configuration=configuration,
    )


def _extent(request: HttpRequest, workspace: Workspace, want: filters.Wanted) -> list[list[float]] | None:
    """What the map shows first: the shot that the address names, else where the newest were taken."""
    named = request.GET.get("shot", "")
    shot = shots.at(workspace.pk, int(named)) if named.isdecimal() and len(named) < 19 else None
    if shot is not None and shot.latitude is not None and shot.longitude is not None:
        return [[shot.latitude, shot.longitude]] * 2
    return shots.extent(workspace.pk, want, timezone.get_current_timezone())


def data(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The shots of an area (`box=west,south,east,north`, `zoom`): single ones, or cells with a number."""
    area = cells.area_of(request.GET.get("box", ""))
    zoom = request.GET.get("zoom", "")
    if area is None or not zoom.isdecimal() or int(zoom) > DEEPEST:
        return JsonResponse({"message": _("No area of the map.")}, status=400)
    want = filters.wanted(request.GET.dict())
    return JsonResponse(shots.around(workspace.pk, want, timezone.get_current_timezone(), area, int(zoom)))


def card(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """What is shown of one shot beside the map."""
    file = shots.at(workspace.pk, pk)
    if file is None:
        raise Http404
    context = {"file": file, "lens": gallery.lens_name(file.lens)}
    return render(request, "console/partials/shot_card.html", context)
