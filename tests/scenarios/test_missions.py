"""Missions through real servers and a simulated dock: every kind, every end, and what goes wrong on the way."""

from __future__ import annotations

import pytest

from tests.live import LiveFleet
from tests.scenarios.site import Site

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]


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


def test_a_dock_of_the_first_firmware(site: Site) -> None:
    mission = site.plan(settings={"one_command": True})
    ended = site.until(mission, "ok", timeout=120)
    assert ended["media_count"] == 4
    assert site.sent("flighttask_create") == 1


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
