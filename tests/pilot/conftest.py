"""Two workspaces that know nothing of each other, people of every role, and clients that speak for them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from devices.models import Device, DeviceModel, DeviceState
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import Membership, Role, User, Workspace
from fleet.services import tokens
from tests import factories
from tests.pilot.people import PASSWORD, Person, unique


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """The real hash is slow on purpose, and these tests log in some hundred times."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def address() -> str:
    """An address of this test's own, for failed logins are counted in Redis, which outlives a test."""
    return ".".join(["10", *(str(random.randrange(1, 255)) for _ in range(3))])


@pytest.fixture
def anonymous(address: str) -> APIClient:
    return APIClient(REMOTE_ADDR=address)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return factories.make_workspace(name=unique("Alpha"), description="North slope", platform_name="Cloud of Alpha")


@pytest.fixture
def other(db: None) -> Workspace:
    return factories.make_workspace(name=unique("Beta"))


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    def make(*memberships: tuple[Workspace, Role], **fields: Any) -> User:
        user = User.objects.create_user(username=unique("person"), password=PASSWORD, **fields)
        for workspace, role in memberships:
            Membership.objects.create(user=user, workspace=workspace, role=role)
        return user

    return make


@pytest.fixture
def join(make_user: Callable[..., User], address: str) -> Callable[..., Person]:
    def make(workspace: Workspace, role: Role = Role.PILOT, **fields: Any) -> Person:
        user = make_user((workspace, role), **fields)
        _token, key = tokens.issue(user, workspace, "test")
        return Person(user, workspace, key, APIClient(HTTP_X_AUTH_TOKEN=key, REMOTE_ADDR=address))

    return make


@pytest.fixture
def pilot(join: Callable[..., Person], workspace: Workspace) -> Person:
    return join(workspace, Role.PILOT, first_name="Ada", last_name="Pilot")


@pytest.fixture
def viewer(join: Callable[..., Person], workspace: Workspace) -> Person:
    return join(workspace, Role.VIEWER)


@pytest.fixture
def stranger(join: Callable[..., Person], other: Workspace) -> Person:
    """A pilot of the other workspace."""
    return join(other, Role.PILOT)


@pytest.fixture
def add_remote(db: None) -> Callable[..., tuple[Device, str]]:
    def add(workspace: Workspace, sn: str = "", **fields: Any) -> tuple[Device, str]:
        return gateways.add(workspace, sn or unique("RC"), kind=Domain.REMOTE, **fields)

    return add


@pytest.fixture
def add_device(db: None) -> Callable[..., Device]:
    """A device as the bridge leaves it behind; `summary` is what the map knows of it."""

    def add(workspace: Workspace, domain: Domain, model_key: str = "", **fields: Any) -> Device:
        summary = fields.pop("summary", None)
        model = DeviceModel.objects.get_or_create(key=model_key)[0] if model_key else None
        device = Device.objects.create(
            workspace=workspace, sn=fields.pop("sn", unique("SN")), domain=domain, model=model, **fields
        )
        if summary is not None:
            DeviceState.objects.create(device=device, summary=summary, seen_at=timezone.now())
        return device

    return add
