"""Pages of the console that are no list and no form."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from devices.services import live_map


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/ that stand beside the admin's own."""

    def live(request: HttpRequest) -> HttpResponse:
        return map_page(request, site)

    return [path("map/", site.admin_view(live), name="map")]


def map_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The live map: where everything is, now."""
    workspace: Any = request.workspace  # type: ignore[attr-defined]
    configuration = {
        "socket": f"/ws/console/map/?workspace={workspace.pk}" if workspace else "",
        "atlas": f"{settings.STATIC_URL}vendor/world-atlas/countries-50m.json",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "modes": live_map.modes(),
        "staleAfter": settings.OFFLINE_AFTER * 1000,
        "words": _words(),
    }
    context = {
        **site.each_context(request),
        "title": _("Live map"),
        "workspace": workspace,
        "configuration": configuration,
        "add_url": reverse("admin:devices_device_add"),
    }
    return render(request, "console/map.html", context)


def _words() -> dict[str, str]:
    return {
        "live": _("Live"),
        "connecting": _("Connecting…"),
        "lost": _("Reconnecting… data from %s s ago"),
        "offline": _("Offline"),
        "online": _("Online"),
        "noPosition": _("no position"),
        "battery": _("Battery"),
        "height": _("Height"),
        "speed": _("Speed"),
        "heading": _("Heading"),
        "climb": _("Climb"),
        "state": _("State"),
        "position": _("Position"),
        "lastSeen": _("Last seen"),
        "ago": _("%s s ago"),
        "minutesAgo": _("%s min ago"),
        "never": _("never"),
        "open": _("Open its page"),
        "follow": _("Follow"),
        "unfollow": _("Stop following"),
        "aircraft": _("Aircraft"),
        "remote": _("Remote"),
        "dock": _("Dock"),
        "noMap": _("The offline map is not installed; run `make install`."),
        "world": _("Offline map"),
        "tiles": _("Map tiles"),
        "online_count": _("%s of %s online"),
    }
