"""Who may come in by MQTT, and whether the broker knows it: one line for each gateway."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from devices.models import GatewayCredential
from fleet.admin.base import ReadOnlyAdmin
from fleet.models import Role


class AccessFilter(admin.SimpleListFilter):
    """What one looks for: who is shut out, and whom the broker has not been told of."""

    title = gettext_lazy("access")
    parameter_name = "access"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("allowed", _("Allowed")),
            ("withdrawn", _("Withdrawn")),
            ("waiting", _("Broker not told yet")),
            ("error", _("Broker refused")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GatewayCredential]) -> QuerySet[GatewayCredential]:
        in_step = Q(broker_stamp=F("changed_at"), broker_error="")
        wanted = {
            "allowed": Q(withdrawn_at=None),
            "withdrawn": Q(withdrawn_at__isnull=False),
            "waiting": ~in_step & Q(broker_error=""),
            "error": ~Q(broker_error=""),
        }
        found = wanted.get(self.value() or "")
        return queryset if found is None else queryset.filter(found)


@admin.register(GatewayCredential)
class GatewayCredentialAdmin(ReadOnlyAdmin):
    """The list only: what can be done about one stands on its device's page."""

    workspace_path: ClassVar[str | None] = "device__workspace"
    view_role = Role.OPERATOR
    list_display = ["gateway", "kind", "username", "access", "broker", "changed"]
    list_display_links = ["gateway"]
    list_filter = [AccessFilter, "device__domain"]
    search_fields = ["device__callsign", "device__sn", "username"]
    ordering = ["device__callsign", "device__sn"]
    empty_hint = gettext_lazy("No dock and no remote has access yet. Add one, and you are shown what to type into it.")
    empty_link = ("admin:devices_device_add", gettext_lazy("Add a dock or a remote"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[GatewayCredential]:
        rows: QuerySet[GatewayCredential] = super().get_queryset(request)
        return rows.select_related("device").defer("secret")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        credential: GatewayCredential = self.row(request, object_id)
        return redirect(reverse("admin:devices_device_change", args=[credential.pk]) + "#access")

    @display(description=gettext_lazy("gateway"), ordering="device__callsign", header=True)
    def gateway(self, credential: GatewayCredential) -> list[str]:
        device = credential.device
        return [str(device), device.sn if device.callsign else ""]

    @admin.display(description=gettext_lazy("kind"), ordering="device__domain")
    def kind(self, credential: GatewayCredential) -> str:
        return credential.device.get_domain_display()

    @display(
        description=gettext_lazy("access"),
        ordering="withdrawn_at",
        label={"allowed": "success", "withdrawn": "danger"},
    )
    def access(self, credential: GatewayCredential) -> tuple[str, str]:
        return ("allowed", _("Allowed")) if credential.is_active else ("withdrawn", _("Withdrawn"))

    @display(
        description=gettext_lazy("broker"),
        ordering="broker_stamp",
        label={"knows": "success", "waits": "warning", "error": "danger"},
    )
    def broker(self, credential: GatewayCredential) -> tuple[str, str]:
        if credential.broker_error:
            return "error", credential.broker_error
        in_step = credential.broker_stamp == credential.changed_at
        return ("knows", _("Knows it")) if in_step else ("waits", _("Not told yet"))

    @admin.display(description=gettext_lazy("changed"), ordering="changed_at")
    def changed(self, credential: GatewayCredential) -> str:
        return timezone.localtime(credential.changed_at).strftime("%Y-%m-%d %H:%M:%S")
