"""The bridge as it runs: what a simulated aircraft flies becomes a flight by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import LiveFleet

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("simulator")]

OPEN = """
from waylines.models import Flight
rows = Flight.objects.filter(workspace_id={workspace!r}, ended_at=None)
answer = [[row.aircraft_sn, row.gateway_name != "", row.start_latitude is not None] for row in rows]
"""


def test_a_simulated_flight_is_recorded(live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> None:
    ask = OPEN.format(workspace=demo_workspace["workspace"])
    found = live_fleet.wait(lambda: live_fleet.query(ask), 120, "a flight to begin")
    serials = {gateway["aircraft_sn"] for gateway in demo_workspace["gateways"]}
    assert all(sn in serials and through and placed for sn, through, placed in found)
    assert len({sn for sn, *_rest in found}) == len(found)
