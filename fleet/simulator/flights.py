"""Who flies the aircraft and why: its own rounds, commanded flights, the way home."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fleet.simulator import handover
from fleet.simulator.motion import BATTERY_RESERVE, Leg, Mode, Place

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway

log = logging.getLogger(__name__)

REPORT_PERIOD = 2.0
HOVER_PATIENCE = 120.0  # seconds a commanded aircraft hovers before it comes home by itself
DEBUGGING = 2
AT_WORK = 4


def planned_points(places: Iterable[Place]) -> list[dict[str, float]]:
    """`planned_path_points` of the progress events."""
    return [
        {"latitude": place.latitude, "longitude": place.longitude, "height": round(place.height, 1)} for place in places
    ]


class Flights:
    """The flying of one aircraft. `holder` says who flies it: "", "round", "task" or "command"."""

    def __init__(self, gateway: SimulatedGateway) -> None:
        self.gateway = gateway
        self.aircraft = gateway.aircraft
        self.holder = ""
        self.land_at: SimulatedGateway | None = None  # another dock than this one
        self.flight_id = ""  # of the take-off on command that is under way
        self.fly_to: dict[str, str] = {}
        self.redirected = 0  # the plan that continues the one before it

    # -- the plan ------------------------------------------------------------------------------------------

    async def follow(self, legs: Iterable[Leg], report: Callable[[], object] | None = None) -> bool:
        """Fly a plan to its end, calling `report` every two seconds; False when another plan took its
        place.
        """
        aircraft = self.aircraft
        number = aircraft.fly(legs)
        self.gateway.signal.notify()

        def over() -> bool:
            return aircraft.plan_number not in (number, self.redirected) or not aircraft.busy

        while not over():
            if report is not None:
                report()
            try:
                await self.gateway.signal.until(over, max(REPORT_PERIOD / self.gateway.behaviour.speed, 0.1))
            except TimeoutError:
                continue
        return aircraft.plan_number in (number, self.redirected)

    async def prepare(self) -> None:
        """Aircraft on, cover open, dock at work."""
        await self.gateway.switch_aircraft(True)
        if self.gateway.profile.is_dock:
            self.gateway.values["mode_code"] = AT_WORK
            self.gateway.values["cover_state"] = 1
            await self.gateway.behaviour.pause(2)

    async def landed(self) -> None:
        """Cover closed, dock idle; the aircraft charges."""
        values = self.gateway.values
        self.holder = self.flight_id = ""
        if self.gateway.profile.is_dock:
            values["cover_state"] = 0
            values["job_number"] += 1
            if values["mode_code"] == AT_WORK:
                values["mode_code"] = 0
        self.gateway.signal.notify()

    async def come_home(
        self, report: Callable[[], object] | None = None, flight_id: str = "", *, height: float = 0.0
    ) -> bool:
        """Return (at `height` metres above home) to this dock or to `land_at`, land, close; False when another plan
        took over.
        """
        if not self.aircraft.flying:
            return True
        target = self.land_at
        if target is not None:
            handover.open_for(target)
        legs = self.aircraft.return_legs(height=height, to=target.place if target else None)
        path = planned_points(self.aircraft.path(legs))
        self.gateway.post_event(
            "return_home_info",
            {
                "planned_path_points": path,
                "last_point_type": 0,
                "flight_id": flight_id,
                **handover.homes(self.gateway, target),
            },
            need_reply=0,
        )
        if not await self.follow(legs, report):
            return False
        if target is not None:
            self.land_at = None
            await handover.hand_over(self.gateway, target)
        await self.landed()
        return True

    # -- its own rounds ------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Fly round after round while nobody else wants the aircraft; bring home one that was left
        hovering.
        """
        gateway = self.gateway
        await gateway.behaviour.pause(self.aircraft.random.uniform(1, 12))
        due = self._next_round(first=True)
        while True:
            await gateway.signal.until(lambda: gateway.online, None)
            aircraft = self.aircraft
            mission = gateway.tasks.mission
            if aircraft.flying and not aircraft.busy and (mission is None or mission.left_hovering):
                await self._bring_home()
            elif gateway.behaviour.fly and self._free() and aircraft.battery > 60 and time.monotonic() >= due:
                await self._round()
                due = self._next_round()
            await gateway.behaviour.pause(aircraft.random.uniform(2, 8))

    def _next_round(self, *, first: bool = False) -> float:
        """When it may fly by itself again (monotonic): a dock is idle most of the time, a pilot at work."""
        behaviour, dice = self.gateway.behaviour, self.aircraft.random
        if not self.gateway.profile.is_dock:
            return 0.0
        return time.monotonic() + behaviour.dock_rounds * dice.uniform(0.2 if first else 0.5, 1.5) / behaviour.speed

    def _free(self) -> bool:
        return (
            self.gateway.has_aircraft
            and not self.holder
            and not self.aircraft.busy
            and not self.aircraft.flying
            and self.gateway.mode_code == 0
        )

    async def _round(self) -> None:
        self.holder = "round"
        await self.prepare()
        if self.holder != "round":
            return
        legs = [*self.aircraft.take_off_legs(self.aircraft.safe_height), *self.aircraft.pattern()]
        if await self.follow(legs) and await self.come_home() and self.gateway.profile.is_dock:
            await self.gateway.behaviour.pause(10)
            if self._free():
                await self.gateway.switch_aircraft(False)
                await self.gateway.behaviour.pause(20)

    async def _bring_home(self) -> None:
        plan = self.aircraft.plan_number
        if not self.gateway.behaviour.fly and self.aircraft.battery > BATTERY_RESERVE:
            return
        if self.aircraft.battery > BATTERY_RESERVE:
            await self.gateway.behaviour.pause(HOVER_PATIENCE)
        if self.aircraft.plan_number == plan and self.aircraft.flying and not self.aircraft.held:
            await self.come_home()

    # -- commanded flights ---------------------------------------------------------------------------------

    def progress(self, **fields: Any) -> dict[str, Any]:
        """The part that the progress events of commanded flights share."""
        metres, seconds = self.aircraft.remaining()
        return {
            "result": 0,
            "way_point_index": 0,
            "remaining_distance": round(metres, 1),
            "remaining_time": round(seconds, 1),
            "planned_path_points": planned_points(self.aircraft.path()),
            **fields,
        }

    async def take_off_to_point(self, target: Place, up: float, speed: float, flight_id: str, bid: str) -> None:
        """takeoff_to_point and its events, from task_ready to task_finish."""
        event = "takeoff_to_point_progress"
        self.holder = "command"
        self.flight_id = flight_id
        names = {"flight_id": flight_id, "track_id": str(uuid.uuid4())}

        def tell(status: str, result: int = 0) -> None:
            self.gateway.post_event(event, self.progress(**names, status=status, result=result), bid=bid)

        tell("task_ready")
        await self.prepare()
        code = self.gateway.behaviour.fail_later.get("takeoff_to_point")
        if code is not None:
            tell("wayline_failed", code)
            await self.landed()
            return
        legs = [*self.aircraft.take_off_legs(max(up, 20.0)), self.aircraft.to(target, speed=speed)]
        if not await self.follow(legs, lambda: tell("wayline_progress")):
            tell("wayline_cancel")
            return
        tell("wayline_ok")
        tell("task_finish")

    async def fly_to_point(self, targets: list[Place], speed: float, fly_to_id: str, bid: str) -> None:
        """fly_to_point and its events."""
        self.holder = "command"
        self.fly_to = {"fly_to_id": fly_to_id, "bid": bid}

        def tell(status: str, result: int = 0) -> None:
            data = self.progress(fly_to_id=fly_to_id, status=status, result=result)
            self.gateway.post_event("fly_to_point_progress", data, bid=bid)

        if not self.aircraft.flying:
            await self.prepare()
        code = self.gateway.behaviour.fail_later.get("fly_to_point")
        if code is not None:
            tell("wayline_failed", code)
            return
        legs = [
            *self.aircraft.take_off_legs(self.aircraft.safe_height),
            *(self.aircraft.to(place, speed=speed) for place in targets),
        ]
        if await self.follow(legs, lambda: tell("wayline_progress")):
            tell("wayline_ok")
        else:
            tell("wayline_cancel")

    def redirect(self, targets: list[Place], speed: float) -> None:
        """fly_to_point_update: new targets for the same flight; its events go on."""
        self.redirected = self.aircraft.fly([self.aircraft.to(place, speed=speed) for place in targets])
        self.gateway.signal.notify()

    def halt(self) -> None:
        """Drop the plan and hover."""
        self.holder = "command" if self.aircraft.flying else ""
        self.aircraft.fly([])
        self.gateway.signal.notify()

    async def return_home(self) -> None:
        """return_home: from wherever it is."""
        if self.aircraft.flying:
            self.holder = "command"
            await self.come_home()

    async def land(self, mode: Mode) -> None:
        """Land on the spot, as the emergency commands do."""
        if not self.aircraft.flying:
            return
        self.holder = "command"
        if await self.follow(self.aircraft.land_legs(mode)):
            # Somebody fetches it: the next flight begins at home again.
            self.aircraft.east = self.aircraft.north = 0.0
            await self.landed()

    async def orbit(self, legs: list[Leg], tell: Callable[[str], object]) -> None:
        """poi_mode_enter: round and round until told otherwise."""
        self.holder = "command"
        tell("in_progress")
        while await self.follow(legs, lambda: tell("in_progress")):
            legs = legs[-24:]
        tell("ok")
