"""Flying on command: take-off, fly-to, return, orbit, waylines delivered in flight (pages "Live flight
controls").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator.commands import Outcome, service, standard, status_output
from fleet.simulator.handover import ready_dock
from fleet.simulator.motion import Leg, Mode, Place
from fleet.simulator.plan import Unflyable

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

TAKE_OFF_FAILED, FLY_TO_FAILED, NOT_FLYING = 319024, 319022, 316024
DEFAULT_SPEED = 10.0
ORBIT_RADIUS = 60.0


def _places(data: Mapping[str, Any]) -> list[Place]:
    return [
        Place(float(point["latitude"]), float(point["longitude"]), float(point["height"]))
        for point in data.get("points") or []
    ]


@service("takeoff_to_point")
def take_off(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Take off and fly to a point; in the air, just fly there unless the device is strict."""
    if gateway.behaviour.strict and gateway.aircraft.flying:
        return Outcome(TAKE_OFF_FAILED, reason="it flies already")
    target = Place(float(data["target_latitude"]), float(data["target_longitude"]), float(data["target_height"]))
    outcome = standard(gateway, message)
    outcome.then = lambda: gateway.flights.take_off_to_point(
        target,
        float(data.get("security_takeoff_height") or 20),
        float(data.get("max_speed") or DEFAULT_SPEED),
        str(data.get("flight_id") or ""),
        message.bid,
    )
    return outcome


@service("fly_to_point")
def fly_to(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Fly to points in turn."""
    if gateway.behaviour.strict and not gateway.aircraft.flying:
        return Outcome(FLY_TO_FAILED, reason="it is on the ground")
    places = _places(data)
    if not places:
        return Outcome(FLY_TO_FAILED, reason="no point to fly to")
    outcome = standard(gateway, message)
    speed = float(data.get("max_speed") or DEFAULT_SPEED)
    fly_to_id = str(data.get("fly_to_id") or message.bid)
    outcome.then = lambda: gateway.flights.fly_to_point(places, speed, fly_to_id, message.bid)
    return outcome


@service("fly_to_point_update")
def fly_elsewhere(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Change the target of a fly-to under way."""
    places = _places(data)
    if not gateway.aircraft.flying or not places:
        return Outcome(FLY_TO_FAILED, reason="no fly-to is under way")
    gateway.flights.redirect(places, float(data.get("max_speed") or DEFAULT_SPEED))
    return standard(gateway, message)


@service("fly_to_point_stop")
def stop_flying_to(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Hover; the fly-to ends as cancelled."""
    gateway.flights.halt()
    return standard(gateway, message)


@service("return_home", "return_specific_home")
def return_home(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Come home, or to the dock that is named."""
    if gateway.behaviour.strict and not gateway.aircraft.flying:
        return Outcome(NOT_FLYING, reason="it is on the ground")
    if message.method == "return_specific_home":
        try:
            gateway.flights.land_at = ready_dock(gateway, str(data["home_dock_sn"]))
        except Unflyable as reason:
            return Outcome(reason.code, reason=str(reason))
    outcome = standard(gateway, message)
    if outcome.output is not None:
        outcome.output = status_output(gateway, message.method, "in_progress" if gateway.aircraft.flying else "ok")
    outcome.then = gateway.flights.return_home
    if gateway.tasks.mission is not None:
        gateway.tasks.mission.call_home()
        outcome.then = None
    return outcome


@service("return_home_cancel")
def stay(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Stop coming home and hover."""
    if gateway.aircraft.flying and gateway.aircraft.mode in (Mode.RETURN, Mode.LANDING):
        gateway.flights.halt()
    elif gateway.behaviour.strict:
        return Outcome(NOT_FLYING, reason="it is not on its way home")
    return standard(gateway, message)


@service("poi_mode_exit")
def leave_orbit(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Drop the plan and hover."""
    gateway.flights.halt()
    return standard(gateway, message)


@service("poi_mode_enter")
def orbit(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Fly around a point until poi_mode_exit."""
    aircraft = gateway.aircraft
    if gateway.behaviour.strict and not aircraft.flying:
        return Outcome(NOT_FLYING, reason="it is on the ground")
    centre = aircraft.to(Place(float(data["latitude"]), float(data["longitude"]), float(data["height"])), speed=6.0)
    up = max(aircraft.up, aircraft.safe_height)
    circle = [
        Leg(
            centre.east + ORBIT_RADIUS * math.sin(math.radians(angle)),
            centre.north + ORBIT_RADIUS * math.cos(math.radians(angle)),
            up,
            6.0,
            Mode.ORBIT,
        )
        for angle in range(0, 360, 15)
    ]

    def tell(status: str) -> None:
        speeds = {"circle_radius": ORBIT_RADIUS, "circle_speed": 6.0, "max_circle_speed": 12.0}
        gateway.post_event("poi_status_notify", {"status": status, "reason": 0, **speeds}, bid=message.bid)

    outcome = standard(gateway, message)
    outcome.then = lambda: gateway.flights.orbit([*aircraft.take_off_legs(up), *circle], tell)
    return outcome
