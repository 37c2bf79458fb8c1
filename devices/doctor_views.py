"""The connection doctor's page: painted at once, then each part of it asks how it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from devices.models import Device
from devices.models.device import Domain
from devices.services.doctor import gateway as gateway_doctor
from devices.services.doctor import knocking, server
from devices.services.doctor.steps import State, Steps, next_to_do, overall
from fleet.current import current_person, current_workspace
from fleet.models import Role, Workspace
from fleet.services import access

#: Gateways on one page; each is looked at by itself.
PER_PAGE = 50
#: With so few, whatever is not well lies open.
FEW = 10


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/doctor/."""

    def guarded(view: Callable[..., HttpResponse]) -> Any:
        return site.admin_view(never_cache(require_safe(view)))

    def whole(request: HttpRequest) -> HttpResponse:
        return page(request, site)

    return [
        path("doctor/", guarded(whole), name="doctor"),
        path("doctor/strangers/", guarded(strangers), name="doctor-strangers"),
        path("doctor/gateway/<int:pk>/", guarded(gateway), name="doctor-gateway"),
        path("doctor/<slug:key>/", guarded(part), name="doctor-part"),
    ]


def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Names and empty cards; nothing here waits for a network."""
    workspace = current_workspace(request)
    person = current_person(request)
    gateways = gateway_doctor.gateways_of(workspace.pk) if workspace else []
    shown = Paginator(gateways, PER_PAGE).get_page(request.GET.get("p"))
    context = {
        **site.each_context(request),
        "title": _("Connection doctor"),
        "workspace": workspace,
        "parts": [
            {"part": one, "url": reverse("console:doctor-part", args=[one.key])} for one in server.parts()
        ],
        "gateways": shown,
        "few": len(gateways) <= FEW,
        "sees_strangers": workspace is not None and knocking.may_see(person, workspace),
        "may_add": workspace is not None and access.may(person, workspace, Role.OPERATOR),
        "add_url": reverse("admin:devices_device_add"),
    }  # fmt: skip
    return render(request, "console/doctor.html", context)


def part(request: HttpRequest, key: str) -> HttpResponse:
    """What all gateways need, one part of it."""
    found = server.part(key)
    if found is None:
        raise Http404
    return _card(request, found.look(_workspace(request)))


def gateway(request: HttpRequest, pk: int) -> HttpResponse:
    """One dock or remote of this workspace."""
    found = get_object_or_404(
        Device.objects.select_related("workspace", "user", "model"),
        pk=pk,
        workspace=_workspace(request),
        domain__in=(Domain.DOCK, Domain.REMOTE),
    )
    return _card(request, gateway_doctor.steps_of(found), device=found)


def strangers(request: HttpRequest) -> HttpResponse:
    """Serial numbers that nobody registered."""
    if not knocking.may_see(current_person(request), _workspace(request)):
        raise PermissionDenied
    context = {"knocks": knocking.knocks(), "add_url": reverse("admin:devices_device_add")}
    return render(request, "console/doctor_strangers.html", context)


def _workspace(request: HttpRequest) -> Workspace:
    workspace = current_workspace(request)
    if workspace is None:
        raise PermissionDenied
    return workspace


def _card(request: HttpRequest, steps: Steps, device: Device | None = None) -> HttpResponse:
    words = {State.GOOD: _("All well"), State.BAD: _("Stuck"), State.WAITING: _("Not yet")}
    state = overall(steps)
    context = {"steps": steps, "state": state, "word": words[state], "next": next_to_do(steps), "device": device}
    return render(request, "console/doctor_card.html", context)
