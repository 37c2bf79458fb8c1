"""What an MQTT account may publish and read: the one place that says so, for all three brokers.

A gateway sends on the upward channels of itself and of its present aircraft, and reads whatever stands under
these serials. Reading is wide (a device may subscribe with a wildcard inside its own space), sending is not:
with `thing/product/{sn}/#` a dock could forge the `services` it is to obey.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fleet.mqtt.topics import SUBSCRIPTIONS, Channel, Down, reply_topic

#: What a topic level can hold safely: no slash, no wildcard, nothing that has a meaning to a broker.
_SERIAL = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
#: A remote links two aircraft at most; a gateway that claims hundreds must not swell the broker's tables.
MAX_AIRCRAFT = 16
_SHARED = re.compile(r"\$share/[^/+#]+/(.+)", re.DOTALL)


class Action(StrEnum):
    """What an account asks for. `receive` is asked by brokers that look again at each delivery."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    RECEIVE = "receive"


def is_serial(sn: str) -> bool:
    """Whether `sn` can stand in a topic as one level: letters, digits, dot, dash, underscore, at most 64."""
    return _SERIAL.fullmatch(sn) is not None


def is_topic(text: str) -> bool:
    """Whether `text` is a topic that one can publish to."""
    return bool(text) and not any(character in text for character in "+#\0")


def is_filter(text: str) -> bool:
    """Whether `text` is a topic filter: `+` only as a whole level, `#` only as the whole last one."""
    levels = text.split("/")
    return (
        bool(text)
        and "\0" not in text
        and all(
            ("+" not in level or level == "+") and ("#" not in level or (level == "#" and index == len(levels) - 1))
            for index, level in enumerate(levels)
        )
    )


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that filter (or topic) `narrow` matches is matched by filter `wide`.

    As MQTT says it: `a/#` matches `a` too, and a leading wildcard never matches topics that begin with `$`.
    """
    wanted, asked = wide.split("/"), narrow.split("/")
    if wanted[0] in ("+", "#") and asked[0].startswith("$"):
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(asked) or asked[index] == "#" or level not in ("+", asked[index]):
            return False
    return len(wanted) == len(asked)


@dataclass(frozen=True, slots=True)
class Rules:
    """Topic filters that an account may publish to and read. What no filter covers is refused."""

    publish: frozenset[str]
    read: frozenset[str]
    #: What it may subscribe to where the broker looks again at each delivery (Mosquitto, amqtt): a device subscribes
    #: to its aircraft's answers when it connects, before we know which aircraft that is, and never tries again.
    ahead: frozenset[str] = frozenset()
    #: Whether it may use `$share/{group}/…`: a gateway has nobody to share with.
    shared: bool = False

    def allow(self, action: Action | str, topic: str, *, checks_deliveries: bool = False) -> bool:
        """Whether the account may do this with this topic (for `subscribe`: this topic filter).

        `checks_deliveries`: the broker asks again (`receive`) before it hands a message over.
        """
        if action == Action.PUBLISH:
            return is_topic(topic) and any(covers(rule, topic) for rule in self.publish)
        if action == Action.RECEIVE:
            return is_topic(topic) and any(covers(rule, topic) for rule in self.read)
        if action != Action.SUBSCRIBE:
            return False
        if topic.startswith("$share/"):
            match = _SHARED.fullmatch(topic) if self.shared else None
            if match is None:
                return False
            topic = match[1]
        readable = self.read | self.ahead if checks_deliveries else self.read
        return is_filter(topic) and any(covers(rule, topic) for rule in readable)


#: Answers to an aircraft's messages.
ANSWERS = frozenset({"thing/product/+/state_reply", "thing/product/+/events_reply"})
NOTHING = Rules(frozenset(), frozenset())


def _space(channel: Channel) -> str:
    return "sys" if channel is Channel.STATUS else "thing"


def gateway(sn: str, aircraft: Iterable[str] = ()) -> Rules:
    """The rules of the dock or remote `sn` with these aircraft. Raises `ValueError` for no serial.

    A `status` message is a gateway's alone: an aircraft has no topology to announce. An aircraft whose serial
    cannot stand in a topic has no topics; it is passed over, for the gateway's own must work whatever it
    claims.
    """
    if not is_serial(sn):
        raise ValueError(f"{sn!r} is no serial number")
    own = {f"{_space(channel)}/product/{sn}/{channel}" for channel in Channel}
    read = {f"thing/product/{sn}/#", f"sys/product/{sn}/#"}
    for serial in [serial for serial in aircraft if is_serial(serial) and serial != sn][:MAX_AIRCRAFT]:
        own |= {f"thing/product/{serial}/{channel}" for channel in Channel if channel is not Channel.STATUS}
        read.add(f"thing/product/{serial}/#")
    return Rules(frozenset(own), frozenset(read), ahead=ANSWERS)


def bridge() -> Rules:
    """The rules of the server's own account: reads every upward channel, sends on every downward one."""
    down = {f"thing/product/+/{channel}" for channel in Down}
    down |= {topic for channel in Channel if (topic := reply_topic("+", channel)) is not None}
    return Rules(frozenset(down), frozenset(topic for topic, _qos in SUBSCRIPTIONS) | {"$SYS/#"}, shared=True)
