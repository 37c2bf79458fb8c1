"""Does the broker let somebody in, at the address that docks and remotes are given? Connects, and leaves at once."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import aiomqtt

LIMIT = 5.0
_PORTS = {"tcp": 1883, "ssl": 8883, "ws": 80, "wss": 443}
#: CONNACK's “bad user name or password” and “not authorised”, as MQTT 3.1.1 and 5 number them.
_REFUSED = frozenset({4, 5, 134, 135})

_quiet = logging.getLogger("devices.services.doctor.mqtt")
_quiet.setLevel(logging.CRITICAL)


class Answer(StrEnum):
    IN = "in"
    REFUSED = "refused"
    #: Somebody answers and will not talk MQTT with us.
    ODD = "odd"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Outcome:
    answer: Answer
    detail: str = ""


def knock(url: str, username: str, password: str, limit: float = LIMIT) -> Outcome:
    """Log in at `tcp://`, `ssl://`, `ws://` or `wss://`, and out again. Nothing is subscribed or published.

    The client id is a made-up one: a device that is connected with the same account stays connected.
    """
    try:
        return asyncio.run(asyncio.wait_for(_knock(url, username, password, limit), limit + 1))
    except TimeoutError:
        return Outcome(Answer.UNREACHABLE, f"{limit:g} s")


async def _knock(url: str, username: str, password: str, limit: float) -> Outcome:
    parts = urlsplit(url)
    web = parts.scheme in ("ws", "wss")
    try:
        async with aiomqtt.Client(
            parts.hostname or "127.0.0.1",
            parts.port or _PORTS[parts.scheme],
            username=username,
            password=password,
            identifier=f"doctor-{secrets.token_hex(6)}",
            protocol=aiomqtt.ProtocolVersion.V311,
            transport="websockets" if web else "tcp",
            websocket_path=(parts.path or "/mqtt") if web else None,
            tls_context=ssl.create_default_context() if parts.scheme in ("ssl", "wss") else None,
            timeout=limit,
            logger=_quiet,
        ):
            return Outcome(Answer.IN)
    except aiomqtt.MqttCodeError as error:
        code = getattr(error.rc, "value", error.rc)
        return Outcome(Answer.REFUSED if code in _REFUSED else Answer.ODD, str(error))
    except aiomqtt.MqttError as error:
        # aiomqtt reports every failure of the network as this, and a silent other side as a time-out.
        odd = "timed out" in str(error).lower() and "connect" not in str(error).lower()
        return Outcome(Answer.ODD if odd else Answer.UNREACHABLE, str(error))
