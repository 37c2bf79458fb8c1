"""Planning and following missions in the console, through its own pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Command
from fleet.models import Role
from tests.console.test_live_sockets import make_socket
from tests.factories import make_dock, make_user
from tests.waylines.missions.conftest import Site, say
from waylines.models import Mission, MissionPolicy, MissionStatus, Schedule
from waylines.services import schedules
from waylines.services.missions import planning, state

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator(site: Site) -> Client:
    return client_of(site.user)


def typed(site: Site, **fields: Any) -> dict[str, Any]:
    return {
        "route": str(site.route.pk),
        "dock": str(site.dock.pk),
        "when": "now",
        "rth_altitude": 100,
        "rth_mode": 1,
        "out_of_control_action": 0,
        "exit_wayline_when_rc_lost": 0,
        "wayline_precision_type": 0,
        "late_minutes": 0,
        **fields,
    }


PLAN = "/admin/missions/plan/"


def test_a_mission_is_planned_after_a_second_look(site: Site, operator: Client) -> None:
    page = operator.get(PLAN, {"route": str(site.route.pk)})
    assert f'value="{site.route.pk}" selected' in page.content.decode()
    look = operator.post(PLAN, typed(site))
    assert look.status_code == 200
    assert "The aircraft takes off as soon as the dock is ready" in look.content.decode()
    assert "Wind at the dock: 2.0 m/s." in look.content.decode()
    operator.post(PLAN, typed(site, step="confirm"))
    assert not Mission.objects.exists(), "the box was not ticked"
    done = operator.post(PLAN, typed(site, step="confirm", checked="1"))
    mission = Mission.objects.get()
    assert done.headers["Location"] == reverse("admin:waylines_mission_change", args=[mission.pk])
    assert mission.status == MissionStatus.PREPARING
    assert (mission.user, mission.route) == (site.user, site.route)


def test_what_blocks_is_said_and_cannot_be_clicked_away(site: Site, operator: Client) -> None:
    say(site.dock, rainfall=3)
    look = operator.post(PLAN, typed(site))
    assert "Rain at the dock: Heavy rain" in look.content.decode()
    assert 'id="blocked"' in look.content.decode()
    refused = operator.post(PLAN, typed(site, step="confirm", checked="1"))
    assert refused.status_code == 409
    assert not Mission.objects.exists()


def test_times_are_read_on_the_workspaces_clock(site: Site, operator: Client) -> None:
    site.workspace.time_zone = "Asia/Tokyo"
    site.workspace.save()
    day = f"{timezone.now() + timedelta(days=2):%Y-%m-%d}"
    operator.post(PLAN, typed(site, when="time", execute_at=f"{day}T20:00", step="confirm", checked="1"))
    mission = Mission.objects.get()
    assert f"{mission.execute_at:%Y-%m-%d %H:%M %Z}" == f"{day} 11:00 UTC"
    page = operator.get(reverse("admin:waylines_mission_change", args=[mission.pk]))
    assert f"{day} 20:00" in page.content.decode()


def key_of(page: Any) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]{36})"', page.content.decode())
    assert found
    return found[1]


def test_a_plan_that_is_sent_twice_is_one_mission(site: Site, operator: Client, other_workspace: Any) -> None:
    at = f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    fields = typed(site, when="time", execute_at=at, checked="1")
    key = key_of(operator.post(PLAN, fields))
    for _click in range(2):
        operator.post(PLAN, {**fields, "step": "confirm", "key": key})
    assert [str(mission.pk) for mission in Mission.objects.all()] == [key]
    operator.post(PLAN, {**fields, "step": "confirm", "key": key_of(operator.post(PLAN, fields))})
    assert Mission.objects.count() == 2, "looked over anew, it is another"
    repeated = typed(
        site, when="repeat", frequency="daily", interval=1, times="20:00", checked="1",
        starts_on=f"{timezone.now():%Y-%m-%d}",
    )  # fmt: skip
    key = key_of(operator.post(PLAN, repeated))
    for _click in range(2):
        operator.post(PLAN, {**repeated, "step": "confirm", "key": key})
    assert [str(schedule.pk) for schedule in Schedule.objects.all()] == [key]


def test_anothers_key_takes_nothing_from_them(site: Site, operator: Client, other_workspace: Any) -> None:
    mission = planning.plan(site.workspace, route=site.route, dock=site.dock, user=site.user)
    schedule = schedules.save(
        Schedule(
            workspace=site.workspace, name="Ours", times=["20:00"], starts_on=timezone.now().date(),
            route=site.route, dock=site.dock,
        ),
        user=site.user,
    )  # fmt: skip
    theirs = Site(other_workspace)
    stranger = client_of(theirs.user)
    at = f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    once = typed(theirs, when="time", execute_at=at, checked="1", step="confirm", key=str(mission.pk))
    again = typed(
        theirs, when="repeat", frequency="daily", interval=1, times="20:00", checked="1", step="confirm",
        starts_on=f"{timezone.now():%Y-%m-%d}", key=str(schedule.pk),
    )  # fmt: skip
    for fields in (once, again):
        answer = stranger.post(PLAN, fields)
        assert answer.status_code == 409
        assert "Ours" not in answer.content.decode()
    assert Mission.objects.get(pk=mission.pk).workspace_id == site.workspace.pk
    assert Schedule.objects.get(pk=schedule.pk).workspace_id == site.workspace.pk
    assert not Mission.objects.filter(workspace=other_workspace).exists()


def test_what_comes_again_lands_where_it_took_off(site: Site, operator: Client) -> None:
    other = make_dock(site.workspace, online=True)
    page = operator.post(
        PLAN,
        typed(
            site, when="repeat", frequency="daily", interval=1, times="20:00", landing_dock=other.pk,
            starts_on=f"{timezone.now():%Y-%m-%d}",
        ),
    )  # fmt: skip
    assert page.status_code == 400
    assert "a relay needs its aircraft back first" in page.content.decode()


def test_an_emptied_field_is_what_the_review_says(site: Site, operator: Client) -> None:
    fields = typed(
        site, when="repeat", frequency="daily", interval=1, times="20:00", late_minutes=120, checked="1",
        starts_on=f"{timezone.now():%Y-%m-%d}",
    )  # fmt: skip
    operator.post(PLAN, {**fields, "step": "confirm"})
    schedule = Schedule.objects.get()
    assert schedule.late_minutes == 120
    edit = reverse("console:schedule_edit", args=[schedule.pk])
    assert "0 min" in operator.post(edit, {**fields, "late_minutes": ""}).content.decode()
    operator.post(edit, {**fields, "late_minutes": "", "step": "confirm"})
    schedule.refresh_from_db()
    assert schedule.late_minutes == 0


def test_a_review_shows_what_schedules_will_make(site: Site, operator: Client) -> None:
    schedules.save(
        Schedule(
            workspace=site.workspace, name="Night round", times=["20:00"], starts_on=timezone.now().date(),
            route=site.route, dock=site.dock,
        ),
        user=site.user,
    )  # fmt: skip
    day = f"{timezone.now() + timedelta(days=5):%Y-%m-%d}"
    assert "Night round" in operator.post(PLAN, typed(site, when="time", execute_at=f"{day}T20:05")).content.decode()
    assert (
        "Night round" not in operator.post(PLAN, typed(site, when="time", execute_at=f"{day}T12:00")).content.decode()
    )


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "1969-12", "nonsense", "2026-13"])
def test_a_month_that_is_none_is_this_one(operator: Client, month: str) -> None:
    page = operator.get("/admin/calendar/", {"month": month})
    assert page.status_code == 200
    assert f"{timezone.now():%B %Y}" in page.content.decode()


def test_a_schedule_is_made_changed_rested_and_deleted(site: Site, operator: Client) -> None:
    fields = typed(
        site, when="repeat", frequency="weekly", interval=1, weekdays=["0"], times="20:00", name="Every Monday",
        starts_on=f"{timezone.now():%Y-%m-%d}",
    )  # fmt: skip
    look = operator.post(PLAN, fields)
    assert "Next times" in look.content.decode()
    operator.post(PLAN, {**fields, "step": "confirm", "checked": "1"})
    schedule = Schedule.objects.get()
    assert (schedule.weekdays, schedule.times) == ([0], ["20:00"])
    edit = reverse("console:schedule_edit", args=[schedule.pk])
    assert "20:00" in operator.get(edit).content.decode()
    operator.post(edit, {**fields, "times": "21:00", "step": "confirm", "checked": "1"})
    schedule.refresh_from_db()
    assert schedule.times == ["21:00"]
    operator.post(reverse("console:schedule_act", args=[schedule.pk, "rest"]))
    schedule.refresh_from_db()
    assert not schedule.active
    assert "Every Monday" in operator.get("/admin/waylines/schedule/").content.decode()
    operator.post(reverse("console:schedule_act", args=[schedule.pk, "delete"]))
    assert not Schedule.objects.exists()


def test_overlaps_are_shown_on_the_second_look(site: Site, operator: Client) -> None:
    at = timezone.now() + timedelta(days=1)
    planning.plan(
        site.workspace, route=site.route, dock=site.dock, user=site.user, kind=1, execute_at=at, name="The other one"
    )
    look = operator.post(PLAN, typed(site, when="time", execute_at=f"{at:%Y-%m-%dT%H:%M}"))
    assert 'id="overlaps"' in look.content.decode()
    assert "The other one" in look.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"when": "time"},
        {"when": "repeat", "times": "25:99", "starts_on": "2030-01-01"},
        {"when": "repeat", "times": "", "starts_on": ""},
        {"route": "nonsense"},
        {"rth_altitude": 5},
    ],
)
def test_a_form_that_makes_no_sense_says_so(site: Site, operator: Client, wrong: dict[str, Any]) -> None:
    answer = operator.post(PLAN, typed(site, **wrong, step="confirm", checked="1"))
    assert answer.status_code == 400
    assert not Mission.objects.exists()
    assert not Schedule.objects.exists()


def test_actions_take_a_second_look_and_are_sent_once(site: Site, operator: Client) -> None:
    mission = planning.plan(site.workspace, route=site.route, dock=site.dock, user=site.user)
    for status in (MissionStatus.READY, MissionStatus.STARTING, MissionStatus.RUNNING):
        state.move(mission, status)
    address = reverse("console:mission_act", args=[mission.pk, "pause"])
    page = operator.get(address)
    assert "hovers where it is" in page.content.decode()
    assert not Command.objects.filter(method="flighttask_pause").exists()
    operator.post(address, {"key": "k" * 20})
    assert not Command.objects.filter(method="flighttask_pause").exists()
    for _click in range(2):
        operator.post(address, {"key": "k" * 20, "checked": "1"})
    assert Command.objects.filter(method="flighttask_pause").count() == 1
    refused = operator.post(reverse("console:mission_act", args=[mission.pk, "cancel"]), {"key": "x", "checked": "1"})
    assert refused.status_code == 409


def test_approval_on_the_page(site: Site, operator: Client) -> None:
    MissionPolicy.objects.create(workspace=site.workspace, needs_approval=True)
    mission = planning.plan(site.workspace, route=site.route, dock=site.dock, user=site.user)
    address = reverse("console:mission_act", args=[mission.pk, "approve"])
    assert operator.post(address, {"checked": "1"}).status_code == 409
    second = client_of(make_user(site.workspace, Role.OPERATOR))
    second.post(address, {"checked": "1"})
    mission.refresh_from_db()
    assert mission.status == MissionStatus.PREPARING


def test_viewers_look_and_do_not_plan(site: Site) -> None:
    viewer = client_of(make_user(site.workspace, Role.VIEWER))
    assert viewer.get(PLAN).status_code == 200
    assert viewer.post(PLAN, typed(site, step="confirm", checked="1")).status_code == 403
    assert viewer.get("/admin/calendar/").status_code == 200
    assert viewer.get("/admin/waylines/mission/").status_code == 200
    assert viewer.post("/admin/missions/rules/", {"battery": 10}).status_code == 403


def test_rules_are_an_administrators(site: Site) -> None:
    admin = client_of(make_user(site.workspace, Role.ADMIN))
    rules = {"battery": 60, "wind": 8, "rain": 1, "storage_mb": 100, "max_height": 100, "max_distance": 5000}
    admin.post("/admin/missions/rules/", {**rules, "flight_days": 365, "needs_approval": "on"})
    policy = MissionPolicy.objects.get(workspace=site.workspace)
    assert (policy.battery, policy.wind, policy.needs_approval) == (60, 8.0, True)


def test_the_calendar_shows_missions_and_what_schedules_will_make(site: Site, operator: Client) -> None:
    planning.plan(
        site.workspace, route=site.route, dock=site.dock, user=site.user, kind=1, name="Tonight",
        execute_at=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip
    Schedule.objects.create(
        workspace=site.workspace, name="Daily round", times=["11:00"], starts_on=timezone.now().date(),
        route=site.route, dock=site.dock,
    )  # fmt: skip
    later = timezone.now() + timedelta(days=31)
    assert "Tonight" in operator.get("/admin/calendar/").content.decode()
    page = operator.get("/admin/calendar/", {"month": f"{later:%Y-%m}"}).content.decode()
    assert page.count("Daily round") >= 28
    assert operator.get("/admin/calendar/", {"month": "nonsense", "dock": "x"}).status_code == 200


def test_another_workspaces_missions_are_not_there(site: Site, other_workspace: Any) -> None:
    theirs = Site(other_workspace)
    mission = planning.plan(theirs.workspace, route=theirs.route, dock=theirs.dock, user=theirs.user)
    schedule = Schedule.objects.create(
        workspace=theirs.workspace, name="Theirs", times=["11:00"], starts_on=timezone.now().date(),
        route=theirs.route, dock=theirs.dock,
    )  # fmt: skip
    ours = client_of(site.user)
    for address in (
        reverse("admin:waylines_mission_change", args=[mission.pk]),
        reverse("console:mission_act", args=[mission.pk, "cancel"]),
        reverse("console:schedule_edit", args=[schedule.pk]),
    ):
        assert ours.get(address).status_code == 404
    assert ours.post(reverse("console:schedule_act", args=[schedule.pk, "delete"])).status_code == 404
    assert ours.post(reverse("console:mission_act", args=[mission.pk, "cancel"]), {"checked": "1"}).status_code == 404
    for page in ("/admin/waylines/mission/", "/admin/waylines/schedule/", "/admin/calendar/", PLAN):
        content = ours.get(page).content.decode()
        assert str(mission.pk) not in content
        assert "Theirs" not in content
    refused = ours.post(PLAN, typed(site, route=str(theirs.route.pk), step="confirm", checked="1"))
    assert refused.status_code == 400
    mission.refresh_from_db()
    assert mission.status == MissionStatus.PREPARING


async def test_the_live_page_follows_and_is_its_workspaces_own(site: Site, other_workspace: Any) -> None:
    later = sync_to_async
    mission = await later(planning.plan)(site.workspace, route=site.route, dock=site.dock, user=site.user)
    stranger = await later(make_user)(other_workspace, Role.ADMIN)
    refused = await make_socket(stranger, f"/ws/console/missions/{mission.pk}/")
    assert await refused.connect(20) == (False, 4403)
    page = await make_socket(site.user, f"/ws/console/missions/{mission.pk}/")
    assert (await page.connect(20))[0]
    frames = [await page.receive_json_from(20) for _part in range(5)]
    assert [frame.get("target", frame["kind"]) for frame in frames] == [
        "track",
        "live-summary",
        "live-checks",
        "live-history",
        "way-home",
    ]
    assert await later(state.move)(mission, MissionStatus.READY)
    frame = await page.receive_json_from(20)
    assert frame["target"] == "live-summary"
    assert "On the dock" in frame["html"]
    await page.disconnect(timeout=20)


def test_the_list_takes_a_constant_number_of_queries(site: Site, operator: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert operator.get("/admin/waylines/mission/").status_code == 200
        return len(queries)

    at = timezone.now() + timedelta(days=1)
    planning.plan(site.workspace, route=site.route, dock=site.dock, user=site.user, kind=1, execute_at=at)
    few = count()
    for number in range(20):
        planning.plan(
            site.workspace, route=site.route, dock=site.dock, user=site.user, kind=1,
            execute_at=at + timedelta(hours=number), accept_overlaps=True,
        )  # fmt: skip
    assert count() == few


def test_a_docks_page_shows_its_next_and_last_missions(site: Site, operator: Client) -> None:
    page = reverse("admin:devices_device_change", args=[site.dock.pk])
    assert "It has not flown a mission yet." in operator.get(page).content.decode()
    planning.plan(site.workspace, route=site.route, dock=site.dock, user=site.user, name="Round the fence")
    assert "Round the fence" in operator.get(page).content.decode()
    aircraft = reverse("admin:devices_device_change", args=[site.aircraft.pk])
    assert "dock-missions" not in operator.get(aircraft).content.decode()
