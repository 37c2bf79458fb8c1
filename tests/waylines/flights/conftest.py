"""An aircraft on a dock, and one on a remote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fleet.models import User, Workspace
from tests.factories import make_aircraft, make_dock, make_remote, make_user
from tests.waylines.flights.sky import Bird
from waylines.services.flights import recording


@pytest.fixture(autouse=True)
def fresh_memory() -> Iterator[None]:
    recording.forget()
    yield
    recording.forget()


@pytest.fixture
def pilot(workspace: Workspace) -> User:
    return make_user(workspace, username="ada")


@pytest.fixture
def bird(deliver: Any, workspace: Workspace) -> Bird:
    """An aircraft of a dock."""
    return Bird(deliver, make_aircraft(workspace, make_dock(workspace, callsign="North dock"), callsign="Kite"))


@pytest.fixture
def carried(deliver: Any, workspace: Workspace, pilot: User) -> Bird:
    """An aircraft of a remote that a person is logged in on."""
    return Bird(deliver, make_aircraft(workspace, make_remote(workspace, user=pilot, callsign="Field team")))
