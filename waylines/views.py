"""Pages of the console that are no list and no form: routes, missions and flights."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern

from waylines import flight_views, mission_views, route_views


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/ that stand beside the admin's own."""
    return [*flight_views.urls(site), *mission_views.urls(site), *route_views.urls(site)]
