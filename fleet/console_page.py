"""What the console's own pages share: a workspace to look at, a role to do it with, and the frame around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
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
