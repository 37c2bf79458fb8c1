"""Who may do what: one role per person and workspace, each covering those below it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from fleet.models import Membership, Role, User, Workspace


class Forbidden(PermissionDenied):
    """The person's role in this workspace does not cover what they asked for."""


def role_of(user: User | AnonymousUser, workspace: Workspace | UUID | str) -> Role | None:
    """The person's role there, None when they have no part in it. A superuser is admin everywhere."""
    if not user.is_authenticated or not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMIN
    workspace_id = workspace.pk if isinstance(workspace, Workspace) else workspace
    role = Membership.objects.filter(user=user, workspace_id=workspace_id).values_list("role", flat=True).first()
    return Role(role) if role else None


def may(user: User | AnonymousUser, workspace: Workspace | UUID | str, role: Role | str) -> bool:
    """Whether the person's role there covers `role`."""
    present = role_of(user, workspace)
    return present is not None and present.covers(role)


def require(user: User | AnonymousUser, workspace: Workspace | UUID | str, role: Role | str) -> None:
    """Raises `Forbidden`, saying which role is missing."""
    if not may(user, workspace, role):
        raise Forbidden(_("This needs the role “%(role)s” in this workspace.") % {"role": Role(role).label})


def workspaces_of(user: User | AnonymousUser) -> QuerySet[Workspace]:
    """The workspaces a person has a part in, by name."""
    if not user.is_authenticated or not user.is_active:
        return Workspace.objects.none()
    if user.is_superuser:
        return Workspace.objects.all()
    return Workspace.objects.filter(memberships__user=user)
