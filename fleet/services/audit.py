"""One line for everything a person (or a command on the server) did."""

from __future__ import annotations

from typing import Any

from fleet.models import AuditEntry, User, Workspace


def record(
    action: str,
    *,
    workspace: Workspace | None,
    user: User | None = None,
    actor: str = "",
    target: str = "",
    **detail: Any,
) -> AuditEntry:
    """Write an entry. Secrets never belong into `detail`. `actor` names who acted when no account did."""
    return AuditEntry.objects.create(
        action=action,
        workspace=workspace,
        user=user,
        actor=(actor or (user.get_username() if user else "system"))[:150],
        target=target[:200],
        detail=detail,
    )
