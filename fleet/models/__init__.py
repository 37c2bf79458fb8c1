"""Workspaces and people: who may see and do what."""

from fleet.models.audit import AuditEntry
from fleet.models.map_elements import MapElement, MapGroup
from fleet.models.pilot_settings import Icon, ModelIcon, PilotSettings, ThirdPartyApp
from fleet.models.token import AccessToken
from fleet.models.user import User
from fleet.models.workspace import Membership, Role, Workspace

__all__ = [
    "AccessToken",
    "AuditEntry",
    "Icon",
    "MapElement",
    "MapGroup",
    "Membership",
    "ModelIcon",
    "PilotSettings",
    "Role",
    "ThirdPartyApp",
    "User",
    "Workspace",
]
