"""What Pilot 2 asks and says of media (pages "Media file", HTTPS): paths and spellings are the Cloud API's."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fleet.api.envelope import BusinessError, Code
from fleet.api.permissions import WorkspacePilot, token_of
from fleet.mqtt.messages import Json
from media.models import MediaGroup
from media.services.library import announce, groups, known, said

#: A remote's card holds some ten thousand files.
MOST_FINGERPRINTS = 20_000


class FastUpload(serializers.Serializer[Any]):
    """As documented; `fingerprint` decides, the rest may be missing."""

    fingerprint = serializers.CharField()
    name = serializers.CharField(required=False)
    path = serializers.CharField(required=False)
    ext = serializers.DictField(required=False)


class TinyFingerprints(serializers.Serializer[Any]):
    tiny_fingerprints = serializers.ListField(child=serializers.CharField())


class UploadCallback(serializers.Serializer[Any]):
    """As documented; with a `result` other than 0 or without, any field may be missing."""

    result = serializers.IntegerField(required=False)
    object_key = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    path = serializers.CharField(required=False)
    fingerprint = serializers.CharField(required=False)
    sub_file_type = serializers.IntegerField(required=False, help_text="0 normal, 1 panorama")
    ext = serializers.DictField(required=False)
    metadata = serializers.DictField(required=False)


class Uploaded(serializers.Serializer[Any]):
    object_key = serializers.CharField()


class GroupUploadCallback(serializers.Serializer[Any]):
    file_group_id = serializers.CharField()
    file_count = serializers.IntegerField(required=False)
    file_uploaded_count = serializers.IntegerField(required=False)


def _body(request: Request) -> Json:
    """The body as an object. Raises `ValidationError`, which Pilot shows and goes on."""
    if not isinstance(request.data, dict):
        raise ValidationError({"body": _("The request's body must be a JSON object.")})
    return dict(request.data)


class FastUploadView(APIView):
    """Do you have this file? `code` 0: yes, do not send it. Any other: no."""

    permission_classes = [WorkspacePilot]

    @extend_schema(
        operation_id="media_fast_upload", request=FastUpload, responses=serializers.DictField(), tags=["media"]
    )
    def post(self, request: Request, workspace_id: str) -> Response:
        fingerprint = said.text(_body(request).get("fingerprint"), 128)
        if not known.has(token_of(request).workspace_id, fingerprint):
            raise BusinessError(Code.REFUSED, _("This file is not here yet."))
        return Response({})


class TinyFingerprintsView(APIView):
    """Which of these files do you have?"""

    permission_classes = [WorkspacePilot]

    @extend_schema(
        operation_id="media_tiny_fingerprints", request=TinyFingerprints, responses=TinyFingerprints, tags=["media"]
    )
    def post(self, request: Request, workspace_id: str) -> Response:
        asked = _body(request).get("tiny_fingerprints")
        if not isinstance(asked, list) or len(asked) > MOST_FINGERPRINTS:
            raise ValidationError(
                {"tiny_fingerprints": _("A list of at most %(most)d fingerprints.") % {"most": MOST_FINGERPRINTS}}
            )
        wanted = (said.text(value, 128) for value in asked)
        return Response({"tiny_fingerprints": known.known(token_of(request).workspace_id, wanted)})


class UploadCallbackView(APIView):
    """A file was put into the bucket, or could not be. Said twice, it is one file."""

    permission_classes = [WorkspacePilot]

    @extend_schema(operation_id="media_uploaded", request=UploadCallback, responses=Uploaded, tags=["media"])
    def post(self, request: Request, workspace_id: str) -> Response:
        token = token_of(request)
        sender = announce.Sender(token.workspace, name=token.user.get_username())
        body = _body(request)
        try:
            file = announce.announced(sender, body)
        except announce.Refused as refused:
            raise BusinessError(Code.REFUSED, str(refused)) from refused
        return Response({"object_key": file.object_key or said.text(body.get("object_key"), 1024)})


class GroupUploadCallbackView(APIView):
    """How far Pilot is with the files of one mission."""

    permission_classes = [WorkspacePilot]

    @extend_schema(
        operation_id="media_group_uploaded",
        request=GroupUploadCallback,
        responses=serializers.DictField(),
        tags=["media"],
    )
    def post(self, request: Request, workspace_id: str) -> Response:
        body = _body(request)
        key = said.text(body.get("file_group_id"), 64)
        if not key:
            raise ValidationError({"file_group_id": _("Which group of files this is about.")})
        token = token_of(request)
        group = groups.heard(token.workspace_id, MediaGroup.Origin.PILOT, key, None, None)
        groups.counted(
            group,
            expected=said.whole(body.get("file_count")),
            reported=said.whole(body.get("file_uploaded_count")),
            extra=said.plain(body),
        )
        return Response({})
