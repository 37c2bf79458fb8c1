"""One aircraft and two docks: it takes off from one and lands at the other (`multi_dock_task`, return_specific_home).

Docks reach each other here by being in one process; the cloud sees only what both tell: topology, telemetry, events.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator.plan import Unflyable

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway

log = logging.getLogger(__name__)

NO_AIRCRAFT, DOCK_OCCUPIED, NO_CONNECTION, NOT_IDLE = 316010, 514159, 315000, 315004
AT_WORK, IDLE, REACHABLE = 4, 0, 3


def landing_dock(gateway: SimulatedGateway, multi_dock_task: Any) -> SimulatedGateway | None:
    """Where a task is to land when that is another dock; raises Unflyable when it cannot."""
    infos = multi_dock_task.get("dock_infos") if isinstance(multi_dock_task, Mapping) else None
    named = [
        str(info.get("sn"))
        for info in infos or []
        if isinstance(info, Mapping) and info.get("dock_type") == "landing" and info.get("sn") != gateway.sn
    ]
    return ready_dock(gateway, named[0]) if named else None


def ready_dock(gateway: SimulatedGateway, sn: str) -> SimulatedGateway | None:
    """The dock of that serial number, None when it is this one; raises Unflyable when it cannot take an aircraft."""
    if sn == gateway.sn:
        return None
    other = gateway.neighbours.get(sn)
    if other is None or other.profile != gateway.profile:
        raise Unflyable(NO_CONNECTION, f"no link to a dock {sn} of the same model")
    if other.has_aircraft:
        raise Unflyable(DOCK_OCCUPIED, f"an aircraft stands in dock {sn}")
    if other.mode_code not in (IDLE, AT_WORK):
        raise Unflyable(NOT_IDLE, f"dock {sn} is in mode {other.mode_code}")
    return other


def open_for(dock: SimulatedGateway) -> None:
    """The landing dock goes to work and opens."""
    dock.values["mode_code"] = AT_WORK
    dock.values["cover_state"] = 1
    dock.signal.notify()


def homes(gateway: SimulatedGateway, target: SimulatedGateway | None) -> dict[str, Any]:
    """What return_home_info says when there are two docks to return to."""
    if target is None:
        return {}
    infos = []
    for dock in (gateway, target):
        east, north = dock.place.metres_to(gateway.aircraft.here.latitude, gateway.aircraft.here.longitude)
        metres = (east**2 + north**2) ** 0.5
        infos.append(
            {
                "sn": dock.sn,
                "plan_status": REACHABLE,
                "estimated_battery_consumption": min(int(metres / 100) + 5, 100),
                "home_distance": round(metres, 1),
            }
        )
    return {"home_dock_sn": target.sn, "multi_dock_home_info": infos}


async def hand_over(giver: SimulatedGateway, taker: SimulatedGateway) -> None:
    """The aircraft has landed in the other dock: it is that dock's from now on, with its pictures."""
    giver.aircraft_sn, taker.aircraft_sn = taker.aircraft_sn, giver.aircraft_sn
    giver.aircraft, taker.aircraft = taker.aircraft, giver.aircraft
    giver.aircraft_values, taker.aircraft_values = taker.aircraft_values, giver.aircraft_values
    giver.has_aircraft, taker.has_aircraft = False, True
    for dock in (giver, taker):
        dock.flights.aircraft = dock.aircraft
        dock.aircraft.home = dock.place
        dock.aircraft.east = dock.aircraft.north = dock.aircraft.up = 0.0
        dock.values["wireless_link_topo"]["center_node"]["sn"] = dock.aircraft_sn
    taker.media.take_over(giver.media)
    log.info("%s: its aircraft %s stands in %s", giver.sn, taker.aircraft_sn, taker.sn)
    giver.spawn(_announce(giver, taker))
    await taker.flights.landed()


async def _announce(giver: SimulatedGateway, taker: SimulatedGateway) -> None:
    if giver.online:
        await giver.announce_topology()
    if taker.online:
        await taker.announce_topology()
    for dock in (giver, taker):
        await dock.connection.read_instead(dock.topics())
    if taker.online:
        for data in taker.aircraft_states():
            taker.push_state(data, aircraft=True)
