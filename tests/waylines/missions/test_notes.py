"""What a dock tells on the way and what changes no status: kept, said on the mission's page, acted upon."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.urls import reverse
from django.utils import timezone

from devices.models import DeviceModel, TrackPoint
from fleet.models import Role
from tests.console.test_live_sockets import make_socket
from tests.factories import make_aircraft, make_dock, make_user
from tests.waylines.missions.conftest import Site
from tests.waylines.missions.test_life import flying, plan, status
from tests.waylines.missions.test_pages import client_of
from waylines.models import Flight, Mission, MissionStatus
from waylines.services import live_mission
from waylines.services.missions import control, dispatch, words

pytestmark = pytest.mark.django_db(transaction=True)

Note = Callable[..., None]
GIVEN_UP = {"action": 1, "reason": "3"}


@pytest.fixture
def note(wire: Any, site: Site) -> Note:
    """The dock says something of the mission in the air."""

    def say_it(method: str, data: Any, sn: str = "") -> None:
        wire.deliver(
            f"thing/product/{sn or site.dock.sn}/events", method=method, need_reply=1, timestamp=int(time.time() * 1000), data=data
        )  # fmt: skip

    return say_it


async def heard(socket: Any, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first frame that is wanted; TimeoutError when none comes."""
    while True:
        frame: dict[str, Any] = await socket.receive_json_from(20)
        if wanted(frame):
            return frame


def page(site: Site, mission: Mission) -> str:
    return client_of(site.user).get(reverse("admin:waylines_mission_change", args=[mission.pk])).content.decode()


def test_that_it_has_given_up_coming_home_stays_said_while_it_reports_on(
    site: Site, answer: Any, tell: Any, note: Note
) -> None:
    mission = flying(site, answer, tell)
    note("device_exit_homing_notify", {"sn": site.dock.sn, **GIVEN_UP})
    tell(mission, "in_progress", step=24, percent=70, planned_path_points=[])
    assert "The aircraft has given up coming home: Surrounded by obstacles." in page(site, mission)
    note("device_exit_homing_notify", {"sn": site.dock.sn, "action": 0, "reason": 3})
    assert "The aircraft comes home again." in page(site, mission)
    tell(mission, "ok", percent=100)
    assert "comes home again" not in page(site, mission)


async def test_it_is_said_at_once_on_an_open_page(site: Site, answer: Any, tell: Any, note: Note) -> None:
    mission = await sync_to_async(flying)(site, answer, tell)
    socket = await make_socket(site.user, f"/ws/console/missions/{mission.pk}/")
    assert (await socket.connect(20))[0]
    assert (await heard(socket, lambda frame: frame["kind"] == "way-home"))["points"] == []
    points = [
        {"latitude": 47.0, "longitude": 8.0, "height": 80.0},
        {"latitude": 47.001, "longitude": 8.0},
        {"latitude": "x"},
    ]
    await sync_to_async(note)("return_home_info", {"flight_id": str(mission.pk), "planned_path_points": points})
    way = await heard(socket, lambda frame: frame["kind"] == "way-home")
    assert way["points"] == [[47.0, 8.0], [47.001, 8.0]]
    await sync_to_async(note)("obstacle_avoidance_notify", {"obstacles": [{"id": 0, "type": 2}]})
    await heard(socket, lambda frame: "It stopped before an obstacle." in frame.get("html", ""))
    await socket.disconnect(timeout=20)


def test_the_ways_home_of_a_relay(site: Site, answer: Any, tell: Any, note: Note) -> None:
    mission = flying(site, answer, tell)
    far = make_dock(site.workspace, callsign="Far dock", online=True)
    Mission.objects.filter(pk=mission.pk).update(landing_dock=far)
    ways = [
        {"sn": site.dock.sn, "plan_status": 2, "home_distance": 4000.4, "estimated_battery_consumption": 60},
        {"sn": far.sn, "plan_status": 3, "home_distance": 298.33, "estimated_battery_consumption": 30},
        {"sn": "somebody else's", "plan_status": 1},
        "nonsense",
    ]
    said = {"flight_id": str(mission.pk), "home_dock_sn": far.sn, "multi_dock_home_info": ways}
    note("return_home_info", said, sn=far.sn)
    shown = page(site, mission)
    assert f"{site.dock} cannot be reached with what is left in the battery." in shown
    assert "It comes home to Far dock: 298 m, about 30 % of the battery." in shown
    assert "somebody else" not in shown


def test_a_dock_that_takes_too_long_to_get_ready_can_be_told_to_give_up(
    site: Site, answer: Any, tell: Any, note: Note
) -> None:
    site.dock.model = DeviceModel.objects.get_or_create(key="3-1-0")[0]
    site.dock.save()
    mission = plan(site)
    answer("flighttask_prepare")
    dispatch.tick()
    answer("flighttask_execute")
    tell(mission, "in_progress", step=9, percent=5, wayline_mission_state=2)
    mission.refresh_from_db()
    assert "abort_setup" not in control.possible(mission)
    note("flight_setup_exception_notify", {"flight_id": str(mission.pk), "timeout_time": 6, "flight_type": 1})
    mission.refresh_from_db()
    assert "abort_setup" in control.possible(mission)
    shown = page(site, mission)
    assert "Getting ready for take-off takes longer than 6 minutes." in shown
    assert "Give up the start" in shown
    where = reverse("console:mission_act", args=[mission.pk, "abort_setup"])
    assert "does not take off" in client_of(site.user).get(where).content.decode()
    sent = {"key": "once", "checked": "1"}
    assert client_of(make_user(site.workspace, Role.PILOT)).post(where, sent).status_code == 409
    for _twice in range(2):
        assert client_of(site.user).post(where, sent).status_code == 302
    assert len(site.commands("flight_setup_abort")) == 1

    tell(mission, "in_progress", step=23, percent=20, wayline_mission_state=6)
    mission.refresh_from_db()
    assert status(mission) == MissionStatus.RUNNING
    assert "abort_setup" not in control.possible(mission)
    refused = client_of(site.user).post(where, {"key": "again", "checked": "1"})
    assert refused.status_code == 409
    assert "not getting ready for take-off now" in refused.content.decode()
    assert len(site.commands("flight_setup_abort")) == 1


def test_a_dock_that_knows_no_such_command_is_not_offered_it(site: Site, answer: Any, tell: Any, note: Note) -> None:
    mission = plan(site)
    answer("flighttask_prepare")
    dispatch.tick()
    note("flight_setup_exception_notify", {"flight_id": str(mission.pk), "timeout_time": 6})
    mission.refresh_from_db()
    assert words.setting_up(mission)
    assert "abort_setup" not in control.possible(mission)


@pytest.mark.parametrize("data", [None, [], "x", {}, {"obstacles": "x"}, {"obstacles": [1]}, {"action": []}])
@pytest.mark.parametrize(
    "method", ["return_home_info", "device_exit_homing_notify", "obstacle_avoidance_notify", "flight_setup_exception_notify"]
)  # fmt: skip
def test_what_makes_no_sense_breaks_nothing(
    site: Site, answer: Any, tell: Any, note: Note, method: str, data: Any
) -> None:
    mission = flying(site, answer, tell)
    note(method, data)
    note("return_home_info", {"planned_path_points": data, "multi_dock_home_info": [data, {"sn": data}]})
    assert page(site, mission)


def test_a_neighbour_s_dock_says_nothing_of_ours(
    site: Site, answer: Any, tell: Any, note: Note, other_workspace: Any
) -> None:
    mission = flying(site, answer, tell)
    stranger = make_dock(other_workspace, online=True)
    note("device_exit_homing_notify", {"flight_id": str(mission.pk), **GIVEN_UP}, sn=stranger.sn)
    mission.refresh_from_db()
    assert mission.notes == {}


def test_the_page_draws_the_aircraft_that_flew(site: Site, answer: Any, tell: Any) -> None:
    """Not the one that hangs on the dock today."""
    mission = flying(site, answer, tell)
    Flight.objects.create(
        workspace=site.workspace, aircraft=site.aircraft, aircraft_sn=site.aircraft.sn, started_at=timezone.now(), mission=mission
    )  # fmt: skip
    TrackPoint.objects.create(device=site.aircraft, at=timezone.now(), latitude=47.5, longitude=8.5, elevation=30.0)
    site.aircraft.gateway = None
    site.aircraft.save()
    make_aircraft(site.workspace, site.dock, online=True)
    assert live_mission.track(mission) == [[47.5, 8.5, 30.0]]
