"""The web process: Django for HTTP, Channels for sockets."""

from __future__ import annotations

import os
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")
http: Any = get_asgi_application()  # before any import that needs the apps

from devices import consumers as devices_consumers  # noqa: E402
from fleet import map_consumers  # noqa: E402
from fleet.consumers import PILOT_PATH  # noqa: E402
from fleet.consumers import websocket_urlpatterns as pilot_addresses  # noqa: E402
from media import consumers as media_consumers  # noqa: E402
from media.pacing import paced  # noqa: E402
from waylines import consumers as waylines_consumers  # noqa: E402


async def _refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An address nobody answers to: the handshake fails, and a stranger's guess logs no error."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


refuse: Any = _refuse  # an ASGI application, which Django's `re_path` is not typed for


console_addresses = [
    *devices_consumers.websocket_urlpatterns,
    *waylines_consumers.websocket_urlpatterns,
    *media_consumers.websocket_urlpatterns,
    *map_consumers.websocket_urlpatterns,
]

#: Pilot's socket sends no Origin and shows a token; a browser's is known by its cookie, so there the Origin
#: decides.
pilot_sockets = URLRouter([*pilot_addresses, re_path(r"", refuse)])
console_sockets = AllowedHostsOriginValidator(
    AuthMiddlewareStack(URLRouter([*console_addresses, re_path(r"", refuse)]))
)


async def sockets(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send a socket to the door it knocked at."""
    for_pilot = scope["path"].strip("/") == PILOT_PATH
    await (pilot_sockets if for_pilot else console_sockets)(scope, receive, send)


application = ProtocolTypeRouter({"http": paced(http), "websocket": sockets})
