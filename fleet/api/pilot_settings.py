"""What the page inside Pilot 2 asks beyond logging in: settings, a fresh token, and a place to say how it goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fleet.api.permissions import WorkspaceMember, token_of
from fleet.api.session import Nothing
from fleet.models import AccessToken, Icon
from fleet.services import pilot_page, pilot_presence

STATES = ("waiting", "wait", "good", "bad")


class MediaShape(serializers.Serializer[Any]):
    """Under the names of the protocol's `media` module."""

    autoUploadPhoto = serializers.BooleanField()
    autoUploadPhotoType = serializers.IntegerField(help_text="0 originals, 1 previews")
    autoUploadVideo = serializers.BooleanField()
    downloadOwner = serializers.IntegerField(help_text="0 this remote, 1 the other one")


class LiveShape(serializers.Serializer[Any]):
    mode = serializers.CharField(help_text="The protocol's videoPublishType.")
    url = serializers.CharField(allow_blank=True, help_text="Where this remote sends live video; empty: nowhere yet.")


class MapShape(serializers.Serializer[Any]):
    userName = serializers.CharField()
    elementPreName = serializers.CharField()


class AppShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    package = serializers.CharField(allow_blank=True)
    url = serializers.CharField()
    icon = serializers.CharField(allow_blank=True)


class PilotSettingsShape(serializers.Serializer[Any]):
    workspace_id = serializers.CharField()
    token_seconds = serializers.IntegerField(help_text="For how long the token is still good.")
    version = serializers.CharField()
    media = MediaShape()
    live = LiveShape()
    map = MapShape()
    log_key = serializers.CharField(allow_blank=True)
    apps = AppShape(many=True)


class RemoteRequest(serializers.Serializer[Any]):
    device_sn = serializers.CharField(max_length=64, required=False, allow_blank=True, allow_null=True)


class RenewedShape(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_seconds = serializers.IntegerField()


class ModuleReport(serializers.Serializer[Any]):
    name = serializers.RegexField(r"^[a-z]{1,20}$")
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class ReportRequest(serializers.Serializer[Any]):
    device_sn = serializers.CharField(max_length=64)
    version = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    modules = serializers.ListField(child=ModuleReport(), max_length=20)


def seconds_left(token: AccessToken) -> int:
    return max(0, int((token.expires_at - timezone.now()).total_seconds()))


class PilotSettingsView(APIView):
    """What the modules start with. With `device_sn` the doctor knows which remote this token works on."""

    permission_classes = [WorkspaceMember]

    @extend_schema(
        operation_id="pilot_settings",
        parameters=[OpenApiParameter("device_sn", str, description="The remote's serial number.")],
        responses=PilotSettingsShape,
        tags=["pilot"],
    )
    def get(self, request: Request) -> Response:
        token = token_of(request)
        sn = request.query_params.get("device_sn", "")[:64]
        if sn:
            pilot_presence.use(token, sn)
        chosen = pilot_page.settings_of(token.workspace)
        return Response(
            {
                "workspace_id": str(token.workspace_id),
                "token_seconds": seconds_left(token),
                "version": settings.VERSION,
                "media": {
                    "autoUploadPhoto": chosen.auto_upload_photo,
                    "autoUploadPhotoType": chosen.photo_type,
                    "autoUploadVideo": chosen.auto_upload_video,
                    "downloadOwner": chosen.download_owner,
                },
                "live": {"mode": chosen.live_mode, "url": pilot_page.live_address(chosen, sn)},
                "map": {"userName": str(token.user), "elementPreName": chosen.element_prefix},
                "log_key": chosen.log_public_key,
                "apps": [
                    {
                        "name": app.name,
                        "package": app.package,
                        "url": app.url,
                        "icon": app.icon.path if app.icon else "",
                    }
                    for app in pilot_page.apps_of(token.workspace)
                ],
            }
        )


class RenewView(APIView):
    """A fresh token; the old one lives on for a minute, in which the page hands the new one to Pilot's modules."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="pilot_token", request=RemoteRequest, responses=RenewedShape, tags=["pilot"])
    def post(self, request: Request) -> Response:
        asked = RemoteRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        token, key = pilot_page.renew(token_of(request))
        if sn := asked.validated_data.get("device_sn"):
            pilot_presence.use(token, sn)
        return Response({"access_token": key, "token_seconds": seconds_left(token)})


class ReportView(APIView):
    """How the modules on a remote are. The connection doctor shows it; nothing else does."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="pilot_report", request=ReportRequest, responses=Nothing, tags=["pilot"])
    def post(self, request: Request) -> Response:
        asked = ReportRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        modules = {one["name"]: {"state": one["state"], "reason": one["reason"]} for one in said["modules"]}
        pilot_presence.note_report(token_of(request), said["device_sn"], modules, said["version"])
        return Response({})


@require_safe
def icon(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An uploaded icon. Pilot loads it without a token; its address is not to be guessed and its content never
    changes.
    """
    found = Icon.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    answer = HttpResponse(bytes(found.image), content_type="image/png")
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
