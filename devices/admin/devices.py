"""Devices: the list, the page of each, and the way a dock or a remote comes in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from unfold.decorators import display

from devices.admin.access import GatewayPages
from devices.admin.asking import AskingPages
from devices.models import Device, DeviceModel
from devices.services import live_device, properties
from fleet.admin.base import WorkspaceAdmin, WorkspaceRelatedFilter, covers, current_workspace
from fleet.models import Role
from fleet.services import audit, broadcast


class ModelFilter(admin.SimpleListFilter):
    """The models of this workspace; those of others are none of its business."""

    title = gettext_lazy("model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        here = Device.objects.filter(workspace=current_workspace(request)).values("model_id")
        return [(model.pk, str(model)) for model in DeviceModel.objects.filter(pk__in=here)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        return queryset.filter(model_id=self.value()) if self.value() else queryset


@admin.register(Device)
class DeviceAdmin(AskingPages, GatewayPages, WorkspaceAdmin):
    """Devices come with their gateway; only gateways are added by hand, and none is ever deleted."""

    add_role = Role.OPERATOR
    list_display = [
        "name",
        "shown_online",
        "domain",
        "shown_model",
        "shown_gateway",
        "battery",
        "mode",
        "firmware",
        "last_seen",
    ]
    list_display_links = ["name"]
    list_filter = ["online", "domain", ModelFilter, ("gateway", WorkspaceRelatedFilter)]
    search_fields = ["callsign", "sn", "model__name", "model__key"]
    ordering = ["callsign", "sn"]
    fields = ["callsign", "icon_normal", "icon_selected"]
    change_form_template = "console/device.html"
    add_words = gettext_lazy("Add a dock or a remote")
    empty_hint = gettext_lazy(
        "Add a dock or a remote; you are shown what to type into it. Its aircraft appear by themselves."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        rows = super().get_queryset(request).select_related("model", "gateway__model", "state", "workspace")
        match = request.resolver_match
        if match and (match.url_name or "").endswith("changelist"):
            # Only the firmware is read out of the state, which is some 20 kB for each device.
            said = KeyTextTransform("firmware_version", "state__properties")
            rows = rows.defer("state__properties", "state__stamps").annotate(said_firmware=said)
        return rows

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            guarded = self.admin_site.admin_view(never_cache(view))
            found: URLPattern = path(route, guarded, name=f"devices_device_{name}")
            return found

        return [
            page("<int:pk>/command/<str:method>/", self.command_view, "command"),
            page("<int:pk>/property/", self.property_view, "property"),
            page("<int:pk>/access/", self.access_view, "access"),
            *super().get_urls(),
        ]

    @display(description=gettext_lazy("callsign"), ordering="callsign", header=True)
    def name(self, device: Device) -> list[str]:
        return [str(device), device.sn if device.callsign else ""]

    @display(description=gettext_lazy("state"), ordering="online", label={"online": "success", "offline": "info"})
    def shown_online(self, device: Device) -> tuple[str, str]:
        return ("online", _("Online")) if device.online else ("offline", _("Offline"))

    @admin.display(description=gettext_lazy("model"), ordering="model__name")
    def shown_model(self, device: Device) -> str:
        return device.model_name

    @admin.display(description=gettext_lazy("gateway"), ordering="gateway__callsign")
    def shown_gateway(self, device: Device) -> str:
        return str(device.gateway) if device.gateway else "—"

    @admin.display(description=gettext_lazy("battery"))
    def battery(self, device: Device) -> str:
        state = live_device.state_of(device)
        return f"{state.summary['battery']} %" if state and "battery" in state.summary else "—"

    @admin.display(description=gettext_lazy("mode"))
    def mode(self, device: Device) -> str:
        state = live_device.state_of(device)
        return (live_device.mode_text(device, state.summary) if state else "") or "—"

    @admin.display(description=gettext_lazy("firmware"))
    def firmware(self, device: Device) -> str:
        said: Any = getattr(device, "said_firmware", None)
        return said or "—"

    @admin.display(description=gettext_lazy("last seen"), ordering="state__seen_at")
    def last_seen(self, device: Device) -> str:
        state = live_device.state_of(device)
        return timezone.localtime(state.seen_at).strftime("%Y-%m-%d %H:%M:%S") if state else _("never")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        device: Device = self.row(request, object_id)
        partials = {
            target.removeprefix("live-"): {"id": target, "template": template, "context": context(device)}
            for target, (template, context) in live_device.PARTIALS.items()
        }
        context = {
            **(extra_context or {}),
            "title": str(device),
            "subtitle": device.get_domain_display(),
            "device": device,
            "partials": partials,
            "live": f"/ws/console/devices/{device.pk}/",
            "raw": live_device.raw_state(device),
            "sections": self.services(request, device),
            "reason": self.reason(request, device, Role.OPERATOR),
            "has_properties": bool(properties.writable(device)),
            "access": self.access_context(request, device),
            "may_edit": covers(request, self.change_role),
        }
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.gateway_add_view(request)

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        """Only what a person may edit is written: the bridge writes the rest of the row meanwhile."""
        if not form.changed_data:
            return
        obj.save(update_fields=form.changed_data)
        user: Any = request.user
        audit.record("device.edited", workspace=obj.workspace, user=user, target=obj.sn, fields=form.changed_data)
        broadcast.changed(obj.workspace_id, "device", id=obj.pk)

    def response_change(self, request: HttpRequest, obj: Device) -> HttpResponse:
        self.message_user(request, _("Saved."))
        return redirect(reverse("admin:devices_device_change", args=[obj.pk]))

    def page(self, request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """One of the device's own pages, in the console's frame."""
        frame = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, template, frame, status=status)
