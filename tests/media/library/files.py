"""Files for the library's tests: pictures as cameras make them, and rows as uploads leave them behind."""

from __future__ import annotations

import io
import itertools
from datetime import timedelta
from typing import Any

from django.utils import timezone
from PIL import Image

from devices.models import Device
from fleet.models import Workspace
from fleet.simulator.photographs import Shot, photograph
from media.models import MediaFile, Status
from media.services.library import cells
from media.services.library.announce import Sender, announced
from tests.factories import make_dock
from waylines.models import Flight, Mission, MissionStatus, RouteFile

_numbers = itertools.count(1)


def shot(**fields: Any) -> Shot:
    values = {
        "number": 1,
        "lens": "V",
        "taken_at": 1_790_000_000_000,  # 2026-09-21T13:33:20Z
        "latitude": 47.05,
        "longitude": 8.31,
        "altitude": 512.0,
        "relative_altitude": 60.0,
        "yaw": 135.0,
        "pitch": -40.0,
        "model": "M4TD",
        "serial": "BIRD1",
        **fields,
    }
    return Shot(**values)


def jpeg(**fields: Any) -> bytes:
    return photograph(shot(**fields))


def plain_jpeg(size: tuple[int, int] = (64, 48), colour: str = "teal", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "JPEG", **options)
    return target.getvalue()


def key_of(workspace: Workspace, name: str) -> str:
    return f"{workspace.pk}/media/{name}"


def body(workspace: Workspace, name: str = "", **fields: Any) -> dict[str, Any]:
    """An announcement as Pilot makes it."""
    number = next(_numbers)
    name = name or f"DJI_20260921133320_{number:04d}_V.JPG"
    return {
        "result": 0,
        "object_key": key_of(workspace, name),
        "name": name,
        "path": "",
        "fingerprint": f"fingerprint-{number}",
        "sub_file_type": 0,
        "ext": {
            "drone_model_key": "0-100-1",
            "payload_model_key": "1-99-0",
            "is_original": True,
            "tinny_fingerprint": f"tiny-{number}",
            "sn": "",
        },
        "metadata": {
            "absolute_altitude": 512.5,
            "relative_altitude": 60.25,
            "gimbal_yaw_degree": "-91.40",
            "created_time": "2026-09-21T13:33:20+00:00",
            "shoot_position": {"lat": 47.05, "lng": 8.31},
        },
        **fields,
    }


def announce(workspace: Workspace, name: str = "", *, gateway: Any = None, **fields: Any) -> MediaFile:
    return announced(Sender(workspace, gateway, "tests"), body(workspace, name, **fields))


def stored(workspace: Workspace, **fields: Any) -> MediaFile:
    """A file as it is once it was confirmed and read."""
    number = next(_numbers)
    moment = fields.pop("moment", timezone.now() - timedelta(seconds=number))
    latitude, longitude = fields.get("latitude"), fields.get("longitude")
    values = {
        "name": f"DJI_{number:04d}.JPG",
        "object_key": key_of(workspace, f"{number}.JPG"),
        "fingerprint": f"stored-{number}",
        "tiny_fingerprint": f"stored-tiny-{number}",
        "kind": "photo",
        "size": 1000,
        "status": Status.CONFIRMED,
        "moment": moment,
        "taken_at": moment,
        "cell": cells.cell_of(latitude, longitude) if latitude is not None and longitude is not None else None,
        **fields,
    }
    return MediaFile.objects.create(workspace=workspace, **values)


def make_mission(workspace: Workspace, dock: Device | None = None, **fields: Any) -> Mission:
    """A mission of a dock, flying unless `fields` say otherwise; one with a `finished_at` went well."""
    number = next(_numbers)
    route = RouteFile.objects.create(workspace=workspace, object_key=f"route-{number}.kmz", sign=f"{number}")
    over = fields.get("finished_at") is not None
    values = {
        "name": f"Mission {number}",
        "dock": dock or make_dock(workspace, online=True),
        "file": route,
        "execute_at": timezone.now() - timedelta(hours=1),
        "status": MissionStatus.OK if over else MissionStatus.RUNNING,
        **fields,
    }
    return Mission.objects.create(workspace=workspace, **values)


def make_flight(workspace: Workspace, aircraft: Device | None = None, **fields: Any) -> Flight:
    now = timezone.now()
    values = {"started_at": now - timedelta(minutes=20), "ended_at": now - timedelta(minutes=5), **fields}
    return Flight.objects.create(
        workspace=workspace, aircraft=aircraft, aircraft_sn=aircraft.sn if aircraft else "", **values
    )
