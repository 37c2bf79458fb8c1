"""The console's pages about workspaces and people."""

from fleet.admin.audit import AuditAdmin
from fleet.admin.people import PeopleAdmin
from fleet.admin.pilot_settings import IconAdmin, ModelIconAdmin, PilotSettingsAdmin, ThirdPartyAppAdmin
from fleet.admin.tokens import TokenAdmin
from fleet.admin.workspaces import WorkspaceSettingsAdmin

__all__ = [
    "AuditAdmin",
    "IconAdmin",
    "ModelIconAdmin",
    "PeopleAdmin",
    "PilotSettingsAdmin",
    "ThirdPartyAppAdmin",
    "TokenAdmin",
    "WorkspaceSettingsAdmin",
]
