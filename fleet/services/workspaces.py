"""Making and changing workspaces; every change leaves a line in the audit, no secret does."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from fleet.models import Membership, Role, User, Workspace
from fleet.models.workspace import new_bind_code
from fleet.services import access, audit

#: Fields whose values stay out of the audit.
SECRETS = frozenset({"bind_code", "app_id", "app_key", "app_license"})


@transaction.atomic
def create(workspace: Workspace, *, by: User) -> Workspace:
    """Store a new workspace, its maker as administrator. Raises `Forbidden` for all but superusers."""
    if not by.is_superuser:
        raise access.Forbidden
    workspace.save(force_insert=True)
    Membership.objects.create(workspace=workspace, user=by, role=Role.ADMIN)
    audit.record("workspace.added", workspace=workspace, user=by, target=workspace.name)
    return workspace


@transaction.atomic
def change(workspace: Workspace, fields: Iterable[str], *, by: User) -> None:
    """Store these fields of a workspace. Raises `Forbidden` for all but its administrators."""
    access.require(by, workspace, Role.ADMIN)
    names = sorted(fields)
    if not names:
        return
    workspace.save(update_fields=names)
    values = {name: None if name in SECRETS else getattr(workspace, name) for name in names}
    audit.record("workspace.changed", workspace=workspace, user=by, target=workspace.name, fields=values)


@transaction.atomic
def renew_bind_code(workspace: Workspace, *, by: User) -> str:
    """A fresh bind code; the old one is refused from now on. Devices that are bound stay bound."""
    access.require(by, workspace, Role.ADMIN)
    workspace.bind_code = new_bind_code()
    workspace.save(update_fields=["bind_code"])
    audit.record("workspace.bind_code", workspace=workspace, user=by, target=workspace.name)
    return workspace.bind_code
