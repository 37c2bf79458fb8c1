"""Flights in the console: the list, and the page of each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from devices.models.device import Domain
from fleet.admin.base import WorkspaceAdmin, WorkspaceRelatedFilter, current_workspace
from fleet.current import current_person
from fleet.models import Role
from waylines.models import Flight
from waylines.services.flights import listing, page, retention

_COLOURS = {Flight.Kind.WAYLINE: "info", Flight.Kind.LIVE: "warning", Flight.Kind.MANUAL: "default"}


class _DeviceFilter(WorkspaceRelatedFilter):
    domains: tuple[Domain, ...] = ()

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[Any]:
        here = models.Q(workspace=current_workspace(request), domain__in=self.domains)
        found: list[Any] = field.get_choices(include_blank=False, ordering=("callsign", "sn"), limit_choices_to=here)
        return found


class AircraftFilter(_DeviceFilter):
    domains = (Domain.AIRCRAFT,)


class GatewayFilter(_DeviceFilter):
    domains = (Domain.DOCK, Domain.REMOTE)


@admin.register(Flight)
class FlightAdmin(WorkspaceAdmin):
    """What was flown: looked at, exported, and by an administrator deleted."""

    change_role = None
    delete_role = Role.ADMIN
    list_display = [
        "drawing",
        "take_off",
        "shown_aircraft",
        "shown_kind",
        "shown_mission",
        "pilot_name",
        "shown_duration",
        "shown_distance",
        "shown_highest",
        "battery_used",
    ]
    list_display_links = ["drawing", "take_off"]
    list_filter = ["kind", ("aircraft", AircraftFilter), ("gateway", GatewayFilter), "end_reason"]
    search_fields = ["aircraft_name", "aircraft_sn", "pilot_name", "mission__name", "gateway_name"]
    search_help_text = gettext_lazy("Aircraft, pilot, mission, dock or remote")
    date_hierarchy = "started_at"
    ordering = ["-started_at"]
    list_before_template = "console/flight_list_head.html"
    empty_hint = gettext_lazy("Every flight of your aircraft is recorded by itself, whoever flies it. Take off.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flight]:
        rows: QuerySet[Flight] = super().get_queryset(request)
        return rows.select_related("mission")

    def get_urls(self) -> list[URLPattern]:
        listed = path("csv/", self.admin_site.admin_view(self.csv_view), name="waylines_flight_csv")
        return [listed, *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One in the air would begin anew with the next telemetry."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.ended_at is not None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is in the air is left out of a selection instead of refusing all of it."""
        over = objs.filter(ended_at__isnull=False) if isinstance(objs, QuerySet) else objs
        return super().get_deleted_objects(over, request)

    def delete_model(self, request: HttpRequest, obj: Flight) -> None:
        retention.delete(obj, user=current_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Flight]) -> None:
        for flight in queryset.filter(ended_at__isnull=False).select_related("workspace"):
            retention.delete(flight, user=current_person(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(request, extra_context)
        if isinstance(answer, TemplateResponse) and answer.context_data and "cl" in answer.context_data:
            query = request.GET.urlencode()
            answer.context_data["totals"] = listing.totals(answer.context_data["cl"].queryset)
            answer.context_data["csv_url"] = reverse("admin:waylines_flight_csv") + (f"?{query}" if query else "")
        return answer

    def csv_view(self, request: HttpRequest) -> HttpResponse:
        """The list as it is filtered now, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_changelist_instance(request).get_queryset(request)
        answer = HttpResponse(listing.table(rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="flights-{timezone.now():%Y%m%d}.csv"'
        return answer

    @admin.display(description=gettext_lazy("track"))
    def drawing(self, flight: Flight) -> str:
        address = reverse("console:flight_picture", args=[flight.pk])
        return format_html('<img class="fleet-thumb" src="{}" width="72" height="42" loading="lazy" alt="">', address)

    @admin.display(description=gettext_lazy("take-off"), ordering="started_at")
    def take_off(self, flight: Flight) -> str:
        return timezone.localtime(flight.started_at).strftime("%Y-%m-%d %H:%M")

    @display(description=gettext_lazy("aircraft"), ordering="aircraft_name", header=True)
    def shown_aircraft(self, flight: Flight) -> list[str]:
        return [flight.aircraft_name or flight.aircraft_sn, flight.gateway_name]

    @display(description=gettext_lazy("kind"), ordering="kind", label=_COLOURS)
    def shown_kind(self, flight: Flight) -> tuple[str, str]:
        return flight.kind, str(flight.get_kind_display())

    @admin.display(description=gettext_lazy("mission"), ordering="mission__name")
    def shown_mission(self, flight: Flight) -> str:
        return flight.mission.name if flight.mission else "—"

    @display(description=gettext_lazy("duration"), label={"air": "success", "lost": "warning", "": "default"})
    def shown_duration(self, flight: Flight) -> tuple[str, str]:
        lasted = listing.clock(listing.duration(flight))
        if flight.ended_at is None:
            return "air", f"{lasted} · {gettext_lazy('in the air')}"
        return (
            ("lost", f"{lasted} · {flight.get_end_reason_display()}") if flight.end_reason == "silent" else ("", lasted)
        )

    @admin.display(description=gettext_lazy("distance (km)"), ordering="distance")
    def shown_distance(self, flight: Flight) -> str:
        return "—" if flight.distance is None else number_format(flight.distance / 1000, decimal_pos=2)

    @admin.display(description=gettext_lazy("highest (m)"), ordering="highest")
    def shown_highest(self, flight: Flight) -> str:
        return "—" if flight.highest is None else number_format(flight.highest, decimal_pos=0)

    @admin.display(description=gettext_lazy("battery used"))
    def battery_used(self, flight: Flight) -> str:
        used = listing.battery_used(flight)
        return "—" if used is None else f"{used} %"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row: Flight = self.row(request, object_id)
        flight = page.find(row.pk, row.workspace_id) or row
        may_delete = self.has_delete_permission(request, flight)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(flight.aircraft_name or flight.aircraft_sn),
            "subtitle": timezone.localtime(flight.started_at).strftime("%Y-%m-%d %H:%M"),
            "flight": flight,
            "partials": {
                target.removeprefix("live-"): {"template": template, "context": context(flight)}
                for target, (template, context) in page.PARTIALS.items()
            },
            "live": f"/ws/console/flights/{flight.pk}/",
            "configuration": page.configuration(flight),
            "files": page.files(flight),
            "rates": page.RATES,
            "delete_url": reverse("admin:waylines_flight_delete", args=[flight.pk]) if may_delete else "",
        }
        return render(request, "console/flight.html", context)
