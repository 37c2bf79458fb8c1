"""Serial numbers that come to the door and that nobody has registered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Max
from django.utils import timezone

from devices.models import Device, RejectedMessage
from devices.services.broker import rules
from fleet.models import Role, User, Workspace
from fleet.services import access

_RECENT = timedelta(days=7)
_SHOWN = 50
_KEY = "doctor:knocks"
_KEPT = 24 * 3600


@dataclass(frozen=True, slots=True)
class Knock:
    """`count` messages or logins of this serial were turned away; `last` is the newest."""

    sn: str
    count: int
    last: datetime
    refused_login: bool = False


def note_refused_login(name: str) -> None:
    """The broker asked for an account that does not exist. Only names that could be serials are kept."""
    if not rules.is_serial(name) or name.startswith(("doctor-", "fleet-", "probe-")):
        return
    known: dict[str, list[float]] = cache.get(_KEY) or {}
    count, _last = known.get(name, [0, 0.0])
    known[name] = [count + 1, time.time()]
    newest = sorted(known.items(), key=lambda item: -item[1][1])[:_SHOWN]
    cache.set(_KEY, dict(newest), _KEPT)


def may_see(user: User, workspace: Workspace) -> bool:
    """A stranger belongs to no workspace: where there are several, only those who run the server are told."""
    if user.is_superuser:
        return True
    return access.may(user, workspace, Role.OPERATOR) and Workspace.objects.count() == 1


def knocks() -> list[Knock]:
    """The last week's strangers, the newest first."""
    rejected = (
        RejectedMessage.objects.filter(reason="unregistered", at__gt=timezone.now() - _RECENT)
        .exclude(sn="")
        .order_by()
        .values("sn")
        .annotate(count=Count("pk"), last=Max("at"))
    )
    found = {row["sn"]: Knock(row["sn"], row["count"], row["last"]) for row in rejected.order_by("-last")[:_SHOWN]}
    logins: dict[str, list[float]] = cache.get(_KEY) or {}
    for sn, (count, last) in logins.items():
        found.setdefault(sn, Knock(sn, int(count), datetime.fromtimestamp(last, UTC), refused_login=True))
    for sn in Device.objects.filter(sn__in=list(found)).values_list("sn", flat=True):
        del found[sn]
    return sorted(found.values(), key=lambda knock: knock.last, reverse=True)[:_SHOWN]
