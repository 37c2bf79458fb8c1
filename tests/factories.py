"""Rows for tests, each valid by itself; name what the test is about and leave the rest."""

from __future__ import annotations

import itertools
from typing import Any

from django.utils import timezone

from devices.models import Device, DeviceModel
from devices.models.device import Domain
from fleet.models import Membership, Role, User, Workspace
from fleet.protocol import device_models

_numbers = itertools.count(1)


def make_workspace(**fields: Any) -> Workspace:
    number = next(_numbers)
    return Workspace.objects.create(**{"name": f"Workspace {number}", **fields})


def make_user(workspace: Workspace | None = None, role: Role = Role.OPERATOR, **fields: Any) -> User:
    number = next(_numbers)
    password = fields.pop("password", "correct horse")
    user = User.objects.create_user(**{"username": f"person{number}", **fields}, password=password)
    if workspace is not None:
        Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def make_device(workspace: Workspace, domain: Domain, model_key: str, **fields: Any) -> Device:
    number = next(_numbers)
    known = device_models.find(model_key)
    model, _ = DeviceModel.objects.get_or_create(key=model_key, defaults={"name": known.name if known else ""})
    online = fields.get("online", False)
    values = {
        "sn": f"SN{number:010d}",
        "callsign": f"Device {number}",
        "bound_at": timezone.now(),
        "online_changed_at": timezone.now() if online else None,
        **fields,
    }
    return Device.objects.create(workspace=workspace, domain=domain, model=model, **values)


def make_dock(workspace: Workspace, **fields: Any) -> Device:
    """A Dock 3."""
    return make_device(workspace, Domain.DOCK, fields.pop("model_key", "3-3-0"), **fields)


def make_remote(workspace: Workspace, **fields: Any) -> Device:
    """An RC Plus 2."""
    return make_device(workspace, Domain.REMOTE, fields.pop("model_key", "2-174-0"), **fields)


def make_aircraft(workspace: Workspace, gateway: Device | None = None, **fields: Any) -> Device:
    """An M4TD."""
    return make_device(workspace, Domain.AIRCRAFT, fields.pop("model_key", "0-100-1"), gateway=gateway, **fields)
