"""Pictures of a wayline task, from the shutter to the bucket, and what the cloud is told of each."""

from __future__ import annotations

import hashlib
import io
import os
from datetime import datetime
from typing import Any

import pytest
from PIL import Image

from fleet.simulator.photographs import can_film
from tests.simulator import routes
from tests.simulator.test_waylines import at, begin, ended, fleet_at, said


def photos(dock: Any, **options: Any) -> bytes:
    """Two pictures with every lens at the first point, one thermal at the second after the gimbal turned."""
    points = [at(dock, 60, 0, 50), at(dock, 60, 60, 55)]
    turn = routes.action("gimbalRotate", gimbalPitchRotateAngle=-90)
    groups = {
        0: routes.group(0, 0, routes.action("takePhoto"), routes.action("takePhoto")),
        1: routes.group(1, 1, turn, routes.action("takePhoto", payloadLensIndex="ir")),
    }
    return routes.kmz(routes.folder(points, groups=groups, **options))


def callbacks(cloud: Any, dock: Any) -> list[dict[str, Any]]:
    return [body["data"] for body in cloud.bodies(dock.sn, "events", "file_upload_callback")]


async def test_pictures_of_a_task_arrive_in_the_bucket(broker, cloud, files, bucket) -> None:
    cloud.storage = bucket.offer("/workspace-1/")
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/p.kmz", photos(dock)))
        final = await ended(cloud, dock, "flight-1")
        assert final["output"]["ext"]["media_count"] == 5
        counts = [data["output"]["ext"]["media_count"] for data in said(cloud, dock, "flight-1")]
        assert counts == sorted(counts)
        await dock.until(lambda: len(dock.media.uploaded) == 5, 30)
        assert dock.media.remaining == 0
        assert len(cloud.bodies(dock.sn, "requests", "storage_config_get")) == 1
        told = callbacks(cloud, dock)
        objects = bucket.objects()
        assert {data["file"]["object_key"] for data in told} == set(objects)
        assert [data["flight_task"]["uploaded_file_count"] for data in told] == [1, 2, 3, 4, 5]
        assert {data["flight_task"]["expected_file_count"] for data in told} == {5}
        suffixes = [data["file"]["name"].rsplit("_", 1)[1] for data in told]
        assert suffixes == ["V.JPG", "T.JPG", "V.JPG", "T.JPG", "T.JPG"]
        last = told[-1]["file"]
        assert last["object_key"] == f"workspace-1/flight-1/{last['name']}"
        assert last["ext"] == {
            "flight_id": "flight-1",
            "drone_model_key": "0-100-1",
            "payload_model_key": "1-99-0",
            "is_original": True,
        }
        place = at(dock, 60, 60, 0)
        metadata = last["metadata"]
        assert metadata["shoot_position"]["lat"] == pytest.approx(place.latitude, abs=1e-6)
        assert metadata["relative_altitude"] == pytest.approx(55, abs=0.1)
        assert metadata["absolute_altitude"] == pytest.approx(dock.place.height + 55, abs=0.1)
        assert datetime.fromisoformat(metadata["created_time"]).tzinfo is not None

        content = objects[last["object_key"]]
        picture = Image.open(io.BytesIO(content))
        picture.load()
        assert picture.size == (640, 512)
        gps = picture.getexif().get_ifd(0x8825)
        degrees = [float(gps[2][i]) for i in range(3)]
        assert degrees[0] + degrees[1] / 60 + degrees[2] / 3600 == pytest.approx(place.latitude, abs=1e-6)
        assert b'drone-dji:GimbalPitchDegree="-90.00"' in content
        assert b'drone-dji:RelativeAltitude="+55.000"' in content
        assert Image.open(io.BytesIO(objects[told[0]["file"]["object_key"]])).size == (1280, 960)


async def test_a_film_is_a_film(broker, cloud, files, bucket) -> None:
    if not can_film():
        pytest.skip("imageio-ffmpeg is not installed")
    cloud.storage = bucket.offer()
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        groups = {
            0: routes.group(0, 0, routes.action("startRecord")),
            1: routes.group(1, 1, routes.action("stopRecord")),
        }
        content = routes.kmz(routes.folder([at(dock, 60, 0, 50), at(dock, 60, 60, 55)], groups=groups))
        await begin(cloud, dock, "flight-1", files.put("/p.kmz", content))
        await dock.until(lambda: dock.media.uploaded, 60)
        [(key, content)] = bucket.objects().items()
        assert key.endswith("_V.MP4")
        assert content[4:8] == b"ftyp"


async def test_pictures_at_intervals(broker, cloud, files) -> None:
    cloud.results["storage_config_get"] = 1
    async with fleet_at(broker.url, media_limit=100) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        points = [at(dock, 0, 50, 50), at(dock, 0, 150, 50), at(dock, 0, 250, 50)]
        shoot = routes.action("takePhoto", payloadLensIndex="visable")
        groups = {0: routes.group(0, 2, shoot, trigger="multipleDistance", every=40)}
        file = files.put("/d.kmz", routes.kmz(routes.folder(points, groups=groups)))
        await begin(cloud, dock, "flight-1", file)
        assert (await ended(cloud, dock, "flight-1"))["output"]["ext"]["media_count"] == 6
        norths = [
            round(dock.place.metres_to(f.shot.latitude, f.shot.longitude)[1])
            for f in dock.media.flights["flight-1"].waiting
        ]
        assert norths == [50, 90, 130, 170, 210, 250]

        groups = {0: routes.group(0, 2, shoot, trigger="multipleTiming", every=5)}
        file = files.put("/t.kmz", routes.kmz(routes.folder(points, groups=groups, speed=8)))
        await begin(cloud, dock, "flight-2", file)
        assert (await ended(cloud, dock, "flight-2"))["output"]["ext"]["media_count"] == 6


async def test_no_storage_yet_then_a_wrong_key_then_a_right_one(broker, cloud, files, bucket) -> None:
    cloud.results["storage_config_get"] = 319999
    async with fleet_at(broker.url, patience=0.02) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/p.kmz", photos(dock)))
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "requests", "storage_config_get")) >= 3, 60)
        assert dock.media.remaining == 5
        cloud.storage = bucket.offer(access_key_secret="wrong")
        del cloud.results["storage_config_get"]
        asked = len(cloud.bodies(dock.sn, "requests", "storage_config_get"))
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "requests", "storage_config_get")) >= asked + 3, 60)
        assert not callbacks(cloud, dock)
        cloud.storage = bucket.offer()
        await dock.until(lambda: len(dock.media.uploaded) == 5, 60)
        assert len(bucket.objects()) == 5


async def test_a_file_counts_once_the_cloud_has_said_so(broker, cloud, files, bucket) -> None:
    cloud.storage = bucket.offer()
    cloud.event_results["file_upload_callback"] = 1
    async with fleet_at(broker.url, patience=0.05, lose_media=1) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await begin(cloud, dock, "flight-1", files.put("/p.kmz", photos(dock)))
        await cloud.until(lambda: len(callbacks(cloud, dock)) >= 2, 60)
        assert not dock.media.uploaded
        cloud.event_results.clear()
        await dock.until(lambda: dock.media.remaining == 0, 60)
        assert len(dock.media.uploaded) == 4
        assert callbacks(cloud, dock)[-1]["flight_task"]["uploaded_file_count"] == 4
        assert callbacks(cloud, dock)[-1]["flight_task"]["expected_file_count"] == 5
        dock.behaviour.lose_media = 0
        [lost] = dock.media.flights["flight-1"].lost
        assert dock.media.find_again("flight-1") == 1
        await dock.until(lambda: lost in dock.media.uploaded, 60)
        assert callbacks(cloud, dock)[-1]["flight_task"]["uploaded_file_count"] == 5


async def test_one_flight_before_another(broker, cloud, bucket) -> None:
    cloud.storage = bucket.offer("")
    cloud.results["storage_config_get"] = 1
    async with fleet_at(broker.url, patience=0.05) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        dock.media.add("first", "a/b \N{SNOWMAN}.JPG", b"no picture")
        dock.media.add("second", "big.MP4", os.urandom(6 * 1024 * 1024))
        await cloud.command(dock.sn, "upload_flighttask_media_prioritize", {"flight_id": "second"})
        await cloud.until(lambda: cloud.bodies(dock.sn, "events", "highest_priority_upload_flighttask_media"))
        event = cloud.bodies(dock.sn, "events", "highest_priority_upload_flighttask_media")[0]
        assert event["data"] == {"flight_id": "second"}
        big = hashlib.sha256(dock.media.flights["second"].waiting[0].read()).digest()
        del cloud.results["storage_config_get"]
        await dock.until(lambda: len(dock.media.uploaded) == 2, 60)
        assert [file.flight_id for file in dock.media.uploaded] == ["second", "first"]
        assert hashlib.sha256(bucket.objects()["second/big.MP4"]).digest() == big


async def test_a_route_without_pictures_asks_for_no_storage(broker, cloud, files) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        content = routes.kmz(routes.folder([at(dock, 60, 0, 50)]))
        await begin(cloud, dock, "flight-1", files.put("/p.kmz", content))
        final = await ended(cloud, dock, "flight-1")
        assert final["output"]["ext"]["media_count"] == 0
        await dock.until(lambda: dock.values["cover_state"] == 0)
        assert not cloud.bodies(dock.sn, "requests", "storage_config_get")
