"""Flying on command: events to the end, and an aircraft that arrives."""

from __future__ import annotations

import pytest

from fleet.simulator import Behaviour, SimulatedDock, SimulatedFleet, fleet_of, invented


def fleet_at(url: str, **behaviour: object) -> SimulatedFleet:
    return fleet_of(
        invented(2, url, bind_code="right"),
        behaviour=Behaviour(**{"fly": False, "speed": 60.0, "any_route": True, **behaviour}),  # type: ignore[arg-type]
    )


def take_off_data(dock: SimulatedDock) -> dict[str, object]:
    target = dock.place.offset(200, 100)
    return {
        "target_latitude": target.latitude,
        "target_longitude": target.longitude,
        "target_height": target.height + 80,
        "security_takeoff_height": 60.0,
        "rth_mode": 1,
        "rth_altitude": 100,
        "rc_lost_action": 2,
        "commander_mode_lost_action": 1,
        "commander_flight_mode": 1,
        "commander_flight_height": 80.0,
        "flight_id": "flight-1",
        "max_speed": 12,
        "simulate_mission": {"is_enable": 0, "latitude": 1.0, "longitude": 1.0, "altitude": 1.0},
    }


async def test_take_off_fly_on_and_return(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        reply = await cloud.command(dock.sn, "takeoff_to_point", take_off_data(dock))
        assert reply["data"]["result"] == 0
        event = "takeoff_to_point_progress"
        await cloud.until(lambda: cloud.final(dock.sn, event, reply["bid"]))
        data = [b["data"] for b in cloud.bodies(dock.sn, "events", event)]
        order = list(dict.fromkeys(d["status"] for d in data))
        assert order == ["task_ready", "wayline_progress", "wayline_ok", "task_finish"]
        assert {d["flight_id"] for d in data} == {"flight-1"}
        remaining = [d["remaining_distance"] for d in data if d["status"] == "wayline_progress"]
        assert remaining == sorted(remaining, reverse=True)
        target = dock.place.offset(200, 100)
        assert dock.aircraft.here.latitude == pytest.approx(target.latitude, abs=1e-6)
        assert dock.aircraft.here.height == pytest.approx(target.height + 80, abs=0.1)

        there = dock.place.offset(-100, 50)
        point = {"latitude": there.latitude, "longitude": there.longitude, "height": there.height + 50}
        reply = await cloud.command(dock.sn, "fly_to_point", {"fly_to_id": "to-1", "max_speed": 10, "points": [point]})
        await cloud.until(
            lambda: any(
                b["data"]["status"] == "wayline_ok" for b in cloud.bodies(dock.sn, "events", "fly_to_point_progress")
            )
        )
        assert dock.aircraft.here.longitude == pytest.approx(there.longitude, abs=1e-6)

        await cloud.command(dock.sn, "return_home")
        await dock.until(lambda: not dock.aircraft.flying, 30)
        assert dock.aircraft.home_distance == pytest.approx(0, abs=0.5)
        await dock.until(lambda: dock.values["cover_state"] == 0)
        assert cloud.bodies(dock.sn, "events", "return_home_info")


async def test_a_fly_to_that_is_stopped_says_so(broker, cloud) -> None:
    async with fleet_at(broker.url, speed=5.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        far = dock.place.offset(5000, 0)
        point = {"latitude": far.latitude, "longitude": far.longitude, "height": far.height + 100}
        reply = await cloud.command(dock.sn, "fly_to_point", {"fly_to_id": "to-1", "max_speed": 15, "points": [point]})
        await dock.until(lambda: dock.aircraft.horizontal_speed > 5, 30)
        near = dock.place.offset(6000, 0)
        point = {"latitude": near.latitude, "longitude": near.longitude, "height": near.height + 100}
        update = await cloud.command(dock.sn, "fly_to_point_update", {"max_speed": 15, "points": [point]})
        assert update["data"]["result"] == 0
        await dock.until(lambda: dock.aircraft.horizontal_speed > 5, 30)
        await cloud.command(dock.sn, "fly_to_point_stop")
        await cloud.until(lambda: cloud.final(dock.sn, "fly_to_point_progress", reply["bid"]))
        statuses = [
            b["data"]["status"]
            for b in cloud.bodies(dock.sn, "events", "fly_to_point_progress")
            if b["bid"] == reply["bid"]
        ]
        assert statuses[-1] == "wayline_cancel"
        assert statuses.count("wayline_cancel") == 1


def prepared(flight_id: str) -> dict[str, object]:
    return {
        "flight_id": flight_id,
        "execute_time": 0,
        "task_type": 0,
        "file": {"url": "http://127.0.0.1/a.kmz", "fingerprint": "f"},
        "ready_conditions": {"battery_capacity": 0, "begin_time": 0, "end_time": 1},
        "executable_conditions": {"storage_capacity": 0},
        "break_point": {"index": 0, "state": 0, "progress": 0.0, "wayline_id": 0},
        "rth_altitude": 100,
        "rth_mode": 1,
        "out_of_control_action": 0,
        "exit_wayline_when_rc_lost": 0,
        "wayline_precision_type": 0,
        "simulate_mission": {"is_enable": 0, "latitude": 1.0, "longitude": 1.0, "altitude": 1.0},
    }


@pytest.mark.parametrize(("index", "running"), [(0, 27), (1, 23)])
async def test_a_wayline_task_from_prepare_to_ok(broker, cloud, index, running) -> None:
    async with fleet_at(broker.url, speed=200.0) as fleet:
        dock = fleet.docks[index]
        await dock.until(lambda: dock.online)
        refused = await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "never-prepared"})
        assert refused["data"]["result"] != 0
        assert (await cloud.command(dock.sn, "flighttask_prepare", prepared("task-1")))["data"]["result"] == 0
        assert not dock.aircraft.busy
        execute = await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "task-1"})
        assert execute["data"]["result"] == 0
        await cloud.until(lambda: cloud.final(dock.sn, "flighttask_progress", "task-1"), 40)
        bodies = cloud.bodies(dock.sn, "events", "flighttask_progress")
        assert {b["bid"] for b in bodies} == {"task-1"}
        outputs = [b["data"]["output"] for b in bodies]
        assert outputs[-1]["status"] == "ok"
        assert outputs[-1]["progress"]["percent"] == 100
        assert outputs[-1]["ext"]["wayline_mission_state"] == 9
        flown = [o for o in outputs if o["progress"]["current_step"] == running]
        assert len(flown) > 3
        waypoints = [o["ext"]["current_waypoint_index"] for o in flown]
        assert waypoints == sorted(waypoints)
        assert waypoints[-1] > 2
        if index == 0:
            assert {o["progress"]["percent"] for o in flown} <= {90, 100}
        assert cloud.bodies(dock.sn, "requests", "flighttask_resource_get")
        assert cloud.bodies(dock.sn, "requests", "flight_areas_get")
        assert not dock.aircraft.flying


async def test_a_task_is_paused_goes_on_and_is_stopped(broker, cloud) -> None:
    async with fleet_at(broker.url, speed=30.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        assert (await cloud.command(dock.sn, "flighttask_pause"))["data"]["result"] != 0
        await cloud.command(dock.sn, "flighttask_prepare", prepared("task-2"))
        await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "task-2"})
        await dock.until(lambda: dock.aircraft.mode == 5, 30)
        busy = await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "task-2"})
        assert busy["data"]["result"] == 319016
        assert (await cloud.command(dock.sn, "flighttask_pause"))["data"]["result"] == 0
        await cloud.until(
            lambda: cloud.bodies(dock.sn, "events", "flighttask_progress")[-1]["data"]["output"]["status"] == "paused"
        )
        held = dock.aircraft.here
        assert (await cloud.command(dock.sn, "flighttask_recovery"))["data"]["result"] == 0
        await dock.until(lambda: dock.aircraft.here != held)
        stop = await cloud.command(dock.sn, "flighttask_stop", {"flight_id": "task-2", "reason": 0})
        assert stop["data"]["result"] == 0
        await cloud.until(lambda: cloud.final(dock.sn, "flighttask_progress", "task-2"), 40)
        final = cloud.final(dock.sn, "flighttask_progress", "task-2")
        assert final is not None
        assert final["data"]["output"]["status"] == "canceled"
        assert not dock.aircraft.flying


async def test_a_panorama_reports_its_progress(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        camera = {"payload_index": dock.profile.camera}
        await cloud.command(dock.sn, "camera_mode_switch", {**camera, "camera_mode": 3})
        reply = await cloud.command(dock.sn, "camera_photo_take", camera)
        assert reply["data"]["output"]["status"] == "in_progress"
        await cloud.until(lambda: cloud.final(dock.sn, "camera_photo_take_progress", reply["bid"]))


async def test_firmware_is_upgraded_and_reported(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        device = {
            "sn": dock.sn,
            "product_version": "99.0",
            "file_url": "http://127.0.0.1/f",
            "md5": "m",
            "file_size": 1,
            "file_name": "f",
            "firmware_upgrade_type": 3,
        }
        stranger = await cloud.command(dock.sn, "ota_create", {"devices": [{**device, "sn": "someone"}]})
        assert stranger["data"]["result"] != 0
        reply = await cloud.command(dock.sn, "ota_create", {"devices": [device]})
        assert reply["data"]["output"]["status"] == "in_progress"
        await cloud.until(lambda: cloud.final(dock.sn, "ota_progress", reply["bid"]))
        await cloud.until(lambda: {"firmware_version": "99.0"} in [b["data"] for b in cloud.bodies(dock.sn, "state")])
