"""Docks of the first firmware, which take route and start in one command (`flighttask_create`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Command
from tests.waylines.missions.conftest import Site, say
from tests.waylines.missions.test_life import plan, shift, status, timed
from waylines.models.mission import MissionKind, MissionStatus
from waylines.services.missions import control, dispatch
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

    answer("flighttask_create")
    tell(mission, "in_progress", step=23, percent=40)
    assert status(mission) == MissionStatus.RUNNING
    tell(mission, "ok", percent=100)
    assert status(mission) == MissionStatus.OK
    assert len(site.commands("flighttask_create")) == 1


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
