"""Addresses of the API of routes, missions and flights. Those of Pilot 2 are fixed by the Cloud API."""

from __future__ import annotations

from django.urls import URLPattern, path

from waylines.api import routes

_WORKSPACE = "wayline/api/v1/workspaces/<str:workspace_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_WORKSPACE}/waylines", routes.WaylineListView.as_view(), name="api-waylines"),
    path(
        f"{_WORKSPACE}/waylines/duplicate-names",
        routes.DuplicateNamesView.as_view(),
        name="api-wayline-duplicate-names",
    ),
    path(f"{_WORKSPACE}/waylines/<str:pk>/url", routes.WaylineUrlView.as_view(), name="api-wayline-url"),
    path(f"{_WORKSPACE}/upload-callback", routes.UploadCallbackView.as_view(), name="api-wayline-upload-callback"),
    path(f"{_WORKSPACE}/favorites", routes.FavoritesView.as_view(), name="api-wayline-favorites"),
]
