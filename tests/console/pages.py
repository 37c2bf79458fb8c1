"""What tests of the console's device pages share: rows to look at, and reading a page."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Command, Device, DeviceState, LoggedMessage
from devices.services import commands
from devices.services.summary import summarize
from fleet.models import Membership, User

Login = Callable[..., Client]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(answer: Any) -> str:
    """A page as a person reads it: quotes and the like unescaped. Never for tests of escaping."""
    return html.unescape(answer.content.decode())


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


def say(device: Device, **properties: Any) -> None:
    DeviceState.objects.update_or_create(
        device=device,
        defaults={
            "properties": properties,
            "summary": summarize(device.domain, properties),
            "seen_at": timezone.now(),
        },
    )


def ask(device: Device, method: str = "debug_mode_open", **fields: Any) -> Command:
    return commands.issue(device, method, {}, user=None, confirmed=True, **fields)


def log(device: Device, **fields: Any) -> LoggedMessage:
    values = {
        "direction": "up",
        "topic": f"thing/product/{device.sn}/events",
        "method": "hms",
        "tid": "t-1",
        "bid": "b-1",
        "payload": {"data": {"list": []}},
        "at": timezone.now(),
        **fields,
    }
    return LoggedMessage.objects.create(workspace=device.workspace, device=device, **values)


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:devices_{name}", args=args)


def text(response: Any) -> str:
    assert response.status_code == 200, response
    found: str = response.content.decode()
    return found


def key_of(page: str) -> str:
    found = re.search(r'name="request_key" value="([^"]+)"', page)
    assert found
    return found[1]
