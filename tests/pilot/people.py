"""Somebody who speaks to the API in a test."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from rest_framework.test import APIClient

from fleet.models import User, Workspace

PASSWORD = "correct horse battery"


@dataclass
class Person:
    """Somebody with a role in one workspace, logged in there."""

    user: User
    workspace: Workspace
    key: str
    api: APIClient


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"
