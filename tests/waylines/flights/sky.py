"""An aircraft that says where it is, at moments of the test's choosing, through the wire and the flush."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from devices.models import Device
from devices.services import telemetry
from devices.services.latest import LatestStates
from tests.waylines.missions.conftest import make_route
from waylines.models import Flight, Mission, MissionStatus
from waylines.services.flights import recording

HOVER, TAKE_OFF, ROUTE, LIVE, LANDING, STANDBY = 3, 4, 5, 17, 10, 0


class Bird:
    """Seconds count from `start`, an hour ago unless said otherwise."""

    def __init__(self, deliver: Callable[..., Any], device: Device, start: float | None = None) -> None:
        self.deliver, self.device = deliver, device
        self.start = time.time() - 3600 if start is None else start
        self.latitude, self.longitude = 47.0, 8.0

    def moment(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(self.start + seconds, UTC)

    def say(self, seconds: float, mode: int | None = None, **fields: Any) -> None:
        """One OSD message, and the flush that follows it."""
        moment = self.start + seconds
        data: dict[str, Any] = {"latitude": self.latitude, "longitude": self.longitude, **fields}
        if mode is not None:
            data["mode_code"] = mode
        topic = f"thing/product/{self.device.sn}/osd"
        self.deliver(topic, data=data, timestamp=int(moment * 1000), gateway=self.device.sn)
        telemetry.states.merge(self.device.sn, {}, 0, moment)  # heard then, by our clock
        telemetry.flush()

    def fly(self, begin: float, end: float, mode: int = ROUTE, *, battery: int = 90, step: float = 2.0) -> None:
        """North at 10 m/s, 80 m above take-off."""
        seconds = begin
        while seconds <= end:
            self.latitude += 10 * step / 111_320
            self.say(
                seconds,
                mode,
                height=500.0,
                elevation=80.0,
                horizontal_speed=10.0,
                battery={"capacity_percent": battery},
            )
            seconds += step

    def land(self, begin: float, battery: int = 60) -> None:
        for seconds in (0, 2, 4, 6, 8):
            self.say(
                begin + seconds, STANDBY, elevation=0.0, horizontal_speed=0.0, battery={"capacity_percent": battery}
            )

    @property
    def flights(self) -> list[Flight]:
        return list(Flight.objects.filter(aircraft=self.device).order_by("started_at"))

    @property
    def flight(self) -> Flight:
        (only,) = self.flights
        return only


class Bridge:
    """What one process remembers. Several may share the work; each sees only what was delivered to it."""

    def __init__(self) -> None:
        self.states = LatestStates()
        self.watched: dict[int, Any] = {}
        self.last_point: dict[int, Any] = {}

    @contextmanager
    def works(self) -> Iterator[None]:
        before = telemetry.states, recording._watched, telemetry._last_point
        telemetry.states, recording._watched, telemetry._last_point = self.states, self.watched, self.last_point
        try:
            yield
        finally:
            telemetry.states, recording._watched, telemetry._last_point = before


def make_mission(bird: Bird, status: MissionStatus = MissionStatus.RUNNING, **fields: Any) -> Mission:
    assert bird.device.gateway is not None
    route = make_route(bird.device.workspace, name=f"Fence of {bird.device.sn}")
    return Mission.objects.create(
        workspace=bird.device.workspace, name="Fence", dock=bird.device.gateway, route=route, file=route.file,
        status=status, execute_at=timezone.now(), executed_at=bird.moment(0), **fields,
    )  # fmt: skip
