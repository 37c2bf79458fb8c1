"""Wayline tasks of a dock: prepare, execute, pause, go on, stop (page "Wayline management")."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator import route_download
from fleet.simulator.commands import Outcome, service, standard
from fleet.simulator.flight_task import Task
from fleet.simulator.missions import USER_STOPPED, Mission
from fleet.simulator.motion import Mode, Place
from fleet.simulator.plan import Unflyable

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

UNKNOWN_TASK, BUSY, NOTHING_TO_PAUSE, NOTHING_TO_RESUME = 319009, 319016, 319046, 319044
RUNNING = 319006
BATTERY_LOW, STORAGE_FULL = 319026, 319027
#: `mode_code` of a dock that obeys nobody's task, and what it answers
REFUSED_IN = {1: 514145, 2: 514146, 3: 514147}
CONDITIONAL = 2
LOOK_AGAIN = 2.0


class Tasks:
    """The tasks that one dock knows; `mission` is the flight of the one under way."""

    def __init__(self) -> None:
        self.known: dict[str, Task] = {}
        self.mission: Mission | None = None

    @property
    def current(self) -> Task | None:
        """The task under way."""
        return self.mission.task if self.mission is not None else None


async def execute(gateway: SimulatedGateway, task: Task) -> None:
    """Fly one task to its end."""
    tasks, aircraft, home = gateway.tasks, gateway.aircraft, gateway.aircraft.home
    tasks.mission = Mission(gateway, task)
    simulated = task.data.get("simulate_mission") or {}
    if simulated.get("is_enable") == 1:
        # Nothing leaves the dock: the flight begins at the place that is named. Dock 2 is not told its height.
        ground = task.route.ground if task.route is not None else None
        height = simulated.get("altitude") or (home.height if ground is None else ground)
        aircraft.home = Place(float(simulated["latitude"]), float(simulated["longitude"]), float(height))
    try:
        await tasks.mission.run()
    finally:
        if simulated.get("is_enable") == 1:
            aircraft.home = home
        tasks.mission = None
        tasks.known.pop(task.flight_id, None)
        gateway.aircraft.passed = gateway.flights.land_at = None
        gateway.signal.notify()


@service("flighttask_prepare")
def prepare(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Fetch the route and keep the task; a conditional one is announced once its conditions hold."""
    task = Task(str(data["flight_id"]), data)
    conditions = data.get("ready_conditions")
    if code := REFUSED_IN.get(gateway.mode_code):
        return Outcome(code, reason=f"the dock is in mode {gateway.mode_code}")

    async def kept() -> Outcome:
        if (unflyable := await fetch_route(gateway, task, data.get("file"))) is not None:
            return unflyable
        gateway.tasks.known[task.flight_id] = task
        outcome = standard(gateway, message)
        if data.get("task_type") == CONDITIONAL and isinstance(conditions, Mapping):
            outcome.then = lambda: announce(gateway, task, conditions)
        return outcome

    return Outcome(first=kept)


@service("flighttask_create")
def create(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """What docks of the first firmware took: fly this at once."""
    task = Task(str(data["flight_id"]), data)

    async def kept() -> Outcome:
        file = data.get("file")
        if isinstance(file, Mapping):
            file = {**file, "fingerprint": file.get("sign")}
        if (unflyable := await fetch_route(gateway, task, file)) is not None:
            return unflyable
        if (refusal := refuse(gateway, task)) is not None:
            return refusal
        gateway.tasks.known[task.flight_id] = task
        outcome = standard(gateway, message)
        outcome.then = lambda: execute(gateway, task)
        return outcome

    return Outcome(first=kept)


async def fetch_route(gateway: SimulatedGateway, task: Task, file: Any) -> Outcome | None:
    """Give the task its route; why it cannot be flown, if so."""
    if not gateway.behaviour.any_route:
        try:
            task.route = await route_download.fetch(file if isinstance(file, Mapping) else None)
        except Unflyable as reason:
            return Outcome(reason.code, reason=str(reason))
    return None


def refuse(gateway: SimulatedGateway, task: Task) -> Outcome | None:
    """Why the dock would not begin this task now."""
    if gateway.tasks.current is not None:
        return Outcome(BUSY, reason=f"task {gateway.tasks.current.flight_id} runs")
    if code := REFUSED_IN.get(gateway.mode_code):
        return Outcome(code, reason=f"the dock is in mode {gateway.mode_code}")
    ready, executable = (task.data.get(name) or {} for name in ("ready_conditions", "executable_conditions"))
    if task.data.get("task_type") == CONDITIONAL and gateway.aircraft.battery < float(
        ready.get("battery_capacity") or 0
    ):
        return Outcome(BATTERY_LOW, reason=f"{gateway.aircraft.battery:.0f} %")
    if gateway.free_storage < float(executable.get("storage_capacity") or 0):
        return Outcome(STORAGE_FULL, reason=f"{gateway.free_storage:.0f} MB free")
    return None


async def announce(gateway: SimulatedGateway, task: Task, conditions: Mapping[str, Any]) -> None:
    """Wait for the hour and the battery that the task asks for, then say that it is ready; too late is never."""
    needed = float(conditions.get("battery_capacity") or 0)
    begin, end = (int(conditions.get(name) or 0) for name in ("begin_time", "end_time"))

    def ready() -> bool:
        idle = gateway.tasks.current is None and not gateway.aircraft.flying and gateway.mode_code == 0
        return idle and gateway.aircraft.battery >= needed and gateway.now() >= begin

    while not ready():
        await gateway.behaviour.pause(LOOK_AGAIN)
        if task.flight_id not in gateway.tasks.known:
            return
    if end > 0 and gateway.now() > end:
        log.info("%s: the time of task %s is over", gateway.sn, task.flight_id)
        gateway.tasks.known.pop(task.flight_id, None)
        return
    gateway.post_event("flighttask_ready", {"flight_ids": [task.flight_id]})


@service("flighttask_execute")
def start(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Execute a prepared task."""
    task = gateway.tasks.known.get(str(data["flight_id"]))
    if task is None:
        return Outcome(UNKNOWN_TASK, reason=f"task {data['flight_id']} was not prepared")
    if (refusal := refuse(gateway, task)) is not None:
        return refusal
    task.data = {**task.data, "multi_dock_task": data.get("multi_dock_task")}
    outcome = standard(gateway, message)
    outcome.then = lambda: execute(gateway, task)
    return outcome


@service("flighttask_undo")
def undo(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Forget prepared tasks."""
    tasks = gateway.tasks
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
    mission = gateway.tasks.mission
    if mission is not None:
        mission.task.mission_state = 7
        mission.task.break_point = mission.broken_at(0)
        mission.report("paused")
    return standard(gateway, message)


@service("flighttask_recovery")
def recover(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Fly on."""
    if not gateway.aircraft.held:
        return Outcome(NOTHING_TO_RESUME, reason="no wayline is paused")
    gateway.aircraft.held = False
    mission = gateway.tasks.mission
    if mission is not None:
        mission.task.mission_state = 8
        mission.task.break_point = None
        mission.report("in_progress")
    return standard(gateway, message)


@service("flighttask_stop")
def stop(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Break a task off; the aircraft comes home and the task ends as canceled."""
    mission = gateway.tasks.mission
    if mission is None or mission.task.flight_id != data.get("flight_id"):
        return Outcome(NOTHING_TO_PAUSE, reason="that task does not run")
    mission.break_off(USER_STOPPED, "canceled")
    return standard(gateway, message)
