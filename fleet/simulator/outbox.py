"""What must arrive: kept until the broker, or the cloud, has said that it did."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fleet.simulator.behaviour import Behaviour
from fleet.simulator.connection import Connection, NotConnected
from fleet.simulator.messages import Message, encode
from fleet.simulator.waiting import Signal, end

log = logging.getLogger(__name__)

# Seen of a real Dock 3: a state message that nobody answers comes again after 2, 4, 8, 8 … seconds.
REPEATS = (2.0, 4.0, 8.0)


@dataclass(eq=False)
class Pending:
    """One message under way. `answered` ends with the cloud's reply, or with None when the message asks for
    none.

    `answers_on` is the channel the reply must come on ("" when the broker's word is enough); `sent` counts
    how often it went out, `at` holds the times (seconds, monotonic).
    """

    topic: str
    message: dict[str, Any]
    answers_on: str
    repeats: Sequence[float]
    answered: asyncio.Future[Message | None]
    at: list[float] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """How often the message went out."""
        return len(self.at)

    @property
    def method(self) -> str:
        """The method, or "" for a state message."""
        return str(self.message.get("method", ""))

    def __repr__(self) -> str:
        return f"<{self.topic} {self.method} sent {self.sent} times>"


class Outbox:
    """Sends with QoS 1, again after a lost connection, and again while the reply is missing. Keeps tid and
    bid.
    """

    def __init__(self, connection: Connection, behaviour: Behaviour, signal: Signal) -> None:
        self.connection = connection
        self.behaviour = behaviour
        self.signal = signal
        self.waiting: dict[tuple[str, str], Pending] = {}
        self.repeated = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def post(
        self,
        topic: str,
        message: dict[str, Any],
        *,
        answers_on: str = "",
        repeats: Sequence[float] = REPEATS,
    ) -> Pending:
        """Begin to deliver a message and return at once."""
        pending = Pending(topic, message, answers_on, repeats, asyncio.get_running_loop().create_future())
        if answers_on:
            self.waiting[answers_on, message["tid"]] = pending
        task = asyncio.create_task(self._deliver(pending))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return pending

    def answer(self, reply: Message) -> Pending | None:
        """The cloud replied: end the wait for it. None when nothing waits for that tid on that channel."""
        pending = self.waiting.pop((reply.channel, reply.tid), None)
        if pending is not None and not pending.answered.done():
            pending.answered.set_result(reply)
        return pending

    def forget(self, pending: Pending) -> None:
        """Nobody waits for the answer any more: do not send it again."""
        self.waiting.pop((pending.answers_on, pending.message["tid"]), None)
        pending.answered.cancel()

    async def close(self) -> None:
        """Stop sending; what is unanswered stays in `waiting` to be looked at."""
        await end(self._tasks)
        for pending in self.waiting.values():
            pending.answered.cancel()

    async def _deliver(self, pending: Pending) -> None:
        payload = encode(pending.message)
        while not pending.answered.done():
            await self.connection.connected.wait()
            try:
                pending.at.append(time.monotonic())
                await self.connection.publish(pending.topic, payload, qos=1)
            except NotConnected:
                pending.at.pop()
                # The connection may not have noticed yet that it is gone.
                await asyncio.sleep(0.05)
                continue
            self.signal.notify()
            if not pending.answers_on:
                pending.answered.set_result(None)
                break
            delay = pending.repeats[min(pending.sent, len(pending.repeats)) - 1]
            await asyncio.wait({pending.answered}, timeout=delay * self.behaviour.patience)
            if not pending.answered.done():
                self.repeated += 1
                log.info("%s: no answer to %s, sent again", pending.topic, pending.method or "state")
        self.signal.notify()
