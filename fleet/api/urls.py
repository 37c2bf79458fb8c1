"""Addresses of the HTTP API; the paths under /manage that are free are the ones Pilot pages use by custom."""

from __future__ import annotations

from django.urls import path, re_path

from fleet.api import map_elements, pilot_settings, session, workspaces
from fleet.api.envelope import unknown_path
from fleet.api.schema import SchemaView

_MAP = "map/api/v1/workspaces/<str:workspace_id>"

urlpatterns = [
    path("manage/api/v1/login", session.LoginView.as_view(), name="api-login"),
    path("manage/api/v1/logout", session.LogoutView.as_view(), name="api-logout"),
    path("manage/api/v1/token/refresh", session.RefreshView.as_view(), name="api-token-refresh"),
    path("manage/api/v1/workspaces", workspaces.WorkspaceListView.as_view(), name="api-workspaces"),
    path("manage/api/v1/workspaces/choice", session.ChoiceView.as_view(), name="api-workspace-choice"),
    path("manage/api/v1/workspaces/current", workspaces.CurrentWorkspaceView.as_view(), name="api-workspace"),
    path("manage/api/v1/users/current", workspaces.CurrentUserView.as_view(), name="api-user"),
    path("manage/api/v1/pilot/settings", pilot_settings.PilotSettingsView.as_view(), name="api-pilot-settings"),
    path("manage/api/v1/pilot/token", pilot_settings.RenewView.as_view(), name="api-pilot-token"),
    path("manage/api/v1/pilot/report", pilot_settings.ReportView.as_view(), name="api-pilot-report"),
    path("pilot/icons/<uuid:pk>.png", pilot_settings.icon, name="pilot-icon"),
    path(f"{_MAP}/element-groups", map_elements.GroupsView.as_view(), name="api-map-groups"),
    path(
        f"{_MAP}/element-groups/<str:group_id>/elements", map_elements.ElementsView.as_view(), name="api-map-elements"
    ),
    path(f"{_MAP}/elements/<str:element_id>", map_elements.ElementView.as_view(), name="api-map-element"),
    path("manage/api/v1/schema", SchemaView.as_view(), name="api-schema"),
]

#: To be included after every other API: what nobody answers to still speaks the envelope.
fallback_urlpatterns = [re_path(r"^(?:manage|map|wayline|media|storage|control)/api/", unknown_path)]
