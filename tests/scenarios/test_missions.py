"""Missions through real servers and a simulated dock: every kind, every end, and what goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fleet.simulator import Behaviour, Credentials, SimulatedDock, SimulatorThread
from tests.live import PASSWORD, LiveFleet, running_fleet

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

_IMPORTS = """
from datetime import timedelta
from django.utils import timezone
from devices.models import Command, Device
from fleet.models import User, Workspace
from waylines import wpml
from waylines.models import *
from waylines.services import schedules
from waylines.services.missions import control, planning
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

    def make_route(self, name: str, points: int = 4) -> str:
        latitude, longitude = self.home
        places = [
            {
                "latitude": latitude + 0.0006 * (1 + number % 2),
                "longitude": longitude + 0.0006 * number,
                "height": 40 + number,
                "actions": [{"name": "takePhoto"}],
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
        self.fleet.wait(
            lambda: self.ask(
                f"p = Device.objects.get(sn={self.dock.sn!r}).state.properties\n"
                "answer = p.get('mode_code') == 0 and p.get('drone_in_dock') == 1"
            ),
            60,
            "the dock to be idle",
        )


@pytest.fixture(scope="module")
def fleet() -> Iterator[LiveFleet]:
    with running_fleet() as fleet:
        yield fleet


@pytest.fixture(scope="module")
def everything(fleet: LiveFleet) -> Iterator[Site]:
    gateways = fleet.query(
        f"from fleet.services import demo\nanswer = demo.simulated_gateways(demo.seed({PASSWORD!r}).workspace)[:1]"
    )
    file = fleet.directory / "missions.json"
    file.write_text(json.dumps({"mqtt": gateways[0]["mqtt"], "gateways": gateways}))
    behaviour = Behaviour(speed=20.0, rate=5.0, patience=0.3, fly=False, media_limit=4)
    with SimulatorThread(Credentials.load(file), behaviour=behaviour) as simulator:
        yield Site(fleet, simulator)


@pytest.fixture
def site(everything: Site) -> Iterator[Site]:
    """The same site for every test, idle and well-behaved at its beginning."""
    kept = everything.dock.behaviour.copy()
    everything.idle()
    yield everything
    for name, value in vars(kept).items():
        setattr(everything.dock.behaviour, name, value)


def test_now(site: Site) -> None:
    mission = site.plan()
    site.until(mission, "in_progress", "ok")
    ended = site.until(mission, "ok", timeout=120)
    assert ended["progress"] == 100
    assert ended["media_count"] == 4
    assert ended["executed_at"] < ended["finished_at"]
    assert site.sent("flighttask_execute") == 1
    flights = "answer = list(Flight.objects.exclude(ended_at=None).values_list('mission_id', flat=True))"
    site.fleet.wait(lambda: site.ask(flights) == [mission], 30, "the flight's record")


def test_at_a_time_and_not_before(site: Site) -> None:
    mission = site.plan(kind=1, execute_at=20)
    site.until(mission, "ready")
    before = site.sent("flighttask_execute")
    ended = site.until(mission, "ok", timeout=120)
    assert site.sent("flighttask_execute") == before + 1
    late = site.ask(f"m = Mission.objects.get(pk={mission!r})\nanswer = (m.executed_at - m.execute_at).total_seconds()")
    assert 0 <= late < 5
    assert ended["result_text"] == ""


def test_when_conditions_hold(site: Site) -> None:
    mission = site.plan(kind=2, execute_at=0, window_end=600, settings={"battery_capacity": 20})
    site.until(mission, "ok", timeout=120)


def test_an_occurrence_of_a_schedule(site: Site) -> None:
    mission = site.ask(
        f"d = Device.objects.select_related('workspace').get(sn={site.dock.sn!r})\n"
        f"s = Schedule(workspace=d.workspace, name='Often', dock=d, route=Route.objects.get(pk={site.route!r}),"
        " times=['00:00'], starts_on=timezone.now().date(), late_minutes=5)\n"
        "schedules.save(s, user=user, accept_overlaps=True)\n"
        "m = s.missions.order_by('execute_at').first()\n"
        "Mission.objects.filter(pk=m.pk).update(execute_at=timezone.now())\n"
        "answer = str(m.pk)"
    )
    site.until(mission, "ok", timeout=120)


def test_pause_and_resume(site: Site) -> None:
    site.dock.behaviour.speed = 6
    mission = site.plan()
    site.until(mission, "in_progress")
    site.fleet.wait(lambda: (site.look(mission)["waypoint"] or 0) >= 1, 60, "the first waypoint")
    site.act(mission, "pause")
    site.until(mission, "paused")
    site.simulator.until(lambda: site.dock.aircraft.held, 10)
    site.dock.behaviour.speed = 20
    site.act(mission, "resume")
    site.until(mission, "in_progress", "ok")
    site.until(mission, "ok", timeout=120)


def test_stopped_and_flown_on_from_where_it_stopped(site: Site) -> None:
    site.dock.behaviour.speed = 6
    mission = site.plan()
    site.fleet.wait(lambda: (site.look(mission)["waypoint"] or 0) >= 2, 90, "the second waypoint")
    site.act(mission, "stop")
    site.dock.behaviour.speed = 20
    ended = site.until(mission, "canceled", "partially_done", timeout=120)
    assert ended["break_point"]["index"] >= 1
    site.idle()
    rest = site.ask(
        f"m = Mission.objects.select_related('route__file', 'dock__model', 'workspace').get(pk={mission!r})\n"
        "answer = str(planning.resume(m, user=user, accept_overlaps=True).pk)"
    )
    done = site.until(rest, "ok", timeout=120)
    assert done["media_count"] < 4, "only the rest is flown"


def test_cancelled_before_it_starts(site: Site) -> None:
    mission = site.plan(kind=1, execute_at=60)
    site.until(mission, "ready")
    before = site.sent("flighttask_execute")
    site.act(mission, "cancel")
    site.until(mission, "canceled")
    site.simulator.until(lambda: mission not in site.dock.tasks.known, 20)
    assert site.sent("flighttask_execute") == before


def test_called_home(site: Site) -> None:
    site.dock.behaviour.speed = 6
    mission = site.plan()
    site.until(mission, "in_progress")
    site.fleet.wait(lambda: (site.look(mission)["waypoint"] or 0) >= 1, 60, "the first waypoint")
    site.act(mission, "return_home")
    site.dock.behaviour.speed = 20
    ended = site.until(mission, "partially_done", "canceled", "failed", "ok", timeout=120)
    assert ended["status"] != "ok"


@pytest.mark.parametrize("code", [319026, 321513])
def test_a_failure_is_told_with_its_text(site: Site, code: int) -> None:
    site.dock.behaviour.fail_at_step = {"trigger": code}
    mission = site.plan()
    ended = site.until(mission, "failed", timeout=120)
    assert ended["result"] == code
    assert ended["result_text"]


def test_progress_twice_and_out_of_order(site: Site) -> None:
    site.dock.behaviour.repeat_progress = site.dock.behaviour.shuffle_progress = True
    mission = site.plan()
    seen: list[int] = []

    def over() -> bool:
        now = site.look(mission)
        seen.append(now["waypoint"] or 0)
        return bool(now["status"] == "ok")

    site.fleet.wait(over, 120, "the end")
    assert seen == sorted(seen), "it never goes back"
    assert site.look(mission)["media_count"] == 4


def test_the_dock_is_lost_in_flight_and_comes_back(site: Site) -> None:
    site.dock.behaviour.lose_network_at = {1: 60.0}
    mission = site.plan()
    site.until(mission, "in_progress", "ok")
    ended = site.until(mission, "ok", timeout=180)
    assert ended["media_count"] == 4


def test_the_server_is_killed_in_flight(site: Site, fleet: LiveFleet) -> None:
    site.dock.behaviour.speed = 6
    mission = site.plan()
    site.fleet.wait(lambda: (site.look(mission)["waypoint"] or 0) >= 1, 90, "the first waypoint")
    before = site.sent("flighttask_execute")
    for process in (fleet.bridge, fleet.worker, fleet.beat):
        process.kill()
    site.dock.behaviour.speed = 20
    site.simulator.until(lambda: not site.dock.aircraft.flying, 120)
    for process in (fleet.bridge, fleet.worker, fleet.beat):
        process.start()
    ended = site.until(mission, "ok", timeout=120)
    assert ended["media_count"] == 4
    assert site.sent("flighttask_execute") == before, "nothing is executed twice"


def test_rain_keeps_it_on_the_ground(site: Site) -> None:
    site.dock.behaviour.rainfall = 3
    site.fleet.wait(
        lambda: site.ask(f"answer = Device.objects.get(sn={site.dock.sn!r}).state.properties.get('rainfall') == 3"),
        30,
        "the rain",
    )
    before = site.sent("flighttask_execute")
    mission = site.plan(kind=1, execute_at=2)
    site.fleet.wait(
        lambda: any(c["name"] == "rain" and c["verdict"] == "block" for c in site.look(mission)["gate"]),
        30,
        "the reason",
    )
    site.act(mission, "cancel")
    assert site.sent("flighttask_execute") == before
