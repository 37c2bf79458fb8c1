"""What goes wrong with a task, and how the dock says so."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from fleet.simulator import alarm
from tests.simulator import routes
from tests.simulator.test_flights import take_off_data
from tests.simulator.test_waylines import at, begin, ended, fleet_at, said, square, task


@pytest.mark.parametrize(
    ("behaviour", "code", "step"),
    [
        ({"fail_at_step": {9: 314019}}, 314019, 9),
        ({"fail_later": {"flighttask_execute": 314010}}, 314010, 21),
        ({"cover_stuck": True}, 514107, 7),
        ({"emergency_stop": True}, 514121, 6),
        ({"rainfall": 3}, 514134, 6),
        ({"wind_speed": 15.5}, 514135, 6),
    ],
)
async def test_a_task_fails_before_take_off(broker, cloud, files, behaviour, code, step) -> None:
    async with fleet_at(broker.url, **behaviour) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)))
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (code, "failed")
        assert final["output"]["progress"]["current_step"] == step
        assert "break_point" not in final["output"]["ext"]
        assert not dock.aircraft.flying


@pytest.mark.parametrize(("height", "code"), [(300, 321513), (-100, 321516)])
async def test_a_route_beyond_the_limits_is_not_flown(broker, cloud, files, height, code) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        content = routes.kmz(routes.folder([at(dock, 50, 50, 50), at(dock, 90, 50, height)]))
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", content))
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (code, "failed")


async def test_a_dock_in_debugging_mode_or_without_storage_refuses(broker, cloud, files) -> None:
    async with fleet_at(broker.url, debugging=True) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        data = task("flight-1", files.put("/s.kmz", square(dock)), executable_conditions={"storage_capacity": 1000})
        assert (await cloud.command(dock.sn, "flighttask_prepare", data))["data"]["result"] == 514146
        dock.behaviour.debugging = False
        assert (await cloud.command(dock.sn, "flighttask_prepare", data))["data"]["result"] == 0
        dock.behaviour.debugging = True
        execute = {"flight_id": "flight-1"}
        assert (await cloud.command(dock.sn, "flighttask_execute", execute))["data"]["result"] == 514146
        dock.behaviour.debugging, dock.behaviour.storage_full = False, True
        assert (await cloud.command(dock.sn, "flighttask_execute", execute))["data"]["result"] == 319027
        await cloud.until(
            lambda: any(
                (storage := body["data"].get("storage")) and storage["total"] - storage["used"] == 40 * 1024
                for body in cloud.bodies(dock.sn, "osd")
            )
        )
        dock.behaviour.storage_full = False
        assert (await cloud.command(dock.sn, "flighttask_execute", execute))["data"]["result"] == 0


async def test_another_word_for_a_failure(broker, cloud, files) -> None:
    async with fleet_at(broker.url, cover_stuck=True, fails_as="rejected") as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)))
        await cloud.until(
            lambda: (data := said(cloud, dock, "flight-1")) and data[-1]["output"]["status"] == "rejected", 30
        )
        assert said(cloud, dock, "flight-1")[-1]["result"] == 514107


@pytest.mark.parametrize("status", ["failed", "partially_done"])
async def test_an_empty_battery_breaks_the_route_off(broker, cloud, files, status) -> None:
    async with fleet_at(broker.url, battery_drain=30.0, broken_off_as=status) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)))
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (321773, status)
        assert final["output"]["ext"]["break_point"]["break_reason"] == 773
        assert not dock.aircraft.flying


async def test_called_home_by_the_user_and_told_to_stay(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)))
        await dock.until(lambda: (m := dock.tasks.mission) is not None and m.last == 1, 60)
        assert (await cloud.command(dock.sn, "return_home"))["data"]["result"] == 0
        await dock.until(lambda: dock.aircraft.mode == 9)
        await cloud.until(lambda: cloud.bodies(dock.sn, "events", "return_home_info"))
        assert (await cloud.command(dock.sn, "return_home_cancel"))["data"]["result"] == 0
        await dock.until(lambda: dock.tasks.mission is not None and dock.tasks.mission.left_hovering)
        assert dock.aircraft.flying and not dock.aircraft.busy
        assert cloud.final(dock.sn, "flighttask_progress", "flight-1") is None
        assert (await cloud.command(dock.sn, "return_home"))["data"]["result"] == 0
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (322283, "failed")
        assert final["output"]["ext"]["break_point"]["break_reason"] == 1283
        assert not dock.aircraft.flying


async def test_taken_over_by_another_command(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)))
        await dock.until(lambda: (m := dock.tasks.mission) is not None and m.last == 1, 60)
        far = at(dock, 0, 500, dock.place.height + 60)
        point = {"latitude": far.latitude, "longitude": far.longitude, "height": far.height}
        await cloud.command(dock.sn, "fly_to_point", {"fly_to_id": "f", "max_speed": 10, "points": [point]})
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (322282, "partially_done")
        assert dock.aircraft.flying


async def test_off_the_network_in_flight_everything_is_said_afterwards(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0, lose_network_at={0: 40.0}) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)))
        await fleet.until(lambda: not dock.connected, 30)
        heard = len(said(cloud, dock, "flight-1"))
        flown = dock.aircraft.distance
        await fleet.until(lambda: dock.connected, 30)
        assert dock.aircraft.distance > flown + 50
        final = await ended(cloud, dock, "flight-1")
        assert final["output"]["status"] == "ok"
        await dock.until(lambda: not [p for p in dock.unanswered if p.method == "flighttask_progress"])
        stamps = [
            body["timestamp"]
            for body in cloud.bodies(dock.sn, "events", "flighttask_progress")
            if body["bid"] == "flight-1"
        ]
        assert len(stamps) > heard + 5
        # Nothing is missing: no gap as long as the two seconds (of forty) that it was away.
        stamps.sort()
        assert max(b - a for a, b in pairwise(stamps)) < 1500


@pytest.mark.parametrize(("leave", "status"), [(0, "ok"), (1, "failed")])
async def test_the_radio_link_to_the_aircraft_is_lost(broker, cloud, files, leave, status) -> None:
    async with fleet_at(broker.url, speed=20.0, lose_aircraft_at={0: 20.0}) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        file = files.put("/s.kmz", square(dock))
        await begin(cloud, dock, "flight-1", file, exit_wayline_when_rc_lost=leave)
        topologies = [[], [dock.aircraft_sn]]

        def announced() -> list[list[str]]:
            return [[sub["sn"] for sub in body["data"]["sub_devices"]] for body in cloud.bodies(dock.sn, "status")]

        await cloud.until(lambda: announced()[-2:] == topologies, 60)
        final = await ended(cloud, dock, "flight-1")
        assert final["output"]["status"] == status
        if leave:
            assert final["result"] == 321775
            assert final["output"]["ext"]["break_point"]["break_reason"] == 775


async def test_progress_comes_twice_and_out_of_order(broker, cloud, files) -> None:
    async with fleet_at(broker.url, repeat_progress=True, shuffle_progress=True) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)))
        await ended(cloud, dock, "flight-1")

        def tids() -> list[str]:
            return [body["tid"] for body in cloud.bodies(dock.sn, "events", "flighttask_progress")]

        await cloud.until(lambda: len(tids()) == 2 * len(set(tids())))
        stamps = [body["timestamp"] for body in cloud.bodies(dock.sn, "events", "flighttask_progress")]
        assert stamps != sorted(stamps)


async def test_a_conditional_task_waits_for_hour_and_battery(broker, cloud, files) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        file = files.put("/s.kmz", square(dock))
        now = int(time.time() * 1000)

        def conditions(begin: int, end: int, battery: int) -> dict[str, Any]:
            return {
                "task_type": 2,
                "ready_conditions": {"battery_capacity": battery, "begin_time": begin, "end_time": end},
                "executable_conditions": {"storage_capacity": 10},
            }

        def ready() -> set[str]:
            return {
                flight_id
                for body in cloud.bodies(dock.sn, "events", "flighttask_ready")
                for flight_id in body["data"]["flight_ids"]
            }

        hour = 3_600_000
        dock.aircraft.battery = 60.0
        for name, begin_time, end_time, battery in (
            ("later", now + hour, now + 2 * hour, 0),
            ("over", now - 2 * hour, now - hour, 0),
            ("battery", now - hour, now + hour, 90),
        ):
            data = task(name, file, **conditions(begin_time, end_time, battery))
            assert (await cloud.command(dock.sn, "flighttask_prepare", data))["data"]["result"] == 0
        assert (await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "battery"}))["data"][
            "result"
        ] == 319026
        await cloud.until(lambda: ready() == {"battery"})
        assert dock.aircraft.battery >= 90
        await dock.until(lambda: "over" not in dock.tasks.known)
        undo = {"flight_ids": ["later"]}
        assert (await cloud.command(dock.sn, "flighttask_undo", undo))["data"]["result"] == 0
        dock.behaviour.clock_skew = 3600 + 60
        await dock.behaviour.pause(10)
        assert ready() == {"battery"}


async def test_alarms_weather_and_clock_are_reported(broker, cloud) -> None:
    async with fleet_at(broker.url, rainfall=2, wind_speed=9.5, clock_skew=120.0) as fleet:
        dock = fleet.docks[0]
        dock.behaviour.alarms = [alarm("0x16100083", level=2, module=3)]
        await dock.until(lambda: dock.online)
        await cloud.until(lambda: any("rainfall" in body["data"] for body in cloud.bodies(dock.sn, "osd")))
        weather = next(body for body in cloud.bodies(dock.sn, "osd") if "rainfall" in body["data"])
        assert (weather["data"]["rainfall"], weather["data"]["wind_speed"]) == (2, 9.5)
        assert weather["timestamp"] > (time.time() + 100) * 1000
        await cloud.until(lambda: any(body["data"]["list"] for body in cloud.bodies(dock.sn, "events", "hms")))
        entry = cloud.bodies(dock.sn, "events", "hms")[-1]["data"]["list"][0]
        assert (entry["code"], entry["level"], entry["module"]) == ("0x16100083", 2, 3)


async def test_a_route_delivered_in_the_air(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        data = {
            "in_flight_wayline_id": "w-1",
            "file": files.put("/s.kmz", square(dock)),
            "out_of_control_action": 0,
            "exit_wayline_when_rc_lost": 0,
            "rth_altitude": 80,
            "rth_mode": 1,
            "wayline_precision_type": 0,
        }
        await cloud.command(dock.sn, "takeoff_to_point", take_off_data(dock))
        await dock.until(lambda: dock.aircraft.flying and not dock.aircraft.busy, 30)

        def statuses() -> list[int]:
            return [body["data"]["status"] for body in cloud.bodies(dock.sn, "events", "in_flight_wayline_progress")]

        assert (await cloud.command(dock.sn, "in_flight_wayline_deliver", data))["data"]["result"] == 0
        await dock.until(lambda: dock.delivered is not None and dock.delivered.waypoint == 1, 30)
        await cloud.command(dock.sn, "in_flight_wayline_stop", {"in_flight_wayline_id": "w-1"})
        await cloud.until(lambda: statuses()[-1] == 4)
        await cloud.command(dock.sn, "in_flight_wayline_recover", {"in_flight_wayline_id": "w-1"})
        await cloud.until(lambda: statuses()[-1] == 6, 30)
        assert list(dict.fromkeys(statuses())) == [1, 2, 3, 4, 6]
        assert dock.aircraft.east == pytest.approx(300, abs=1)
        assert dock.aircraft.up == pytest.approx(80, abs=1)

        await cloud.command(dock.sn, "in_flight_wayline_deliver", {**data, "file": {"url": "x", "fingerprint": "y"}})
        await cloud.until(lambda: statuses()[-1] == 7)
        assert cloud.bodies(dock.sn, "events", "in_flight_wayline_progress")[-1]["data"]["result"] == 314013
        await cloud.command(dock.sn, "in_flight_wayline_deliver", {**data, "in_flight_wayline_id": "w-2"})
        await cloud.until(lambda: statuses()[-1] == 3)
        await cloud.command(dock.sn, "in_flight_wayline_cancel")
        await cloud.until(lambda: statuses()[-1] == 5)
