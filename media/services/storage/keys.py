"""Whose object a key names."""

from __future__ import annotations

from typing import Literal, get_args
from uuid import UUID

Kind = Literal["wayline", "media"]
_LONGEST = 1024


def prefix(workspace_id: UUID | str, kind: Kind) -> str:
    """What the keys of a workspace's routes or media begin with; ends in a slash."""
    return f"{workspace_id}/{kind}/"


def belongs(workspace_id: UUID | str, key: str, kind: Kind | None = None) -> bool:
    """Whether a key that a client named lies under the workspace's prefix, and nowhere else however it is read."""
    if not isinstance(key, str) or not key.isprintable() or "\\" in key or len(key.encode()) > _LONGEST:
        return False
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return False
    kinds: tuple[Kind, ...] = (kind,) if kind else get_args(Kind)
    return any(key.startswith(prefix(workspace_id, name)) for name in kinds)
