"""Broker, Redis and bridge are killed under traffic; what devices said is all there afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fleet.simulator import Behaviour, SimulatedDock, SimulatorThread
from tests.live import LiveFleet, demo_dock, running_fleet

pytestmark = [pytest.mark.chaos, pytest.mark.broker]
METHOD = "custom_data_transmission_from_esdk"


@pytest.fixture(scope="module")
def fleet() -> Iterator[LiveFleet]:
    with running_fleet() as fleet:
        yield fleet


@pytest.fixture(scope="module")
def dock(fleet: LiveFleet) -> Iterator[tuple[SimulatorThread, SimulatedDock]]:
    with demo_dock(fleet, Behaviour(patience=0.2, remember=100_000)) as simulator:
        dock = simulator.docks[0]
        simulator.until(lambda: dock.topology_acknowledged, 60)
        yield simulator, dock


class Traffic:
    """A dock that says something ten times a second, and insists on an answer to each."""

    def __init__(self, simulator: SimulatorThread, dock: SimulatedDock) -> None:
        self.simulator, self.dock = simulator, dock
        self.count = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._end.wait(0.1):
            self.simulator.call(self.dock.post_event, METHOD, {"value": str(self.count)})
            self.count += 1

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._end.set()
        self._thread.join()

    def flow(self, more: int = 15) -> None:
        """Wait until so many more were said."""
        target = self.count + more
        while self.count < target:
            threading.Event().wait(0.05)


def kill_redis(fleet: LiveFleet, traffic: Traffic) -> None:
    fleet.redis.kill()
    traffic.flow()
    fleet.redis.start()


def kill_bridge(fleet: LiveFleet, traffic: Traffic) -> None:
    fleet.bridge.kill()
    traffic.flow()
    fleet.bridge.start()


def restart_broker(fleet: LiveFleet, traffic: Traffic) -> None:
    fleet.broker.stop()
    traffic.flow()
    fleet.broker.start()


def kill_broker(fleet: LiveFleet, traffic: Traffic) -> None:
    fleet.broker.kill()
    traffic.flow()
    fleet.broker.start()


@pytest.mark.parametrize("blow", [kill_redis, kill_bridge, restart_broker, kill_broker])
def test_no_event_is_lost(
    fleet: LiveFleet, dock: tuple[SimulatorThread, SimulatedDock], blow: Callable[[LiveFleet, Traffic], None]
) -> None:
    simulator, device = dock
    fleet.query(
        f"from devices.models import LoggedMessage\nLoggedMessage.objects.filter(method={METHOD!r}).delete()\nanswer = 1"
    )
    with Traffic(simulator, device) as traffic:
        traffic.flow()
        blow(fleet, traffic)
        fleet.wait(lambda: fleet.health().get("ok"), 60, "everything to be up again")
        traffic.flow()
    simulator.until(lambda: not any(METHOD in str(pending.message) for pending in device.unanswered), 60)
    stored = fleet.query(
        "from devices.models import LoggedMessage\n"
        f"answer = list(LoggedMessage.objects.filter(method={METHOD!r}, direction='up').values_list('payload__data__value', flat=True))"
    )
    assert {int(value) for value in stored} >= set(range(traffic.count))


@pytest.mark.parametrize("blow", [kill_bridge, restart_broker])
def test_no_reply_is_lost(
    fleet: LiveFleet, dock: tuple[SimulatorThread, SimulatedDock], blow: Callable[[LiveFleet, Traffic], None]
) -> None:
    """The dock answers while the part that should hear it is away; the ledger learns of it nevertheless."""
    simulator, device = dock
    fleet.wait(
        lambda: fleet.query(f"from devices.models import Device\nanswer = Device.objects.get(sn={device.sn!r}).online"),
        30,
        "the dock",
    )
    device.behaviour.lag = 2.0
    before = len(device.received)
    command = fleet.query(
        "from devices.models import Device\nfrom devices.services import commands\n"
        f"answer = str(commands.issue(Device.objects.get(sn={device.sn!r}), 'debug_mode_open', {{}}, user=None, confirmed=True).pk)"
    )
    simulator.until(lambda: len(device.received) > before, 20)
    with Traffic(simulator, device) as traffic:
        blow(fleet, traffic)
        traffic.flow(20)
    device.behaviour.lag = 0.0
    look = f"from devices.models import Command\nanswer = Command.objects.get(pk={command!r}).status"
    status = fleet.wait(
        lambda: (now := fleet.query(look)) not in ("pending", "sent", "in_progress") and now, 60, "the command's end"
    )
    assert status == "ok"
    assert [message.method for message in list(device.received)[before:]] == ["debug_mode_open"]  # sent once
