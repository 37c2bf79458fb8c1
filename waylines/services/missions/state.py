"""From one status to the next: the only place that changes a mission's status."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from fleet.models import User
from fleet.services import audit, broadcast
from waylines.models import Mission, MissionStatus
from waylines.models.mission import ACTIVE, FINAL

S = MissionStatus
_ENDS = frozenset({S.OK, S.PARTIAL, S.FAILED, S.CANCELED, S.REJECTED, S.UNKNOWN})

#: Which status may follow which. An unknown outcome is the one end that a device's own word still changes.
ALLOWED: dict[MissionStatus, frozenset[MissionStatus]] = {
    S.AWAITING: frozenset({S.PLANNED, S.REJECTED, S.CANCELED, S.SKIPPED}),
    S.PLANNED: frozenset({S.PREPARING, S.CANCELED, S.REJECTED, S.SKIPPED, S.FAILED}),
    S.PREPARING: frozenset({S.READY, S.PLANNED, S.FAILED, S.CANCELED, S.SKIPPED, S.REJECTED}),
    S.READY: frozenset({S.STARTING, S.RUNNING, S.PAUSED, S.SKIPPED}) | _ENDS,
    S.STARTING: frozenset({S.RUNNING, S.PAUSED, S.READY}) | _ENDS,
    S.RUNNING: frozenset({S.PAUSED}) | _ENDS,
    S.PAUSED: frozenset({S.RUNNING}) | _ENDS,
    S.UNKNOWN: frozenset({S.RUNNING, S.PAUSED}) | (_ENDS - {S.UNKNOWN}),
    **{status: frozenset() for status in FINAL - {S.UNKNOWN}},
}
#: For docks of the first firmware nothing lies between the two; for all others this way would start a mission twice.
AT_ONCE: dict[MissionStatus, MissionStatus] = {S.STARTING: S.PLANNED, S.PLANNED: S.STARTING}


def move(
    mission: Mission,
    status: MissionStatus,
    *,
    text: str = "",
    only: Q | None = None,
    user: User | None = None,
    actor: str = "",
    **changes: Any,
) -> bool:
    """Take a mission to `status` if the rules (and `only`) allow it from where it is now. Returns whether they did.

    A dock flies one mission: a second one is not let into an active status, whoever asks.
    """
    allowed_from = [before for before, after in ALLOWED.items() if status in after]
    changes["finished_at"] = timezone.now() if status in FINAL else None
    if text or status in FINAL:
        changes["result_text"] = text[:500]
    allowed = Q(status__in=allowed_from)
    if status in AT_ONCE:
        allowed |= Q(status=AT_ONCE[status], one_command=True)
    rows = Mission.objects.filter(allowed, only or Q(), pk=mission.pk)
    try:
        with transaction.atomic():
            moved = bool(rows.update(status=status, **changes))
    except IntegrityError:
        if status not in ACTIVE:
            raise
        return False
    if moved:
        before = mission.status
        mission.refresh_from_db()
        audit.record(
            f"mission.{status.name.lower()}",
            workspace=mission.workspace,
            user=user,
            actor=actor,
            target=mission.dock.sn,
            mission=str(mission.pk),
            name=mission.name,
            before=before,
            **({"why": text} if text else {}),
        )
        announce(mission)
    return moved


def announce(mission: Mission) -> None:
    """Tell the live pages, after the transaction."""
    broadcast.changed(mission.workspace_id, "mission", id=str(mission.pk), device=mission.dock_id)
