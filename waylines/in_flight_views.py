"""Sending another route to an aircraft that is in the air."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.models import Device
from devices.models.device import Domain
from devices.services.commands import CommandRefused
from fleet.console_page import show
from fleet.current import current_person
from fleet.models import Workspace
from media.services.storage import StorageError
from waylines.models import Route
from waylines.models.settings import LostAction
from waylines.services.missions import in_flight
from waylines.services.missions.planning import MissionRefused


class InFlightForm(forms.Form):
    """Which route, and what holds while it is flown."""

    route = forms.ModelChoiceField(Route.objects.none(), label=gettext_lazy("Route"))
    rth_altitude = forms.IntegerField(
        label=gettext_lazy("Return altitude (m above the dock)"), min_value=20, max_value=500, initial=100
    )
    out_of_control_action = forms.TypedChoiceField(
        label=gettext_lazy("When the link is lost"), choices=LostAction.choices, coerce=int
    )

    def __init__(self, workspace: Workspace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["route"].queryset = Route.objects.filter(workspace=workspace).select_related("file").order_by("name")
        for field in fields.values():
            field.widget.attrs["class"] = "fleet-input"


def deliver_page(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Choose, tick, send. A GET sends nothing."""
    dock = Device.objects.select_related("workspace", "model").filter(
        pk=pk, workspace=workspace, domain=Domain.DOCK
    ).first()  # fmt: skip
    if dock is None:
        raise Http404
    form = InFlightForm(workspace, request.POST if request.POST.get("action") == "deliver" else None)
    errors: list[str] = []
    if request.method == "POST":
        try:
            command = _send(request, dock, form)
            if command is not None:
                return redirect(reverse("admin:devices_command_change", args=[command.pk]))
            errors = [] if form.errors else [_("Tick the box to send it.")]
        except (MissionRefused, CommandRefused, StorageError) as refusal:
            errors = [str(refusal), *(check.text for check in getattr(refusal, "checks", []))]
    context: dict[str, Any] = {
        "title": _("A route in flight"),
        "dock": dock,
        "form": form,
        "errors": errors,
        "running": in_flight.running(dock),
        "key": request.POST.get("key") or uuid.uuid4().hex,
    }
    return show(request, "console/in_flight.html", 409 if errors else 200, **context)


def _send(request: HttpRequest, dock: Device, form: InFlightForm) -> Any:
    person = current_person(request)
    action, key = request.POST.get("action", ""), f"inflight:{request.POST.get('key', '')[:40]}"
    if not request.POST.get("checked"):
        return None
    if action != "deliver":
        return in_flight.act(dock, action, user=person, request_key=key, confirmed=True)
    if not form.is_valid():
        return None
    settings = {name: value for name, value in form.cleaned_data.items() if name != "route"}
    route = form.cleaned_data["route"]
    return in_flight.deliver(dock, route, user=person, settings=settings, request_key=key, confirmed=True)
