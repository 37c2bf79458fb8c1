"""Many devices in one process, and the running of them until somebody says stop."""

from __future__ import annotations

import asyncio
import logging
import math
import signal as signals
import time
from collections.abc import Callable, Iterator

from fleet.simulator.behaviour import Behaviour
from fleet.simulator.credentials import Credentials
from fleet.simulator.dock import SimulatedDock
from fleet.simulator.gateway import SimulatedGateway
from fleet.simulator.motion import Place
from fleet.simulator.remote import SimulatedRemote
from fleet.simulator.waiting import Signal, end

log = logging.getLogger(__name__)

SPACING = 1_500.0  # metres between two docks
CONNECTS_PER_SECOND = 100.0
SUMMARY_PERIOD = 30.0
CROWD = 20  # from so many devices on only the summary is logged, and little is remembered


def places(centre: Place) -> Iterator[Place]:
    """Points around a centre, evenly spread: a sunflower, so that any number of them looks like a town."""
    number = 0
    while True:
        radius, angle = SPACING * math.sqrt(number), number * math.pi * (3 - math.sqrt(5))
        yield centre.offset(radius * math.sin(angle), radius * math.cos(angle))
        number += 1


class SimulatedFleet:
    """Several gateways that run together: `docks`, `remotes`, `gateways`, or by serial: fleet["…"].

    `await start()`, `await stop()`, or `async with fleet:`.
    """

    def __init__(
        self, credentials: Credentials, *, behaviour: Behaviour | None = None, centre: Place | None = None
    ) -> None:
        self.signal = Signal()
        self.behaviour = behaviour or Behaviour()
        if len(credentials.gateways) >= CROWD:
            self.behaviour.remember = min(self.behaviour.remember, 50)
        self.gateways: list[SimulatedGateway] = []
        for entry, place in zip(credentials.gateways, places(centre or Place()), strict=False):
            kind = SimulatedDock if entry.profile.is_dock else SimulatedRemote
            self.gateways.append(
                kind(
                    entry,
                    credentials.mqtt,
                    behaviour=self.behaviour.copy(),
                    place=place,
                    signal=self.signal,
                )
            )

        everybody = {gateway.sn: gateway for gateway in self.gateways}
        for gateway in self.gateways:
            gateway.neighbours = everybody

    @property
    def docks(self) -> list[SimulatedDock]:
        """The docks, in the order of the credentials."""
        return [gateway for gateway in self.gateways if isinstance(gateway, SimulatedDock)]

    @property
    def remotes(self) -> list[SimulatedRemote]:
        """The remotes, in the order of the credentials."""
        return [gateway for gateway in self.gateways if isinstance(gateway, SimulatedRemote)]

    def __getitem__(self, sn: str) -> SimulatedGateway:
        for gateway in self.gateways:
            if sn in (gateway.sn, gateway.aircraft_sn):
                return gateway
        raise KeyError(sn)

    async def start(self) -> None:
        """Switch all on, not all in the same instant when they are many."""
        for number, gateway in enumerate(self.gateways):
            await gateway.start()
            if number % 10 == 9:
                await asyncio.sleep(10 / CONNECTS_PER_SECOND)

    async def stop(self) -> None:
        """Switch all off."""
        await asyncio.gather(*(gateway.stop() for gateway in self.gateways))

    async def __aenter__(self) -> SimulatedFleet:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def until(self, condition: Callable[[], object], timeout: float | None = 10.0) -> None:  # noqa: ASYNC109
        """Return once `condition()` is true; TimeoutError after `timeout` seconds."""
        await self.signal.until(condition, timeout)

    @property
    def settled(self) -> bool:
        """Whether every gateway is online or has given up."""
        return all(gateway.online or gateway.refusal for gateway in self.gateways)

    def summary(self) -> str:
        """One line on how all are."""
        gateways = self.gateways
        return (
            f"{len(gateways)} gateways: {sum(g.connected for g in gateways)} connected, "
            f"{sum(g.online for g in gateways)} online, "
            f"{sum(g.aircraft.flying for g in gateways)} aircraft flying, "
            f"{sum(bool(g.refusal) for g in gateways)} refused, "
            f"{sum(len(g.outbox.waiting) for g in gateways)} messages unanswered, "
            f"{sum(g.connection.published for g in gateways)} published"
        )


def fleet_of(
    credentials: Credentials, *, behaviour: Behaviour | None = None, centre: Place | None = None
) -> SimulatedFleet:
    """The devices that the credentials describe, not yet started. Call it where an event loop runs."""
    return SimulatedFleet(credentials, behaviour=behaviour, centre=centre)


async def run_until_stopped(fleet: SimulatedFleet, *, once_bound: bool = False, seconds: float | None = None) -> int:
    """Run until SIGINT or SIGTERM, until `seconds` are over, or (`once_bound`) until all are online; the
    exit status: 1 when a gateway was refused, else 0.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signals.SIGINT, signals.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if len(fleet.gateways) >= CROWD:
        for name in ("gateway", "commands", "progress", "flights", "outbox", "binding", "tasks"):
            logging.getLogger(f"fleet.simulator.{name}").setLevel(logging.WARNING)
    watchers = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(_all_refused(fleet))]
    if once_bound:
        watchers.append(asyncio.ensure_future(fleet.until(lambda: fleet.settled, None)))
    if seconds is not None:
        watchers.append(asyncio.ensure_future(asyncio.sleep(seconds)))
    reporter = asyncio.create_task(_summaries(fleet))
    async with fleet:
        await asyncio.wait(watchers, return_when=asyncio.FIRST_COMPLETED)
        log.info("%s", fleet.summary())
        await end((reporter, *watchers))
        refused = any(gateway.refusal for gateway in fleet.gateways)
        incomplete = once_bound and not fleet.settled
    return int(refused or incomplete)


async def _all_refused(fleet: SimulatedFleet) -> None:
    await fleet.until(lambda: fleet.gateways and all(gateway.refusal for gateway in fleet.gateways), None)


async def _summaries(fleet: SimulatedFleet) -> None:
    before, at = 0, time.monotonic()
    while True:
        await asyncio.sleep(SUMMARY_PERIOD)
        now, published = time.monotonic(), sum(g.connection.published for g in fleet.gateways)
        log.info("%s (%.0f messages/s)", fleet.summary(), (published - before) / (now - at))
        before, at = published, now
