"""Pages of the console that are no list and no form."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from devices import doctor_views
from devices.services import live_map
from fleet.models import Role
from fleet.services import access


def console_urls(site: AdminSite) -> list[URLPattern]:
    """The pages below /admin/ that stand beside the admin's own."""

    def live(request: HttpRequest) -> HttpResponse:
        return map_page(request, site)

    return [path("map/", site.admin_view(live), name="map"), *doctor_views.console_urls(site)]


def map_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The live map: where everything is, now."""
    workspace: Any = request.workspace  # type: ignore[attr-defined]
    person: Any = request.user
    configuration = {
        "socket": f"/ws/console/map/?workspace={workspace.pk}" if workspace else "",
        "elements": f"/ws/console/elements/?workspace={workspace.pk}" if workspace else "",
        "atlas": f"{settings.STATIC_URL}vendor/world-atlas/countries-50m.json",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_TILES_ATTRIBUTION,
        "modes": live_map.modes(),
        "tones": live_map.tones(),
        "staleAfter": settings.OFFLINE_AFTER * 1000,
        "words": _words(),
    }
    context = {
        **site.each_context(request),
        "title": _("Live map"),
        "workspace": workspace,
        "configuration": configuration,
        "add_url": reverse("admin:devices_device_add"),
        "may_add": workspace is not None and access.may(person, workspace, Role.OPERATOR),
    }
    return render(request, "console/map.html", context)


def _words() -> dict[str, str]:
    return {
        "live": _("Live"),
        "connecting": _("Connecting…"),
        "lost": _("Reconnecting… data from %s ago"),
        "notYet": _("Reconnecting…"),
        "offline": _("Offline"),
        "online": _("Online"),
        "stale": _("silent"),
        "lowBattery": _("battery low"),
        "unknownMode": _("State %s"),
        "noPosition": _("no position yet"),
        "battery": _("Battery"),
        "height": _("Height above the ellipsoid"),
        "elevation": _("Height above take-off"),
        "speed": _("Speed"),
        "heading": _("Heading"),
        "climb": _("Climb"),
        "home": _("Distance from home"),
        "gateway": _("Connected through"),
        "position": _("Position"),
        "lastSeen": _("Last seen"),
        "ago": _("%s ago"),
        "never": _("never seen"),
        "open": _("Open its page"),
        "follow": _("Follow"),
        "unfollow": _("Stop following"),
        "close": _("Close"),
        "aircraft": _("Aircraft"),
        "remote": _("Remote"),
        "dock": _("Dock"),
        "noMap": _("The offline map is not installed; run `make install`."),
        "tiles": _("Map tiles"),
        "counted": _("%s of %s online"),
        "nothingFound": _("Nothing matches “%s”."),
    }
