"""A slow reader slows the sender down. Daphne takes all that an application sends and keeps it in memory until the
other side has read it: two gigabytes of zip would be two gigabytes of server.

The transport below it (Twisted) tells a registered producer when to pause and when to go on; this registers one for
every answer that comes in pieces, and lets the application wait in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Send], Awaitable[None]]


class _Tap:
    """What Twisted calls a push producer: told to pause when its buffer is full, to resume when it is empty."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.closed = False

    def pauseProducing(self) -> None:
        self.open.clear()

    def resumeProducing(self) -> None:
        self.open.set()

    def stopProducing(self) -> None:
        self.closed = True
        self.open.set()


def paced(application: Application) -> Application:
    """The application with a `send` that waits while the other side does not read; on another server as it was."""

    async def wrapped(scope: Any, receive: Any, send: Send) -> None:
        request: Any = getattr(send, "args", (None,))[0]
        if scope["type"] != "http" or not hasattr(request, "registerProducer"):
            await application(scope, receive, send)
            return
        tap: _Tap | None = None

        async def waiting(message: Message) -> None:
            nonlocal tap
            if message["type"] == "http.response.body":
                if message.get("more_body") and tap is None and not request.finished and request.channel is not None:
                    tap = _Tap()
                    request.registerProducer(tap, True)
                elif not message.get("more_body") and tap is not None and not tap.closed and not request.finished:
                    request.unregisterProducer()
                    tap = None
            await send(message)
            if tap is not None:
                await tap.open.wait()

        try:
            await application(scope, receive, waiting)
        finally:
            if tap is not None and not tap.closed and not request.finished and request.channel is not None:
                request.unregisterProducer()

    return wrapped
