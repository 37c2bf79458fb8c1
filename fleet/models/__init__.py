"""Workspaces and people: who may see and do what."""

from fleet.models.audit import AuditEntry
from fleet.models.token import AccessToken
from fleet.models.user import User
from fleet.models.workspace import Membership, Role, Workspace

__all__ = ["AccessToken", "AuditEntry", "Membership", "Role", "User", "Workspace"]
