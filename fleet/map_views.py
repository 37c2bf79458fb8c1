"""The shared map in the console: the page, and what its script asks for. Whatever it changes, remotes hear of."""

from __future__ import annotations

import json
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import URLPattern, reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fleet.console_page import View, page, show
from fleet.current import covers, current_person
from fleet.map_words import colours, words
from fleet.models import Role, Workspace
from fleet.services.map_elements import elements, exporting, groups, importing
from fleet.services.map_elements.feature import CannotImport
from fleet.services.map_elements.geometry import BadGeometry
from fleet.services.map_elements.groups import MapRefused, Outdated

Json = dict[str, Any]


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/ that stand beside the admin's own."""
    return [
        page(site, "elements/", require_GET(elements_page), "elements"),
        page(site, "elements/export/", require_GET(_answered(export)), "elements_export"),
        *(
            page(site, f"elements/{route}", require_POST(_answered(view)), name, role=role)
            for route, view, name, role in (
                ("import/", import_file, "elements_import", Role.OPERATOR),
                ("new/", draw, "elements_new", Role.PILOT),
                ("groups/", new_group, "elements_group_new", Role.OPERATOR),
                ("groups/<uuid:pk>/", change_group, "elements_group", Role.OPERATOR),
                ("groups/<uuid:pk>/delete/", delete_group, "elements_group_delete", Role.OPERATOR),
                ("<uuid:pk>/", change, "elements_change", Role.PILOT),
                ("<uuid:pk>/delete/", delete, "elements_delete", Role.PILOT),
            )
        ),
    ]


def _answered(view: View) -> View:
    """What a service refuses becomes a sentence for the page's script."""

    @wraps(view)
    def answered(*arguments: Any, **parts: Any) -> HttpResponseBase:
        try:
            return view(*arguments, **parts)
        except (BadGeometry, CannotImport) as error:
            return _refusal(str(error), 400)
        except Outdated as error:
            return _refusal(str(error), 409, outdated=True)
        except MapRefused as error:
            return _refusal(str(error), 404 if error.missing else 409)

    return answered


def _refusal(sentence: str, status: int, *, outdated: bool = False) -> JsonResponse:
    return JsonResponse({"error": sentence, "outdated": outdated}, status=status)


def elements_page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The map that remotes and operators draw on together."""
    groups.ensure(workspace)
    configuration = {
        "socket": f"/ws/console/elements/?workspace={workspace.pk}",
        "devices": f"/ws/console/map/?workspace={workspace.pk}",
        "atlas": f"{settings.STATIC_URL}vendor/world-atlas/countries-50m.json",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "base": reverse("console:elements"),
        "may": {"draw": covers(request, Role.PILOT), "arrange": covers(request, Role.OPERATOR)},
        "me": current_person(request).get_username(),
        "timeZone": workspace.time_zone,
        "colours": colours(),
        "words": words(),
    }
    title, may = _("Shared elements"), configuration["may"]
    return show(request, "console/elements.html", title=title, configuration=configuration, may=may)


def draw(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """`{id, group, name, type, content}`; the id is the browser's, so that asking twice draws once."""
    body = _body(request)
    made = elements.create(
        workspace,
        groups.find(workspace, body.get("group")),
        element_id=body.get("id") or uuid4(),
        name=body.get("name"),
        type_=body.get("type"),
        content=body.get("content"),
        user=current_person(request),
    )
    return JsonResponse({"id": str(made.pk), "at": elements.milliseconds(made.updated_at)})


def change(request: HttpRequest, workspace: Workspace, pk: UUID) -> HttpResponse:
    """Any of `{name, content, group, hidden}`; with `seen` (ms) only if nobody else changed it since."""
    body = _body(request)
    hidden, seen = body.get("hidden"), body.get("seen")
    changed = elements.update(
        elements.find(workspace, pk),
        user=current_person(request),
        name=body.get("name"),
        content=body.get("content"),
        group=groups.find(workspace, body["group"]) if body.get("group") else None,
        hidden=hidden if isinstance(hidden, bool) else None,
        seen=seen if isinstance(seen, int) else None,
    )
    return JsonResponse({"id": str(pk), "at": elements.milliseconds(changed.updated_at)})


def delete(request: HttpRequest, workspace: Workspace, pk: UUID) -> HttpResponse:
    elements.delete(elements.find(workspace, pk), user=current_person(request))
    return JsonResponse({"id": str(pk)})


def new_group(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """`{name}`."""
    made = groups.create(workspace, _body(request).get("name", ""), user=current_person(request))
    return JsonResponse({"id": str(made.pk)})


def change_group(request: HttpRequest, workspace: Workspace, pk: UUID) -> HttpResponse:
    """Any of `{name, locked, distributed, no_fly}`."""
    body = _body(request)
    flags = {name: body[name] for name in ("locked", "distributed", "no_fly") if isinstance(body.get(name), bool)}
    groups.change(groups.find(workspace, pk), user=current_person(request), name=body.get("name"), **flags)
    return JsonResponse({"id": str(pk)})


def delete_group(request: HttpRequest, workspace: Workspace, pk: UUID) -> HttpResponse:
    groups.delete(groups.find(workspace, pk), user=current_person(request))
    return JsonResponse({"id": str(pk)})


def import_file(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """A GeoJSON, KML or KMZ `file` into a `group`: how many were drawn, and which were not and why."""
    file = request.FILES.get("file")
    if file is None:
        return _refusal(_("No file came along."), 400)
    if (file.size or 0) > importing.LARGEST_FILE:
        return _refusal(importing.too_large(), 400)
    group = groups.find(workspace, request.POST.get("group"))
    done = importing.run(workspace, group, file.read(), user=current_person(request))
    refused = [{"name": name, "why": why} for name, why in done.refused]
    return JsonResponse({"made": done.made, "refused": refused, "bounds": done.bounds})


def export(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """`?format=geojson|kml`, `group=` for one of them."""
    wanted = request.GET.get("group")
    group = groups.find(workspace, wanted) if wanted else None
    name = slugify(group.name if group else workspace.name) or "map"
    if request.GET.get("format") == "kml":
        content, kind, ending = exporting.kml(workspace, group), "application/vnd.google-earth.kml+xml", "kml"
    else:
        content, kind, ending = exporting.geojson(workspace, group), "application/geo+json", "geojson"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


def _body(request: HttpRequest) -> Json:
    """Raises `BadGeometry` for what is no JSON object."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BadGeometry(_("A JSON object is needed here."))
    return body
