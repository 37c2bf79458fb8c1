"""Addresses of the devices' API. Those of Pilot 2 itself are fixed by the Cloud API."""

from __future__ import annotations

from django.urls import path

from devices.api import binding, broker, topologies

urlpatterns = [
    path(
        "manage/api/v1/workspaces/<str:workspace_id>/devices/topologies",
        topologies.TopologiesView.as_view(),
        name="api-topologies",
    ),
    path(
        "manage/api/v1/devices/<str:workspace_id>/devices/<str:sn>",
        topologies.DeviceView.as_view(),
        name="api-device",
    ),
    path("manage/api/v1/devices/<str:sn>/binding", binding.BindingView.as_view(), name="api-binding"),
    *broker.urlpatterns,
]
