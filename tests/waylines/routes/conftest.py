"""Somebody who may change the routes of a workspace, and their browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from fleet.models import Role, User, Workspace
from tests.factories import make_user


@pytest.fixture
def person(workspace: Workspace) -> User:
    return make_user(workspace, Role.OPERATOR)


@pytest.fixture
def client(person: User, storage: Any) -> Client:
    signed_in = Client()
    signed_in.force_login(person)
    return signed_in
