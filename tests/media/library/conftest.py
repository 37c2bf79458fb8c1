"""Somebody to look at the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from fleet.models import Role, User, Workspace
from tests.factories import make_user

Login = Callable[..., Client]


@pytest.fixture
def login(workspace: Workspace) -> Login:
    def enter(role: Role = Role.VIEWER, workspace: Any = workspace) -> Client:
        client = Client()
        client.force_login(make_user(workspace, role))
        return client

    return enter


@pytest.fixture
def operator(workspace: Workspace) -> User:
    return make_user(workspace, Role.OPERATOR)
