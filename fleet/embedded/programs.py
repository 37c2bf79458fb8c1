"""The processes of Fleet on one machine, in the order in which they start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fleet.embedded import mosquitto, mqtt_probe, ports, redis, s3
from fleet.embedded.environment import BRIDGE_USER, CONTROL_USER, ROOT, Plan, password_in, reachable
from fleet.embedded.ports import Listener


@dataclass(frozen=True, slots=True)
class Program:
    """One process and how one sees that it works."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    #: whether it does its work; None: it is enough that it runs
    answers: Callable[[], bool] | None = None


def listeners(plan: Plan) -> list[Listener]:
    """Every address that this start is going to listen on."""
    found = [Listener("web", "FLEET_WEB_PORT", *plan.web)]
    if plan.broker:
        found.append(Listener("MQTT", "FLEET_MQTT_PORT", *plan.mqtt))
    if plan.s3_key:
        found.append(Listener("S3 storage", "FLEET_S3_PORT", *plan.s3))
    return found


def servers(plan: Plan) -> list[Program]:
    """What Fleet stands on: Redis, the broker, S3. Writes their configuration."""
    found: list[Program] = []
    if plan.embeds_redis:
        url = plan.generated["REDIS_URL"]
        found.append(
            Program(
                "redis",
                redis.command(plan.data / "redis", plan.redis_socket),
                answers=lambda: redis.answers(url),
            )
        )
    if plan.broker:
        found.append(_broker(plan))
    if plan.s3_key:
        found.append(
            Program(
                "s3",
                s3.command(plan.data / "s3", *plan.s3, plan.s3_bucket),
                s3.environment(plan.data / "s3", *plan.s3_key),
                answers=lambda: ports.accepts(reachable(plan.s3[0]), plan.s3[1]),
            )
        )
    return found


def _broker(plan: Plan) -> Program:
    url = plan.generated["MQTT_URL"]
    host, port = plan.mqtt
    if plan.broker == "mosquitto":
        installation = mosquitto.find()
        if installation is None:  # it was there when the plan was made
            raise FileNotFoundError("mosquitto is gone")
        configuration = mosquitto.write_configuration(
            installation,
            plan.data / "mosquitto",
            host,
            port,
            control=(CONTROL_USER, password_in(plan.generated, "FLEET_MQTT_CONTROL_URL")),
            bridge=(BRIDGE_USER, password_in(plan.generated, "MQTT_URL")),
            user=mosquitto.myself(),
        )
        command = [str(installation.program), "-c", str(configuration)]
    else:
        command = [sys.executable, "-m", "fleet.embedded.amqtt_server", "--host", host, "--port", str(port)]
    return Program("mqtt", command, answers=lambda: mqtt_probe.lets_in(url))


def fleet(plan: Plan) -> list[Program]:
    """Fleet itself: web, worker, bridge, clock and, unless it is turned off, the simulator."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "fleet"]
    threads = ["-P", "threads", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    schedule = str(plan.run / "beat-schedule")
    host, port = plan.web[0].strip("[]"), str(plan.web[1])
    # fmt: off
    found = [
        Program("web", [python, "-m", "daphne", "-b", host, "-p", port, "-v", "0", "fleet.asgi:application"]),
        Program("worker", [*celery, "worker", "-Q", "celery", "-c", "2", "-n", "worker@%h", *threads]),
        Program("media", [*celery, "worker", "-Q", "media", "-c", "1", "-n", "media@%h", *threads]),
        Program("bridge", [*celery, "worker", "-Q", "mqtt", "-c", "4", "-n", "bridge@%h", *threads]),
        Program("beat", [*celery, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "INFO"]),
    ]
    # fmt: on
    if plan.simulates:
        credentials = simulator_credentials(plan)
        command = [python, str(ROOT / "manage.py"), "simulate", "--credentials", str(credentials)]
        found.append(Program("simulator", command))
    return found


def simulator_credentials(plan: Plan) -> Path:
    """Where the seed leaves what the simulated gateways must type in."""
    return plan.run / "simulator.json"
