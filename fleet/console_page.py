"""What the console's own pages share: a workspace, a role to do something with it, a frame, and downloads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from fleet.current import covers, current_workspace
from fleet.models import Role

View = Callable[..., HttpResponseBase]


def page(site: AdminSite, route: str, view: View, name: str, *, role: Role = Role.VIEWER) -> URLPattern:
    """A page of the current workspace; its view is called with request, workspace and the address's parts."""

    def guarded(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        workspace = current_workspace(request)
        if workspace is None:
            return redirect("admin:index")
        if not covers(request, role):
            raise PermissionDenied
        return view(request, workspace, **parts)

    return path(route, site.admin_view(guarded), name=name)


def show(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """A template in the console's frame."""
    frame = {**admin.site.each_context(request), "workspace": current_workspace(request)}
    return render(request, template, {**frame, **context}, status=status)


def zipped(pieces: Iterator[bytes], name: str) -> StreamingHttpResponse:
    """A zip that is made while it is sent, as `name`.zip; `name` is fit for a header."""
    answer = StreamingHttpResponse(_sent(pieces), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    answer["X-Accel-Buffering"] = "no"
    return answer


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Piece by piece: what is no asynchronous iterator, the web server would collect as a whole first."""
    following = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    while (piece := await following()) is not None:
        yield piece
