"""Temporary credentials for Pilot 2, for media and routes (HTTPS page "Obtain temporary credentials")."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fleet.api.envelope import BusinessError, Code
from fleet.api.permissions import WorkspacePilot, token_of
from media.services.credentials import CredentialsError, devices


class KeyShape(serializers.Serializer[Any]):
    access_key_id = serializers.CharField()
    access_key_secret = serializers.CharField()
    expire = serializers.IntegerField(help_text="seconds")
    security_token = serializers.CharField()


class GrantShape(serializers.Serializer[Any]):
    bucket = serializers.CharField()
    endpoint = serializers.CharField()
    provider = serializers.CharField()
    region = serializers.CharField()
    object_key_prefix = serializers.CharField()
    credentials = KeyShape()


class CredentialsView(APIView):
    """Where a remote may put files of its workspace, and with what key."""

    permission_classes = [WorkspacePilot]

    @extend_schema(operation_id="storage_credentials", request=None, responses=GrantShape, tags=["media"])
    def post(self, request: Request, workspace_id: str) -> Response:
        token = token_of(request)
        try:
            given = devices.for_pilot(token.workspace, token.user, f"token-{token.pk}")
        except devices.TooOften as error:
            raise exceptions.Throttled(wait=error.wait, detail=str(error)) from None
        except CredentialsError as error:
            raise BusinessError(Code.REFUSED, str(error)) from None
        return Response(given.as_json())
