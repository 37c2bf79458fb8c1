"""The ledger: what was asked of devices, by whom, and what became of it. Nobody changes history."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from devices.models import Command, CommandStatus
from devices.services import live_device
from fleet.admin.base import ReadOnlyAdmin, WorkspaceRelatedFilter

#: The colours that a list gives to the ledger's states.
_COLOURS = {"good": "success", "bad": "danger", "unsure": "warning", "busy": "info"}
_LABELS = {status.value: _COLOURS[live_device.tone(status)] for status in CommandStatus}


@admin.register(Command)
class CommandAdmin(ReadOnlyAdmin):
    list_display = ["asked", "label", "device", "shown_status", "shown_progress", "result_text", "who"]
    list_display_links = ["asked", "label"]
    list_filter = ["status", "channel", "danger", ("device", WorkspaceRelatedFilter)]
    search_fields = ["method", "tid__exact", "bid__exact", "device__callsign", "=device__sn", "actor"]
    ordering = ["-created_at"]
    list_before_template = "console/ledger_refresh.html"
    empty_hint = gettext_lazy("Commands are asked on a device's page; each stands here with what became of it.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Command]:
        return super().get_queryset(request).select_related("user", "device__model")

    @admin.display(description=gettext_lazy("asked"), ordering="created_at")
    def asked(self, command: Command) -> str:
        return timezone.localtime(command.created_at).strftime("%Y-%m-%d %H:%M:%S")

    @admin.display(description=gettext_lazy("what"), ordering="method")
    def label(self, command: Command) -> str:
        return live_device.command_label(command)

    @display(description=gettext_lazy("status"), ordering="status", label=_LABELS)
    def shown_status(self, command: Command) -> tuple[str, str]:
        return command.status, str(CommandStatus(command.status).label)

    @admin.display(description=gettext_lazy("progress"))
    def shown_progress(self, command: Command) -> str:
        return f"{command.progress} %" if command.progress is not None else "—"

    @admin.display(description=gettext_lazy("who"), ordering="actor")
    def who(self, command: Command) -> str:
        return str(command.user) if command.user else command.actor

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        command: Command = self.row(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            **live_device.command_context(command),
            "title": live_device.command_label(command),
            "opts": self.opts,
            "live": f"/ws/console/devices/{command.device_id}/?command={command.pk}",
            "subtitle": _("Command"),
        }
        return render(request, "console/command.html", context)
