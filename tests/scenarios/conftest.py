"""A running server with one simulated dock on it, for scenarios that fly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleet.simulator import Behaviour
from tests.live import LiveFleet, demo_dock, running_fleet
from tests.scenarios.site import Site


@pytest.fixture(scope="module")
def fleet() -> Iterator[LiveFleet]:
    with running_fleet() as fleet:
        yield fleet


@pytest.fixture(scope="module")
def everything(fleet: LiveFleet) -> Iterator[Site]:
    behaviour = Behaviour(speed=20.0, rate=5.0, patience=0.3, fly=False, media_limit=4)
    with demo_dock(fleet, behaviour) as simulator:
        yield Site(fleet, simulator)


@pytest.fixture
def site(everything: Site) -> Iterator[Site]:
    """The same site for every test, idle and well-behaved at its beginning."""
    kept = everything.dock.behaviour.copy()
    everything.idle()
    yield everything
    for name, value in vars(kept).items():
        setattr(everything.dock.behaviour, name, value)
