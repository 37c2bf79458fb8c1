"""manage.py simulate: docks, remotes and aircraft that come online by themselves. See fleet.simulator."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.simulator import (
    Address,
    Behaviour,
    Credentials,
    CredentialsError,
    Place,
    fleet_of,
    invented,
    run_until_stopped,
)


class Command(BaseCommand):
    """Run simulated devices until Ctrl-C. They reach the server over MQTT only, as real ones do."""

    help = "Run simulated docks, remotes and aircraft. They reach the server over MQTT only, as real ones do."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add(
            "--credentials",
            metavar="FILE",
            help="JSON: the broker, and each gateway's serial, user, password, codes",
        )
        add("--mqtt", metavar="URL", help="the broker, mqtt://host:port (default: what the credentials say)")
        add(
            "--docks",
            type=int,
            metavar="N",
            help="a crowd: that many docks (without credentials: invented ones)",
        )
        add(
            "--fail",
            action="append",
            default=[],
            metavar="METHOD=CODE",
            help="answer METHOD with this result code",
        )
        add(
            "--fail-later",
            action="append",
            default=[],
            metavar="METHOD=CODE",
            help="accept METHOD and fail at the end of its progress",
        )
        add("--silent", action="append", default=[], metavar="METHOD", help="never answer METHOD")
        add("--duplicate", action="store_true", help="send every reply to a command twice")
        add("--lag", type=float, default=0.0, metavar="SECONDS", help="wait before replies to commands")
        add("--strict", action="store_true", help="refuse what a real device refuses in its present state")
        add("--no-fly", action="store_true", help="aircraft stay where they are until told to fly")
        add(
            "--dock-rounds",
            type=float,
            default=1800.0,
            metavar="SECONDS",
            help="a dock's aircraft flies a round of its own about so often",
        )
        add(
            "--any-route",
            action="store_true",
            help="docks fly a pattern of their own instead of the mission's route",
        )
        add(
            "--speed",
            type=float,
            default=1.0,
            metavar="X",
            help="flights and progress X times faster than life",
        )
        add("--rate", type=float, default=1.0, metavar="X", help="telemetry X times more often than life")
        add("--centre", default="47.6,8.5", metavar="LAT,LON", help="where the devices stand")
        add("--once-bound", action="store_true", help="end when all are online; status 1 when one was refused")
        add("--seconds", type=float, metavar="S", help="end after so many seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build the fleet and run it. Raises CommandError for what cannot be used on the command line."""
        show_log(verbose=options["verbosity"] > 1)
        try:
            credentials = read_credentials(options["credentials"], options["mqtt"], options["docks"])
            behaviour = Behaviour(
                speed=options["speed"],
                rate=options["rate"],
                lag=options["lag"],
                fly=not options["no_fly"],
                dock_rounds=options["dock_rounds"],
                any_route=options["any_route"],
                strict=options["strict"],
                duplicate=options["duplicate"],
                silent=set(options["silent"]),
                fail=dict(method_and_code(text) for text in options["fail"]),
                fail_later=dict(method_and_code(text) for text in options["fail_later"]),
            )
            latitude, longitude = (float(part) for part in options["centre"].split(","))
        except ValueError as error:
            raise CommandError(str(error)) from error

        async def run() -> int:
            fleet = fleet_of(credentials, behaviour=behaviour, centre=Place(latitude, longitude))
            return await run_until_stopped(fleet, once_bound=options["once_bound"], seconds=options["seconds"])

        status = asyncio.run(run())
        if status:
            sys.exit(status)


def read_credentials(path: str | None, mqtt: str | None, docks: int | None) -> Credentials:
    """The gateways to simulate: from a file, or invented for a broker that lets everybody in."""
    if path is None:
        credentials = invented(docks or 1, mqtt or "mqtt://127.0.0.1:1883", others=docks is None)
        Address.parse(credentials.mqtt)
        return credentials
    credentials = Credentials.load(path)
    if mqtt is not None:
        credentials = Credentials(mqtt=mqtt, gateways=credentials.gateways)
    credentials = credentials if docks is None else credentials.with_docks(docks)
    if not credentials.gateways:
        raise CredentialsError(f"{path} names no gateway")
    Address.parse(credentials.mqtt)
    return credentials


def method_and_code(text: str) -> tuple[str, int]:
    """Read METHOD=CODE; ValueError when it is not of that form."""
    method, equals, code = text.partition("=")
    if not method or not equals or not code.lstrip("-").isdigit():
        raise ValueError(f"{text!r} is not METHOD=CODE")
    return method, int(code)


def show_log(*, verbose: bool) -> None:
    """Let the simulator's log appear in short lines, whatever the project's logging says."""
    logger = logging.getLogger("fleet.simulator")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
