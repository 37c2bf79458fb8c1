"""Topics of the Cloud API, upward and downward.

Upward: `thing/product/{sn}/{channel}` and `sys/product/{sn}/status`. The serial in the topic is the gateway's,
except for `osd`, `state` and the events of an aircraft, which carry the aircraft's own.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache


class Channel(StrEnum):
    """The eight ways up, named as they stand in the topic."""

    OSD = "osd"
    STATE = "state"
    SERVICES_REPLY = "services_reply"
    EVENTS = "events"
    REQUESTS = "requests"
    STATUS = "status"
    PROPERTY_SET_REPLY = "property/set_reply"
    DRC_UP = "drc/up"


class Down(StrEnum):
    """The ways down that a server starts; replies are built by `reply_topic`."""

    SERVICES = "services"
    PROPERTY_SET = "property/set"
    DRC_DOWN = "drc/down"


#: Telemetry may be coalesced or dropped under load; nothing else may.
TELEMETRY = frozenset({Channel.OSD, Channel.DRC_UP})
#: What a bridge subscribes to: (filter, QoS). Telemetry comes as it is sent, everything else at least once.
SUBSCRIPTIONS: tuple[tuple[str, int], ...] = tuple(
    (
        f"sys/product/+/{channel}" if channel is Channel.STATUS else f"thing/product/+/{channel}",
        0 if channel in TELEMETRY else 1,
    )
    for channel in Channel
)
_REPLY = {
    Channel.STATE: "state_reply",
    Channel.EVENTS: "events_reply",
    Channel.REQUESTS: "requests_reply",
    Channel.STATUS: "status_reply",
}
_SERIAL = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class UnknownTopic(ValueError):
    """The topic is none of the eight upward channels."""


@lru_cache(maxsize=65_536)
def parse(topic: str) -> tuple[str, Channel]:
    """The serial and the channel of an upward topic. Raises `UnknownTopic`."""
    parts = topic.split("/", 3)
    if len(parts) == 4 and parts[1] == "product" and _SERIAL.fullmatch(parts[2]):
        try:
            channel = Channel(parts[3])
        except ValueError:
            raise UnknownTopic(topic) from None
        if parts[0] == ("sys" if channel is Channel.STATUS else "thing"):
            return parts[2], channel
    raise UnknownTopic(topic)


def reply_topic(sn: str, channel: Channel) -> str | None:
    """Where the answer to a message of this channel goes; None for channels that are never answered."""
    suffix = _REPLY.get(channel)
    if suffix is None:
        return None
    return f"{'sys' if channel is Channel.STATUS else 'thing'}/product/{sn}/{suffix}"


def down_topic(sn: str, channel: Down | str) -> str:
    """Where a request to gateway `sn` goes."""
    return f"thing/product/{sn}/{channel}"
