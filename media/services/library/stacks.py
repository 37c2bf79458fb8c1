"""Which file stands for a stack, that is for all files that show one thing."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from fleet.services import broadcast
from media.models import MediaFile


def is_first(workspace_id: UUID, stack: str) -> bool:
    """Whether a file that joins this stack now stands for it; one without a stack stands for itself."""
    same = MediaFile.objects.filter(workspace_id=workspace_id, lead=True, stack=stack).exclude(stack="")
    return not (stack and same.exists())


def pass_on(workspace_id: UUID, stacks: Iterable[str]) -> None:
    """Where the one that stood for a stack is gone, another stands for it."""
    for stack in sorted(stacks):
        heir = MediaFile.objects.filter(workspace_id=workspace_id, stack=stack).exclude(stack="").order_by("pk").first()
        if heir is not None:
            MediaFile.objects.filter(pk=heir.pk).update(lead=True)
            broadcast.changed(workspace_id, "media", id=heir.pk)
