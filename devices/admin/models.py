"""The kinds of devices: one that no page knows can be named here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceModel
from fleet.admin.base import WorkspaceAdmin, covers, current_workspace
from fleet.models import Role
from fleet.services import audit


@admin.register(DeviceModel)
class DeviceModelAdmin(WorkspaceAdmin):
    """Models are shared by all workspaces: one that others use too is renamed by the server's owner only."""

    workspace_path = None
    change_role = Role.ADMIN
    list_display = ["key", "name", "documented", "first_seen"]
    search_fields = ["key", "name"]
    fields = ["key", "name", "first_seen"]
    readonly_fields = ["key", "first_seen"]
    empty_hint = _("A model appears here as soon as a device of its kind says what it is.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeviceModel]:
        rows: QuerySet[DeviceModel] = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        here = Device.objects.filter(workspace=current_workspace(request), model__isnull=False)
        return rows.filter(pk__in=here.values("model_id"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if request.user.is_superuser or obj is None or not covers(request, self.change_role):
            return covers(request, self.change_role)
        return not Device.objects.filter(model=obj).exclude(workspace=current_workspace(request)).exists()

    def save_model(self, request: HttpRequest, obj: DeviceModel, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        user: Any = request.user
        audit.record(
            "device_model.named",
            workspace=current_workspace(request),
            user=user,
            target=obj.key,
            name=obj.name,
        )

    @admin.display(description=_("documented"), boolean=True)
    def documented(self, model: DeviceModel) -> bool:
        return model.is_documented
