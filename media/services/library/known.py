"""Does the library have this file? What Pilot 2 asks before it uploads anything."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from media.models import ForgottenFile, MediaFile, Status

#: So many are looked up in one statement.
_AT_ONCE = 500


def stored(workspace_id: UUID) -> QuerySet[MediaFile]:
    """The files whose bytes are in the bucket for sure; only they count.

    A broken one counts too, for sent again it is as broken; an empty one does not.
    """
    there = Q(status=Status.CONFIRMED) | Q(status=Status.BROKEN, size__gt=0)
    return MediaFile.objects.filter(there, workspace_id=workspace_id)


def has(workspace_id: UUID, fingerprint: str) -> bool:
    """Whether this file is stored, or was and has been deleted on purpose.

    The planner may use the partial index only where the statement itself says that the fingerprint is not empty.
    """
    if not fingerprint:
        return False
    same = Q(fingerprint=fingerprint) & ~Q(fingerprint="")
    return (
        stored(workspace_id).filter(same).exists()
        or ForgottenFile.objects.filter(same, workspace_id=workspace_id).exists()
    )


def known(workspace_id: UUID, tiny_fingerprints: Iterable[str]) -> list[str]:
    """Those of these that are stored or were deleted on purpose, in the order given, each once."""
    wanted = [value for value in dict.fromkeys(tiny_fingerprints) if value]
    found: set[str] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        same = Q(tiny_fingerprint__in=wanted[start : start + _AT_ONCE]) & ~Q(tiny_fingerprint="")
        found.update(stored(workspace_id).filter(same).values_list("tiny_fingerprint", flat=True))
        found.update(
            ForgottenFile.objects.filter(same, workspace_id=workspace_id).values_list("tiny_fingerprint", flat=True)
        )
    return [value for value in wanted if value in found]
