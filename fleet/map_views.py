"""Pages of the shared map."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/ that stand beside the admin's own."""
    return []
