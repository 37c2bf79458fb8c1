"""Import, draw, change and download routes: the console's doors to the library."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fleet.console_page import page, show
from fleet.current import covers, current_person
from fleet.models import Role, Workspace
from fleet.services.access import Forbidden
from waylines.models import Route
from waylines.services import live_mission
from waylines.services.routes import drawing, library, names, page_words
from waylines.services.routes.library import Taken
from waylines.services.routes.reading import MOST_BYTES
from waylines.services.routes.refused import RouteRefused

#: Files of one import.
MOST_FILES = 50


def urls(site: AdminSite) -> list[URLPattern]:
    """Addresses below /admin/."""
    return [
        page(site, "routes/import/", import_page, "route_import"),
        page(site, "routes/new/", editor_page, "route_new"),
        page(site, "routes/<uuid:pk>/edit/", editor_page, "route_edit"),
        page(site, "routes/look/", look, "route_look"),
        page(site, "routes/<uuid:pk>/file/", download, "route_file"),
        page(site, "routes/<uuid:pk>/<slug:action>/", change, "route_change"),
    ]


def _find(workspace: Workspace, pk: UUID) -> Route:
    route = Route.objects.select_related("file", "workspace").filter(pk=pk, workspace=workspace).first()
    if route is None:
        raise Http404
    return route


def import_page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One or many KMZ files; each one's outcome is shown, and one that fails keeps no other from the library.

    To the page's script the outcomes are JSON: it sends file by file and asks what to do about one that is there.
    """
    may = covers(request, Role.OPERATOR)
    results: list[dict[str, Any]] = []
    taken = request.POST.get("taken", Taken.ASK.value)
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        files = request.FILES.getlist("files")[:MOST_FILES]
        how = Taken(taken) if taken in list(Taken) else Taken.ASK
        results = [_imported(request, workspace, file, how) for file in files]
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"results": [_told(result) for result in results]})
        if len(results) == 1 and results[0]["route"] is not None:
            return redirect("admin:waylines_route_change", results[0]["route"].pk)
    context: dict[str, Any] = {
        "title": _("Import routes"),
        "results": results,
        "may": may,
        "most": MOST_BYTES // 1_000_000,
        "nothing": request.method == "POST" and not results,
        "asked": any(result["reason"] in ("same_file", "name_taken") for result in results),
        "script": {"words": page_words.importing(), "most": MOST_BYTES},
    }
    bad = bool(results) and not any(result["route"] for result in results)
    return show(request, "console/route_import.html", 400 if bad or context["nothing"] else 200, **context)


def _told(result: dict[str, Any]) -> dict[str, Any]:
    def linked(route: Route | None) -> dict[str, str] | None:
        if route is None:
            return None
        return {"name": route.name, "url": reverse("admin:waylines_route_change", args=[route.pk])}

    return {**result, "route": linked(result["route"]), "there": linked(result["there"])}


def _imported(request: HttpRequest, workspace: Workspace, file: Any, taken: Taken) -> dict[str, Any]:
    found: dict[str, Any] = {"name": file.name, "route": None, "error": "", "reason": "", "there": None}
    if file.size > MOST_BYTES:
        return found | {"error": _("The file is larger than %(most)s MB.") % {"most": MOST_BYTES // 1_000_000}}
    person, name = current_person(request), names.of_file(str(file.name))
    try:
        found["route"] = library.store(
            workspace, file.read(), name=name, user=person, source=Route.Source.IMPORT, taken=taken
        )
    except RouteRefused as refusal:
        found |= {"error": refusal.message, "reason": refusal.reason, "there": refusal.route}
    return found


def download(request: HttpRequest, workspace: Workspace, pk: UUID) -> HttpResponse:
    """The KMZ, from the bucket."""
    from media.services import storage

    route = _find(workspace, pk)
    try:
        return redirect(storage.presigned_url(route.file.object_key, ttl=300, filename=f"{route.name}.kmz"))
    except storage.StorageError as error:
        messages.error(request, str(error))
        return redirect("admin:waylines_route_change", route.pk)


def change(request: HttpRequest, workspace: Workspace, pk: UUID, action: str) -> HttpResponse:
    """Rename, copy, star, delete."""
    route, person = _find(workspace, pk), current_person(request)
    if request.method != "POST":
        raise Http404
    where = redirect("admin:waylines_route_change", route.pk)
    try:
        if action == "rename":
            library.rename(route, request.POST.get("name", ""), user=person)
        elif action == "copy":
            where = redirect("admin:waylines_route_change", library.copy(route, user=person).pk)
        elif action == "star":
            library.star(workspace, [route.pk], user=person)
        elif action == "unstar":
            library.unstar(workspace, [route.pk], user=person)
        elif action == "delete":
            library.delete(route, user=person)
            messages.success(request, _("“%(name)s” was deleted.") % {"name": route.name})
            where = redirect("admin:waylines_route_changelist")
        else:
            raise Http404
    except RouteRefused as refusal:
        messages.error(request, refusal.message)
    except Forbidden as refusal:
        raise PermissionDenied(str(refusal)) from None
    if request.POST.get("back") == "list":
        return redirect("admin:waylines_route_changelist")
    return where


def editor_page(request: HttpRequest, workspace: Workspace, pk: UUID | None = None) -> HttpResponse:
    """Draw a route; a POST of JSON saves it."""
    route = _find(workspace, pk) if pk else None
    if request.method == "POST":
        return _saved(request, workspace, route)
    plan = None
    if route is not None:
        try:
            plan = drawing.plan_of(route)
        except RouteRefused as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:waylines_route_change", route.pk)
    drone, payload = drawing.usual_aircraft(workspace)
    context: dict[str, Any] = {
        "title": _("Edit “%(name)s”") % {"name": route} if route else _("Draw a route"),
        "route": route,
        "may": covers(request, Role.OPERATOR),
        "too_much": route is not None and plan is None,
        "plan": plan,
        "area": plan["kind"] == drawing.SURVEY if plan else request.GET.get("kind") == drawing.SURVEY,
        "choices": drawing.choices(),
        "usual": {"drone": drone, "payload": payload},
        "start": {"at": drawing.start(workspace), "docks": drawing.docks(workspace)},
        "configuration": live_mission.map_configuration() | {"words": page_words.drawing()},
    }
    return show(request, "console/route_editor.html", **context)


def _saved(request: HttpRequest, workspace: Workspace, route: Route | None) -> JsonResponse:
    try:
        sent, person = _json(request), current_person(request)
        opened = str(sent.pop("opened", None) or "")
        made = drawing.save(workspace, sent, route=route, user=person, opened=opened)
    except RouteRefused as refusal:
        return _refused(refusal, 409 if refusal.reason == "changed_meanwhile" else 400)
    except Forbidden as refusal:
        return JsonResponse({"error": str(refusal), "field": "", "reason": "forbidden"}, status=403)
    return JsonResponse({"url": reverse("admin:waylines_route_change", args=[made.pk])})


def _refused(refusal: RouteRefused, status: int = 400) -> JsonResponse:
    field = "name" if refusal.reason == "name_taken" else refusal.field
    return JsonResponse({"error": refusal.message, "field": field, "reason": refusal.reason}, status=status)


@require_POST
def look(request: HttpRequest, workspace: Workspace) -> JsonResponse:
    """What the drawing would be: length, time, photos; of a survey also its lines. Nothing is stored."""
    try:
        return JsonResponse(drawing.look(_json(request), workspace))
    except RouteRefused as refusal:
        return _refused(refusal)


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        found = json.loads(request.body)
    except RequestDataTooBig as error:
        raise RouteRefused("too_big", _("This route has too many points to be drawn by hand.")) from error
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RouteRefused("bad_plan", _("The page sent nothing that can be read."))
    return found
