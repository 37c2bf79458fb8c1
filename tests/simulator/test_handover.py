"""One aircraft, two docks; and other ways home."""

from __future__ import annotations

from typing import Any

from fleet.simulator import Behaviour, Credentials, GatewayCredentials, Place, SimulatedFleet, fleet_of, invented
from tests.simulator import routes
from tests.simulator.test_media import callbacks, photos
from tests.simulator.test_waylines import Track, at, ended, fleet_at, square, task


def two_docks(url: str) -> SimulatedFleet:
    """A dock with an aircraft, and one without."""
    gateways = tuple(
        GatewayCredentials(sn=f"8UUXRELAY{number}", kind="dock3", bind_code="right").completed() for number in (1, 2)
    )
    fleet = fleet_of(Credentials(mqtt=url, gateways=gateways), behaviour=Behaviour(fly=False, speed=40.0))
    second = fleet.docks[1]
    second.behaviour.empty = True
    second.has_aircraft = second.aircraft.on = False
    return fleet


def relay(takeoff: Any, landing: Any) -> dict[str, Any]:
    land = {"latitude": 1.0, "longitude": 1.0, "safe_land_height": 30.0, "is_configured": 0}
    infos = [
        {
            "dock_type": kind,
            "sn": dock.sn,
            "index": index,
            "latitude": dock.place.latitude,
            "longitude": dock.place.longitude,
            "height": dock.place.height,
            "heading": 0,
            "home_position_is_valid": 1,
            "rtcm_info": dock.values["rtcm_info"],
            "alternate_land_point": land,
        }
        for index, (kind, dock) in enumerate((("takeoff", takeoff), ("landing", landing)), 1)
    ]
    return {"wireless_link_topo": takeoff.values["wireless_link_topo"], "dock_infos": infos}


def sub_devices(cloud: Any, dock: Any) -> list[str]:
    return [sub["sn"] for sub in cloud.bodies(dock.sn, "status")[-1]["data"]["sub_devices"]]


async def test_an_aircraft_takes_off_here_and_lands_there(broker, cloud, files, bucket) -> None:
    cloud.storage = bucket.offer()
    async with two_docks(broker.url) as fleet:
        first, second = fleet.docks
        await fleet.until(lambda: first.online and second.online)
        aircraft = first.aircraft_sn
        assert (sub_devices(cloud, first), sub_devices(cloud, second)) == ([aircraft], [])
        await cloud.until(lambda: any(b["data"].get("drone_in_dock") == 0 for b in cloud.bodies(second.sn, "osd")))
        cloud.route = files.put("/p.kmz", photos(first))
        await cloud.command(first.sn, "flighttask_prepare", task("flight-1", cloud.route))
        data = {"flight_id": "flight-1", "multi_dock_task": relay(first, second)}
        assert (await cloud.command(first.sn, "flighttask_execute", data))["data"]["result"] == 0
        await second.until(lambda: second.values["cover_state"] == 1, 60)
        assert (await ended(cloud, first, "flight-1"))["output"]["status"] == "ok"
        home = cloud.bodies(first.sn, "events", "return_home_info")[-1]["data"]
        assert home["home_dock_sn"] == second.sn
        assert {info["sn"] for info in home["multi_dock_home_info"]} == {first.sn, second.sn}
        await cloud.until(lambda: sub_devices(cloud, second) == [aircraft] and sub_devices(cloud, first) == [])
        await cloud.until(
            lambda: any(
                topic == f"thing/product/{aircraft}/osd" and body["gateway"] == second.sn for topic, body in cloud.heard
            )
        )
        # Its state messages reach the cloud through the new dock, and the answers come back there.
        await second.until(lambda: not [p for p in second.unanswered if aircraft in p.topic])
        await second.until(lambda: len(second.media.uploaded) == 5, 30)
        assert len(callbacks(cloud, second)) == 5
        await second.until(lambda: second.values["cover_state"] == 0 and second.values["mode_code"] == 0)
        assert (first.has_aircraft, second.has_aircraft) == (False, True)

        # And from there back.
        cloud.route = files.put("/s.kmz", routes.kmz(routes.folder([at(second, 50, 50, 40)])))
        await cloud.command(second.sn, "flighttask_prepare", task("flight-2", cloud.route))
        data = {"flight_id": "flight-2", "multi_dock_task": relay(second, first)}
        await cloud.command(second.sn, "flighttask_execute", data)
        assert (await ended(cloud, second, "flight-2"))["output"]["status"] == "ok"
        await cloud.until(lambda: sub_devices(cloud, first) == [aircraft])


async def test_a_dock_that_is_taken_or_unknown_is_not_landed_in(broker, cloud, files) -> None:
    async with two_docks(broker.url) as fleet:
        first, second = fleet.docks
        await fleet.until(lambda: first.online and second.online)
        cloud.route = files.put("/s.kmz", square(first))
        second.has_aircraft = True
        for number, landing, code in ((1, second.sn, 514159), (2, "nobody", 315000)):
            flight_id = f"flight-{number}"
            await cloud.command(first.sn, "flighttask_prepare", task(flight_id, cloud.route))
            data = {"flight_id": flight_id, "multi_dock_task": relay(first, second)}
            data["multi_dock_task"]["dock_infos"][1]["sn"] = landing
            await cloud.command(first.sn, "flighttask_execute", data)
            final = await ended(cloud, first, flight_id)
            assert (final["result"], final["output"]["status"]) == (code, "failed")
        second.has_aircraft = False
        await cloud.command(second.sn, "flighttask_prepare", task("flight-3", cloud.route))
        await cloud.command(second.sn, "flighttask_execute", {"flight_id": "flight-3"})
        assert (await ended(cloud, second, "flight-3"))["result"] == 316010


async def test_called_to_another_dock_in_flight(broker, cloud, files) -> None:
    async with two_docks(broker.url) as fleet:
        first, second = fleet.docks
        await fleet.until(lambda: first.online and second.online)
        aircraft = first.aircraft_sn
        cloud.route = files.put("/s.kmz", square(first))
        await cloud.command(first.sn, "flighttask_prepare", task("flight-1", cloud.route))
        await cloud.command(first.sn, "flighttask_execute", {"flight_id": "flight-1"})
        await first.until(lambda: (m := first.tasks.mission) is not None and m.last == 0, 30)
        unknown = await cloud.command(first.sn, "return_specific_home", {"home_dock_sn": "nobody"})
        assert unknown["data"]["result"] == 315000
        reply = await cloud.command(first.sn, "return_specific_home", {"home_dock_sn": second.sn})
        assert reply["data"]["result"] == 0
        assert (await ended(cloud, first, "flight-1"))["result"] == 322283
        await cloud.until(lambda: sub_devices(cloud, second) == [aircraft])


async def test_the_way_home_is_broken_off_and_resumed(broker, cloud, files) -> None:
    async with fleet_at(broker.url, stop_homing=4, setup_trouble=4) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        cloud.route = files.put("/s.kmz", square(dock))
        await cloud.command(dock.sn, "flighttask_prepare", task("flight-1", cloud.route))
        await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "flight-1"})

        def notes(method: str) -> list[dict[str, Any]]:
            return [body["data"] for body in cloud.bodies(dock.sn, "events", method)]

        await cloud.until(lambda: notes("device_exit_homing_notify"), 60)
        trouble = notes("flight_setup_exception_notify")
        assert [(note["flight_id"], note["timeout_time"]) for note in trouble] == [("flight-1", 4)]
        await dock.until(lambda: dock.tasks.mission is not None and dock.tasks.mission.left_hovering)
        await cloud.command(dock.sn, "return_home")
        assert (await ended(cloud, dock, "flight-1"))["output"]["status"] == "ok"
        assert [(note["action"], note["reason"]) for note in notes("device_exit_homing_notify")] == [(1, 4), (0, 4)]


async def test_a_simulated_mission_begins_where_it_is_told(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        there = Place(22.5, 113.9, 20.0)
        points = [Place(there.offset(0, 80).latitude, there.longitude, 50)]
        hover = {0: routes.group(0, 0, routes.action("hover", hoverTime=20))}
        cloud.route = files.put("/s.kmz", routes.kmz(routes.folder(points, groups=hover)))
        simulate = {"is_enable": 1, "latitude": there.latitude, "longitude": there.longitude, "altitude": there.height}
        await cloud.command(dock.sn, "flighttask_prepare", task("flight-1", cloud.route, simulate_mission=simulate))
        track = Track(dock)
        await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "flight-1"})
        assert (await ended(cloud, dock, "flight-1"))["output"]["status"] == "ok"
        assert track.nearest(0, 80, 50) < 1
        latitudes = [b["data"]["latitude"] for b in cloud.bodies(dock.aircraft_sn, "osd")]
        assert any(abs(latitude - there.latitude) < 0.01 for latitude in latitudes)
        await dock.until(lambda: dock.aircraft.home == dock.place)


async def test_a_dock_is_idle_most_of_the_time(broker, cloud) -> None:
    behaviour = Behaviour(speed=60.0, dock_rounds=1e6)
    async with fleet_of(invented(1, broker.url, bind_code="right", others=True), behaviour=behaviour) as fleet:
        dock, remote = fleet.docks[0], fleet.remotes[0]
        await fleet.until(lambda: dock.online and remote.aircraft.flying, 30)
        assert not dock.aircraft.busy
        dock.behaviour.dock_rounds = 1.0
    fleet = fleet_of(invented(1, broker.url, bind_code="right"), behaviour=Behaviour(speed=60.0, dock_rounds=1.0))
    async with fleet:
        await fleet.until(lambda: fleet.docks[0].aircraft.flying, 30)
