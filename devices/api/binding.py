"""A remote joins the workspace of the person who logged in on it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.api.topologies import DeviceShape, describe
from devices.services import remotes
from fleet.api.envelope import BusinessError, Code
from fleet.api.permissions import WorkspacePilot, same_workspace, token_of

_CODES = {
    remotes.Reason.ELSEWHERE: Code.REMOTE_ELSEWHERE,
    remotes.Reason.WITHDRAWN: Code.REMOTE_WITHDRAWN,
    remotes.Reason.NOT_A_REMOTE: Code.NOT_A_REMOTE,
}


class BindingRequest(serializers.Serializer[Any]):
    """All of it is known from the path and the token; what is sent must agree with them."""

    device_sn = serializers.CharField(max_length=64, required=False, allow_blank=True, allow_null=True)
    user_id = serializers.CharField(max_length=64, required=False, allow_blank=True, allow_null=True)
    workspace_id = serializers.CharField(max_length=64, required=False, allow_blank=True, allow_null=True)


class BindingView(APIView):
    """Asked every two seconds by Pilot's page until it answers `code` 0, so asking twice is one binding."""

    permission_classes = [WorkspacePilot]

    @extend_schema(operation_id="device_bind", request=BindingRequest, responses=DeviceShape, tags=["devices"])
    def post(self, request: Request, sn: str) -> Response:
        asked = BindingRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        token = token_of(request)
        claim = asked.validated_data
        if claim.get("device_sn") and claim["device_sn"] != sn:
            raise ValidationError({"device_sn": _("Another serial number than the one in the address.")})
        if claim.get("workspace_id") and not same_workspace(token, claim["workspace_id"]):
            raise PermissionDenied(_("Your login does not belong to that workspace."))
        if claim.get("user_id") and claim["user_id"] != str(token.user_id):
            raise PermissionDenied(_("You can bind a device to yourself only."))
        try:
            device = remotes.bind(token.workspace, sn, token.user)
        except remotes.BindingRefused as refused:
            if refused.reason not in _CODES:
                raise ValidationError({"sn": str(refused)}) from refused
            raise BusinessError(_CODES[refused.reason], str(refused)) from refused
        return Response(describe(device, device.gateway.sn if device.gateway else ""))
