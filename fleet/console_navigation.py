"""How the console looks and where its pages are.

Read while the settings are read, so nothing of the project is imported before a page asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlparse

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

Asks = Callable[[HttpRequest], bool]


def _address(name: str) -> str:
    """Empty for a page that does not exist, which the sidebar then leaves out."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _is_current(link: Any) -> Asks:
    """Lit on a page and below it; of several filters of one list only the one that is set."""

    def active(request: HttpRequest) -> bool:
        address = urlparse(str(link))
        if not address.path or not request.path.startswith(address.path):
            return False
        wanted = parse_qs(address.query)
        return all(request.GET.getlist(name) == values for name, values in wanted.items())

    return active


def _may_see(app: str, model: str) -> Asks:
    """The list's own answer, so that a link and its page never disagree."""

    def permitted(request: HttpRequest) -> bool:
        from django.apps import apps
        from django.contrib import admin

        page = admin.site._registry.get(apps.get_model(app, model))
        return page is not None and page.has_view_permission(request)

    return permitted


def _list(title: Any, icon: str, app: str, model: str, query: str = "") -> dict[str, Any]:
    name = f"admin:{app}_{model}_changelist"
    link = lazy(lambda: _address(name) + query, str)()
    return {
        "title": title,
        "icon": icon,
        "link": link,
        "active": _is_current(link),
        "permission": _may_see(app, model),
    }


def _has_workspace(request: HttpRequest) -> bool:
    return bool(getattr(request, "workspace", None))


def _settings_link(request: HttpRequest) -> str:
    workspace: Any = getattr(request, "workspace", None)
    return reverse("admin:fleet_workspace_change", args=[workspace.pk]) if workspace else ""


def _on_settings(request: HttpRequest) -> bool:
    return bool(_has_workspace(request) and request.path == _settings_link(request))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _plain(title: Any, icon: str, name: str) -> dict[str, Any]:
    link = lazy(lambda: _address(name), str)()
    return {"title": title, "icon": icon, "link": link, "active": _is_current(link)}


def _all_workspaces() -> dict[str, Any]:
    entry = _list(_("All workspaces"), "domain", "fleet", "workspace")
    exact = lazy(lambda: _address("admin:fleet_workspace_changelist"), str)()
    return entry | {"permission": _is_superuser, "active": lambda request: request.path == str(exact)}


NAVIGATION: list[dict[str, Any]] = [
    {
        "title": _("Live"),
        "items": [_plain(_("Map"), "map", "console:map"), _plain(_("Shared elements"), "draw", "console:elements")],
    },
    {
        "title": _("Missions"),
        "separator": True,
        "items": [
            _plain(_("Calendar"), "calendar_month", "console:calendar"),
            _list(_("Missions"), "assignment", "waylines", "mission"),
            _list(_("Schedules"), "event_repeat", "waylines", "schedule"),
            _list(_("Routes"), "route", "waylines", "route"),
            _list(_("Flights"), "flight_takeoff", "waylines", "flight"),
        ],
    },
    {
        "title": _("Media"),
        "separator": True,
        "items": [
            _plain(_("Gallery"), "photo_library", "console:gallery"),
            _plain(_("Map of shots"), "add_a_photo", "console:shots"),
        ],
    },
    {
        "title": _("Devices"),
        "separator": True,
        "items": [
            _list(_("Docks"), "home_work", "devices", "device", "?domain__exact=3"),
            _list(_("Remotes"), "sports_esports", "devices", "device", "?domain__exact=2"),
            _list(_("Aircraft"), "flight", "devices", "device", "?domain__exact=0"),
            _list(_("Alarms"), "warning", "devices", "alarm"),
            _list(_("Commands"), "terminal", "devices", "command"),
            _list(_("Device models"), "category", "devices", "devicemodel"),
        ],
    },
    {
        "title": _("Workspace"),
        "separator": True,
        "items": [
            _list(_("People"), "group", "fleet", "membership"),
            _list(_("Gateway access"), "key", "devices", "gatewaycredential"),
            _list(_("Pilot 2"), "sports_esports", "fleet", "pilotsettings"),
            _plain(_("Connection doctor"), "stethoscope", "console:doctor"),
            _list(_("Access tokens"), "vpn_key", "fleet", "accesstoken"),
            {
                "title": _("Settings"),
                "icon": "settings",
                "link": _settings_link,
                "active": _on_settings,
                "permission": _has_workspace,
            },
            _all_workspaces(),
        ],
    },
    {
        "title": _("System"),
        "separator": True,
        "items": [
            _list(_("Message log"), "forum", "devices", "loggedmessage"),
            _list(_("Rejected messages"), "report", "devices", "rejectedmessage"),
            _list(_("Audit"), "history", "fleet", "auditentry"),
            _plain(_("Health"), "monitor_heart", "healthz"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Fleet",
    "SITE_HEADER": "Fleet",
    "SITE_SYMBOL": "flight_takeoff",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icons/fleet.svg")},
    ],
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(97.7% .013 236.6)",
            "100": "oklch(95.1% .026 236.8)",
            "200": "oklch(90.1% .058 230.9)",
            "300": "oklch(82.8% .111 230.3)",
            "400": "oklch(74.6% .16 232.7)",
            "500": "oklch(68.5% .169 237.3)",
            "600": "oklch(58.8% .158 242)",
            "700": "oklch(50% .134 242.7)",
            "800": "oklch(44.3% .11 240.8)",
            "900": "oklch(39.1% .09 240.9)",
            "950": "oklch(29.3% .066 243.2)",
        },
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": NAVIGATION},
}
