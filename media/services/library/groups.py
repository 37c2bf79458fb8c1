"""How many files a flight is expected to bring, how many came, and the alarm when some do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices.models import Device
from fleet.models import Role, User
from fleet.services import access, audit, broadcast
from media.models import MediaFile, MediaGroup, MediaPolicy, Status
from media.services.library.policy import policy_of
from waylines.models import Mission

#: What ended longer ago is history, not an alarm.
SWEEP_BACK = timedelta(days=14)
_BATCH = 500
ARRIVED = (Status.CONFIRMED, Status.BROKEN)


@dataclass(frozen=True, slots=True)
class Completeness:
    """`expected` is None while nobody has said how many there are to be.

    `arrived` are those that came, with what was deleted here since. `known` are those that a remote did not have to
    send, because the library had them already: it counts them as uploaded and never speaks of them.
    """

    group: MediaGroup
    expected: int | None
    arrived: int
    troubled: int
    known: int = 0

    @property
    def missing(self) -> int:
        return max(0, (self.expected or 0) - self.arrived - self.known)

    @property
    def is_complete(self) -> bool:
        return self.expected is not None and self.missing == 0


def heard(workspace_id: UUID, origin: str, key: str, mission: Mission | None, gateway: Device | None) -> MediaGroup:
    """The group of this id, made when it is new. Something of it has arrived now."""
    values: dict[str, Any] = {"mission": mission, "gateway": gateway, "changed_at": timezone.now()}
    try:
        with transaction.atomic():
            group, made = MediaGroup.objects.get_or_create(
                workspace_id=workspace_id, origin=origin, key=key, defaults=values
            )
    except IntegrityError:
        group, made = MediaGroup.objects.get(workspace_id=workspace_id, origin=origin, key=key), False
    if not made:
        # What was closed is open again: another file of it has come.
        MediaGroup.objects.filter(pk=group.pk).update(changed_at=values["changed_at"], completed_at=None)
    return group


def counted(group: MediaGroup, *, expected: int | None, reported: int | None, extra: dict[str, Any]) -> None:
    """The device says how many files there are to be and how many it has sent. It never takes an expectation back."""
    changes: dict[str, Any] = {"changed_at": timezone.now(), "extra": extra}
    if expected is not None and expected >= 0:
        changes["expected"] = expected
    if reported is not None and reported >= 0:
        changes["reported"] = reported
    MediaGroup.objects.filter(pk=group.pk).update(**changes)
    look_at(group.pk)


def first(workspace_id: UUID, key: str, gateway: Device) -> MediaGroup:
    """The dock says which mission's files go first now: this one's, and no other's of this dock."""
    from media.services.library.flights import mission_of

    group = heard(workspace_id, MediaGroup.Origin.MISSION, key, mission_of(workspace_id, key), gateway)
    MediaGroup.objects.filter(workspace_id=workspace_id, gateway=gateway, first_since__isnull=False).exclude(
        pk=group.pk
    ).update(first_since=None)
    MediaGroup.objects.filter(pk=group.pk, first_since__isnull=True).update(first_since=timezone.now())
    broadcast.changed(workspace_id, "media_group", id=group.pk)
    return group


def with_counts(groups: QuerySet[MediaGroup]) -> QuerySet[MediaGroup]:
    """With `wanted` (the device's number, else the mission's), `spoken_of`, `arrived`, `troubled`: one query."""
    files = MediaFile.objects.filter(group=OuterRef("pk")).order_by().values("group")
    return groups.select_related("mission", "gateway").annotate(
        wanted=Coalesce(F("expected"), F("mission__media_count")),
        spoken_of=F("deleted") + _number(files),
        arrived=F("deleted") + _number(files.filter(status__in=ARRIVED)),
        troubled=_number(files.filter(~Q(status=Status.CONFIRMED))),
    )


def _number(files: QuerySet[MediaFile, Any]) -> Coalesce:
    return Coalesce(Subquery(files.annotate(n=Count("pk")).values("n")), 0)


def completeness(groups: QuerySet[MediaGroup]) -> list[Completeness]:
    return [_completeness(row) for row in with_counts(groups)]


def _completeness(row: Any) -> Completeness:
    known = 0
    if row.origin == MediaGroup.Origin.PILOT:
        known = max(0, min(row.reported or 0, row.wanted or 0) - row.spoken_of)
    return Completeness(row, row.wanted, row.arrived, row.troubled, known)


def of_mission(workspace_id: UUID, mission_id: UUID | None) -> Completeness | None:
    """How complete a mission's files are; None when nothing is known of any."""
    if mission_id is None:
        return None
    found = completeness(MediaGroup.objects.filter(workspace_id=workspace_id, mission_id=mission_id)[:1])
    return found[0] if found else None


def alarms(workspace_id: UUID) -> list[Completeness]:
    """The uploads of this workspace that stay incomplete, newest first."""
    rows = MediaGroup.objects.filter(workspace_id=workspace_id, alarm_at__isnull=False, accepted_at__isnull=True)
    return completeness(rows.order_by("-alarm_at")[:50])


def accept(group: MediaGroup, *, user: User) -> None:
    """Somebody knows that files are missing and lives with it. Raises `Forbidden` below operators."""
    access.require(user, group.workspace_id, Role.OPERATOR)
    now = timezone.now()
    if not MediaGroup.objects.filter(pk=group.pk, accepted_at__isnull=True).update(accepted_at=now, accepted_by=user):
        return
    audit.record("media.incomplete_accepted", workspace=group.workspace, user=user, target=str(group))
    broadcast.changed(group.workspace_id, "media_group", id=group.pk)


def judge(groups: Iterable[Completeness], now: datetime) -> None:
    """Close what is complete, raise an alarm for what has been waiting too long, take one back that is over."""
    policies: dict[UUID, MediaPolicy] = {}
    for found in groups:
        group = found.group
        if found.is_complete:
            MediaGroup.objects.filter(pk=group.pk, changed_at=group.changed_at).update(
                completed_at=now, alarm_at=None, first_since=None
            )
        elif found.missing and group.alarm_at is None:
            if group.workspace_id not in policies:
                policies[group.workspace_id] = policy_of(group.workspace_id)
            policy = policies[group.workspace_id]
            ended = group.mission.finished_at if group.mission else group.changed_at
            if ended is None or max(ended, group.changed_at) > now - timedelta(minutes=policy.incomplete_after):
                continue
            MediaGroup.objects.filter(pk=group.pk, alarm_at__isnull=True).update(alarm_at=now)
        else:
            continue
        broadcast.changed(group.workspace_id, "media_group", id=group.pk, mission=str(group.mission_id or ""))


def look_at(group_id: int | None) -> None:
    """Something of this group was confirmed: is it complete now?"""
    if group_id is not None:
        judge(completeness(MediaGroup.objects.filter(pk=group_id, completed_at__isnull=True)), timezone.now())


def sweep() -> None:
    """Look at every upload that is open, and at missions that ended with files of which none ever came."""
    now = timezone.now()
    for mission in Mission.objects.filter(
        finished_at__gt=now - SWEEP_BACK, media_count__gt=0, media_groups__isnull=True
    ).select_related("dock")[:_BATCH]:
        heard(mission.workspace_id, MediaGroup.Origin.MISSION, str(mission.pk), mission, mission.dock)
        MediaGroup.objects.filter(mission=mission).update(changed_at=mission.finished_at)
    rows = MediaGroup.objects.filter(
        Q(expected__isnull=False) | Q(mission__media_count__isnull=False),
        completed_at__isnull=True,
        accepted_at__isnull=True,
        alarm_at__isnull=True,
        changed_at__gt=now - SWEEP_BACK,
    )
    judge(completeness(rows.order_by("changed_at")[:_BATCH]), now)
