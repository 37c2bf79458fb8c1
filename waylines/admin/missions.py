"""Missions and schedules in the console: lists, and a mission's live page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from fleet.admin.base import ReadOnlyAdmin, WorkspaceRelatedFilter
from waylines.models import Mission, MissionStatus, Schedule
from waylines.services import calendar, live_mission

_COLOURS = {"good": "success", "bad": "danger", "unsure": "warning", "busy": "info", "off": "default"}
_LABELS = {status.value: _COLOURS[live_mission.TONES[status]] for status in MissionStatus}


@admin.register(Mission)
class MissionAdmin(ReadOnlyAdmin):
    list_display = ["start", "name", "shown_status", "shown_progress", "dock", "route", "shown_kind", "who"]
    list_display_links = ["start", "name"]
    list_filter = ["status", "kind", ("dock", WorkspaceRelatedFilter), ("route", WorkspaceRelatedFilter), "execute_at"]
    search_fields = ["name", "route__name", "dock__callsign", "=dock__sn"]
    ordering = ["-execute_at"]
    list_before_template = "console/mission_list_head.html"
    empty_hint = gettext_lazy("Import a route, then plan a mission with it: now, tonight, or every Monday.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mission]:
        rows: QuerySet[Mission] = super().get_queryset(request)
        return rows.select_related("dock", "route", "user", "schedule").defer("extra", "gate", "break_point")

    @admin.display(description=gettext_lazy("start"), ordering="execute_at")
    def start(self, mission: Mission) -> str:
        return timezone.localtime(mission.execute_at).strftime("%Y-%m-%d %H:%M")

    @display(description=gettext_lazy("status"), ordering="status", label=_LABELS)
    def shown_status(self, mission: Mission) -> tuple[str, str]:
        return mission.status, str(mission.get_status_display())

    @admin.display(description=gettext_lazy("progress"))
    def shown_progress(self, mission: Mission) -> str:
        return f"{mission.progress} %" if mission.progress is not None else "—"

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def shown_kind(self, mission: Mission) -> str:
        return str(mission.schedule) if mission.schedule else str(mission.get_kind_display())

    @admin.display(description=gettext_lazy("planned by"), ordering="user")
    def who(self, mission: Mission) -> str:
        return str(mission.user) if mission.user else "—"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self.row(request, object_id)
        mission = live_mission.find(object_id)
        if mission is None:
            return redirect("admin:waylines_mission_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": mission.name,
            "mission": mission,
            "aircraft_model": live_mission.model_names(mission),
            "partials": {
                target.removeprefix("live-"): {"template": template, "context": context(mission)}
                for target, (template, context) in live_mission.PARTIALS.items()
            },
            "live": f"/ws/console/missions/{mission.pk}/",
            "drawing": live_mission.drawing(mission),
            "configuration": live_mission.map_configuration(),
            "flights": mission.flights.order_by("started_at"),
        }
        return render(request, "console/mission.html", context)


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    list_display = ["name", "state", "repeats", "upcoming", "dock", "route"]
    list_filter = ["active", "frequency", ("dock", WorkspaceRelatedFilter)]
    search_fields = ["name", "route__name", "dock__callsign"]
    list_before_template = "console/mission_list_head.html"
    empty_hint = gettext_lazy("Plan a mission and choose “Again and again”.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        rows: QuerySet[Schedule] = super().get_queryset(request)
        return rows.select_related("dock", "route", "workspace", "user")

    @display(description=gettext_lazy("state"), ordering="active", label={"active": "success", "rests": "warning"})
    def state(self, schedule: Schedule) -> tuple[str, Any]:
        return ("active", gettext_lazy("Active")) if schedule.active else ("rests", gettext_lazy("Rests"))

    @admin.display(description=gettext_lazy("repeats"), ordering="frequency")
    def repeats(self, schedule: Schedule) -> str:
        return f"{schedule.get_frequency_display()} · {', '.join(schedule.times)}"

    @admin.display(description=gettext_lazy("next"))
    def upcoming(self, schedule: Schedule) -> str:
        if not schedule.active:
            return "—"
        dates = calendar.next_dates(schedule, count=1)
        return timezone.localtime(dates[0]).strftime("%Y-%m-%d %H:%M") if dates else "—"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        schedule: Schedule = self.row(request, object_id)
        return redirect("console:schedule_edit", pk=schedule.pk)
