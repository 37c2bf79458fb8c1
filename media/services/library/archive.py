"""Which files go into an archive, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from fleet.models import User, Workspace
from fleet.services import audit
from media.models import MediaFile, Status


def _folder(file: MediaFile) -> str:
    """By day and mission, so that an archive of many flights stays in order."""
    day = timezone.localtime(file.moment).strftime("%Y-%m-%d")
    return f"{day} {file.mission or file.aircraft or ''}".strip()


def contents(workspace: Workspace, ids: Sequence[int], *, user: User) -> list[tuple[int, str, str, str]]:
    """What goes into an archive of these files, by id; what is not stored is left out. The audit knows."""
    found: list[tuple[int, str, str, str]] = []
    for start in range(0, len(ids), 1_000):
        rows = MediaFile.objects.filter(
            workspace=workspace,
            pk__in=ids[start : start + 1_000],
            status__in=(Status.CONFIRMED, Status.BROKEN),
            size__gt=0,
        )
        found += [
            (file.pk, _folder(file), file.name, file.object_key)
            for file in rows.select_related("mission", "aircraft").defer("metadata")
        ]
    audit.record(
        "media.downloaded", workspace=workspace, user=user, target=str(len(found)), files=[pk for pk, *_rest in found]
    )
    return sorted(found)
