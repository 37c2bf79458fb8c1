"""A workspace's rules for its files."""

from __future__ import annotations

from uuid import UUID

from media.models import MediaPolicy


def policy_of(workspace_id: UUID) -> MediaPolicy:
    """The rules as set, else the defaults."""
    return MediaPolicy.objects.filter(pk=workspace_id).first() or MediaPolicy(workspace_id=workspace_id)
