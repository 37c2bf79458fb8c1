"""Health messages of devices, as they began and ended."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from devices.models import Alarm
from fleet.admin.base import ReadOnlyAdmin, WorkspaceRelatedFilter


class OpenFilter(admin.SimpleListFilter):
    """What is wrong now, or was."""

    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Alarm]) -> list[tuple[str, str]]:
        return [("1", _("Open")), ("0", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:
        if self.value() == "1":
            return queryset.filter(ended_at=None)
        return queryset.exclude(ended_at=None) if self.value() == "0" else queryset


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    list_display = ["since", "shown_level", "code", "device", "where", "until"]
    list_filter = [OpenFilter, "level", ("device", WorkspaceRelatedFilter)]
    search_fields = ["code", "device__callsign", "=device__sn"]
    fields = [
        "device",
        "code",
        "level",
        "module",
        "in_the_sky",
        "imminent",
        "started_at",
        "seen_at",
        "ended_at",
        "detail",
    ]
    ordering = ["-started_at"]
    empty_hint = gettext_lazy("Nothing was ever wrong. Docks and aircraft say it here when something is.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alarm]:
        rows: QuerySet[Alarm] = super().get_queryset(request)
        return rows.select_related("device")

    @admin.display(description=gettext_lazy("since"), ordering="started_at")
    def since(self, alarm: Alarm) -> str:
        return timezone.localtime(alarm.started_at).strftime("%Y-%m-%d %H:%M:%S")

    @display(description=gettext_lazy("level"), ordering="level", label={"0": "info", "1": "warning", "2": "danger"})
    def shown_level(self, alarm: Alarm) -> tuple[str, str]:
        return str(alarm.level), str(alarm.get_level_display())

    @admin.display(description=gettext_lazy("where"), ordering="in_the_sky")
    def where(self, alarm: Alarm) -> str:
        return _("in the air") if alarm.in_the_sky else _("on the ground")

    @admin.display(description=gettext_lazy("until"), ordering="ended_at")
    def until(self, alarm: Alarm) -> str:
        return timezone.localtime(alarm.ended_at).strftime("%Y-%m-%d %H:%M:%S") if alarm.ended_at else _("still there")
