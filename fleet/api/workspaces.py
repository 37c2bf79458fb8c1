"""Where am I and who am I: what Pilot's page asks before it loads a module."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fleet.api.permissions import WorkspaceMember, token_of
from fleet.api.session import MqttAccount, WorkspaceChoice, choices, mqtt_account, person
from fleet.models import Role
from fleet.services import access


class CurrentWorkspace(serializers.Serializer[Any]):
    workspace_id = serializers.UUIDField()
    workspace_name = serializers.CharField()
    workspace_desc = serializers.CharField(allow_blank=True)
    platform_name = serializers.CharField()
    bind_code = serializers.CharField(allow_blank=True, help_text="Empty for viewers: it lets a dock join.")


class CurrentUser(MqttAccount):
    user_id = serializers.CharField()
    username = serializers.CharField()
    user_type = serializers.IntegerField()
    workspace_id = serializers.CharField()
    workspace_name = serializers.CharField()
    role = serializers.CharField()


class WorkspaceListView(APIView):
    """The workspaces the caller may choose from."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="workspaces", responses=WorkspaceChoice(many=True), tags=["session"])
    def get(self, request: Request) -> Response:
        return Response({"list": choices(token_of(request).user)})


class CurrentWorkspaceView(APIView):
    """The token's workspace."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="workspace_current", responses=CurrentWorkspace, tags=["workspace"])
    def get(self, request: Request) -> Response:
        token = token_of(request)
        workspace = token.workspace
        may_bind = access.may(token.user, workspace, Role.PILOT)
        return Response(
            {
                "workspace_id": str(workspace.pk),
                "workspace_name": workspace.name,
                "workspace_desc": workspace.description,
                "platform_name": workspace.platform_name,
                "bind_code": workspace.bind_code if may_bind else "",
            }
        )


class CurrentUserView(APIView):
    """The token's owner and, with `device_sn` of a remote of this workspace, that remote's MQTT account."""

    permission_classes = [WorkspaceMember]

    @extend_schema(
        operation_id="user_current",
        parameters=[OpenApiParameter("device_sn", str, description="The remote's serial number.")],
        responses=CurrentUser,
        tags=["workspace"],
    )
    def get(self, request: Request) -> Response:
        token = token_of(request)
        return Response(
            {
                **person(token.user),
                "workspace_id": str(token.workspace_id),
                "workspace_name": token.workspace.name,
                "role": access.role_of(token.user, token.workspace),
                **mqtt_account(token.user, token.workspace, request.query_params.get("device_sn")),
            }
        )
