"""The bridge as a part of a Celery worker.

A worker step, not a consumer step: consumer steps are restarted whenever Redis goes away, and the docks must not
notice that.
"""

from __future__ import annotations

from typing import Any

from celery import bootsteps

from fleet.mqtt.bridge import Bridge

QUEUE = "mqtt"


class BridgeStep(bootsteps.StartStopStep):  # type: ignore[misc,name-defined,unused-ignore]
    """Runs the bridge in the worker that consumes queue `mqtt`; other workers are left alone."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self.bridge: Bridge | None = None

    def include_if(self, worker: Any) -> bool:
        return QUEUE in worker.app.amqp.queues.consume_from

    def start(self, worker: Any) -> None:
        if worker.pool_cls.__module__.endswith("prefork"):
            raise SystemExit(
                "The MQTT bridge needs its tasks in its own process: add `-P threads` to the worker of queue mqtt."
            )
        self.bridge = Bridge(name=str(worker.hostname).replace("@", "-"))
        self.bridge.start()

    def stop(self, worker: Any) -> None:
        if self.bridge is not None:
            self.bridge.stop()
            self.bridge = None

    def terminate(self, worker: Any) -> None:
        self.stop(worker)
