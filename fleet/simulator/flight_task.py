"""One wayline task as the dock keeps it, and the flighttask_progress events that tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleet.simulator.route import Route

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway

NOT_STARTED = 65535  # `wayline_id` until the aircraft has the route
UNDER_WAY = ("in_progress", "paused")


@dataclass
class Task:
    """One wayline task. `status` is the last one reported.

    `ended_as` and `code` say how it will end, once something has broken it off; `break_point` where.
    """

    flight_id: str
    data: Mapping[str, Any]
    status: str = "sent"
    step: int = 0
    percent: int = 0
    mission_state: int = 2
    wayline_id: int = NOT_STARTED
    waypoint: int = 0
    media: int = 0
    track_id: str = ""
    ended_as: str = ""
    code: int = 0
    break_point: dict[str, Any] | None = None
    route: Route | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def setting(self) -> Mapping[str, Any]:
        """`break_point` as the cloud gave it, or nothing."""
        point = self.data.get("break_point")
        return point if isinstance(point, Mapping) else {}


class TaskReporter:
    """Sends what a task has to say."""

    def __init__(self, gateway: SimulatedGateway, task: Task) -> None:
        self.gateway = gateway
        self.task = task
        self.behaviour = gateway.behaviour
        self._held_back: tuple[dict[str, Any], int] | None = None

    def report(self, status: str, result: int = 0) -> None:
        """Send flighttask_progress; its bid is the flight id."""
        task = self.task
        task.status = status
        ext: dict[str, Any] = {
            "current_waypoint_index": task.waypoint,
            "wayline_mission_state": task.mission_state,
            "media_count": task.media,
            "track_id": task.track_id,
            "flight_id": task.flight_id,
            "wayline_id": task.wayline_id,
            **task.extra,
        }
        if task.break_point is not None:
            ext["break_point"] = task.break_point
        output = {"ext": ext, "progress": {"current_step": task.step, "percent": task.percent}, "status": status}
        self._send({"result": result, "output": output}, self.gateway.now(), final=status not in UNDER_WAY)

    def _send(self, data: dict[str, Any], timestamp: int, *, final: bool) -> None:
        """Post one progress event; with `shuffle_progress` every second one waits until the next has gone."""
        if self.behaviour.shuffle_progress and self._held_back is None and not final:
            self._held_back = (data, timestamp)
            return
        late, self._held_back = self._held_back, None
        for body, at in ((data, timestamp), late) if late else ((data, timestamp),):
            self.gateway.post_event(
                "flighttask_progress",
                body,
                bid=self.task.flight_id,
                timestamp=at,
                twice=self.behaviour.repeat_progress,
            )
