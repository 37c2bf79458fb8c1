"""The page that DJI Pilot 2 opens at /pilot/: log in on the remote and connect it to the workspace."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

#: Everything comes from this server, nothing runs that stands in the page itself, and nobody may frame it.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@method_decorator(never_cache, name="dispatch")
class PilotPage(TemplateView):
    """Knows nothing of any workspace: Pilot has to check the licence before anybody can log in."""

    template_name = "pilot/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "config": {
                "appId": settings.DJI_APP_ID,
                "appKey": settings.DJI_APP_KEY,
                "license": settings.DJI_APP_LICENSE,
                "platform": "Fleet",
                "socketPath": "/api/v1/ws",
            },
            "texts": texts(),
        }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["Referrer-Policy"] = "no-referrer"
        return response


page = PilotPage.as_view()


def texts() -> dict[str, str]:
    """What the script says, in the reader's language. Each error tells what happened, why, and what to do."""
    return {
        "noLicenseTitle": _("This server has no DJI licence yet"),
        "noLicense": _(
            "Pilot 2 opens a cloud only for a licensed app. Whoever runs the server sets FLEET_DJI_APP_ID, "
            "FLEET_DJI_APP_KEY and FLEET_DJI_APP_LICENSE (free at developer.dji.com) and restarts it."
        ),
        "badLicenseTitle": _("Pilot 2 does not accept the server's DJI licence"),
        "badLicense": _(
            "App id, key and licence do not fit together, or the remote has never been online to check them. "
            "Connect it to the internet once and try again; if that does not help, check the three settings."
        ),
        "offlineTitle": _("The server does not answer"),
        "offline": _("Check the remote's network, then try again."),
        "badAnswer": _("The server sent something unexpected. Tell whoever runs it, and try again."),
        "loginFailed": _("Not logged in"),
        "sessionOverTitle": _("Your login is over"),
        "sessionOver": _("It ran out or was withdrawn. Log in again."),
        "refusedTitle": _("The server refused this"),
        "noAccountTitle": _("This remote cannot connect yet"),
        "noSerial": _("Pilot 2 did not tell the remote's serial number. Close this page and open it again."),
        "loopbackTitle": _("The server gives out an address that only itself can reach"),
        "loopback": _(
            "Remotes are told to connect to %s. Whoever runs the server sets FLEET_MQTT_PUBLIC_URL to an "
            "address in this network and restarts it."
        ),
        "moduleFailedTitle": _("Pilot 2 could not load a part"),
        "noFunction": _("This version of Pilot 2 does not have “%s”. Update Pilot 2."),
        "checking": _("Checking…"),
        "waiting": _("Not started"),
        "loading": _("Starting…"),
        "connected": _("Connected"),
        "ready": _("Ready"),
        "notConnected": _("Not connected, trying again"),
        "failed": _("Failed"),
        "registered": _("Registered to you"),
        "registering": _("Registering…"),
        "noAircraft": _("None connected"),
        "unknown": _("Unknown"),
        "online": _("Online"),
        "offlineState": _("Offline"),
        "noDevices": _("No device is registered in this workspace yet."),
        "loggingIn": _("Logging in…"),
        "logIn": _("Log in"),
    }
