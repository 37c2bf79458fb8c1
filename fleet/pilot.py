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

from fleet.models.pilot_settings import DownloadOwner, LiveMode, PhotoType

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
#: In this order: each uses those before it.
SCRIPTS = ("bridge", "screen", "server", "report", "modules", "tools", "connect", "live", "media", "look", "pilot")
#: Each language calls itself by its own name.
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch"}


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
                "languageCookie": settings.LANGUAGE_COOKIE_NAME,
            },
            "texts": texts(),
            "modules": modules(),
            "languages": [(code, LANGUAGE_NAMES.get(code, code)) for code, _name in settings.LANGUAGES],
            "live_modes": LiveMode.choices,
            "photo_types": PhotoType.choices,
            "owners": DownloadOwner.choices,
            "scripts": [f"pilot/{name}.js" for name in SCRIPTS],
        }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["Referrer-Policy"] = "no-referrer"
        return response


page = PilotPage.as_view()


def modules() -> list[dict[str, str]]:
    """Pilot's modules in the documented order of loading, and last the one step that is ours."""
    named = (
        ("api", _("Server"), _("Routes, media and settings come from here")),
        ("thing", _("Device link"), _("Tells the workspace where the aircraft is")),
        ("liveshare", _("Live video"), _("Sends the camera's picture to the workspace")),
        ("ws", _("Live news"), _("Tells this remote what the others do")),
        ("map", _("Shared map"), _("Points, lines and areas that everybody draws")),
        ("tsa", _("Team on the map"), _("Shows docks, pilots and aircraft in Pilot 2")),
        ("media", _("Photos and videos"), _("Uploads what was taken")),
        ("mission", _("Routes"), _("The workspace's routes in Pilot 2")),
        ("binding", _("Registration"), _("This remote belongs to the workspace")),
    )
    again = _("Load again: %s")
    return [{"key": key, "name": name, "purpose": why, "reload": again % name} for key, name, why in named]


def texts() -> dict[str, Any]:
    """What the scripts say, in the reader's language. Each error tells what happened, why, and what to do."""
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
        "sessionOverKept": _("It ran out or was withdrawn. Log in again; what is connected stays connected."),
        "refusedTitle": _("The server refused this"),
        "noAccountTitle": _("This remote cannot connect yet"),
        "noSerial": _("Pilot 2 did not tell the remote's serial number. Close this page and open it again."),
        "loopbackTitle": _("The server gives out an address that only itself can reach"),
        "loopback": _(
            "Remotes are told to connect to %s. Whoever runs the server sets FLEET_MQTT_PUBLIC_URL to an "
            "address in this network and restarts it."
        ),
        "noFunction": _("This version of Pilot 2 does not have “%s”. Update Pilot 2."),
        "pilotSays": _("Pilot 2 says: “%s”. Load it again; if that does not help, restart Pilot 2."),
        "pilotSilent": _("Pilot 2 refused it and did not say why. Load it again, or restart Pilot 2."),
        "needs": _("It needs %s first. Load that again, then this."),
        "putAway": _("Pilot 2 has put it away. Load it again."),
        "thingSlow": _(
            "No connection to %s yet. Does this remote have a network, and may it reach that address and port? "
            "The operator sees more in the console, under Connection doctor."
        ),
        "wsSlow": _(
            "No connection to %s yet. If the device link stands, something between here and the server does not let "
            "WebSocket through."
        ),
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
        "tapAgain": _("Tap again to leave"),
        "saved": _("Saved."),
        "isEmpty": _("This is missing."),
        "noLiveAddress": _("none yet; an administrator sets it in the console. You can type one here."),
        "liveStarted": _("Pilot 2 begins to send."),
        "liveStopped": _("Stopped."),
        "liveUnknown": _("Not running"),
        "liveStates": {"0": _("Not running"), "1": _("Connected, no picture yet"), "2": _("Live")},
        "liveFacts": {
            "fps": _("Pictures a second"),
            "videoBitRate": _("Video bit rate"),
            "audioBitRate": _("Audio bit rate"),
            "rtt": _("Way there and back (ms)"),
            "jitter": _("Jitter (ms)"),
            "dropRate": _("Lost"),
            "quality": _("Quality"),
        },
        "liveFields": {
            "url": _("Address"),
            "userName": _("User name"),
            "password": _("Password"),
            "port": _("Port"),
            "uid": _("User id"),
            "token": _("Token"),
            "channelId": _("Channel"),
            "serverIp": _("Server address"),
            "serverPort": _("Server port"),
            "serverId": _("Server id"),
            "agentId": _("Device id"),
            "agentPort": _("Device port"),
            "agentChannel": _("Device channel"),
        },
        "appThere": _("Installed"),
        "appMissing": _("Not installed on this remote"),
        "appUnknown": _("Opens if it is installed"),
        "openApp": _("Open"),
        "logsEncrypted": _("From now on Pilot 2 encrypts them with the workspace's key."),
        "logsPlain": _("From now on Pilot 2 does not encrypt them with a key of ours."),
        "logsUnknown": _("Whether they are encrypted, Pilot 2 does not tell."),
        "mopStarted": _("The channel is open."),
        "mopStopped": _("The channel is closed."),
    }
