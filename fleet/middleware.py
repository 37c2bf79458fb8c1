"""Which workspace an operator is looking at."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from fleet.models import User, Workspace
from fleet.services import access

SESSION_KEY = "workspace"


def chosen(request: HttpRequest) -> Workspace | None:
    """The workspace chosen in this session if the person still has a part in it, else their first by name.

    None for somebody without any.
    """
    if not isinstance(request.user, User):
        return None
    mine = access.workspaces_of(request.user)
    wanted = request.session.get(SESSION_KEY)
    return (mine.filter(pk=wanted).first() if wanted else None) or mine.first()


class CurrentWorkspaceMiddleware:
    """Sets `request.workspace` and, for console pages, the workspace's time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.workspace = SimpleLazyObject(lambda: chosen(request))  # type: ignore[attr-defined]
        if not request.path.startswith("/admin/"):
            return self.get_response(request)
        workspace = chosen(request)
        request.workspace = workspace  # type: ignore[attr-defined]
        zone = zoneinfo.ZoneInfo(workspace.time_zone) if workspace else None
        with timezone.override(zone):
            return self.get_response(request)
