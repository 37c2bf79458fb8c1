"""A web application for `test_pacing`: `/` sends a quarter of a gigabyte in pieces, `/sent` says how much has left."""

from __future__ import annotations

from typing import Any

from media.pacing import paced

PIECE = bytes(256 * 1024)
PIECES = 1024
_sent = 0
_ended = 0


async def _application(scope: Any, receive: Any, send: Any) -> None:
    global _sent, _ended
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] != "/":
        await send({"type": "http.response.body", "body": f"{_sent} {_ended}".encode()})
        return
    _sent = 0
    try:
        for _number in range(PIECES):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            _sent += len(PIECE)
        await send({"type": "http.response.body", "body": b""})
    finally:
        _ended += 1


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await paced(_application)(scope, receive, send)
