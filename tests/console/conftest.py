"""People and devices for the console's tests."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from devices.models import Device
from fleet.models import Role, User, Workspace
from tests.console.pages import Login, say
from tests.factories import make_dock, make_user


@pytest.fixture
def login(workspace: Any) -> Login:
    def enter(role: Role = Role.OPERATOR, workspace: Any = workspace) -> Client:
        client = Client()
        client.force_login(make_user(workspace, role))
        return client

    return enter


@pytest.fixture
def dock(workspace: Any) -> Device:
    device = make_dock(workspace, online=True, callsign="North dock")
    say(device, mode_code=0, drone_charge_state={"capacity_percent": 81, "state": 1}, nobody_knows=7)
    return device


@pytest.fixture
def foreign(other_workspace: Any) -> Device:
    return make_dock(other_workspace, online=True, callsign="Foreign dock")


@pytest.fixture
def boss(workspace: Workspace) -> User:
    return make_user(workspace, Role.ADMIN, username="boss")


@pytest.fixture
def stranger(other_workspace: Workspace) -> User:
    return make_user(other_workspace, Role.ADMIN, username="harbourmaster")
