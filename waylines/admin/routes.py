"""The route library in the console."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet import console_page
from fleet.admin.base import ReadOnlyAdmin, current_workspace
from fleet.current import covers, current_person
from fleet.models import Role
from media.services.storage.archive import pieces
from waylines.models import Route
from waylines.services import live_mission
from waylines.services.routes import library, listing, page, page_words, words
from waylines.services.routes.refused import RouteRefused


class ModelFilter(admin.SimpleListFilter):
    """Aircraft models that the workspace has routes for."""

    title = gettext_lazy("aircraft model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Route]) -> list[tuple[str, str]]:
        rows = Route.objects.filter(workspace=current_workspace(request)).exclude(drone_model_key="")
        return [(key, words.model(key)) for key in rows.values_list("drone_model_key", flat=True).distinct().order_by()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> QuerySet[Route]:
        return queryset.filter(drone_model_key=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """Kinds of route, by Pilot's numbers."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Route]) -> list[tuple[str, str]]:
        return [(str(code), label) for code, label in words.template_codes().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> QuerySet[Route]:
        value = self.value()
        if value not in {str(code) for code in words.template_codes()}:
            return queryset
        return queryset.filter(listing.HoldsLike(F("template_types"), Value(value)))


class StarFilter(admin.SimpleListFilter):
    """The person's own favourites."""

    title = gettext_lazy("star")
    parameter_name = "star"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Route]) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("With my star"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> QuerySet[Route]:
        return queryset.filter(listing.starred(current_person(request))) if self.value() == "1" else queryset


@admin.register(Route)
class RouteAdmin(ReadOnlyAdmin):
    list_display = [
        "drawing",
        "shown_name",
        "star",
        "shown_model",
        "kind",
        "shown_distance",
        "shown_duration",
        "photos",
        "changed",
        "user_name",
    ]
    list_display_links = ["drawing", "shown_name"]
    list_filter = [StarFilter, ModelFilter, KindFilter, "source"]
    delete_role = Role.OPERATOR
    actions = ["download_them", "star_them"]
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
        return route.name

    @admin.display(description=gettext_lazy("star"))
    def star(self, route: Route) -> str:
        """A button of the list's own form, so that it works without a script."""
        has = bool(getattr(route, "favorited", False))
        address = reverse("console:route_change", args=[route.pk, "unstar" if has else "star"])
        label = _("Take the star away") if has else _("Star")
        return format_html(
            '<button class="fleet-star" formaction="{}" name="back" value="list" title="{}" aria-label="{}" '
            'aria-pressed="{}">{}</button>',
            address,
            label,
            label,
            "true" if has else "false",
            "★" if has else "☆",
        )

    @admin.action(description=gettext_lazy("Download the chosen routes"))
    def download_them(self, request: HttpRequest, queryset: QuerySet[Route]) -> HttpResponseBase:
        chosen = queryset.order_by("name").values_list("file__object_key", "name")
        files = [(0, "", f"{name}.kmz", key) for key, name in chosen]
        return console_page.zipped(pieces(files), slugify(_("routes")) or "routes")

    def has_star_permission(self, request: HttpRequest) -> bool:
        return covers(request, Role.PILOT)

    @admin.action(description=gettext_lazy("Star the chosen routes"), permissions=["star"])
    def star_them(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        workspace = current_workspace(request)
        if workspace is not None:
            chosen = queryset.values_list("pk", flat=True)
            library.star(workspace, chosen, user=current_person(request))

    def delete_model(self, request: HttpRequest, obj: Route) -> None:
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        self._delete(request, queryset)

    def _delete(self, request: HttpRequest, routes: Iterable[Route]) -> None:
        for route in routes:
            try:
                library.delete(route, user=current_person(request))
            except RouteRefused as refusal:
                self.message_user(request, refusal.message, messages.ERROR)

    @admin.display(description=gettext_lazy("aircraft"), ordering="drone_model_key")
    def shown_model(self, route: Route) -> str:
        return words.model(route.drone_model_key) or "—"

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, route: Route) -> str:
        found = route.file.facts.get("template_types") or []
        return ", ".join(words.template(str(word)) for word in found) or "—"

    @admin.display(description=gettext_lazy("length"), ordering="distance")
    def shown_distance(self, route: Route) -> str:
        return page.length(route.distance)

    @admin.display(description=gettext_lazy("duration"), ordering="duration")
    def shown_duration(self, route: Route) -> str:
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
        shown = page.opened(route)
        points, heights = page.points(shown), page.profile(shown.outline)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": route.name,
            "route": route,
            "rows": page.rows(route),
            "contents": page.contents(shown),
            "advice": page.advice(shown, dock),
            "docks": docks,
            "dock": dock,
            "profile": heights,
            "points": points,
            "thinned": sum(line.get("point_count", 0) for line in shown.outline) > len(points),
            "drawing": page.painting(shown, points, heights),
            "configuration": live_mission.map_configuration() | {"words": page_words.showing()},
            "planned": library.planned(route),
            "editable": page.editable(shown),
            "may_edit": covers(request, Role.OPERATOR),
            "may_star": covers(request, Role.PILOT),
            "subtitle": _("Route"),
        }
        return render(request, "console/route.html", context)
