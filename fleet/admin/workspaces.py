"""The current workspace's settings; for superusers also the list of all workspaces."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from fleet.admin.base import WorkspaceAdmin, covers, current_workspace
from fleet.current import current_person
from fleet.models import Role, Workspace
from fleet.services import workspaces

MASK = "••••••••"


@cache
def time_zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


class WorkspaceForm(forms.ModelForm):
    class Meta:
        model = Workspace
        fields = (
            "name", "description", "platform_name", "time_zone", "bind_code",
            "app_id", "app_key", "app_license", "ntp_host", "ntp_port",
        )  # fmt: skip
        widgets = {"time_zone": UnfoldAdminSelectWidget(choices=time_zones())}


@admin.register(Workspace)
class WorkspaceSettingsAdmin(WorkspaceAdmin):
    """Administrators change it, everybody else reads it without its secrets."""

    workspace_path = "pk"
    change_role = Role.ADMIN
    form = WorkspaceForm
    list_display = ["name", "description", "platform_name", "time_zone", "created_at"]
    search_fields = ["name", "description"]
    actions_submit_line = ["renew_bind_code"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        if request.user.is_superuser:
            return Workspace.objects.all()
        rows: QuerySet[Workspace] = Workspace.objects.none()
        workspace = current_workspace(request)
        return Workspace.objects.filter(pk=workspace.pk) if workspace else rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def get_fieldsets(self, request: HttpRequest, obj: Workspace | None = None) -> Any:
        secret = self.has_change_permission(request, obj)
        code = "bind_code" if secret or covers(request, Role.OPERATOR) else "masked_bind_code"
        joining: list[str] = [] if obj is None else ["organisation_id"]
        licence = ("app_id", "app_key", "app_license")
        return [
            (None, {"fields": ["name", "description", "platform_name", "time_zone"]}),
            (
                _("Joining"),
                {
                    "fields": [*joining, code],
                    "description": _("Typed into a dock or remote to make it part of this workspace."),
                },
            ),
            (
                _("DJI licence"),
                {
                    "fields": licence if secret else [f"masked_{name}" for name in licence],
                    "description": _("Docks are told these. Empty: the server's own."),
                },
            ),
            (
                _("Time server"),
                {
                    "fields": ["ntp_host", "ntp_port"],
                    "description": _("Docks are told this. Empty: the server's own setting."),
                },
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> Any:
        return [
            "organisation_id", "masked_bind_code", "masked_app_id", "masked_app_key", "masked_app_license",
        ]  # fmt: skip

    @display(description=_("organisation id"))
    def organisation_id(self, workspace: Workspace) -> str:
        return str(workspace.pk)

    @display(description=_("bind code"))
    def masked_bind_code(self, workspace: Workspace) -> str:
        return MASK

    @display(description=_("DJI app id"))
    def masked_app_id(self, workspace: Workspace) -> str:
        return MASK if workspace.app_id else "-"

    @display(description=_("DJI app key"))
    def masked_app_key(self, workspace: Workspace) -> str:
        return MASK if workspace.app_key else "-"

    @display(description=_("DJI app licence"))
    def masked_app_license(self, workspace: Workspace) -> str:
        return MASK if workspace.app_license else "-"

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        if change:
            workspaces.change(obj, form.changed_data, by=current_person(request))
        else:
            workspaces.create(obj, by=current_person(request))
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    @action(description=_("Save and renew the bind code"), permissions=["change"])
    def renew_bind_code(self, request: HttpRequest, obj: Workspace) -> None:
        workspaces.renew_bind_code(obj, by=current_person(request))
        self.message_user(request, _("The old bind code is refused from now on."), messages.SUCCESS)
