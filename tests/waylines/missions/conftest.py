"""A workspace with a dock that may fly and a route for it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Command, Device, DeviceState
from devices.services.summary import summarize
from fleet.models import Role, User, Workspace
from tests.factories import make_aircraft, make_dock, make_user
from waylines.models import Mission, Route, RouteFile

HOME = (47.0, 8.0)


def make_route(workspace: Workspace, **fields: Any) -> Route:
    """A route whose file nobody has to open."""
    name = fields.pop("name", "Fence round")
    facts = {
        "drone_model_key": "0-100-1",
        "duration": 300.0,
        "distance": 900.0,
        "point_count": 4,
        "highest": 80.0,
        "height_mode": "relativeToStartPoint",
        "start": [47.001, 8.0],
        **fields.pop("facts", {}),
    }
    outline = [[[47.001, 8.0, 80.0], [47.002, 8.0, 80.0], [47.002, 8.001, 80.0], [47.001, 8.001, 80.0]]]
    file = RouteFile.objects.create(
        workspace=workspace,
        object_key=f"{workspace.pk}/wayline/{name}.kmz",
        sign=hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(),
        size=1000,
        facts=facts,
        outline=fields.pop("outline", outline),
        problem=fields.pop("problem", ""),
    )
    return Route.objects.create(workspace=workspace, name=name, file=file, updated_at=timezone.now(), **fields)


IDLE: dict[str, Any] = {
    "mode_code": 0,
    "cover_state": 0,
    "rainfall": 0,
    "wind_speed": 2.0,
    "drone_in_dock": 1,
    "emergency_stop_state": 0,
    "latitude": HOME[0],
    "longitude": HOME[1],
    "heading": 90,
    "drone_charge_state": {"capacity_percent": 95, "state": 0},
}
AIRCRAFT: dict[str, Any] = {
    "mode_code": 0,
    "storage": {"total": 60_000_000, "used": 1_000},
    "battery": {"capacity_percent": 96},
}


def say(device: Device, **properties: Any) -> None:
    """The device's latest state, as if it had said so."""
    row, _new = DeviceState.objects.get_or_create(device=device, defaults={"seen_at": timezone.now()})
    row.properties = {**row.properties, **properties}
    row.summary = summarize(device.domain, row.properties)
    row.seen_at = row.told_at = timezone.now()
    row.version += 1
    row.save()


class Site:
    """One dock with its aircraft, one route, and whoever plans."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.dock: Device = make_dock(workspace, online=True)
        self.aircraft: Device = make_aircraft(workspace, self.dock, online=True)
        self.route = make_route(workspace)
        self.user: User = make_user(workspace, Role.OPERATOR)
        say(self.dock, **IDLE)
        say(self.aircraft, **AIRCRAFT)

    def commands(self, method: str) -> list[Command]:
        return list(Command.objects.filter(device=self.dock, method=method).order_by("created_at"))

    def last(self, method: str) -> Command:
        return self.commands(method)[-1]


@pytest.fixture
def site(workspace: Workspace, storage: Any) -> Site:
    return Site(workspace)


@pytest.fixture
def answer(wire: Any, site: Site) -> Callable[..., None]:
    """The dock answers a command that was sent to it."""

    def give(method: str, result: int = 0, **data: Any) -> None:
        command = site.last(method)
        Command.objects.filter(pk=command.pk, published_at=None).update(published_at=timezone.now(), status="sent")
        wire.deliver(
            f"thing/product/{site.dock.sn}/services_reply",
            tid=command.tid,
            bid=command.bid,
            method=method,
            data={"result": result, **data},
        )

    return give


@pytest.fixture
def tell(wire: Any, site: Site) -> Callable[..., None]:
    """The dock says how far a mission is."""

    def progress(
        mission: Mission, status: str, *, step: int = 23, percent: int = 50, result: int = 0, at: int = 0, **ext: Any
    ) -> None:
        wire.deliver(
            f"thing/product/{site.dock.sn}/events",
            bid=str(mission.pk),
            method="flighttask_progress",
            need_reply=1,
            timestamp=at or int(time.time() * 1000),
            data={
                "result": result,
                "output": {
                    "status": status,
                    "progress": {"current_step": step, "percent": percent},
                    "ext": {"flight_id": str(mission.pk), **ext},
                },
            },
        )

    return progress
