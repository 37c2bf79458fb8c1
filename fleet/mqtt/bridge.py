"""The bridge: one process that stands between the broker and the database."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils.crypto import salted_hmac

from fleet.mqtt.client import BrokerClient
from fleet.mqtt.dispatcher import Dispatcher
from fleet.mqtt.handlers import Registry
from fleet.mqtt.handlers import registry as default_registry
from fleet.mqtt.messages import Json, encode
from fleet.mqtt.topics import SUBSCRIPTIONS

logger = logging.getLogger(__name__)

#: The bridge of this process, if it runs one: tasks of queue `mqtt` publish through it.
current: Bridge | None = None


class NoBridge(RuntimeError):
    """This process runs no bridge; the task belongs on queue `mqtt`."""


def get() -> Bridge:
    """The bridge of this process. Raises `NoBridge`."""
    if current is None:
        raise NoBridge("No MQTT bridge runs in this process; start one with: celery -A fleet worker -Q mqtt -P threads")
    return current


def _end_process(error: BaseException | None) -> None:
    """The network thread is gone and nothing else would notice: end, and let the supervisor start us afresh."""
    logger.critical("the bridge lost its network thread (%r); ending the process", error)
    logging.shutdown()
    os._exit(70)


class Bridge:
    """Two connections (3.1.1 in, 5 out), the dispatcher between them, and the periodic jobs of the apps."""

    def __init__(
        self,
        url: str | None = None,
        name: str = "bridge",
        *,
        registry: Registry = default_registry,
        on_death: Callable[[BaseException | None], None] = _end_process,
        raise_errors: bool = False,
    ) -> None:
        self.name = name
        self.registry = registry
        url = url or settings.MQTT_URL
        self.dispatcher = Dispatcher(
            self.publish,
            registry=registry,
            shards=settings.BRIDGE_SHARDS,
            queue_limit=settings.BRIDGE_QUEUE_LIMIT,
            payload_limit=settings.MQTT_MAX_PAYLOAD,
            raise_errors=raise_errors,
        )
        # A client that uses our id throws us out of the broker: nobody may guess it, and it must stay the same.
        client_id = f"fleet-{name}-{salted_hmac('fleet.mqtt.bridge', name).hexdigest()[:16]}"
        prefix = "$share/fleet/" if settings.BRIDGE_SHARED else ""
        self.incoming = BrokerClient(
            url,
            client_id,
            subscriptions=[(prefix + topic, qos) for topic, qos in SUBSCRIPTIONS],
            receive=self.dispatcher.receive,
            persistent=True,
            on_death=on_death,
        )
        # amqtt, the embedded broker, gives no answer to an MQTT 5 CONNECT.
        self.outgoing = BrokerClient(url, f"{client_id}-out", version5=settings.BROKER != "embedded", on_death=on_death)
        self._stopping = threading.Event()
        self._jobs: list[threading.Thread] = []

    def start(self) -> None:
        global current
        current = self
        self.outgoing.start()
        self.dispatcher.start()
        self.incoming.start()
        for seconds, job in self.registry.jobs:
            thread = threading.Thread(
                target=self._run_job, args=(seconds, job), name=f"job-{job.__name__}", daemon=True
            )
            thread.start()
            self._jobs.append(thread)

    def stop(self) -> None:
        """Take no more, finish what was taken, write what was gathered."""
        global current
        self.incoming.stop()
        self.dispatcher.stop()
        self._stopping.set()
        for thread in self._jobs:
            thread.join(timeout=10)
        self.outgoing.stop()
        if current is self:
            current = None

    @property
    def connected(self) -> bool:
        return self.incoming.connected.is_set() and self.outgoing.connected.is_set()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a reply; kept over a reconnect, for a device repeats itself until it has one."""
        return self.outgoing.publish(topic, payload, qos=1)

    def send(self, topic: str, envelope: Json, *, expiry: int, once: bool = False) -> bool:
        """Send a request that must not arrive later than `expiry` seconds from now. False: it was not sent.

        `once`: at most once (QoS 0); otherwise at least once.
        """
        sent = self.outgoing.publish(topic, encode(envelope), qos=0 if once else 1, expiry=expiry)
        if sent:
            self.dispatcher.sent(topic, envelope)
        return sent

    def _run_job(self, seconds: float, job: Callable[[], None]) -> None:
        due = time.monotonic() + seconds
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + seconds, time.monotonic())
            self._run_once(job)
        self._run_once(job)
        connection.close()

    def _run_once(self, job: Callable[[], None]) -> None:
        try:
            close_old_connections()
            job()
        except Exception:
            logger.exception("the bridge's job %s failed; it runs again", job.__name__)
