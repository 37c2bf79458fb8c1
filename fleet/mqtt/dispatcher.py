"""From the network thread to the handlers and back.

The network thread decodes and queues; a worker per shard handles. The shard is chosen by the gateway's serial, so the
messages of one gateway keep their order. A QoS 1 message is acknowledged after the transaction that handled it.
Queues are bounded: when one is full, the network thread waits (TCP pushes back on the broker, which keeps the
messages) and telemetry, which is superseded anyway, never waits in a queue at all.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction

from fleet.mqtt.handlers import Registry
from fleet.mqtt.handlers import registry as default_registry
from fleet.mqtt.messages import Json, Message, Rejected, decode, encode, reply_envelope
from fleet.mqtt.topics import TELEMETRY, Channel, reply_topic

logger = logging.getLogger(__name__)

Acknowledge = Callable[[], None]
Publish = Callable[[str, bytes], Any]
#: Answered to a device whose message we could not handle; the message itself is in the reject log.
HANDLER_FAILED = 1
#: Answered to a request that nobody owns.
NOT_SUPPORTED = 1


class Dispatcher:
    """Routes messages to handlers. `raise_errors` lets handler exceptions through, for tests."""

    def __init__(
        self,
        publish: Publish,
        *,
        registry: Registry = default_registry,
        shards: int = 4,
        queue_limit: int = 10_000,
        payload_limit: int = 1_000_000,
        raise_errors: bool = False,
    ) -> None:
        self.publish = publish
        self.registry = registry
        self.payload_limit = payload_limit
        self.raise_errors = raise_errors
        self.counts: Counter[str] = Counter()
        self._queues: list[queue.Queue[tuple[Message, Acknowledge] | None]] = [
            queue.Queue(queue_limit) for _ in range(shards)
        ]
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    # --- The network thread ------------------------------------------------------------------------------------

    def receive(self, topic: str, payload: bytes, acknowledge: Acknowledge) -> None:
        """Take a message off the wire. Telemetry is handled here and now; the rest is queued for its shard."""
        try:
            message = decode(topic, payload, self.payload_limit)
        except Rejected as rejection:
            self.reject(topic, payload, rejection)
            acknowledge()
            return
        if message.channel in TELEMETRY:
            self.counts["telemetry"] += 1
            route = self.registry.find(message.channel, message.method)
            if route is not None:
                try:
                    route.handler(message)
                except Exception as error:
                    self._failed(message, error)
            acknowledge()
            return
        shard = self._queues[zlib.crc32(message.gateway.encode()) % len(self._queues)]
        shard.put((message, acknowledge))

    def reject(self, topic: str, payload: bytes, rejection: Rejected) -> None:
        """Tell the sinks; never raises."""
        self.counts["rejected"] += 1
        for sink in self.registry.reject_sinks:
            try:
                sink(topic, payload, rejection)
            except Exception:
                logger.exception("a reject could not be recorded: %s on %s", rejection, topic)

    # --- The shards --------------------------------------------------------------------------------------------

    def start(self) -> None:
        for number, shard in enumerate(self._queues):
            thread = threading.Thread(target=self._work, args=(shard,), name=f"mqtt-shard-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 10) -> None:
        """Handle what is queued, then end. What does not finish in time was not acknowledged and comes again."""
        self._stopping.set()
        for shard in self._queues:
            shard.put(None)
        for thread in self._threads:
            thread.join(timeout)

    def _work(self, shard: queue.Queue[tuple[Message, Acknowledge] | None]) -> None:
        while (item := shard.get()) is not None:
            message, acknowledge = item
            if self._handle_until_stored(message):
                acknowledge()
        connection.close()

    def _handle_until_stored(self, message: Message) -> bool:
        """Handle one message, again and again while the database is away. False when told to stop meanwhile."""
        delay = 0.2
        while True:
            try:
                self.handle(message)
            except (OperationalError, InterfaceError) as error:
                if self._stopping.is_set():
                    return False
                logger.warning("the database is away (%s); %s waits %.1f s", error, message.topic, delay)
                close_old_connections()
                connection.close()
                time.sleep(delay)
                delay = min(delay * 2, 5)
            else:
                return True

    def handle(self, message: Message) -> None:
        """Watchers and handler in one transaction, then the reply.

        Raises only what a retry can mend (the database being away), or everything under `raise_errors`.
        """
        self.counts[message.channel.value] += 1
        self._traffic("up", message.topic, message.envelope)
        try:
            with transaction.atomic():
                for watcher in self.registry.watchers(message.channel):
                    watcher(message)
                route = self.registry.find(message.channel, message.method)
                data = route.handler(message) if route is not None else None
        except (OperationalError, InterfaceError):
            raise
        except Rejected as rejection:
            self.reject(message.topic, encode(message.envelope), rejection)
            self._reply(message, {"result": HANDLER_FAILED})
            return
        except Exception as error:
            self._failed(message, error)
            self._reply(message, {"result": HANDLER_FAILED})
            return
        if data is None:
            data = {"result": NOT_SUPPORTED if route is None and message.channel is Channel.REQUESTS else 0}
        if route is None:
            self.counts["unowned"] += 1
        self._reply(message, data)

    def _reply(self, message: Message, data: Json) -> None:
        topic = reply_topic(message.sn, message.channel)
        if topic is None or not (message.need_reply or message.channel in (Channel.REQUESTS, Channel.STATUS)):
            return
        envelope = reply_envelope(message, data)
        self._traffic("down", topic, envelope)
        self.publish(topic, encode(envelope))

    def _failed(self, message: Message, error: Exception) -> None:
        self.counts["failed"] += 1
        logger.exception("%s %s of %s failed", message.channel, message.method, message.sn, exc_info=error)
        if self.raise_errors:
            raise error
        detail = f"{type(error).__name__}: {error}"[:400]
        self.reject(message.topic, encode(message.envelope), Rejected("handler", detail))

    def _traffic(self, direction: str, topic: str, envelope: Any) -> None:
        for sink in self.registry.traffic_sinks:
            try:
                sink(direction, topic, envelope)
            except Exception:
                logger.exception("traffic on %s could not be logged", topic)

    def sent(self, topic: str, envelope: Json) -> None:
        """Log something that somebody else put on the wire."""
        self._traffic("down", topic, envelope)

    @property
    def backlog(self) -> int:
        return sum(shard.qsize() for shard in self._queues)
