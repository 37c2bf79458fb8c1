"""A dock with its aircraft."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from fleet.simulator import aircraft_telemetry, binding, dock_telemetry
from fleet.simulator.credentials import GatewayCredentials
from fleet.simulator.gateway import SimulatedGateway

HEALTH_PERIOD = 2.0


class SimulatedDock(SimulatedGateway):
    """A Dock 2 or Dock 3. Besides what every gateway has: `bound`, `configuration` (the reply to `config`),
    `organization_name`.

    On every connection it asks for its configuration, asks whether it is bound, binds itself and its
    aircraft with the bind code if not, announces its topology, and then reports until the connection ends.
    """

    def __init__(self, credentials: GatewayCredentials, mqtt: str, **options: Any) -> None:
        super().__init__(credentials, mqtt, **options)
        self.bound = False
        self.configuration: Mapping[str, Any] = {}
        self.organization_name = ""

    def initial_values(self) -> dict[str, Any]:
        """See dock_telemetry.initial_values."""
        return dock_telemetry.initial_values(self.sn, self.aircraft_sn, self.profile.product, self.aircraft.random)

    def works(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """A dock also uploads what its aircraft has photographed."""
        return [*super().works(), self.media.run]

    async def introduce(self) -> None:
        """Configuration, binding, topology."""
        self.configuration = await binding.fetch_configuration(self)
        await binding.bind(self)
        self.bound = True
        self.signal.notify()
        await self.announce_topology()

    async def report(self) -> None:
        """Dock OSD in three parts, aircraft OSD while it is on, health of both every two seconds."""
        loop = asyncio.get_running_loop()
        start = loop.time() + self.aircraft.random.random()
        duties: list[tuple[float, int, Callable[[], Awaitable[float]]]] = [
            (start + 0.3 * number, number, self._part_reporter(number)) for number in range(3)
        ]
        duties.append((start + 0.1, 3, self._report_aircraft))
        duties.append((start + 0.2, 4, self._report_health))
        heapq.heapify(duties)
        while True:
            due, number, duty = duties[0]
            await asyncio.sleep(max(due - loop.time(), 0))
            period = await duty() if self.online else 0.5
            heapq.heapreplace(duties, (max(due + period / self.behaviour.rate, loop.time()), number, duty))

    def _part_reporter(self, number: int) -> Callable[[], Awaitable[float]]:
        part = (dock_telemetry.climate, dock_telemetry.link, dock_telemetry.power)[number]
        period = dock_telemetry.PERIODS[number]

        async def report() -> float:
            data = part(self)
            if number == 0:
                data |= {name: self.values[name] for name in self.own_set}
            await self.send_osd(self.sn, data)
            return period

        return report

    async def _report_aircraft(self) -> float:
        if self.aircraft_seen:
            await self.send_osd(self.aircraft_sn, self.aircraft_osd())
        return aircraft_telemetry.period(self)

    async def _report_health(self) -> float:
        await self.send_health(self.sn, self.health.get(self.sn, []) + self.behaviour.alarms)
        if self.aircraft_seen:
            of_aircraft = self.health.get(self.aircraft_sn, []) + self.behaviour.aircraft_alarms
            await self.send_health(self.aircraft_sn, of_aircraft)
        return HEALTH_PERIOD

    def states(self) -> Iterable[dict[str, Any]]:
        """See dock_telemetry.states."""
        return dock_telemetry.states(self)

    def allows(self, name: str, section: str) -> bool:
        """A dock obeys remote debugging commands in debugging mode only."""
        return section != "cmd" or name.startswith("debug_mode_") or self.mode_code == 2
