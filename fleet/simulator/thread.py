"""The simulator in a thread of its own, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fleet.simulator.behaviour import Behaviour
from fleet.simulator.credentials import Credentials
from fleet.simulator.crowd import SimulatedFleet, fleet_of
from fleet.simulator.dock import SimulatedDock
from fleet.simulator.motion import Place
from fleet.simulator.remote import SimulatedRemote

T = TypeVar("T")


class SimulatorThread:
    """Runs a fleet while a block lasts:

        with SimulatorThread(credentials) as simulator:
            dock = simulator.docks[0]
            simulator.until(lambda: dock.bound)
            simulator.run(dock.send_event("flighttask_ready", {"flight_ids": ["…"]}))

    `prepare` is called with the fleet before anything of it goes online.

    Attributes of the devices may be read, and `fail`, `silent` and `behaviour` changed, from any thread;
    coroutines go through `run`, plain calls that send something through `call`.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        behaviour: Behaviour | None = None,
        centre: Place | None = None,
        prepare: Callable[[SimulatedFleet], None] | None = None,
    ) -> None:
        self._arguments = credentials, behaviour, centre
        self._prepare = prepare
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="simulator", daemon=True)
        self.fleet: SimulatedFleet

    @property
    def docks(self) -> list[SimulatedDock]:
        """The docks of the fleet."""
        return self.fleet.docks

    @property
    def remotes(self) -> list[SimulatedRemote]:
        """The remotes of the fleet."""
        return self.fleet.remotes

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = 30.0) -> T:
        """Await something on the simulator's loop and return its result; TimeoutError after `timeout`
        seconds.
        """
        if self._loop is None or self._loop.is_closed():
            work.close()
            raise RuntimeError("the simulator does not run")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise

    def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Call something on the simulator's loop, such as `dock.post_event`, and return its result."""

        async def work() -> T:
            return function(*arguments, **named)

        return self.run(work())

    def until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:
        """Return once `condition()` is true; TimeoutError after `timeout` seconds."""
        self.run(self.fleet.until(condition, timeout), timeout + 5)

    def __enter__(self) -> SimulatorThread:
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(self, *error: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._error is not None and error[0] is None:
            raise self._error

    def _main(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as failure:
            self._error = failure
        finally:
            self._ready.set()

    async def _live(self) -> None:
        credentials, behaviour, centre = self._arguments
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.fleet = fleet_of(credentials, behaviour=behaviour, centre=centre)
        if self._prepare is not None:
            self._prepare(self.fleet)
        async with self.fleet:
            self._ready.set()
            await self._stop.wait()
