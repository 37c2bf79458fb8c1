"""What docks say that is odd, early or about something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import DeviceModel
from tests.factories import make_dock
from tests.waylines.missions.conftest import IDLE, Site, say
from tests.waylines.missions.test_in_flight import LINKS, RTCM
from tests.waylines.missions.test_life import plan, status
from waylines.models import Mission, MissionStatus
from waylines.services.missions import control, dispatch, planning, relay

pytestmark = pytest.mark.django_db(transaction=True)

Answer = Callable[..., None]
Tell = Callable[..., None]


def starting(site: Site, answer: Answer) -> Mission:
    mission = plan(site)
    answer("flighttask_prepare")
    dispatch.tick()
    answer("flighttask_execute")
    assert status(mission) == MissionStatus.STARTING
    return mission


def test_a_first_word_that_is_the_last_says_where_it_was_broken_off(site: Site, answer: Answer, tell: Tell) -> None:
    mission = starting(site, answer)
    point = {"index": 2, "state": 0, "progress": 0.5, "wayline_id": 0, "break_reason": 4}
    tell(mission, "failed", step=25, result=319016, break_point=point, media_count=3)
    assert status(mission) == MissionStatus.FAILED
    assert (mission.break_point, mission.media_count, mission.step) == (point, 3, 25)
    assert planning.can_resume(mission)


def test_a_result_beside_in_progress_ends_nothing(site: Site, answer: Answer, tell: Tell) -> None:
    mission = starting(site, answer)
    tell(mission, "in_progress", result=319016)
    assert status(mission) == MissionStatus.RUNNING
    tell(mission, "ok", percent=100)
    assert status(mission) == MissionStatus.OK


def test_a_dock_that_asks_how_far_the_other_is_means_what_flies(site: Site, answer: Answer, wire: Any) -> None:
    landing, elsewhere = make_dock(site.workspace, online=True), make_dock(site.workspace, online=True)

    def relay_of(to: Any, when: int, **fields: Any) -> Mission:
        return Mission.objects.create(
            workspace=site.workspace, name="x", dock=site.dock, landing_dock=to, route=site.route, file=site.route.file,
            execute_at=timezone.now() + timedelta(hours=when), **fields,
        )  # fmt: skip

    def asked(**data: Any) -> dict[str, Any]:
        wire.deliver(f"thing/product/{landing.sn}/requests", method="flighttask_progress_get", data=data)
        return dict(wire.answers(f"thing/product/{landing.sn}/requests_reply")[-1]["data"]["output"])

    tomorrow, soon = relay_of(landing, 24), relay_of(landing, 1)
    assert (asked(sn=site.dock.sn)["flight_id"], asked()["status"]) == (str(soon.pk), "sent")
    flying = relay_of(landing, 2, status=MissionStatus.RUNNING, progress=40)
    found = asked(sn=site.dock.sn)
    assert (found["flight_id"], found["status"], found["progress"]["percent"]) == (str(flying.pk), "in_progress", 40)
    assert asked(sn=elsewhere.sn) == {}
    assert asked(flight_id=str(tomorrow.pk))["flight_id"] == str(tomorrow.pk)


@pytest.mark.parametrize("odd", ["x", [], [1], 7, {"leaf_nodes": [1, "x"], "center_node": []}])
def test_radio_links_that_are_none_are_named_or_left_out(site: Site, odd: Any) -> None:
    landing = make_dock(site.workspace, online=True)
    say(landing, **{**IDLE, "drone_in_dock": 0, "wireless_link_topo": odd, "rtcm_info": RTCM})
    say(site.dock, wireless_link_topo=odd, rtcm_info=RTCM)
    mission = Mission(workspace=site.workspace, dock=site.dock, landing_dock=landing, file=site.route.file)
    missing = relay.missing(mission)
    if isinstance(odd, dict):
        assert missing == []
        sent = relay.task(mission)["wireless_link_topo"]
        assert [leaf["sn"] for leaf in sent["leaf_nodes"]] == [landing.sn]
        assert sent["center_node"] == {}
    else:
        assert " ".join(missing).count("its radio links") == 2
    say(site.dock, wireless_link_topo=LINKS, latitude="nowhere")
    assert "its position" in " ".join(relay.missing(mission))


def test_a_dock_is_not_asked_for_what_it_does_not_know(site: Site) -> None:
    mission = Mission.objects.create(
        workspace=site.workspace, name="x", dock=site.dock, route=site.route, file=site.route.file,
        execute_at=timezone.now(), status=MissionStatus.RUNNING,
    )  # fmt: skip
    assert "stop" in control.possible(mission)
    site.dock.model = DeviceModel.objects.get_or_create(key="3-1-0")[0]
    site.dock.save()
    mission = Mission.objects.select_related("dock__model").get(pk=mission.pk)
    assert mission.dock.product == "dock1"
    assert {"pause", "return_home"} <= set(control.possible(mission))
    assert "stop" not in control.possible(mission)
    with pytest.raises(control.ControlRefused):
        control.act(mission, "stop", user=site.user, request_key="k", confirmed=True)
