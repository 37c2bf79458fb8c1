"""Django system checks: the routing table against the documented methods."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from fleet.mqtt.handlers import ANY, registry
from fleet.mqtt.topics import Channel
from fleet.protocol import methods


@register("fleet")
def documented_methods_have_an_owner(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every channel that must be read has a handler, and no handler waits for a method that does not exist."""
    messages: list[CheckMessage] = []
    for channel in Channel:
        documented = methods.names(channel)
        for route in registry.routes():
            if route.channel is channel and route.method != ANY and route.method not in documented:
                messages.append(
                    Warning(
                        f"{route.owner} handles {channel} {route.method!r}, which no page documents.",
                        hint="A slip in the name, or seen on a real device: then add it to fleet/protocol/data.",
                        id="fleet.W001",
                    )
                )
        if channel in (Channel.OSD, Channel.STATE, Channel.DRC_UP, Channel.SERVICES_REPLY, Channel.PROPERTY_SET_REPLY):
            if registry.find(channel, ANY) is None:
                messages.append(Error(f"Nobody handles the channel {channel}.", id="fleet.E001"))
        elif channel in (Channel.EVENTS, Channel.STATUS):
            messages += [
                Error(f"Nobody handles {channel} {name!r}.", id="fleet.E002")
                for name in sorted(documented)
                if registry.find(channel, name) is None
            ]
    return messages
