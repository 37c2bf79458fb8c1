"""Another route for an aircraft in the air, and a relay over two docks."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from devices.models import Command
from fleet.models import Role
from tests.factories import make_dock, make_user
from tests.waylines.missions.conftest import IDLE, Site, say
from waylines.models import MissionStatus
from waylines.services.missions import dispatch, in_flight, planning
from waylines.services.missions.planning import MissionRefused

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_route_is_sent_once_after_a_tick_and_followed(site: Site, wire: Any) -> None:
    page = reverse("console:in_flight", args=[site.dock.pk])
    client = client_of(site.user)
    fields = {
        "action": "deliver",
        "route": str(site.route.pk),
        "rth_altitude": 90,
        "out_of_control_action": 0,
        "key": "k",
    }
    assert client.post(page, {**fields, "checked": "1"}).status_code == 409, "the aircraft is in the dock"
    say(site.dock, drone_in_dock=0, mode_code=4)
    assert client.post(page, fields).status_code == 409
    assert not Command.objects.exists()
    for _click in range(2):
        client.post(page, {**fields, "checked": "1"})
    command = Command.objects.get(method="in_flight_wayline_deliver")
    assert command.data["file"]["fingerprint"] == site.route.file.sign
    assert command.data["rth_altitude"] == 90
    wire.deliver(
        f"thing/product/{site.dock.sn}/services_reply", tid=command.tid, bid=command.bid,
        method="in_flight_wayline_deliver", data={"result": 0},
    )  # fmt: skip
    Command.objects.filter(pk=command.pk).update(status="in_progress")
    wire.deliver(
        f"thing/product/{site.dock.sn}/events", method="in_flight_wayline_progress",
        data={"in_flight_wayline_id": command.data["in_flight_wayline_id"], "status": 3, "result": 0, "progress": {"percent": 40}},
    )  # fmt: skip
    command.refresh_from_db()
    assert (command.status, command.progress) == ("in_progress", 40)
    client.post(page, {"action": "stop", "key": "k2", "checked": "1"})
    stop = Command.objects.get(method="in_flight_wayline_stop")
    assert stop.data == {"in_flight_wayline_id": command.data["in_flight_wayline_id"]}


def test_only_operators_of_the_workspace_send_routes(site: Site, other_workspace: Any) -> None:
    say(site.dock, drone_in_dock=0, mode_code=4)
    page = reverse("console:in_flight", args=[site.dock.pk])
    assert client_of(make_user(other_workspace, Role.ADMIN)).get(page).status_code == 404
    pilot = make_user(site.workspace, Role.PILOT)
    with pytest.raises(MissionRefused):
        in_flight.deliver(site.dock, site.route, user=pilot, settings={}, request_key="x", confirmed=True)
    theirs = Site(other_workspace)
    with pytest.raises(MissionRefused):
        in_flight.deliver(site.dock, theirs.route, user=site.user, settings={}, request_key="y", confirmed=True)
    assert not Command.objects.exists()


RTCM = {"mount_point": "", "port": "", "host": "", "rtcm_device_type": 1, "source_type": 3}
LINKS = {
    "secret_code": [1] * 28,
    "center_node": {"sdr_id": 7, "sn": ""},
    "leaf_nodes": [{"sdr_id": 8, "sn": "LEAF", "control_source_index": 1}],
}


def test_a_relay_tells_the_dock_of_both(site: Site, answer: Any) -> None:
    landing = make_dock(site.workspace, online=True)
    say(landing, **{**IDLE, "drone_in_dock": 0, "latitude": 47.02, "wireless_link_topo": LINKS, "rtcm_info": RTCM})
    mission = planning.plan(site.workspace, route=site.route, dock=site.dock, landing_dock=landing, user=site.user)
    answer("flighttask_prepare")
    dispatch.tick()
    mission.refresh_from_db()
    assert mission.status == MissionStatus.REJECTED
    assert "its radio links" in mission.result_text
    say(site.dock, wireless_link_topo=LINKS, rtcm_info=RTCM, height=431.5)
    mission = planning.plan(site.workspace, route=site.route, dock=site.dock, landing_dock=landing, user=site.user)
    answer("flighttask_prepare")
    dispatch.tick()
    mission.refresh_from_db()
    assert mission.status == MissionStatus.STARTING, mission.result_text or mission.gate
    sent = site.last("flighttask_execute").data["multi_dock_task"]
    assert [(dock["sn"], dock["dock_type"]) for dock in sent["dock_infos"]] == [
        (site.dock.sn, "takeoff"),
        (landing.sn, "landing"),
    ]
    assert sent["dock_infos"][0]["height"] == 431.5
    assert [leaf["sn"] for leaf in sent["wireless_link_topo"]["leaf_nodes"]] == ["LEAF", landing.sn]


def test_the_other_dock_of_a_relay_may_ask_how_far_it_is(site: Site, answer: Any, wire: Any) -> None:
    landing, stranger = make_dock(site.workspace, online=True), make_dock(site.workspace, online=True)
    say(landing, **{**IDLE, "drone_in_dock": 0, "wireless_link_topo": LINKS, "rtcm_info": RTCM})
    say(site.dock, wireless_link_topo=LINKS, rtcm_info=RTCM)
    mission = planning.plan(site.workspace, route=site.route, dock=site.dock, landing_dock=landing, user=site.user)
    for sn, result in ((landing.sn, 0), (site.dock.sn, 0), (stranger.sn, 319009)):
        wire.deliver(f"thing/product/{sn}/requests", method="flighttask_progress_get", data={"sn": site.dock.sn})
        said = wire.answers(f"thing/product/{sn}/requests_reply")[-1]["data"]
        assert said["result"] == result
        if not result:
            assert said["output"]["flight_id"] == str(mission.pk)
