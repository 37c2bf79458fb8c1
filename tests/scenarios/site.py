"""One simulated dock of a running server: what is asked of it, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.simulator import SimulatedDock, SimulatorThread
from tests.live import LiveFleet

#: What the questions to the live database may use.
_IMPORTS = """
from datetime import timedelta
from django.utils import timezone
from devices.models import Command, Device
from fleet.models import User, Workspace
from waylines import wpml
from waylines.models import *
from waylines.services import schedules
from waylines.services.missions import control, gate, planning
from waylines.services.routes import library
user = User.objects.filter(is_superuser=True).first()
"""
_ROUTE = {
    "name": "Round",
    "drone_model_key": "0-100-1",
    "payload_model_key": "1-99-0",
    "speed": 12,
}


class Site:
    """One dock of a running server, with a route around it."""

    def __init__(self, fleet: LiveFleet, simulator: SimulatorThread) -> None:
        self.fleet = fleet
        self.simulator = simulator
        self.dock: SimulatedDock = simulator.docks[0]
        simulator.until(lambda: self.dock.online, 60)
        here = self.dock.place
        self.home = (here.latitude, here.longitude)
        fleet.wait(self._known, 30, "the dock's state")
        self.route = self.make_route("Round")

    def _known(self) -> Any:
        return self.ask(
            f"d = Device.objects.get(sn={self.dock.sn!r})\n"
            "answer = d.online and hasattr(d, 'state') and {'mode_code', 'drone_in_dock'} <= d.state.properties.keys()"
        )

    def ask(self, code: str) -> Any:
        return self.fleet.query(_IMPORTS + code)

    def make_route(self, name: str, points: int = 4, actions: tuple[str, ...] = ("takePhoto",)) -> str:
        latitude, longitude = self.home
        places = [
            {
                "latitude": latitude + 0.0006 * (1 + number % 2),
                "longitude": longitude + 0.0006 * number,
                "height": 40 + number,
                "actions": [{"name": action} for action in actions],
            }
            for number in range(points)
        ]
        plan = {**_ROUTE, "name": name, "points": places}
        return str(
            self.ask(
                f"ws = Device.objects.get(sn={self.dock.sn!r}).workspace\n"
                f"data = wpml.write(wpml.WaypointPlan.from_json({plan!r}))\n"
                f"answer = str(library.store(ws, data, name={name!r}, user=user, source='editor').pk)"
            )
        )

    def plan(self, **fields: Any) -> str:
        return str(
            self.ask(
                f"d = Device.objects.select_related('workspace').get(sn={self.dock.sn!r})\n"
                f"fields = {fields!r}\n"
                "for name in ('execute_at', 'window_end'):\n"
                "    if name in fields: fields[name] = timezone.now() + timedelta(seconds=fields[name])\n"
                f"fields.setdefault('route', {self.route!r})\n"
                "fields['route'] = Route.objects.get(pk=fields['route'])\n"
                "if 'landing_dock' in fields: fields['landing_dock'] = Device.objects.get(sn=fields['landing_dock'])\n"
                "answer = str(planning.plan(d.workspace, dock=d, user=user, accept_overlaps=True, **fields).pk)"
            )
        )

    def look(self, mission: str) -> dict[str, Any]:
        names = [
            "status",
            "progress",
            "waypoint",
            "media_count",
            "result",
            "result_text",
            "break_point",
            "executed_at",
            "finished_at",
            "gate",
            "step",
            "notes",
        ]
        return dict(
            self.ask(f"m = Mission.objects.get(pk={mission!r})\nanswer = {{n: getattr(m, n) for n in {names!r}}}")
        )

    def until(self, mission: str, *statuses: str, timeout: float = 60) -> dict[str, Any]:
        """Wait for one of the statuses; another end is a failure at once."""
        ends = {"ok", "partially_done", "failed", "canceled", "rejected", "skipped", "timeout"}

        def there() -> Any:
            now = self.look(mission)
            if now["status"] in ends and now["status"] not in statuses:
                pytest.fail(f"the mission ended as {now}")
            return now if now["status"] in statuses else None

        return dict(self.fleet.wait(there, timeout, f"the mission to be {statuses}; it is {self.look(mission)}"))

    def act(self, mission: str, action: str) -> None:
        self.ask(
            f"m = Mission.objects.select_related('dock__model', 'workspace', 'landing_dock').get(pk={mission!r})\n"
            f"control.act(m, {action!r}, user=user, request_key='{mission[:8]}{action}', confirmed=True)\nanswer = 1"
        )

    def sent(self, method: str) -> int:
        return sum(1 for message in list(self.dock.received) if message.method == method)

    def idle(self) -> None:
        """Wait until the dock has its aircraft back and has said so."""
        self.simulator.until(lambda: not self.dock.aircraft.flying and self.dock.values["mode_code"] == 0, 120)
        blocking: list[str] = ["nothing was asked yet"]

        def clear() -> bool:
            blocking[:] = self.ask(
                f"r = Route.objects.select_related('file').get(pk={self.route!r})\n"
                f"d = Device.objects.get(sn={self.dock.sn!r})\n"
                "m = Mission(workspace_id=d.workspace_id, dock=d, route=r, file=r.file)\n"
                "p = d.state.properties\n"
                "answer = [c.text for c in gate.blocks(gate.examine(m))]\n"
                "answer += [] if p.get('mode_code') == 0 and p.get('drone_in_dock') == 1 else ['it is not at home']"
            )
            return not blocking

        try:
            self.fleet.wait(clear, 90, "the dock to be idle")
        except pytest.fail.Exception as late:
            raise AssertionError(f"the dock does not become idle: {blocking}") from late
