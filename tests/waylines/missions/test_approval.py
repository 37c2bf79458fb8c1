"""A second person's yes: for what it was given, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import AuditEntry, Role
from tests.factories import make_user
from tests.waylines.missions.conftest import Site, make_route
from tests.waylines.missions.test_life import shift, status, timed
from tests.waylines.missions.test_schedules import schedule
from waylines.models import Mission, MissionPolicy, MissionStatus, Route
from waylines.services import schedules
from waylines.services.missions import dispatch, planning
from waylines.services.missions.planning import MissionRefused

pytestmark = pytest.mark.django_db(transaction=True)

Answer = Callable[..., None]


@pytest.fixture
def rule(site: Site) -> MissionPolicy:
    return MissionPolicy.objects.create(workspace=site.workspace, needs_approval=True)


def test_who_changed_a_schedule_last_does_not_approve_it(site: Site, rule: MissionPolicy) -> None:
    first, second = make_user(site.workspace, Role.OPERATOR), make_user(site.workspace, Role.OPERATOR)
    found = schedules.save(schedule(site, user=None), user=first)
    schedules.approve(found, user=second)
    found.refresh_from_db()
    found.times = ["21:00"]
    schedules.save(found, user=second)
    assert set(found.missions.values_list("status", flat=True)) == {MissionStatus.AWAITING}
    with pytest.raises(MissionRefused):
        schedules.approve(found, user=second)
    schedules.approve(found, user=first)
    assert set(found.missions.values_list("status", flat=True)) == {MissionStatus.PLANNED}
    assert AuditEntry.objects.filter(action="schedule.approved", user=first).count() == 1


def test_an_approval_before_there_is_a_rule_holds_when_there_is_one(site: Site) -> None:
    found = schedules.save(schedule(site), user=site.user)
    second = make_user(site.workspace, Role.OPERATOR)
    schedules.approve(found, user=second)
    assert set(found.missions.values_list("status", "approved_by")) == {(MissionStatus.PLANNED, second.pk)}


def test_an_approval_is_for_the_route_as_it_was(site: Site, rule: MissionPolicy) -> None:
    found = schedules.save(schedule(site), user=site.user)
    schedules.approve(found, user=make_user(site.workspace, Role.OPERATOR))
    before = found.missions.count()
    assert before
    other = make_route(site.workspace, name="Another way")
    Route.objects.filter(pk=site.route.pk).update(file=other.file)
    schedules.materialise(timezone.now() + timedelta(days=3))
    found.refresh_from_db()
    assert not found.is_approved
    fresh = found.missions.filter(file=other.file)
    assert fresh.exists()
    assert set(fresh.values_list("status", "approved_by")) == {(MissionStatus.AWAITING, None)}
    assert found.missions.exclude(file=other.file).filter(status=MissionStatus.PLANNED).count() == before


def test_a_rule_that_is_new_holds_for_what_was_planned_before(site: Site, answer: Answer) -> None:
    mission = timed(site)
    dispatch.tick()
    answer("flighttask_prepare")
    MissionPolicy.objects.create(workspace=site.workspace, needs_approval=True)
    shift(mission, 1)
    dispatch.tick()
    assert status(mission) == MissionStatus.READY
    assert not site.commands("flighttask_execute")
    assert any(check["name"] == "approval" for check in mission.gate)
    page = Client()
    page.force_login(site.user)
    shown = page.get(reverse("admin:waylines_mission_change", args=[mission.pk])).content.decode()
    assert reverse("console:mission_act", args=[mission.pk, "approve"]) in shown
    with pytest.raises(MissionRefused):
        planning.approve(mission, user=site.user)
    second = make_user(site.workspace, Role.OPERATOR)
    planning.approve(mission, user=second)
    assert AuditEntry.objects.filter(action="mission.approved", user=second).count() == 1
    Mission.objects.update(progress_at=None)
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING


def test_nobody_of_another_workspace_approves(site: Site, rule: MissionPolicy, other_workspace: Any) -> None:
    found = schedules.save(schedule(site), user=site.user)
    stranger = make_user(other_workspace, Role.ADMIN)
    mission = found.missions.first()
    assert mission is not None
    with pytest.raises(MissionRefused):
        schedules.approve(found, user=stranger)
    with pytest.raises(MissionRefused):
        planning.approve(mission, user=stranger)
    found.refresh_from_db()
    assert found.approved_by is None
