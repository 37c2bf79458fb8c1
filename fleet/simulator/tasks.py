"""Wayline tasks of a dock: prepare, execute, pause, go on, stop (page "Wayline management")."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleet.simulator.commands import Outcome, service, standard
from fleet.simulator.motion import Mode

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

UNKNOWN_TASK, BUSY, NOTHING_TO_PAUSE, NOTHING_TO_RESUME = 319009, 319016, 319046, 319044
RUNNING = 319006
BATTERY_LOW = 319026

# `progress.current_step` before take-off; (percent, `wayline_mission_state`) go up with them.
BEFORE = (5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 17, 19, 21)
# Dock 3 counts on by two, and a real one says 27 and 90 % during the whole wayline; Dock 2 as documented.
STEPS = {
    "dock3": {"trigger": 24, "running": 27, "return": 27, "landing": 27, "closing": 28, "leaving": 29},
    "dock2": {"trigger": 22, "running": 23, "return": 24, "landing": 25, "closing": 26, "leaving": 27},
}
CONDITIONAL = 2


@dataclass
class Task:
    """One wayline task. `status` is the last one reported."""

    flight_id: str
    data: Mapping[str, Any]
    status: str = "sent"
    step: int = 0
    percent: int = 0
    mission_state: int = 2
    waypoint: int = 0
    media: int = 0
    track_id: str = ""
    ended_as: str = ""
    prepared: bool = True
    extra: dict[str, Any] = field(default_factory=dict)


class Tasks:
    """The tasks that one dock knows."""

    def __init__(self) -> None:
        self.known: dict[str, Task] = {}
        self.current: Task | None = None


def report(gateway: SimulatedGateway, task: Task, status: str, result: int = 0) -> None:
    """Send flighttask_progress; its bid is the flight id."""
    task.status = status
    ext: dict[str, Any] = {
        "current_waypoint_index": task.waypoint,
        "wayline_mission_state": task.mission_state,
        "media_count": task.media,
        "track_id": task.track_id,
        "flight_id": task.flight_id,
        "wayline_id": 0,
        **task.extra,
    }
    output = {"ext": ext, "progress": {"current_step": task.step, "percent": task.percent}, "status": status}
    gateway.post_event("flighttask_progress", {"result": result, "output": output}, bid=task.flight_id)


async def execute(gateway: SimulatedGateway, tasks: Tasks, task: Task) -> None:
    """Fly one task, from the checks to the closed cover."""
    flights, aircraft = gateway.flights, gateway.aircraft
    steps = STEPS.get(gateway.profile.product, STEPS["dock2"])
    tasks.current = task
    try:
        flights.holder = "task"
        if aircraft.flying:
            # The real dock would wait for its own landing: the task begins when the aircraft is home.
            await flights.come_home()
            flights.holder = "task"
        for number, step in enumerate(BEFORE):
            task.step, task.percent = step, number
            task.mission_state = 3 if step >= 16 else 2
            report(gateway, task, "in_progress")
            if step == 13:
                await gateway.request("flight_areas_get", None)
            if step == 15:
                await fetch_route(gateway, task)
            await gateway.behaviour.pause(0.5)
            if task.ended_as:
                break
        code = gateway.behaviour.fail_later.get("flighttask_execute")
        if code is not None and not task.ended_as:
            report(gateway, task, "failed", code)
            await flights.landed()
            return
        if not task.ended_as:
            await fly(gateway, task, steps)
        await close(gateway, task, steps)
    finally:
        tasks.current = None
        tasks.known.pop(task.flight_id, None)


async def fetch_route(gateway: SimulatedGateway, task: Task) -> None:
    """Ask where the route file is. The route is not flown: the simulator flies a pattern of its own."""
    reply = await gateway.request("flighttask_resource_get", {"flight_id": task.flight_id})
    if reply.result != 0:
        log.warning("%s: flighttask_resource_get for %s: %s", gateway.sn, task.flight_id, reply.data)


async def fly(gateway: SimulatedGateway, task: Task, steps: Mapping[str, int]) -> None:
    """Take off and follow the wayline."""
    aircraft, flights = gateway.aircraft, gateway.flights
    await flights.prepare()
    task.step, task.percent, task.mission_state = steps["trigger"], 20, 4
    report(gateway, task, "in_progress")
    legs = [*aircraft.take_off_legs(aircraft.safe_height), *aircraft.pattern()]
    total = len(legs)
    real_dock_3 = gateway.profile.product == "dock3"

    def tell() -> None:
        if aircraft.held:
            return
        done = total - len(aircraft.legs)
        task.track_id = aircraft.track_id
        task.step, task.mission_state = steps["running"], 5 if done < 2 else 6
        if done > task.waypoint + 1:
            task.media += 1
        task.waypoint = max(done - 1, 0)
        task.percent = 90 if real_dock_3 else 20 + 70 * done // max(total, 1)
        report(gateway, task, "in_progress")

    if await flights.follow(legs, tell):
        task.mission_state, task.waypoint = 9, total - 1
        task.step = steps["running"]
        report(gateway, task, "in_progress")
    elif not task.ended_as:
        task.ended_as = "partially_done"


async def close(gateway: SimulatedGateway, task: Task, steps: Mapping[str, int]) -> None:
    """Come home, close the cover, report how it ended."""
    flights, aircraft = gateway.flights, gateway.aircraft
    task.step, task.percent = steps["return"], 90
    if task.ended_as == "partially_done":
        # Somebody else flies it now; the task is over where it was broken off.
        here = aircraft.here
        task.extra["break_point"] = {
            "index": task.waypoint,
            "state": 0,
            "progress": 0.5,
            "wayline_id": 0,
            "break_reason": 0,
            "latitude": here.latitude,
            "longitude": here.longitude,
            "height": here.height,
            "attitude_head": round(aircraft.heading, 1),
        }
        report(gateway, task, "partially_done")
        return

    def tell() -> None:
        task.step = steps["landing"] if aircraft.mode is Mode.LANDING else steps["return"]
        report(gateway, task, "in_progress")

    await flights.come_home(tell, task.flight_id)
    for name, percent in (("closing", 95), ("leaving", 98)):
        task.step, task.percent = steps[name], percent
        report(gateway, task, "in_progress")
        await gateway.behaviour.pause(1)
    await flights.landed()
    task.percent = 100 if not task.ended_as else task.percent
    report(gateway, task, task.ended_as or "ok")
    log.info("%s: task %s %s", gateway.sn, task.flight_id, task.status)


@service("flighttask_prepare", "flighttask_create")
def prepare(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Keep the task; a conditional one is announced with flighttask_ready once its conditions hold."""
    task = Task(str(data["flight_id"]), data)
    gateway.tasks.known[task.flight_id] = task
    outcome = standard(gateway, message)
    conditions = data.get("ready_conditions")
    if data.get("task_type") == CONDITIONAL and isinstance(conditions, Mapping):
        outcome.then = lambda: announce(gateway, task, conditions)
    if message.method == "flighttask_create":
        outcome.then = lambda: execute(gateway, gateway.tasks, task)
    return outcome


async def announce(gateway: SimulatedGateway, task: Task, conditions: Mapping[str, Any]) -> None:
    """Wait for the battery that the task asks for, then say that it is ready."""
    needed = float(conditions.get("battery_capacity") or 0)
    while gateway.aircraft.battery < needed or gateway.aircraft.flying:
        await gateway.behaviour.pause(2)
    if task.flight_id in gateway.tasks.known:
        gateway.post_event("flighttask_ready", {"flight_ids": [task.flight_id]})


@service("flighttask_execute")
def start(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Execute a prepared task."""
    tasks: Tasks = gateway.tasks
    task = tasks.known.get(str(data["flight_id"]))
    if task is None:
        return Outcome(UNKNOWN_TASK, reason=f"task {data['flight_id']} was not prepared")
    if tasks.current is not None:
        return Outcome(BUSY, reason=f"task {tasks.current.flight_id} runs")
    outcome = standard(gateway, message)
    outcome.then = lambda: execute(gateway, tasks, task)
    return outcome


@service("flighttask_undo")
def undo(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Forget prepared tasks."""
    tasks: Tasks = gateway.tasks
    flight_ids = [str(flight_id) for flight_id in data.get("flight_ids") or []]
    if tasks.current is not None and tasks.current.flight_id in flight_ids:
        return Outcome(RUNNING, reason="the task runs")
    for flight_id in flight_ids:
        tasks.known.pop(flight_id, None)
    return standard(gateway, message)


@service("flighttask_pause")
def pause(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Hover where it is."""
    if gateway.aircraft.held or gateway.aircraft.mode is not Mode.WAYLINE:
        return Outcome(NOTHING_TO_PAUSE, reason="no wayline is flown")
    gateway.aircraft.held = True
    task = gateway.tasks.current
    if task is not None:
        task.mission_state = 7
        report(gateway, task, "paused")
    return standard(gateway, message)


@service("flighttask_recovery")
def recover(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Fly on."""
    if not gateway.aircraft.held:
        return Outcome(NOTHING_TO_RESUME, reason="no wayline is paused")
    gateway.aircraft.held = False
    task = gateway.tasks.current
    if task is not None:
        task.mission_state = 8
        report(gateway, task, "in_progress")
    return standard(gateway, message)


@service("flighttask_stop")
def stop(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Break a task off; the aircraft comes home and the task ends as canceled."""
    task = gateway.tasks.current
    if task is None or task.flight_id != data.get("flight_id"):
        return Outcome(NOTHING_TO_PAUSE, reason="that task does not run")
    task.ended_as = "canceled"
    if gateway.aircraft.flying:
        gateway.flights.halt()
        gateway.flights.holder = "task"
    return standard(gateway, message)
