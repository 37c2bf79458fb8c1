"""Asking our own web address the way a remote does: over the network, by the name that remotes are given."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

LIMIT = 5.0
_BYTES = 200_000


class Unreachable(Exception):
    """Nobody answers there; the text is the network's own."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def fetch(url: str, headers: dict[str, str] | None = None, limit: float = LIMIT) -> Answer:
    """GET without following redirects and without a proxy. Raises `Unreachable`."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path or "/"
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(host, parts.port, timeout=limit, context=ssl.create_default_context())
    else:
        connection = HTTPConnection(host, parts.port, timeout=limit)
    try:
        connection.request("GET", path, headers={"User-Agent": "Fleet-Doctor", **(headers or {})})
        response = connection.getresponse()
        # An accepted WebSocket has no end to read up to.
        body = "" if response.status == 101 else response.read(_BYTES).decode("utf-8", "replace")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    except (OSError, HTTPException) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def is_only_here(host: str) -> bool:
    """Whether this name leads every machine to itself."""
    name = host.strip("[]").lower()
    if name in ("", "localhost") or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
