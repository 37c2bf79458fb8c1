"""Signs of life: every worker writes one to Redis every few seconds; `/healthz` reads them."""

from __future__ import annotations

import logging
import threading
from typing import Any

import orjson
import redis
from celery import bootsteps
from django.conf import settings

from fleet.mqtt import bridge
from fleet.mqtt.messages import now_ms

logger = logging.getLogger(__name__)

PREFIX = "fleet:alive:"
PERIOD = 3
LIFETIME = 12


def connection() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def beat(name: str, state: dict[str, Any]) -> None:
    connection().set(f"{PREFIX}{name}", orjson.dumps(state), ex=LIFETIME)


def alive() -> dict[str, dict[str, Any]]:
    """The signs of life now in Redis, by worker name. Raises `redis.RedisError`."""
    client = connection()
    keys = list(client.scan_iter(f"{PREFIX}*"))
    values = client.mget(keys) if keys else []
    return {
        key.decode().removeprefix(PREFIX): orjson.loads(value)
        for key, value in zip(keys, values, strict=True)  # type: ignore[arg-type,unused-ignore]
        if value
    }


class HeartbeatStep(bootsteps.StartStopStep):  # type: ignore[misc,name-defined,unused-ignore]
    """Says every few seconds that this worker lives, which queues it serves and how its bridge is."""

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self._stopping = threading.Event()

    def start(self, worker: Any) -> None:
        threading.Thread(target=self._run, args=(worker,), name="heartbeat", daemon=True).start()

    def stop(self, worker: Any) -> None:
        self._stopping.set()

    def terminate(self, worker: Any) -> None:
        self.stop(worker)

    def _run(self, worker: Any) -> None:
        queues = sorted(worker.app.amqp.queues.consume_from)
        while True:
            state: dict[str, Any] = {"queues": queues, "at": now_ms()}
            if (running := bridge.current) is not None:
                state["bridge"] = {
                    "connected": running.connected,
                    "refusal": running.incoming.refusal or running.outgoing.refusal,
                    "backlog": running.dispatcher.backlog,
                    "counts": dict(running.dispatcher.counts),
                }
            try:
                beat(worker.hostname, state)
            except Exception as error:  # whatever it is, a worker that lives must go on saying so
                logger.warning("no sign of life could be written: %r", error)
            if self._stopping.wait(PERIOD):
                return
