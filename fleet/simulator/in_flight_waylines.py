"""Routes delivered to an aircraft that is in the air already (page "Wayline management", in_flight_wayline_*)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator import route_download
from fleet.simulator.commands import Outcome, service, standard
from fleet.simulator.motion import Leg
from fleet.simulator.plan import Mark, Plan, Start, Unflyable

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

NOT_FLYING = 316024
UPLOADING, UPLOADED, EXECUTING, PAUSED, CANCELLED, DONE, FAILED = range(1, 8)


class Delivered:
    """One delivered route and the events that tell of it."""

    def __init__(self, gateway: SimulatedGateway, data: Mapping[str, Any], bid: str) -> None:
        self.gateway = gateway
        self.wayline_id = str(data["in_flight_wayline_id"])
        self.file = data.get("file")
        self.bid = bid
        self.waypoint = self.percent = 0

    def tell(self, status: int, result: int = 0) -> None:
        """Send in_flight_wayline_progress."""
        data = {
            "in_flight_wayline_id": self.wayline_id,
            "progress": {"percent": self.percent},
            "way_point_index": self.waypoint,
            "result": result,
            "status": status,
        }
        self.gateway.post_event("in_flight_wayline_progress", data, bid=self.bid)

    async def fly(self) -> None:
        """From the download to the last point, where it hovers."""
        gateway, flights, aircraft = self.gateway, self.gateway.flights, self.gateway.aircraft
        self.tell(UPLOADING)
        try:
            if code := gateway.behaviour.fail_later.get("in_flight_wayline_deliver"):
                raise Unflyable(code, "told to fail")
            legs = await self._legs()
        except Unflyable as reason:
            log.warning("%s: route %s: %s", gateway.sn, self.wayline_id, reason)
            self.tell(FAILED, reason.code)
            return
        await gateway.behaviour.pause(1)
        self.tell(UPLOADED)
        if not aircraft.flying:
            await flights.prepare()
            legs = [*aircraft.take_off_legs(aircraft.safe_height), *legs]
        flights.holder = "command"
        total = len(legs)

        def report() -> None:
            self.percent = 100 * (total - len(aircraft.legs)) // max(total, 1)
            if not aircraft.held:
                self.tell(EXECUTING)

        gateway.delivered, aircraft.passed = self, self._passed
        flown = await flights.follow(legs, report)
        if gateway.delivered is self:
            gateway.delivered = aircraft.passed = None
        self.percent = 100 if flown else self.percent
        self.tell(DONE if flown else CANCELLED)

    async def _legs(self) -> list[Leg]:
        gateway = self.gateway
        if gateway.behaviour.any_route:
            return gateway.aircraft.pattern()
        route = await route_download.fetch(self.file if isinstance(self.file, Mapping) else None)
        plan = Plan(route, gateway.aircraft.home, height_limit=float(gateway.aircraft_values["height_limit"]))
        return plan.legs(Start(), in_air=True)

    def _passed(self, leg: Leg) -> None:
        if isinstance(leg.mark, Mark) and leg.mark.index is not None:
            self.waypoint = leg.mark.index


@service("in_flight_wayline_deliver")
def deliver(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Fly a route that was delivered in the air."""
    if gateway.behaviour.strict and not gateway.aircraft.flying:
        return Outcome(NOT_FLYING, reason="it is on the ground")
    outcome = standard(gateway, message)
    outcome.then = Delivered(gateway, data, message.bid).fly
    return outcome


@service("in_flight_wayline_stop")
def hold(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Pause."""
    gateway.aircraft.held = gateway.aircraft.busy and gateway.aircraft.flying
    if gateway.aircraft.held and gateway.delivered is not None:
        gateway.delivered.tell(PAUSED)
    return standard(gateway, message)


@service("in_flight_wayline_recover")
def resume(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Fly on."""
    gateway.aircraft.held = False
    if gateway.delivered is not None:
        gateway.delivered.tell(EXECUTING)
    return standard(gateway, message)


@service("in_flight_wayline_cancel")
def drop(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Drop the plan and hover."""
    gateway.flights.halt()
    return standard(gateway, message)
