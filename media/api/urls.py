"""Addresses of the API of the media library and its storage. Those of Pilot 2 are fixed by the Cloud API."""

from __future__ import annotations

from django.urls import URLPattern, path

from media.api import media, storage

_MEDIA = "media/api/v1/workspaces/<str:workspace_id>"

urlpatterns: list[URLPattern] = [
    path(f"{_MEDIA}/fast-upload", media.FastUploadView.as_view(), name="api-media-fast-upload"),
    path(f"{_MEDIA}/files/tiny-fingerprints", media.TinyFingerprintsView.as_view(), name="api-media-tiny-fingerprints"),
    path(f"{_MEDIA}/upload-callback", media.UploadCallbackView.as_view(), name="api-media-upload-callback"),
    path(
        f"{_MEDIA}/group-upload-callback",
        media.GroupUploadCallbackView.as_view(),
        name="api-media-group-upload-callback",
    ),
    path("storage/api/v1/workspaces/<str:workspace_id>/sts", storage.CredentialsView.as_view(), name="api-storage-sts"),
]
