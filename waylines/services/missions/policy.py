"""A workspace's rules for missions, with or without a row of its own."""

from __future__ import annotations

from uuid import UUID

from waylines.models import MissionPolicy


def policy_of(workspace_id: UUID | str) -> MissionPolicy:
    """The rules in force; an unsaved row with the defaults where nobody has set any."""
    found = MissionPolicy.objects.filter(workspace_id=workspace_id).first()
    return found or MissionPolicy(workspace_id=workspace_id)
