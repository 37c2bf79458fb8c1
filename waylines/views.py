"""Pages of the console that are no list and no form: routes, missions and flights."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/ that stand beside the admin's own."""
    return []
