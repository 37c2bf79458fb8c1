"""The workspace a console page is about, and the role of whoever looks at it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from fleet.models import Role, User, Workspace
from fleet.services import access

_CACHE = "_fleet_role"


def current_person(request: HttpRequest) -> User:
    """Whoever is logged in. Raises `PermissionDenied` for nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def current_workspace(request: HttpRequest) -> Workspace | None:
    """The workspace the page is about; None for somebody without any."""
    workspace: Workspace | None = getattr(request, "workspace", None)
    return workspace or None


def current_role(request: HttpRequest) -> Role | None:
    """The person's role in the current workspace, asked of the database once a request.

    A superuser is admin even while there is no workspace at all, for somebody has to add the first.
    """
    workspace, user = current_workspace(request), request.user
    key = (user.pk, workspace.pk if workspace else None)
    known: tuple[Any, Role | None] | None = getattr(request, _CACHE, None)
    if known is not None and known[0] == key:
        return known[1]
    if workspace is not None:
        role = access.role_of(user, workspace)
    else:
        role = Role.ADMIN if user.is_active and user.is_superuser else None
    setattr(request, _CACHE, (key, role))
    return role


def covers(request: HttpRequest, role: Role | str | None) -> bool:
    """Whether the person's role in the current workspace covers `role`; None is nobody."""
    if role is None:
        return False
    present = current_role(request)
    return present is not None and present.covers(role)
