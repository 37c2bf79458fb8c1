"""Which gateway accounts there are, read from the database."""

from __future__ import annotations

import hmac
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db.models import F, QuerySet

from devices.models import Device, GatewayCredential
from devices.models.device import Domain
from devices.services.broker import rules


@dataclass(frozen=True, slots=True)
class Account:
    """One gateway's account as the broker must have it. `secret` is the password as it is kept: encrypted."""

    device_id: int
    username: str
    secret: bytes
    active: bool
    changed_at: datetime
    rules: rules.Rules
    told_at: datetime | None = None
    error: str = ""

    @property
    def stamp(self) -> str:
        """Names this state of the account's password: another password, another stamp."""
        return self.changed_at.astimezone(UTC).isoformat()

    def same_as(self, other: Account | None) -> bool:
        """Whether the broker would be told the same for both."""
        return other is not None and (
            (self.username, self.active, self.changed_at, self.rules)
            == (other.username, other.active, other.changed_at, other.rules)
        )


def everyone() -> list[Account]:
    """All accounts, withdrawn ones too; two queries, however many there are."""
    return _read(GatewayCredential.objects.all())


def of_device(device_id: int) -> Account | None:
    return next(iter(_read(GatewayCredential.objects.filter(device_id=device_id))), None)


def of_username(username: str) -> Account | None:
    return next(iter(_read(GatewayCredential.objects.filter(username=username))), None)


def _read(credentials: QuerySet[GatewayCredential]) -> list[Account]:
    rows = list(credentials.select_related("device").order_by("username"))
    aircraft = _aircraft(credentials)
    return [
        Account(
            device_id=row.device_id,
            username=row.username,
            secret=bytes(row.secret),
            active=row.is_active,
            changed_at=row.changed_at,
            rules=rules.gateway(row.device.sn, aircraft[row.device_id]) if row.is_active else rules.NOTHING,
            told_at=row.broker_stamp,
            error=row.broker_error,
        )
        for row in rows
    ]


def _aircraft(credentials: QuerySet[GatewayCredential]) -> dict[int, list[str]]:
    """The serials of each gateway's present aircraft, those last heard of first.

    A gateway says itself what is linked to it, so its word opens nothing that belongs to another workspace,
    and no other gateway.
    """
    found: dict[int, list[str]] = defaultdict(list)
    rows = (
        Device.objects.filter(
            gateway__credential__in=credentials, workspace_id=F("gateway__workspace_id"), credential=None
        )
        .exclude(domain__in=(Domain.REMOTE, Domain.DOCK))
        .order_by("-topology_stamp", "pk")
        .values_list("gateway_id", "sn")
    )
    for gateway_id, sn in rows:
        if gateway_id is not None:
            found[gateway_id].append(sn)
    return found


def of_url(url: str) -> tuple[str, str]:
    """The user and the password in a broker's address; empty where it has none."""
    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or "")


def reserved() -> frozenset[str]:
    """The names of the server's own accounts: no gateway may be called so."""
    return frozenset({of_url(settings.MQTT_URL)[0], of_url(settings.MQTT_CONTROL_URL)[0], "admin"} - {""})


def is_bridge(username: str) -> bool:
    return bool(username) and username == of_url(settings.MQTT_URL)[0]


def same_secret(given: str, known: str) -> bool:
    """Compares in constant time; an empty secret is never right."""
    return bool(known) and hmac.compare_digest(given.encode(), known.encode())
