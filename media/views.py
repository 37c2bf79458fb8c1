"""Pages of the console that are no list and no form: the gallery, its files, and the map of shots."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern

from media import file_views, gallery_views, shot_views


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/ that stand beside the admin's own."""
    return [*gallery_views.urls(site), *file_views.urls(site), *shot_views.urls(site)]
