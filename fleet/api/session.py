"""Logging in, staying in and leaving: what the page inside Pilot 2 calls first, on the usual paths."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.services import remotes
from fleet.api.authentication import HEADER
from fleet.api.envelope import BusinessError, Code
from fleet.api.permissions import WorkspaceMember, token_of
from fleet.models import AccessToken, User, Workspace
from fleet.services import access, audit, lockout, tokens

#: The vendor's word for "a pilot", as against 1, "somebody at a desk".
PILOT_USER_TYPE = 2
TOKEN_NAME = "Pilot 2"  # noqa: S105 - the token's name, not its key


class LoginRequest(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    flag = serializers.JSONField(required=False, help_text="The vendor's client kind (2 = Pilot). Not used.")
    workspace_id = serializers.CharField(max_length=64, required=False, allow_blank=True, allow_null=True)
    device_sn = serializers.CharField(max_length=64, required=False, allow_blank=True, allow_null=True)


class RefreshRequest(serializers.Serializer[Any]):
    device_sn = serializers.CharField(max_length=64, required=False, allow_blank=True, allow_null=True)


class ChoiceRequest(RefreshRequest):
    workspace_id = serializers.CharField(max_length=64)


class WorkspaceChoice(serializers.Serializer[Any]):
    workspace_id = serializers.CharField()
    workspace_name = serializers.CharField()


class MqttAccount(serializers.Serializer[Any]):
    """Empty name and password: `mqtt_note` says why."""

    mqtt_addr = serializers.CharField()
    mqtt_username = serializers.CharField(allow_blank=True)
    mqtt_password = serializers.CharField(allow_blank=True)
    mqtt_note = serializers.CharField(allow_blank=True)


class Session(MqttAccount):
    user_id = serializers.CharField()
    username = serializers.CharField()
    user_type = serializers.IntegerField()
    workspace_id = serializers.CharField()
    access_token = serializers.CharField()
    workspaces = WorkspaceChoice(many=True)


class Nothing(serializers.Serializer[Any]):
    """An empty object."""


def mqtt_account(user: User, workspace: Workspace, sn: str | None) -> dict[str, str]:
    """The MQTT fields of an answer: the account of this one remote, or empty fields and the reason."""
    account = remotes.account_of(workspace, sn or "", user)
    return {
        "mqtt_addr": settings.MQTT_PUBLIC_URL,
        "mqtt_username": account.username,
        "mqtt_password": account.password,
        "mqtt_note": account.note,
    }


def person(user: User) -> dict[str, Any]:
    return {"user_id": str(user.pk), "username": user.get_username(), "user_type": PILOT_USER_TYPE}


def choices(user: User) -> list[dict[str, str]]:
    return [
        {"workspace_id": str(workspace.pk), "workspace_name": workspace.name}
        for workspace in access.workspaces_of(user).order_by("name")
    ]


def _session(token: AccessToken, key: str, sn: str | None) -> Response:
    workspace = token.workspace
    return Response(
        {
            **person(token.user),
            "workspace_id": str(workspace.pk),
            "access_token": key,
            **mqtt_account(token.user, workspace, sn),
            "workspaces": choices(token.user),
        }
    )


def _choose(user: User, wanted: str | None) -> Workspace:
    """The wanted workspace, or the first by name. A foreign one and an unknown one get the same answer."""
    mine = list(access.workspaces_of(user).order_by("name"))
    if not mine:
        raise BusinessError(
            Code.NO_WORKSPACE,
            _("You belong to no workspace yet. Ask an administrator to add you to one."),
        )
    if not wanted:
        return mine[0]
    for workspace in mine:
        if str(workspace.pk) == wanted.lower():
            return workspace
    raise BusinessError(Code.NO_WORKSPACE, _("You do not belong to that workspace."))


class LoginView(APIView):
    """Name and password against a token, the workspace and this remote's own MQTT account."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(operation_id="login", request=LoginRequest, responses=Session, auth=[], tags=["session"])
    def post(self, request: Request) -> Response:
        asked = LoginRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        name = asked.validated_data["username"]
        address = request.META.get("REMOTE_ADDR") or "unknown"
        try:
            attempt = lockout.begin(name, address)
        except lockout.LockedOut as locked:
            if locked.is_news:  # else a guesser fills the audit
                audit.record("login.locked", workspace=None, actor=name, address=address)
            raise BusinessError(
                Code.LOCKED_OUT,
                ngettext(
                    "Too many failed logins. Try again in %(minutes)d minute.",
                    "Too many failed logins. Try again in %(minutes)d minutes.",
                    locked.minutes,
                )
                % {"minutes": locked.minutes},
                {"retry_after": locked.seconds},
            ) from locked
        user = authenticate(request._request, username=name, password=asked.validated_data["password"])
        if not isinstance(user, User):
            audit.record("login.failed", workspace=None, actor=name, address=address)
            raise BusinessError(Code.WRONG_CREDENTIALS, _("The user name or the password is wrong."))
        attempt.succeeded()
        workspace = _choose(user, asked.validated_data.get("workspace_id"))
        token, key = tokens.issue(user, workspace, TOKEN_NAME)
        sn = asked.validated_data.get("device_sn")
        audit.record("login", workspace=workspace, user=user, target=sn or "", address=address)
        return _session(token, key, sn)


class RefreshView(APIView):
    """A fresh token for one that is still good; the old one ends. Over or withdrawn: 401, log in again."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="token_refresh", request=RefreshRequest, responses=Session, tags=["session"])
    def post(self, request: Request) -> Response:
        asked = RefreshRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        fresh = tokens.refresh(request.headers.get(HEADER, ""))
        if fresh is None:
            raise AuthenticationFailed(_("The token is wrong, over or withdrawn."))
        return _session(*fresh, asked.validated_data.get("device_sn"))


class LogoutView(APIView):
    """End the token now."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="logout", request=None, responses=Nothing, tags=["session"])
    def post(self, request: Request) -> Response:
        token = token_of(request)
        if tokens.revoke(token):
            audit.record("logout", workspace=token.workspace, user=token.user)
        return Response({})


class ChoiceView(APIView):
    """Go on in another of one's workspaces: a token for that one; the old one ends."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="workspace_choose", request=ChoiceRequest, responses=Session, tags=["session"])
    def post(self, request: Request) -> Response:
        asked = ChoiceRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        old = token_of(request)
        workspace = _choose(old.user, asked.validated_data["workspace_id"])
        if not tokens.revoke(old):
            raise AuthenticationFailed(_("The token is wrong, over or withdrawn."))
        token, key = tokens.issue(old.user, workspace, old.name)
        audit.record("workspace.chosen", workspace=workspace, user=old.user)
        return _session(token, key, asked.validated_data.get("device_sn"))
