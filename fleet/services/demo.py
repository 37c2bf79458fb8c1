"""What `make run` puts into an empty database: one workspace, one administrator, three gateways to simulate."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from devices.models import Device
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import Membership, Role, User, Workspace

#: serial number, kind, what the simulator plays, callsign, the aircraft's serial number
GATEWAYS = (
    ("7CTXM0000B0SIM1", Domain.DOCK, "dock3", "Lakeside dock", "1581F0000000SIM1"),
    ("4TADL0000B0SIM2", Domain.DOCK, "dock2", "Quarry dock", "1581F0000000SIM2"),
    ("9N9CN0000B0SIM3", Domain.REMOTE, "rc-plus-2", "Field team", "1581F0000000SIM3"),
)


@dataclass(frozen=True)
class Demo:
    """What was seeded. `password` is empty when the administrator was there before."""

    workspace: Workspace
    username: str
    password: str


@transaction.atomic
def seed(password: str = "") -> Demo:
    """Make what is missing; leave what is there. `password`: the administrator's, else a random one."""
    workspace = Workspace.objects.order_by("created_at").first() or Workspace.objects.create(
        name="Demo", description="Made by `make run`."
    )
    username, shown = "admin", ""
    admin = User.objects.filter(is_superuser=True).first()
    if admin is None:
        shown = password or secrets.token_urlsafe(9)
        admin = User.objects.create_superuser(username, password=shown)
    Membership.objects.get_or_create(workspace=workspace, user=admin, defaults={"role": Role.ADMIN})
    return Demo(workspace, admin.get_username(), shown)


def simulated_gateways(workspace: Workspace) -> list[dict[str, Any]]:
    """The simulator's credentials file: each simulated gateway registered like any other."""
    listed = []
    for sn, kind, plays, callsign, aircraft in GATEWAYS:
        device = Device.objects.filter(sn=sn, workspace=workspace).first()
        if device is None:
            device, _password = gateways.add(workspace, sn, kind=kind, callsign=callsign)
        listed.append(
            {
                "sn": sn,
                "username": sn,
                "password": gateways.password(device),
                "kind": plays,
                "organization_id": str(workspace.pk),
                "bind_code": workspace.bind_code,
                "aircraft_sn": aircraft,
                "callsign": callsign,
                "mqtt": settings.MQTT_PUBLIC_URL,
            }
        )
    return listed
