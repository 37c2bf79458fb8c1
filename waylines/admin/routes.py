"""The route library in the console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.admin.base import ReadOnlyAdmin, current_workspace
from fleet.current import covers, current_person
from fleet.models import Role
from waylines.models import Route
from waylines.services import live_mission
from waylines.services.routes import library, listing, page, words


class ModelFilter(admin.SimpleListFilter):
    """Aircraft models that the workspace has routes for."""

    title = gettext_lazy("aircraft model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Route]) -> list[tuple[str, str]]:
        rows = Route.objects.filter(workspace=current_workspace(request)).exclude(drone_model_key="")
        return [(key, words.model(key)) for key in rows.values_list("drone_model_key", flat=True).distinct().order_by()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> QuerySet[Route]:
        return queryset.filter(drone_model_key=self.value()) if self.value() else queryset


@admin.register(Route)
class RouteAdmin(ReadOnlyAdmin):
    list_display = ["drawing", "shown_name", "model", "kind", "length", "duration", "photos", "changed", "user_name"]
    list_display_links = ["drawing", "shown_name"]
    list_filter = [ModelFilter, "source"]
    search_fields = ["name", "user_name"]
    ordering = ["-updated_at"]
    list_before_template = "console/route_list_head.html"
    empty_hint = gettext_lazy("Import a KMZ of Pilot 2 or FlightHub 2, or draw a route on the map.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        rows: QuerySet[Route] = super().get_queryset(request)
        rows = rows.select_related("file").defer("file__outline")
        return rows.annotate(favorited=listing.starred(current_person(request)))

    @admin.display(description="")
    def drawing(self, route: Route) -> str:
        lines = format_html_join(
            "",
            '<polyline points="{}" fill="none" stroke="#7c3aed" stroke-width="1.5"/>',
            ((p,) for p in page.sketch(route)),
        )
        return format_html('<svg width="44" height="44" role="img" aria-label="{}">{}</svg>', route.name, lines)

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def shown_name(self, route: Route) -> str:
        return f"★ {route.name}" if getattr(route, "favorited", False) else route.name

    @admin.display(description=gettext_lazy("aircraft"), ordering="drone_model_key")
    def model(self, route: Route) -> str:
        return words.model(route.drone_model_key) or "—"

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, route: Route) -> str:
        found = route.file.facts.get("template_types") or []
        return ", ".join(words.template(str(word)) for word in found) or "—"

    @admin.display(description=gettext_lazy("length"), ordering="distance")
    def length(self, route: Route) -> str:
        return page.length(route.distance)

    @admin.display(description=gettext_lazy("duration"), ordering="duration")
    def duration(self, route: Route) -> str:
        return page.duration(route.duration)

    @admin.display(description=gettext_lazy("photos"))
    def photos(self, route: Route) -> str:
        return str(route.file.facts.get("photo_count") or 0)

    @admin.display(description=gettext_lazy("changed"), ordering="updated_at")
    def changed(self, route: Route) -> str:
        return timezone.localtime(route.updated_at).strftime("%Y-%m-%d %H:%M")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self.row(request, object_id)
        person = current_person(request)
        route = (
            Route.objects.select_related("file", "workspace")
            .annotate(favorited=listing.starred(person))
            .get(pk=object_id)
        )
        docks = page.docks(route)
        wanted = request.GET.get("dock", "")
        dock = next((found for found in docks if str(found.pk) == wanted), docks[0] if len(docks) == 1 else None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": route.name,
            "route": route,
            "rows": page.rows(route),
            "advice": page.advice(route, dock),
            "docks": docks,
            "dock": dock,
            "profile": page.profile(route),
            "points": page.points(route),
            "listed": page.LISTED,
            "drawing": {"outline": route.file.outline, "spots": page.profile(route).get("spots", [])},
            "configuration": live_mission.map_configuration(),
            "planned": library.planned(route),
            "may_edit": covers(request, Role.OPERATOR),
            "may_star": covers(request, Role.PILOT),
            "subtitle": _("Route"),
        }
        return render(request, "console/route.html", context)
