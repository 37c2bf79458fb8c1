"""Where in the bucket the library keeps what it makes itself."""

from __future__ import annotations

import secrets
from uuid import UUID

from media.services import storage


def new_thumbnail(workspace_id: UUID, file_id: int) -> str:
    """A fresh key for a small picture, in a folder that no device's credentials reach."""
    root = storage.prefix(workspace_id, "media").rstrip("/").rsplit("/", 1)[0]
    return f"{root}/thumbnails/{file_id}-{secrets.token_hex(6)}.webp"
