"""Docks of the first firmware, which take route and start in one command (`flighttask_create`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from devices.models import Command
from tests.waylines.missions.conftest import Site, say
from tests.waylines.missions.test_life import plan, shift, status, timed
from waylines.models import Mission, Schedule
from waylines.models.mission import MissionKind, MissionStatus
from waylines.services import schedules
from waylines.services.missions import control, dispatch, state
from waylines.services.missions.planning import MissionRefused

pytestmark = pytest.mark.django_db(transaction=True)
OLD = {"settings": {"one_command": True}}


def test_route_and_start_go_out_together(site: Site, answer: Any, tell: Any) -> None:
    mission = plan(site, **OLD)
    assert status(mission) == MissionStatus.STARTING
    assert not site.commands("flighttask_prepare")
    [sent] = site.commands("flighttask_create")
    assert sent.data["flight_id"] == str(mission.pk)
    assert sent.data["type"] == "wayline"
    assert sent.data["file"]["sign"] == site.route.file.sign
    assert sent.data["file"]["url"].startswith("http")
    assert sent.danger == "moves"

    answer("flighttask_create")
    tell(mission, "in_progress", step=23, percent=40)
    assert status(mission) == MissionStatus.RUNNING
    tell(mission, "ok", percent=100)
    assert status(mission) == MissionStatus.OK
    assert [command.status for command in site.commands("flighttask_create")] == ["ok"]


def test_it_waits_for_its_time_and_is_sent_once(site: Site) -> None:
    mission = timed(site, **OLD)
    dispatch.tick()
    assert (status(mission), site.commands("flighttask_create")) == (MissionStatus.PLANNED, [])
    shift(mission, 1)
    for _scheduler in range(2):
        dispatch.tick()
    assert status(mission) == MissionStatus.STARTING
    assert len(site.commands("flighttask_create")) == 1


def test_the_checks_hold_for_it_too(site: Site) -> None:
    mission = timed(site, **OLD)
    say(site.dock, rainfall=3)
    shift(mission, 1)
    dispatch.tick()
    assert (status(mission), site.commands("flighttask_create")) == (MissionStatus.PLANNED, [])


def test_a_refusal_is_its_end(site: Site, answer: Any) -> None:
    mission = plan(site, **OLD)
    answer("flighttask_create", result=314001)
    assert status(mission) == MissionStatus.FAILED
    assert mission.result == 314001


def test_cancelled_before_its_time_nothing_is_sent(site: Site) -> None:
    mission = timed(site, **OLD)
    control.act(mission, "cancel", user=site.user, request_key="c", confirmed=True)
    assert status(mission) == MissionStatus.CANCELED
    assert not Command.objects.filter(device=site.dock).exists()


@pytest.mark.parametrize("wish", ["conditions", "simulate"])
def test_what_such_a_dock_cannot_do_is_refused(site: Site, wish: str) -> None:
    settings: dict[str, Any] = {"one_command": True, "simulate": wish == "simulate"}
    kind: dict[str, Any] = {}
    if wish == "conditions":
        now = timezone.now()
        kind = {"kind": MissionKind.CONDITIONAL, "execute_at": now, "window_end": now + timedelta(hours=1)}
    with pytest.raises(MissionRefused, match="first firmware"):
        plan(site, settings=settings, **kind)


@pytest.mark.parametrize("wish", [{"simulate": True}, {"window_minutes": 30}], ids=["simulate", "window"])
def test_nor_does_a_schedule_leave_it_out(site: Site, wish: dict[str, Any]) -> None:
    """Left out, a simulation would take off and a window would start without its conditions."""
    fields = {"workspace": site.workspace, "name": "Often", "route": site.route, "dock": site.dock, "times": ["12:00"]}
    schedule = Schedule(**fields, starts_on=timezone.now().date(), one_command=True, **wish)
    with pytest.raises(MissionRefused, match="first firmware"):
        schedules.save(schedule, user=site.user)
    with pytest.raises(IntegrityError, match="first_firmware"):
        schedule.save()


def test_the_database_holds_it_too(site: Site) -> None:
    mission = timed(site, **OLD)
    with pytest.raises(IntegrityError, match="first_firmware"):
        Mission.objects.filter(pk=mission.pk).update(simulate=True)


def test_only_such_a_mission_goes_back_from_its_start_to_its_plan(site: Site) -> None:
    """For any other dock that way would prepare and start it a second time."""
    old, other = timed(site, **OLD), timed(site, seconds=7200)
    Mission.objects.filter(pk=other.pk).update(status=MissionStatus.STARTING)
    other.refresh_from_db()
    assert not state.move(other, MissionStatus.PLANNED)
    Mission.objects.filter(pk=other.pk).update(status=MissionStatus.PLANNED)
    other.refresh_from_db()
    assert not state.move(other, MissionStatus.STARTING)
    assert state.move(old, MissionStatus.STARTING)
    assert state.move(old, MissionStatus.PLANNED)
