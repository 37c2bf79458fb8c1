"""May they: the token's workspace and the caller's role in it decide, never what the path claims."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from fleet.models import AccessToken, Role
from fleet.services import access

if TYPE_CHECKING:  # REST framework's views import this module by its name in the settings
    from rest_framework.views import APIView


def same_workspace(token: AccessToken, workspace_id: UUID | str) -> bool:
    """Whether this is the token's workspace; text that is no UUID is nobody's."""
    try:
        return UUID(str(workspace_id)) == token.workspace_id
    except ValueError:
        return False


class WorkspaceMember(BasePermission):
    """A valid token, whose owner still belongs to its workspace, on a path of that same workspace.

    A foreign workspace and one that does not exist get the same answer.
    """

    least = Role.VIEWER

    def has_permission(self, request: Request, view: APIView) -> bool:
        token = request.auth
        if not isinstance(token, AccessToken):
            return False
        if "workspace_id" in view.kwargs and not same_workspace(token, view.kwargs["workspace_id"]):
            raise PermissionDenied(_("Your login does not belong to that workspace."))
        access.require(token.user, token.workspace, self.least)
        return True


class WorkspacePilot(WorkspaceMember):
    """At least a pilot."""

    least = Role.PILOT


class WorkspaceOperator(WorkspaceMember):
    """At least an operator."""

    least = Role.OPERATOR


class WorkspaceAdmin(WorkspaceMember):
    """An administrator of the workspace."""

    least = Role.ADMIN


def token_of(request: Request) -> AccessToken:
    """The token of a request that passed `WorkspaceMember`."""
    token = request.auth
    if not isinstance(token, AccessToken):
        raise PermissionDenied(_("This needs a token."))
    return token
