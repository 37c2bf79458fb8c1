"""A running server with one simulated dock on it, for scenarios that fly."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fleet.simulator import Behaviour, Credentials, SimulatorThread
from tests.live import PASSWORD, LiveFleet, running_fleet
from tests.scenarios.site import Site


@pytest.fixture(scope="module")
def fleet() -> Iterator[LiveFleet]:
    with running_fleet() as fleet:
        yield fleet


@pytest.fixture(scope="module")
def everything(fleet: LiveFleet) -> Iterator[Site]:
    gateways = fleet.query(
        f"from fleet.services import demo\nanswer = demo.simulated_gateways(demo.seed({PASSWORD!r}).workspace)[:1]"
    )
    file = fleet.directory / "missions.json"
    file.write_text(json.dumps({"mqtt": gateways[0]["mqtt"], "gateways": gateways}))
    behaviour = Behaviour(speed=20.0, rate=5.0, patience=0.3, fly=False, media_limit=4)
    with SimulatorThread(Credentials.load(file), behaviour=behaviour) as simulator:
        yield Site(fleet, simulator)


@pytest.fixture
def site(everything: Site) -> Iterator[Site]:
    """The same site for every test, idle and well-behaved at its beginning."""
    kept = everything.dock.behaviour.copy()
    everything.idle()
    yield everything
    for name, value in vars(kept).items():
        setattr(everything.dock.behaviour, name, value)
