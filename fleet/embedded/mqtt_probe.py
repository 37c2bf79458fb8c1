"""Does a broker let an account in? A bare MQTT 3.1.1 CONNECT over a socket, without a client library."""

from __future__ import annotations

import secrets
import socket
import struct
from urllib.parse import unquote, urlsplit

_USERNAME, _PASSWORD, _CLEAN = 0x80, 0x40, 0x02


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


def connect_packet(client_id: str, username: str, password: str) -> bytes:
    body = _text("MQTT") + bytes([4, _USERNAME | _PASSWORD | _CLEAN]) + struct.pack("!H", 10)
    body += _text(client_id) + _text(username) + _text(password)
    length, rest = b"", len(body)
    while rest > 127:
        length, rest = length + bytes([rest & 0x7F | 0x80]), rest >> 7
    return b"\x10" + length + bytes([rest]) + body


def lets_in(url: str, timeout: float = 2.0) -> bool:
    """Whether the broker at `mqtt://user:password@host:port` accepts that account now."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 1883), timeout) as connection:
            connection.sendall(
                connect_packet(
                    f"probe-{secrets.token_hex(4)}",
                    unquote(parts.username or ""),
                    unquote(parts.password or ""),
                )
            )
            answer = connection.recv(4)
            connection.sendall(b"\xe0\x00")
    except OSError:
        return False
    return len(answer) == 4 and answer[0] == 0x20 and answer[3] == 0
