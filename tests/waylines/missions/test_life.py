"""A mission's life through the dispatcher: planned, prepared, checked, started, followed, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Alarm, Command, Device
from devices.services import commands
from fleet.models import AuditEntry, Role
from tests.factories import make_dock, make_user
from tests.waylines.missions.conftest import Site, make_route, say
from waylines.models import Mission, MissionPolicy, MissionStatus
from waylines.models.mission import MissionKind
from waylines.services.missions import control, dispatch, planning, sweep
from waylines.services.missions.planning import MissionRefused

pytestmark = pytest.mark.django_db(transaction=True)

Answer = Callable[..., None]
Tell = Callable[..., None]


def plan(site: Site, **fields: Any) -> Mission:
    return planning.plan(site.workspace, **{"route": site.route, "dock": site.dock, "user": site.user, **fields})


def timed(site: Site, seconds: float = 30, **fields: Any) -> Mission:
    return plan(site, kind=MissionKind.TIMED, execute_at=timezone.now() + timedelta(seconds=seconds), **fields)


def shift(mission: Mission, seconds: float) -> None:
    """Let time pass: the mission's start lies so many seconds ago."""
    Mission.objects.filter(pk=mission.pk).update(
        execute_at=timezone.now() - timedelta(seconds=seconds), progress_at=None
    )


def status(mission: Mission) -> str:
    mission.refresh_from_db()
    return mission.status


def flying(site: Site, answer: Answer, tell: Tell) -> Mission:
    mission = plan(site)
    answer("flighttask_prepare")
    mission.refresh_from_db()
    dispatch.tick()
    answer("flighttask_execute")
    tell(mission, "in_progress", step=23, percent=30, current_waypoint_index=1, media_count=2, wayline_mission_state=6)
    mission.refresh_from_db()
    return mission


def test_a_mission_is_prepared_started_and_followed_to_its_end(site: Site, answer: Answer, tell: Tell) -> None:
    mission = plan(site)
    sent = site.last("flighttask_prepare").data
    assert sent["flight_id"] == str(mission.pk)
    assert sent["task_type"] == 0
    assert sent["file"]["fingerprint"] == site.route.file.sign
    assert site.route.file.object_key.split("/")[-1].split(" ")[0] in sent["file"]["url"]
    assert mission.status == MissionStatus.PREPARING
    assert not site.commands("flighttask_execute")

    answer("flighttask_prepare")
    assert status(mission) in (MissionStatus.READY, MissionStatus.STARTING)
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING
    assert site.last("flighttask_execute").data == {"flight_id": str(mission.pk)}

    answer("flighttask_execute")
    tell(mission, "in_progress", step=23, percent=40, current_waypoint_index=2, media_count=3, track_id="t-1")
    assert status(mission) == MissionStatus.RUNNING
    assert (mission.progress, mission.waypoint, mission.media_count, mission.track_id) == (40, 2, 3, "t-1")
    tell(mission, "ok", percent=100, media_count=5)
    assert status(mission) == MissionStatus.OK
    assert mission.finished_at is not None
    assert mission.media_count == 5
    assert site.last("flighttask_execute").status == "ok"


def test_every_step_is_done_once_by_two_schedulers(site: Site, answer: Answer) -> None:
    mission = timed(site)
    for _scheduler in range(2):
        dispatch.tick()
    assert len(site.commands("flighttask_prepare")) == 1
    answer("flighttask_prepare")
    assert status(mission) == MissionStatus.READY
    dispatch.tick()
    assert not site.commands("flighttask_execute"), "it is not time yet"
    shift(mission, 1)
    stale = Mission.objects.select_related("dock", "file", "user", "workspace").get(pk=mission.pk)
    assert dispatch.execute(Mission.objects.select_related("dock", "file", "user", "workspace").get(pk=mission.pk))
    assert not dispatch.execute(stale)
    assert len(site.commands("flighttask_execute")) == 1


def test_it_never_starts_late(site: Site, answer: Answer) -> None:
    mission = timed(site)
    dispatch.tick()
    answer("flighttask_prepare")
    shift(mission, 61)
    dispatch.tick()
    assert status(mission) == MissionStatus.SKIPPED
    assert not site.commands("flighttask_execute")
    assert site.last("flighttask_undo").data == {"flight_ids": [str(mission.pk)]}


def test_a_late_start_within_what_was_allowed(site: Site, answer: Answer) -> None:
    mission = timed(site, settings={"late_minutes": 10})
    Device.objects.filter(pk=site.dock.pk).update(online=False)
    shift(mission, 120)
    dispatch.tick()
    assert status(mission) == MissionStatus.PLANNED
    assert any("offline" in check["text"] for check in mission.gate if check["verdict"] == "block")
    Device.objects.filter(pk=site.dock.pk).update(online=True)
    shift(mission, 130)
    dispatch.tick()
    answer("flighttask_prepare")
    dispatch.tick()
    assert status(mission) == MissionStatus.STARTING


def test_an_offline_dock_is_skipped_with_the_reason(site: Site) -> None:
    mission = timed(site)
    Device.objects.filter(pk=site.dock.pk).update(online=False)
    dispatch.tick()
    shift(mission, 90)
    dispatch.tick()
    assert status(mission) == MissionStatus.SKIPPED
    assert "offline" in mission.result_text
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"rainfall": 2}, "Rain"),
        ({"wind_speed": 14.2}, "14.2 m/s"),
        ({"mode_code": 2}, "not idle"),
        ({"drone_in_dock": 0}, "not in the dock"),
        ({"emergency_stop_state": 1}, "emergency stop"),
        ({"cover_state": 3}, "cover"),
    ],
)
def test_what_the_dock_senses_keeps_it_on_the_ground(site: Site, answer: Answer, what: Any, words: str) -> None:
    mission = timed(site)
    dispatch.tick()
    answer("flighttask_prepare")
    say(site.dock, **what)
    shift(mission, 1)
    dispatch.tick()
    assert status(mission) == MissionStatus.READY
    assert any(words in check["text"] for check in mission.gate if check["verdict"] == "block")
    assert not site.commands("flighttask_execute")
    with pytest.raises(MissionRefused) as refusal:
        plan(site, accept_overlaps=True)
    assert any(words in check.text for check in refusal.value.checks)


def test_battery_storage_health_model_and_range_block(site: Site) -> None:
    say(site.aircraft, battery={"capacity_percent": 30}, storage={"total": 60_000_000, "used": 59_900_000})
    Alarm.objects.create(
        workspace=site.workspace,
        device=site.dock,
        code="0x1",
        level=2,
        started_at=timezone.now(),
        seen_at=timezone.now(),
    )
    with pytest.raises(MissionRefused) as refusal:
        plan(site)
    assert {check.name for check in refusal.value.checks} == {"battery", "storage", "health"}
    foreign = make_route(site.workspace, name="For another", facts={"drone_model_key": "0-91-0"})
    far = make_route(site.workspace, name="Far", outline=[[[47.2, 8.0, 80.0]]])
    for route, name in ((foreign, "model"), (far, "range")):
        with pytest.raises(MissionRefused) as refusal:
            timed(site, 3600, route=route)
        assert [check.name for check in refusal.value.checks] == [name]


def test_a_dock_flies_one_mission(site: Site, answer: Answer, tell: Tell) -> None:
    first = flying(site, answer, tell)
    second = timed(site, accept_overlaps=True)
    dispatch.tick()
    answer("flighttask_prepare")
    shift(second, 1)
    dispatch.tick()
    assert status(second) == MissionStatus.READY
    assert any(first.name in check["text"] for check in second.gate)
    # Even past the checks, the database lets no second one in.
    Mission.objects.filter(pk=second.pk).update(status=MissionStatus.READY)
    tell(second, "in_progress")
    assert status(second) == MissionStatus.READY


def test_progress_twice_and_out_of_order_changes_nothing(site: Site, answer: Answer, tell: Tell) -> None:
    mission = flying(site, answer, tell)
    now = mission.progress_stamp
    tell(mission, "in_progress", percent=70, current_waypoint_index=3, at=now + 2000)
    tell(mission, "in_progress", percent=40, current_waypoint_index=1, at=now + 1000)
    tell(mission, "paused", percent=40, at=now + 1000)
    assert status(mission) == MissionStatus.RUNNING
    assert (mission.progress, mission.waypoint) == (70, 3)
    tell(mission, "failed", result=316026, at=now + 3000)
    tell(mission, "in_progress", percent=80, at=now + 2500)
    tell(mission, "in_progress", percent=80, at=now + 9000)
    assert status(mission) == MissionStatus.FAILED
    assert mission.result == 316026
    assert mission.result_text


def test_a_mission_of_another_dock_is_not_touched(site: Site, answer: Answer, tell: Tell, wire: Any) -> None:
    mission = flying(site, answer, tell)
    stranger = make_dock(site.workspace, online=True)
    wire.deliver(
        f"thing/product/{stranger.sn}/events",
        bid=str(mission.pk),
        method="flighttask_progress",
        data={"result": 0, "output": {"status": "ok", "ext": {"flight_id": str(mission.pk)}}},
    )
    assert status(mission) == MissionStatus.RUNNING


def test_pause_resume_home_and_stop_are_confirmed_commands(site: Site, answer: Answer, tell: Tell) -> None:
    mission = flying(site, answer, tell)
    pilot = make_user(site.workspace, Role.PILOT)
    with pytest.raises(control.ControlRefused):
        control.act(mission, "pause", user=pilot, request_key="k1", confirmed=False)
    control.act(mission, "pause", user=pilot, request_key="k1", confirmed=True)
    control.act(mission, "pause", user=pilot, request_key="k1", confirmed=True)
    assert len(site.commands("flighttask_pause")) == 1
    tell(mission, "paused")
    assert status(mission) == MissionStatus.PAUSED
    with pytest.raises(control.ControlRefused):
        control.act(mission, "resume", user=make_user(site.workspace, Role.VIEWER), request_key="k2", confirmed=True)
    control.act(mission, "resume", user=site.user, request_key="k3", confirmed=True)
    tell(mission, "in_progress")
    assert status(mission) == MissionStatus.RUNNING
    control.act(mission, "stop", user=site.user, request_key="k4", confirmed=True)
    assert site.last("flighttask_stop").data["flight_id"] == str(mission.pk)
    point = {"index": 2, "state": 0, "progress": 0.4, "wayline_id": 0, "break_reason": 1281, "latitude": 47.0}
    tell(mission, "canceled", break_point=point)
    assert status(mission) == MissionStatus.CANCELED
    assert mission.break_point == point
    assert mission.result_text == "Ended by user"


def test_a_broken_flight_goes_on_where_it_stopped(site: Site, answer: Answer, tell: Tell) -> None:
    mission = flying(site, answer, tell)
    with pytest.raises(MissionRefused):
        planning.resume(mission, user=site.user)
    point = {"index": 2, "state": 0, "progress": 0.4, "wayline_id": 0, "break_reason": 773}
    tell(mission, "partially_done", break_point=point)
    mission.refresh_from_db()
    rest = planning.resume(mission, user=site.user)
    sent = site.last("flighttask_prepare").data
    assert sent["flight_id"] == str(rest.pk)
    assert sent["break_point"] == {"index": 2, "state": 0, "progress": 0.4, "wayline_id": 0}
    with pytest.raises(MissionRefused):
        planning.resume(mission, user=site.user)


def test_cancelled_before_it_starts(site: Site, answer: Answer) -> None:
    mission = timed(site)
    dispatch.tick()
    answer("flighttask_prepare")
    mission.refresh_from_db()
    with pytest.raises(control.ControlRefused):
        control.cancel(mission, user=make_user(site.workspace, Role.PILOT))
    control.cancel(mission, user=site.user)
    assert site.last("flighttask_undo").data == {"flight_ids": [str(mission.pk)]}
    shift(mission, 1)
    dispatch.tick()
    assert status(mission) == MissionStatus.CANCELED
    assert not site.commands("flighttask_execute")


def test_a_dock_that_refuses_is_asked_again_and_then_it_failed(site: Site, answer: Answer) -> None:
    mission = timed(site, 60)
    for attempt in range(dispatch.ATTEMPTS):
        Mission.objects.filter(pk=mission.pk).update(progress_at=None)
        dispatch.tick()
        assert len(site.commands("flighttask_prepare")) == attempt + 1
        answer("flighttask_prepare", result=319016)
    assert status(mission) == MissionStatus.FAILED
    assert mission.result_text


def test_a_start_that_nobody_answers_is_unknown_until_the_dock_speaks(site: Site, answer: Answer, tell: Tell) -> None:
    mission = plan(site)
    answer("flighttask_prepare")
    dispatch.tick()
    command = site.last("flighttask_execute")
    Command.objects.filter(pk=command.pk).update(
        status="sent", published_at=timezone.now(), deadline=timezone.now() - timedelta(seconds=1)
    )
    commands.sweep()
    assert status(mission) == MissionStatus.UNKNOWN
    tell(mission, "in_progress")
    assert status(mission) == MissionStatus.RUNNING
    assert mission.finished_at is None


def test_a_start_that_was_never_sent_is_tried_again_in_time(site: Site, answer: Answer) -> None:
    mission = plan(site)
    answer("flighttask_prepare")
    dispatch.tick()
    command = site.last("flighttask_execute")
    Command.objects.filter(pk=command.pk).update(deadline=timezone.now() - timedelta(seconds=1))
    commands.sweep()
    assert status(mission) == MissionStatus.READY
    dispatch.tick()
    assert len(site.commands("flighttask_execute")) == 2
    # The one that was given up can never reach the wire any more.
    assert commands.claim(str(command.pk)) is None


def test_a_dock_that_falls_silent_leaves_the_outcome_unknown(site: Site, answer: Answer, tell: Tell) -> None:
    mission = flying(site, answer, tell)
    say(site.dock, mode_code=4, drone_in_dock=0)
    assert sweep.sweep() == 0
    Mission.objects.filter(pk=mission.pk).update(progress_at=timezone.now() - timedelta(minutes=5))
    assert sweep.sweep() == 0, "it may still be flying"
    say(site.dock, mode_code=0, drone_in_dock=1)
    assert sweep.sweep() == 1
    assert status(mission) == MissionStatus.UNKNOWN
    tell(mission, "ok")
    assert status(mission) == MissionStatus.OK


def test_approval_by_a_second_person(site: Site) -> None:
    MissionPolicy.objects.create(workspace=site.workspace, needs_approval=True)
    mission = plan(site)
    assert mission.status == MissionStatus.AWAITING
    dispatch.tick()
    assert not Command.objects.exists()
    with pytest.raises(MissionRefused):
        planning.approve(mission, user=site.user)
    second = make_user(site.workspace, Role.OPERATOR)
    planning.approve(mission, user=second)
    assert mission.approved_by == second
    assert site.commands("flighttask_prepare")
    entry = AuditEntry.objects.filter(action="mission.planned").first()
    assert entry is not None
    rejected = plan(site, accept_overlaps=True)
    planning.reject(rejected, user=second, reason="Not tonight.")
    assert status(rejected) == MissionStatus.REJECTED
    assert "Not tonight." in rejected.result_text


def test_a_conditional_mission_starts_when_the_dock_says_so_and_not_outside_its_window(
    site: Site, answer: Answer, wire: Any
) -> None:
    now = timezone.now()
    mission = plan(site, kind=MissionKind.CONDITIONAL, execute_at=now, window_end=now + timedelta(hours=2))
    dispatch.tick()
    sent = site.last("flighttask_prepare").data
    assert sent["ready_conditions"]["battery_capacity"] == 50
    assert sent["ready_conditions"]["end_time"] - sent["ready_conditions"]["begin_time"] == 7_200_000
    assert sent["executable_conditions"] == {"storage_capacity": 500}
    answer("flighttask_prepare")
    dispatch.tick()
    assert not site.commands("flighttask_execute")
    topic = f"thing/product/{site.dock.sn}/events"
    wire.deliver(topic, method="flighttask_ready", need_reply=1, data={"flight_ids": [str(mission.pk), "nonsense"]})
    from waylines.tasks import start_mission

    start_mission(str(mission.pk))
    assert status(mission) == MissionStatus.STARTING
    late = plan(
        site, kind=MissionKind.CONDITIONAL, execute_at=now, window_end=now + timedelta(hours=2), accept_overlaps=True
    )
    Mission.objects.filter(pk=late.pk).update(status=MissionStatus.READY, window_end=now - timedelta(seconds=1))
    dispatch.tick()
    assert status(late) == MissionStatus.SKIPPED


def test_a_dock_gets_the_file_of_its_own_mission_only(site: Site, answer: Answer, wire: Any) -> None:
    mission = plan(site)
    stranger = make_dock(site.workspace, online=True)
    for sn, result in ((site.dock.sn, 0), (stranger.sn, 319009)):
        wire.deliver(
            f"thing/product/{sn}/requests", method="flighttask_resource_get", data={"flight_id": str(mission.pk)}
        )
        reply = wire.answers(f"thing/product/{sn}/requests_reply")[-1]["data"]
        assert reply["result"] == result
    reply = wire.answers(f"thing/product/{site.dock.sn}/requests_reply")[-1]["data"]
    assert reply["output"]["file"]["fingerprint"] == site.route.file.sign


def test_another_workspaces_route_and_dock_are_not_there(site: Site, other_workspace: Any) -> None:
    theirs = Site(other_workspace)
    for fields in ({"route": theirs.route}, {"dock": theirs.dock}, {"landing_dock": theirs.dock}):
        with pytest.raises(MissionRefused):
            plan(site, **fields)
    with pytest.raises(MissionRefused):
        plan(site, user=theirs.user)
    with pytest.raises(MissionRefused):
        plan(site, dock=site.aircraft)
    assert not Mission.objects.exists()
