"""Pages of the project itself: health, and the switch between workspaces."""

from __future__ import annotations

from typing import Any

import redis
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from fleet import heartbeat
from fleet.middleware import SESSION_KEY
from fleet.services import access

State = dict[str, Any]


def healthz(request: HttpRequest) -> JsonResponse:
    """`GET /healthz`: the state of each part, 503 when one is down. Says nothing that a stranger may not know."""
    parts: dict[str, State] = {"database": _database()}
    try:
        workers = heartbeat.alive()
        parts["redis"] = {"ok": True}
    except redis.RedisError as error:
        workers = {}
        parts["redis"] = {"ok": False, "why": f"Redis does not answer ({type(error).__name__})."}
    bridges = [state["bridge"] for state in workers.values() if "bridge" in state]
    others = [state for state in workers.values() if "celery" in state["queues"]]
    parts["broker"] = _part(
        any(bridge["connected"] for bridge in bridges), "No bridge has a connection to the MQTT broker."
    )
    parts["bridge"] = _part(
        bool(bridges), "No bridge gives a sign of life; start: celery -A fleet worker -Q mqtt -P threads"
    )
    parts["worker"] = _part(bool(others), "No worker gives a sign of life; start: celery -A fleet worker -Q celery")
    healthy = all(part["ok"] for part in parts.values())
    response = JsonResponse({"ok": healthy, **parts}, status=200 if healthy else 503)
    response._has_been_logged = True  # type: ignore[attr-defined] # asked every few seconds: the answer is log enough
    return response


def _part(ok: bool, why: str) -> State:
    return {"ok": True} if ok else {"ok": False, "why": why}


def _database() -> State:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return {"ok": False, "why": f"The database does not answer ({type(error).__name__})."}
    return {"ok": True}


@require_POST
@login_required
def choose_workspace(request: HttpRequest) -> HttpResponse:
    """Look at another of one's workspaces from now on."""
    wanted = request.POST.get("workspace", "")
    if wanted not in {str(pk) for pk in access.workspaces_of(request.user).values_list("pk", flat=True)}:
        raise Http404
    request.session[SESSION_KEY] = wanted
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("admin:index")
    return HttpResponseRedirect(back)


def home(request: HttpRequest) -> HttpResponse:
    return redirect("admin:index")
