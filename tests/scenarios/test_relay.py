"""A relay through real servers: one aircraft takes off at one simulated dock and lands at another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fleet.simulator import Behaviour, SimulatedFleet
from tests.live import PASSWORD, LiveFleet, simulated
from tests.scenarios.site import Site

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

FAR = "7CTXM0000B0SIM9"


@pytest.fixture(scope="module")
def relay(fleet: LiveFleet) -> Iterator[Site]:
    """The demo's dock 3, and another of the same workspace without an aircraft."""
    gateways: list[dict[str, Any]] = fleet.query(
        "from devices.models.device import Domain\nfrom devices.services import gateways\n"
        f"from fleet.services import demo\nworkspace = demo.seed({PASSWORD!r}).workspace\n"
        "near = demo.simulated_gateways(workspace)[0]\n"
        f"device, password = gateways.add(workspace, {FAR!r}, kind=Domain.DOCK, callsign='Far dock')\n"
        f"far = {{**near, 'sn': {FAR!r}, 'username': {FAR!r}, 'password': password, 'aircraft_sn': '1581F0000000SIM9'}}\n"
        "answer = [near, far]"
    )

    def emptied(both: SimulatedFleet) -> None:
        far = both.docks[1]
        far.behaviour.empty = True
        far.has_aircraft = far.aircraft.on = False

    behaviour = Behaviour(speed=60.0, rate=5.0, patience=0.3, fly=False, media_limit=4)
    with simulated(fleet, gateways, behaviour, prepare=emptied) as simulator:
        site = Site(fleet, simulator)
        fleet.wait(lambda: said(site, FAR).get("drone_in_dock") == 0, 60, "the empty dock to say that it is empty")
        yield site


def said(site: Site, sn: str) -> dict[str, Any]:
    """What a dock has said of itself."""
    return dict(
        site.ask(f"d = Device.objects.get(sn={sn!r})\nanswer = d.state.properties if hasattr(d, 'state') else {{}}")
    )


def aircraft_of(site: Site, sn: str) -> list[str]:
    return list(site.ask(f"answer = list(Device.objects.filter(gateway__sn={sn!r}).values_list('sn', flat=True))"))


def test_it_takes_off_here_lands_there_and_is_that_dock_s_from_then_on(relay: Site) -> None:
    near, far = relay.simulator.docks
    aircraft = near.aircraft_sn
    relay.idle()
    assert aircraft_of(relay, near.sn) == [aircraft]
    mission = relay.plan(landing_dock=far.sn)
    ended = relay.until(mission, "ok", timeout=150)
    assert ended["progress"] == 100
    told = [message for message in list(near.received) if message.method == "flighttask_execute"]
    assert len(told) == 1
    task = told[0].data["multi_dock_task"]
    infos = task["dock_infos"]
    assert [(info["dock_type"], info["sn"]) for info in infos] == [("takeoff", near.sn), ("landing", far.sn)]
    assert infos[1]["latitude"] == pytest.approx(far.place.latitude, abs=1e-6)
    assert infos[0]["rtcm_info"] == near.values["rtcm_info"]
    assert far.sn in {leaf["sn"] for leaf in task["wireless_link_topo"]["leaf_nodes"]}
    assert ended["notes"]["return_home_info"]["home_dock_sn"] == far.sn

    relay.fleet.wait(lambda: aircraft_of(relay, far.sn) == [aircraft], 30, "the aircraft to belong to the far dock")
    assert aircraft_of(relay, near.sn) == []
    flown = f"answer = list(Flight.objects.exclude(ended_at=None).filter(mission_id={mission!r}).values_list('aircraft_sn', flat=True))"
    relay.fleet.wait(lambda: relay.ask(flown) == [aircraft], 30, "one flight, and it is the mission's")


def test_a_dock_that_holds_an_aircraft_is_not_landed_in(relay: Site) -> None:
    """The far dock has it now: a relay there from the near one, which has none, stays on the ground and says why."""
    near, far = relay.simulator.docks
    before = relay.sent("flighttask_execute")
    relay.fleet.wait(lambda: said(relay, far.sn).get("drone_in_dock") == 1, 60, "the far dock to say that it holds one")
    mission = relay.plan(kind=1, execute_at=2, landing_dock=far.sn)

    def reasons() -> Any:
        return [c["text"] for c in relay.look(mission)["gate"] if c["name"] == "relay" and c["verdict"] == "block"]

    relay.fleet.wait(reasons, 60, "the reason")
    assert any("There is an aircraft in" in text for text in reasons())
    relay.act(mission, "cancel")
    relay.until(mission, "canceled")
    assert relay.sent("flighttask_execute") == before
    assert near.has_aircraft is False
