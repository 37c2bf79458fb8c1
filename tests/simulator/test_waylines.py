"""The delivered route is flown: its points, heights, pictures; broken off and resumed where it was."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.simulator import Behaviour, Place, SimulatedDock, SimulatedFleet, fleet_of, invented
from tests.simulator import routes


def fleet_at(url: str, **behaviour: object) -> SimulatedFleet:
    return fleet_of(
        invented(1, url, bind_code="right"),
        behaviour=Behaviour(**{"fly": False, "speed": 40.0, **behaviour}),  # type: ignore[arg-type]
    )


def at(dock: SimulatedDock, east: float, north: float, height: float) -> Place:
    place = dock.place.offset(east, north)
    return Place(place.latitude, place.longitude, height)


def square(dock: SimulatedDock, **options: Any) -> bytes:
    """Four corners of 200 m, at 50 to 80 m."""
    corners = [at(dock, 100, 0, 50), at(dock, 100, 200, 60), at(dock, 300, 200, 70), at(dock, 300, 0, 80)]
    return routes.kmz(routes.folder(corners, **options))


def task(flight_id: str, file: dict[str, str], **fields: Any) -> dict[str, Any]:
    return {
        "flight_id": flight_id,
        "execute_time": 0,
        "task_type": 0,
        "file": file,
        "rth_altitude": 100,
        "rth_mode": 1,
        "out_of_control_action": 0,
        "exit_wayline_when_rc_lost": 0,
        "wayline_precision_type": 0,
        **fields,
    }


async def begin(cloud: Any, dock: SimulatedDock, flight_id: str, file: dict[str, str], **fields: Any) -> None:
    cloud.route = file
    for method, data in (
        ("flighttask_prepare", task(flight_id, file, **fields)),
        ("flighttask_execute", {"flight_id": flight_id}),
    ):
        reply = await cloud.command(dock.sn, method, data)
        assert reply["data"]["result"] == 0, dock.rejected_commands


def said(cloud: Any, dock: SimulatedDock, flight_id: str) -> list[dict[str, Any]]:
    return [body["data"] for body in cloud.bodies(dock.sn, "events", "flighttask_progress") if body["bid"] == flight_id]


async def ended(cloud: Any, dock: SimulatedDock, flight_id: str) -> dict[str, Any]:
    await cloud.until(lambda: cloud.final(dock.sn, "flighttask_progress", flight_id), 60)
    final: dict[str, Any] = cloud.final(dock.sn, "flighttask_progress", flight_id)["data"]
    return final


class Track:
    """Where the aircraft was when it had done each leg."""

    def __init__(self, dock: SimulatedDock) -> None:
        self.points: list[tuple[float, float, float]] = []
        advance = dock.aircraft.advance

        def watched(seconds: float) -> bool:
            before = len(dock.aircraft.legs)
            done = advance(seconds)
            self.points.append((dock.aircraft.east, dock.aircraft.north, dock.aircraft.up))
            assert before >= 0
            return done

        dock.aircraft.advance = watched  # type: ignore[method-assign]

    def nearest(self, east: float, north: float, up: float) -> float:
        return min(((e - east) ** 2 + (n - north) ** 2 + (u - up) ** 2) ** 0.5 for e, n, u in self.points)


async def test_the_points_of_the_file_are_flown_at_their_heights(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        track = Track(dock)
        stop = routes.group(1, 1, routes.action("hover", hoverTime=20))
        file = files.put("/square.kmz", square(dock, groups={1: stop}))
        await begin(cloud, dock, "flight-1", file)
        final = await ended(cloud, dock, "flight-1")
        assert final["output"]["status"] == "ok"
        assert "break_point" not in final["output"]["ext"]
        # A step is a second of flight: ten metres.
        for corner in ((100, 0, 50), (100, 200, 60), (300, 200, 70), (300, 0, 80)):
            assert track.nearest(*corner) < 10
        assert track.nearest(100, 200, 60) < 0.1  # it hovered here
        outputs = [data["output"] for data in said(cloud, dock, "flight-1")]
        waypoints = [output["ext"]["current_waypoint_index"] for output in outputs]
        assert waypoints == sorted(waypoints)
        assert waypoints[-1] == 3
        assert outputs[0]["ext"]["wayline_id"] == 65535
        assert outputs[-1]["ext"]["wayline_id"] == 0
        assert len({output["ext"]["track_id"] for output in outputs[-5:]}) == 1
        assert files.asked == ["/square.kmz", "/square.kmz"]


async def test_heights_above_the_ellipsoid(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        track = Track(dock)
        here = dock.place.height
        points = [at(dock, 50, 50, here + 40), at(dock, 150, 50, here + 90)]
        hover = {i: routes.group(i, i, routes.action("hover", hoverTime=10)) for i in (0, 1)}
        content = routes.kmz(routes.folder(points, mode="WGS84", groups=hover))
        await begin(cloud, dock, "flight-1", files.put("/w.kmz", content))
        assert (await ended(cloud, dock, "flight-1"))["output"]["status"] == "ok"
        assert track.nearest(50, 50, 40) < 0.5
        assert track.nearest(150, 50, 90) < 0.5


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda file, files: {**file, "url": files.url + "/gone.kmz"}, 314013),
        (lambda file, files: {**file, "url": "file:///etc/passwd"}, 314013),
        (lambda file, files: {**file, "fingerprint": "0" * 32}, 314016),
        (lambda file, files: files.put("/no.kmz", b"not a zip"), 314003),
        (lambda file, files: files.put("/empty.kmz", routes.archive(**{"a.txt": b"x"})), 314003),
    ],
)
async def test_a_file_that_cannot_be_had_is_refused_at_prepare(broker, cloud, files, spoil, code) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        file = spoil(files.put("/good.kmz", square(dock)), files)
        reply = await cloud.command(dock.sn, "flighttask_prepare", task("flight-1", file))
        assert reply["data"]["result"] == code
        reply = await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "flight-1"})
        assert reply["data"]["result"] == 319009


async def test_a_file_that_is_gone_at_take_off_fails_the_task(broker, cloud, files) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        file = files.put("/good.kmz", square(dock))
        assert (await cloud.command(dock.sn, "flighttask_prepare", task("flight-1", file)))["data"]["result"] == 0
        cloud.route = {**file, "url": files.url + "/expired.kmz"}
        await cloud.command(dock.sn, "flighttask_execute", {"flight_id": "flight-1"})
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (314013, "failed")
        assert final["output"]["progress"]["current_step"] == 16
        assert dock.aircraft.up == 0
        assert dock.values["cover_state"] == 0


async def test_a_wayline_broken_off_in_the_air_is_resumed_at_its_break_point(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=20.0, fail_at_waypoint={2: 321517}) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        file = files.put("/square.kmz", square(dock))
        await begin(cloud, dock, "flight-1", file)
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (321517, "failed")
        point = final["output"]["ext"]["break_point"]
        assert (point["index"], point["wayline_id"], point["break_reason"]) == (2, 0, 517)
        corner = at(dock, 300, 200, 0)
        assert point["latitude"] == pytest.approx(corner.latitude, abs=1e-5)
        assert point["longitude"] == pytest.approx(corner.longitude, abs=1e-5)
        assert point["height"] == pytest.approx(dock.place.height + 70, abs=0.5)
        assert not dock.aircraft.flying

        dock.behaviour.fail_at_waypoint.clear()
        track = Track(dock)
        again = {name: point[name] for name in ("index", "state", "progress", "wayline_id")}
        await begin(cloud, dock, "flight-2", file, break_point=again)
        final = await ended(cloud, dock, "flight-2")
        assert final["output"]["status"] == "ok"
        assert track.nearest(100, 0, 50) > 30  # not from the beginning
        assert track.nearest(300, 200, 70) < 15
        assert track.nearest(300, 0, 80) < 15


async def test_paused_stopped_and_resumed_between_two_points(broker, cloud, files) -> None:
    async with fleet_at(broker.url, speed=10.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        file = files.put("/square.kmz", square(dock))
        await begin(cloud, dock, "flight-1", file)
        await dock.until(lambda: (m := dock.tasks.mission) is not None and m.last == 1 and dock.aircraft.east > 150, 60)
        await cloud.command(dock.sn, "flighttask_pause")
        await cloud.until(lambda: said(cloud, dock, "flight-1")[-1]["output"]["status"] == "paused")
        point = said(cloud, dock, "flight-1")[-1]["output"]["ext"]["break_point"]
        assert (point["index"], point["state"], point["break_reason"]) == (1, 0, 0)
        assert point["progress"] == pytest.approx((dock.aircraft.east - 100) / 200, abs=0.01)
        await cloud.command(dock.sn, "flighttask_stop", {"flight_id": "flight-1", "reason": 0})
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (0, "canceled")
        assert final["output"]["ext"]["break_point"] == {**point, "break_reason": 1281}

        track = Track(dock)
        again = {name: point[name] for name in ("index", "state", "progress", "wayline_id")}
        await begin(cloud, dock, "flight-2", file, break_point=again)
        assert (await ended(cloud, dock, "flight-2"))["output"]["status"] == "ok"
        assert track.nearest(100, 200, 60) > 30
        assert track.nearest(300, 200, 70) < 10


@pytest.mark.parametrize("point", [{"index": 9}, {"wayline_id": 4}, {"progress": 1.0, "index": -1}])
async def test_a_break_point_that_the_route_does_not_have(broker, cloud, files, point) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        whole = {"index": 1, "state": 0, "progress": 0.5, "wayline_id": 0, **point}
        await begin(cloud, dock, "flight-1", files.put("/s.kmz", square(dock)), break_point=whole)
        final = await ended(cloud, dock, "flight-1")
        assert (final["result"], final["output"]["status"]) == (322539, "failed")
        assert not dock.aircraft.flying
