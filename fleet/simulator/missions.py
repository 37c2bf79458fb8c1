"""How a dock flies one wayline task: checks, take-off, the route, the way home, and what it says meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator import handover, route_download
from fleet.simulator.flight_task import Task, TaskReporter
from fleet.simulator.flights import planned_points
from fleet.simulator.motion import BATTERY_RESERVE, Leg, Mode
from fleet.simulator.plan import Mark, Plan, Start, Unflyable
from fleet.simulator.route import PHOTO_ACTIONS

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway

log = logging.getLogger(__name__)

# Result codes, as named on the page of error codes; those of the aircraft are 321000 and a break reason.
BATTERY_LOW, USER_STOPPED, USER_TOOK_OVER, USER_CALLED_HOME = 321773, 322281, 322282, 322283
COVER_STUCK, EMERGENCY_STOP, NO_ROUTE = 514107, 514121, 314013
BATTERY_TOO_LOW, RAIN, WIND, AIRCRAFT_LOST = 316009, 514134, 514135, 321775
HEAVY_RAIN, STRONGEST_WIND, LEAST_BATTERY = 3, 12.0, 30.0
GO_HOME, HOVER, LAND = 0, 1, 2  # `out_of_control_action`
AIRCRAFT_CODES = range(321000, 323000)
UNKNOWN_REASON = 65534

# `progress.current_step` before take-off; (percent, `wayline_mission_state`) go up with them.
BEFORE = (5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 17, 19, 21)
COVER, AREAS, ADDRESS, DOWNLOAD = 7, 13, 15, 16
# Dock 3 counts on by two, and a real one says 27 and 90 % during the whole wayline; Dock 2 as documented.
STEPS = {
    "dock3": {"trigger": 24, "running": 27, "return": 27, "landing": 27, "closing": 28, "leaving": 29},
    "dock2": {"trigger": 22, "running": 23, "return": 24, "landing": 25, "closing": 26, "leaving": 27},
}
REQUEST_TIMEOUT = 60.0


class Mission(TaskReporter):
    """The flight of one task."""

    def __init__(self, gateway: SimulatedGateway, task: Task) -> None:
        super().__init__(gateway, task)
        self.flights, self.aircraft = gateway.flights, gateway.aircraft
        self.steps = STEPS.get(gateway.profile.product, STEPS["dock2"])
        self.plan: Plan | None = None
        self.wayline = 0
        self.last: int | None = None
        # Its return was cancelled: it hovers, or flies as it is told, until somebody calls it home.
        self.left_hovering = False
        self._stopped_for: int | None = None

    # -- the whole -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From the checks to the closed cover; the last event says how it ended."""
        task, flights = self.task, self.flights
        flights.holder = "task"
        if self.aircraft.flying:
            # The real dock would wait for its own landing: the task begins when the aircraft is home.
            await flights.come_home()
            flights.holder = "task"
        try:
            await self._prepare()
        except Unflyable as reason:
            log.warning("%s: task %s: %s", self.gateway.sn, task.flight_id, reason)
            self.report(self.behaviour.fails_as, reason.code)
            await flights.landed()
            return
        if not task.ended_as:
            await self._fly()
        await self._close()

    async def _prepare(self) -> None:
        """All steps before take-off; raises Unflyable."""
        task = self.task
        for number, step in enumerate(BEFORE):
            task.step, task.percent = step, number
            task.mission_state = 3 if step >= DOWNLOAD else 2
            self.report("in_progress")
            self._fail_if_told(step)
            match step:
                case 6:
                    self._look_around()
                case 7:
                    if self.behaviour.cover_stuck:
                        raise Unflyable(COVER_STUCK, "the cover does not open")
                    await self.flights.prepare()
                    self.flights.holder = "task"
                case 9 if self.behaviour.setup_trouble:
                    self._tell_of_trouble()
                case 13:
                    await self._ask("flight_areas_get", None)
                case 15:
                    await self._locate()
                case 16:
                    await self._download()
            await self.behaviour.pause(0.5)
            if task.ended_as:
                return
        code = self.behaviour.fail_later.get("flighttask_execute")
        if code is not None:
            raise Unflyable(code, "told to fail")

    def _tell_of_trouble(self) -> None:
        data = {
            "sn": self.gateway.sn,
            "flight_id": self.task.flight_id,
            "flight_type": 1,
            "timeout_time": self.behaviour.setup_trouble,
            "timestamp": self.gateway.now(),
        }
        self.gateway.post_event("flight_setup_exception_notify", data)

    def _look_around(self) -> None:
        behaviour = self.behaviour
        if not self.gateway.has_aircraft:
            raise Unflyable(handover.NO_AIRCRAFT, "there is no aircraft in the dock")
        self.flights.land_at = handover.landing_dock(self.gateway, self.task.data.get("multi_dock_task"))
        if behaviour.emergency_stop:
            raise Unflyable(EMERGENCY_STOP, "the emergency stop is pressed")
        if (behaviour.rainfall or 0) >= HEAVY_RAIN:
            raise Unflyable(RAIN, "it pours")
        if (behaviour.wind_speed or 0) > STRONGEST_WIND:
            raise Unflyable(WIND, f"wind of {behaviour.wind_speed} m/s")
        if self.aircraft.battery < LEAST_BATTERY:
            raise Unflyable(BATTERY_TOO_LOW, f"{self.aircraft.battery:.0f} %")

    def _fail_if_told(self, step: int | str) -> None:
        code = self.behaviour.fail_at_step.get(step)
        if code is not None:
            raise Unflyable(code, f"told to fail at step {step}")

    async def _ask(self, method: str, data: Any) -> Mapping[str, Any]:
        """The output of a request, or nothing when the cloud says no or nothing at all."""
        try:
            reply = await self.gateway.request(method, data, timeout=REQUEST_TIMEOUT * self.behaviour.patience)
        except TimeoutError:
            log.warning("%s: no answer to %s", self.gateway.sn, method)
            return {}
        if reply.result != 0:
            log.warning("%s: %s: %s", self.gateway.sn, method, reply.data)
            return {}
        return reply.output

    async def _locate(self) -> None:
        output = await self._ask("flighttask_resource_get", {"flight_id": self.task.flight_id})
        file = output.get("file")
        if isinstance(file, Mapping):
            self.task.data = {**self.task.data, "file": file}
        elif not self.behaviour.any_route:
            raise Unflyable(NO_ROUTE, "the cloud does not say where the route is")

    async def _download(self) -> None:
        if not self.behaviour.any_route:
            file = self.task.data.get("file")
            self.task.route = await route_download.fetch(file if isinstance(file, Mapping) else None)

    # -- in the air ----------------------------------------------------------------------------------------

    def _legs(self) -> list[Leg]:
        """The route, or without one a pattern of the aircraft's own; raises Unflyable."""
        aircraft, task = self.aircraft, self.task
        if task.route is None:
            pattern = aircraft.pattern()
            marked = [Leg(*_place(leg), leg.speed, leg.mode, mark=Mark(0, index)) for index, leg in enumerate(pattern)]
            return [*aircraft.take_off_legs(aircraft.safe_height), *marked]
        self.plan = Plan(task.route, aircraft.home, height_limit=float(self.gateway.aircraft_values["height_limit"]))
        start: Start = self.plan.start(task.setting)
        self.wayline = start.wayline
        if start.progress is not None:
            self.last = start.index
        elif start.index:
            self.last = start.index - 1
        task.waypoint = self.last or 0
        return self.plan.legs(start)

    async def _fly(self) -> None:
        """Take off and follow the wayline."""
        task, aircraft = self.task, self.aircraft
        task.step, task.percent, task.mission_state = self.steps["trigger"], 20, 4
        self.report("in_progress")
        try:
            self._fail_if_told("trigger")
            legs = self._legs()
        except Unflyable as reason:
            log.warning("%s: task %s: %s", self.gateway.sn, task.flight_id, reason)
            task.ended_as, task.code = "failed", reason.code
            return
        task.wayline_id = self.plan.route.waylines[self.wayline].wayline_id if self.plan else 0
        total = len(legs)

        def tell() -> None:
            if aircraft.held or not self.gateway.aircraft_linked:
                return
            task.track_id = aircraft.track_id
            task.step = self.steps["running"]
            task.mission_state = 5 if self.last is None else 6
            task.extra = self._transition() if self.last is None else {}
            real_dock_3 = self.gateway.profile.product == "dock3"
            task.percent = 90 if real_dock_3 else 20 + 70 * (total - len(aircraft.legs)) // max(total, 1)
            self.report("in_progress")
            self.watch()

        aircraft.passed = self._passed
        flown = await self.flights.follow(legs, tell)
        aircraft.passed = None
        if flown:
            task.mission_state = 9
        elif not task.ended_as:
            self._end("partially_done", USER_TOOK_OVER)

    def _transition(self) -> dict[str, Any]:
        """What a real Dock 3 adds on the way to the first point, and no page says."""
        path = planned_points(self.aircraft.path(list(self.aircraft.legs)[:3]))
        return {"transition_wayline_info": {"last_point_type": 0, "planned_path_points": path}}

    def _passed(self, leg: Leg) -> None:
        """The end of one leg: a waypoint, a picture, or just a bend."""
        mark = leg.mark
        if not isinstance(mark, Mark):
            return
        task = self.task
        if mark.wayline != self.wayline and self.plan is not None:
            self.wayline = mark.wayline
            task.wayline_id = self.plan.route.waylines[mark.wayline].wayline_id
        if mark.index is not None:
            self.last = task.waypoint = mark.index
        elif self.last is None:
            self.last = 0
        for action in mark.actions:
            if action.pitch is not None:
                camera = self.gateway.profile.camera
                gimbal = {**self.gateway.aircraft_values[camera], "gimbal_pitch": action.pitch}
                self.gateway.aircraft_values[camera] = gimbal
            if action.kind in PHOTO_ACTIONS:
                task.media += self.gateway.media.shoot(task.flight_id, action.lenses)
            elif action.kind == "startRecord":
                task.media += self.gateway.media.film(task.flight_id)
        if mark.index is not None:
            self._mishap(mark.index)

    def _mishap(self, waypoint: int) -> None:
        """What was told to go wrong at a waypoint, goes wrong."""
        behaviour, gateway = self.behaviour, self.gateway
        if (code := behaviour.fail_at_waypoint.get(waypoint)) is not None:
            self.break_off(code)
        if (seconds := behaviour.lose_network_at.get(waypoint)) is not None:
            gateway.lose_network(seconds)
        if (seconds := behaviour.lose_aircraft_at.get(waypoint)) is not None:
            gateway.spawn(gateway.lose_aircraft(seconds))
            if self.task.data.get("exit_wayline_when_rc_lost") == 1:
                self.break_off(AIRCRAFT_LOST)

    def watch(self) -> None:
        """Break the wayline off where the aircraft must."""
        if self.aircraft.battery < BATTERY_RESERVE and self.aircraft.mode is Mode.WAYLINE:
            self.break_off(BATTERY_LOW)

    def break_off(self, code: int, ended_as: str = "") -> None:
        """End the wayline where the aircraft is; it comes home, and the task ends so."""
        if not self.task.ended_as:
            self._end(ended_as or self.behaviour.broken_off_as, code)
            if self.aircraft.flying:
                self.aircraft.fly([])
                self.aircraft.mode = Mode.MANUAL
            self.gateway.signal.notify()

    def call_home(self) -> None:
        """return_home: the route is over, or what hovers after return_home_cancel comes home after all."""
        if self.aircraft.passed is not None:
            self.break_off(USER_CALLED_HOME)
        else:
            self.left_hovering = False
            self.gateway.signal.notify()

    def _end(self, ended_as: str, code: int) -> None:
        self.task.ended_as, self.task.code = ended_as, code
        self.task.break_point = self.broken_at(code)

    def broken_at(self, code: int) -> dict[str, Any] | None:
        """`break_point` as it would be now; None on the ground and without a route."""
        aircraft = self.aircraft
        if not aircraft.flying:
            return None
        here = aircraft.here
        point = {"index": self.task.waypoint, "state": 0, "progress": 0.5, "wayline_id": 0}
        if self.plan is not None:
            point = self.plan.break_point(self.wayline, self.last, (aircraft.east, aircraft.north, aircraft.up))
        reason = code - 321000 if code in AIRCRAFT_CODES else UNKNOWN_REASON if code else 0
        return point | {
            "break_reason": reason,
            "latitude": here.latitude,
            "longitude": here.longitude,
            "height": round(here.height, 2),
            "attitude_head": round(aircraft.heading, 1),
        }

    # -- home ----------------------------------------------------------------------------------------------

    async def _close(self) -> None:
        """Come home, close the cover, report how it ended."""
        task, flights, aircraft = self.task, self.flights, self.aircraft
        task.step = self.steps["return"]
        task.percent = max(task.percent, 90)
        if task.code == USER_TOOK_OVER:
            # Somebody else flies it now; the task is over where it was broken off.
            self.report(task.ended_as, task.code)
            return

        if task.code == AIRCRAFT_LOST:
            await self._act_alone()

        def tell() -> None:
            if not self.gateway.aircraft_linked:
                return
            if self.behaviour.stop_homing is not None and aircraft.mode is Mode.RETURN:
                self._stopped_for, self.behaviour.stop_homing = self.behaviour.stop_homing, None
                self._exit_homing(1, self._stopped_for)
                flights.halt()
                return
            task.step = self.steps["landing"] if aircraft.mode is Mode.LANDING else self.steps["return"]
            self.report("in_progress")

        while aircraft.flying:
            height = float(task.data.get("rth_altitude") or 0)
            if not await flights.come_home(tell, task.flight_id, height=height):
                self.left_hovering = True
                await self.gateway.signal.until(lambda: not self.left_hovering or not aircraft.flying, None)
                if self._stopped_for is not None:
                    self._exit_homing(0, self._stopped_for)
                    self._stopped_for = None
        # Back in the dock it is seen again.
        await self.gateway.signal.until(lambda: self.gateway.aircraft_linked, None)
        for name, percent in (("closing", 95), ("leaving", 98)):
            task.step, task.percent = self.steps[name], percent
            self.report("in_progress")
            await self.behaviour.pause(1)
        await flights.landed()
        task.percent = 100 if not task.ended_as else task.percent
        self.report(task.ended_as or "ok", task.code if task.ended_as != "canceled" else 0)
        log.info("%s: task %s %s", self.gateway.sn, task.flight_id, task.status)

    def _exit_homing(self, action: int, reason: int) -> None:
        data = {"sn": self.gateway.sn, "action": action, "reason": reason}
        self.gateway.post_event("device_exit_homing_notify", data)

    async def _act_alone(self) -> None:
        """The link is lost: the aircraft does what it was told for that."""
        action = self.task.data.get("out_of_control_action")
        if action == LAND:
            await self.flights.land(Mode.LANDING)
        elif action == HOVER:
            await self.gateway.signal.until(lambda: self.gateway.aircraft_linked, None)


def _place(leg: Leg) -> tuple[float, float, float]:
    return leg.east, leg.north, leg.up
