"""The API described (OpenAPI), for staff who are logged in to the console."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAdminUser


def with_envelope(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Show each successful JSON answer inside the envelope that the renderer puts around it."""
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            for status, response in operation.get("responses", {}).items():
                content = response.get("content", {}).get("application/json")
                if not status.startswith("2") or content is None:
                    continue
                content["schema"] = {
                    "type": "object",
                    "required": ["code", "message", "data"],
                    "properties": {
                        "code": {"type": "integer", "description": "0, or why the request was refused."},
                        "message": {"type": "string"},
                        "data": content["schema"],
                    },
                }
    return result


class SchemaView(SpectacularAPIView):
    """A console login, not a token: this is for people who write scripts, not for devices."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [IsAdminUser]
    custom_settings = {
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "fleet.api.schema.with_envelope",
        ]
    }
