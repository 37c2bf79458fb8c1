"""The route library as Pilot 2 asks for it (HTTPS pages "Waypoint management"). Paths and spellings are fixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseRedirect
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fleet.api.envelope import BusinessError, Code
from fleet.api.permissions import WorkspaceMember, WorkspacePilot, token_of
from waylines.models import Route
from waylines.services.routes import library, listing, names, uploads
from waylines.services.routes.refused import RouteRefused

USUAL_PAGE, LARGEST_PAGE, LAST_PAGE = 10, 100, 1_000_000
#: More names or ids in one question are no question of Pilot's.
MOST_ASKED = 1_000
#: Seconds within which a remote fetches what it asked for.
URL_SECONDS = 3600


class StartPoint(serializers.Serializer[Any]):
    start_latitude = serializers.FloatField()
    start_lontitude = serializers.FloatField(help_text="The Cloud API's spelling.")
    start_longitude = serializers.FloatField()


class Wayline(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    drone_model_key = serializers.CharField()
    payload_model_keys = serializers.ListField(child=serializers.CharField())
    template_types = serializers.ListField(child=serializers.IntegerField())
    action_type = serializers.IntegerField()
    favorited = serializers.BooleanField()
    update_time = serializers.IntegerField(help_text="Milliseconds.")
    create_time = serializers.IntegerField(help_text="Milliseconds.")
    user_name = serializers.CharField()
    sign = serializers.CharField(help_text="MD5 in hexadecimal.")
    object_key = serializers.CharField()
    start_wayline_point = StartPoint(required=False)


class Pagination(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    page_size = serializers.IntegerField()
    total = serializers.IntegerField()


class WaylineList(serializers.Serializer[Any]):
    list = serializers.ListField(child=Wayline())
    pagination = Pagination()


class Metadata(serializers.Serializer[Any]):
    drone_model_key = serializers.CharField(required=False)
    payload_model_keys = serializers.ListField(child=serializers.CharField(), required=False)
    template_types = serializers.ListField(child=serializers.IntegerField(), required=False)


class UploadCallback(serializers.Serializer[Any]):
    object_key = serializers.CharField()
    name = serializers.CharField(required=False)
    metadata = Metadata(required=False)


class StorageAway(APIException):
    """Our fault, and over in a while: Pilot shows it and may ask again."""

    status_code = 503


def describe(route: Route) -> dict[str, Any]:
    """One route of `listing.routes` as Pilot reads it."""
    found: dict[str, Any] = {
        "id": str(route.pk),
        "name": route.name,
        "drone_model_key": route.drone_model_key,
        "payload_model_keys": route.payload_model_keys,
        "template_types": route.template_types,
        "action_type": route.action_type or 0,
        "favorited": bool(getattr(route, "favorited", False)),
        "update_time": int(route.updated_at.timestamp() * 1000),
        "create_time": int(route.created_at.timestamp() * 1000),
        "user_name": route.user_name,
        "sign": route.file.sign,
        "object_key": route.file.object_key,
    }
    if route.start_latitude is not None and route.start_longitude is not None:
        found["start_wayline_point"] = {
            "start_latitude": route.start_latitude,
            "start_lontitude": route.start_longitude,
            "start_longitude": route.start_longitude,
        }
    return found


def _words(request: Request, *names: str) -> list[str]:
    """An array in the query: repeated, with commas or with brackets behind its name, as clients please."""
    given = (value for name in names for spelt in (name, f"{name}[]") for value in request.query_params.getlist(spelt))
    return [word for value in given for word in (part.strip(" \"'") for part in value.strip("[]").split(",")) if word]


def _whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValidationError({name: _("A whole number is expected here.")}) from None


def _number(request: Request, name: str, usual: int, least: int, most: int) -> int:
    given = request.query_params.get(name, "").strip()
    return min(max(_whole(name, given), least), most) if given else usual


class WaylineListView(APIView):
    """The library, page by page.

    `favorited` filters only when it is true and `action_type` only when it is 1: without them all routes are meant.
    """

    permission_classes = [WorkspaceMember]

    @extend_schema(
        operation_id="waylines",
        parameters=[
            OpenApiParameter("favorited", bool, description="Only those with the caller's star."),
            OpenApiParameter("order_by", str, description="`update_time desc`, `create_time`, `name`, `user_name`."),
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description=f"At most {LARGEST_PAGE}."),
            OpenApiParameter("template_type", int, many=True),
            OpenApiParameter("action_type", int, description="1: with AI Spot-Check."),
            OpenApiParameter("drone_model_keys", str, many=True),
            OpenApiParameter("payload_model_key", str, many=True),
            OpenApiParameter("key", str, description="Part of the name."),
        ],
        responses=WaylineList,
        tags=["waylines"],
    )
    def get(self, request: Request, workspace_id: str) -> Response:
        token = token_of(request)
        found = listing.routes(
            token.workspace_id,
            token.user,
            favorited=request.query_params.get("favorited", "").lower() in ("true", "1"),
            template_types=[_whole("template_type", word) for word in _words(request, "template_type")[:50]],
            action_type=_number(request, "action_type", 0, 0, 1000),
            drone_model_keys=_words(request, "drone_model_keys", "drone_model_key")[:50],
            payload_model_keys=_words(request, "payload_model_key", "payload_model_keys")[:50],
            key=request.query_params.get("key", "").replace("\x00", "")[:200],
            order_by=request.query_params.get("order_by", "")[:200],
        )
        page = _number(request, "page", 1, 1, LAST_PAGE)
        size = _number(request, "page_size", USUAL_PAGE, 1, LARGEST_PAGE)
        rows = found[(page - 1) * size : page * size]
        return Response(
            {
                "list": [describe(route) for route in rows],
                "pagination": {"page": page, "page_size": size, "total": found.count()},
            }
        )


class WaylineUrlView(APIView):
    """Where the file lies: a redirect to the bucket, good for a while and for this file only."""

    permission_classes = [WorkspaceMember]

    @extend_schema(
        operation_id="wayline_url",
        responses={302: OpenApiResponse(description="The file's address.")},
        tags=["waylines"],
    )
    def get(self, request: Request, workspace_id: str, pk: str) -> HttpResponseRedirect:
        try:
            number = UUID(pk)
        except ValueError:
            raise Http404 from None
        rows = Route.objects.filter(workspace_id=token_of(request).workspace_id)
        route = rows.select_related("file").defer("file__facts", "file__outline").filter(pk=number).first()
        if route is None:
            raise Http404
        try:
            return HttpResponseRedirect(library.url(route.file, URL_SECONDS))
        except RouteRefused as refusal:
            raise StorageAway(refusal.message) from refusal


class DuplicateNamesView(APIView):
    """Which names are taken, asked before an upload."""

    permission_classes = [WorkspaceMember]

    @extend_schema(
        operation_id="wayline_duplicate_names",
        parameters=[OpenApiParameter("name", str, many=True, required=True)],
        responses=serializers.ListField(child=serializers.CharField()),
        tags=["waylines"],
    )
    def get(self, request: Request, workspace_id: str) -> Response:
        # A name may hold a comma, so each has to be given on its own here.
        asked = [*request.query_params.getlist("name"), *request.query_params.getlist("name[]")]
        asked = [name.replace("\x00", "")[:500] for name in asked[:MOST_ASKED]]
        return Response(names.taken(token_of(request).workspace_id, asked))


class UploadCallbackView(APIView):
    """A remote put a route into the bucket."""

    permission_classes = [WorkspacePilot]

    @extend_schema(
        operation_id="wayline_upload_callback",
        request=UploadCallback,
        responses=serializers.DictField(),
        tags=["waylines"],
    )
    def post(self, request: Request, workspace_id: str) -> Response:
        token, said = token_of(request), request.data
        if not isinstance(said, dict):
            raise ValidationError({"body": _("The request's body must be a JSON object.")})
        key, name, metadata = said.get("object_key"), said.get("name"), said.get("metadata")
        if not isinstance(key, str) or not key:
            raise ValidationError({"object_key": _("The key of the uploaded file is missing.")})
        try:
            uploads.came(
                token.workspace,
                key,
                name=name if isinstance(name, str) else "",
                claims=metadata if isinstance(metadata, dict) else {},
                user=token.user,
            )
        except RouteRefused as refusal:
            if refusal.reason == "not_yours":
                raise PermissionDenied(refusal.message) from refusal
            if refusal.reason == "storage":
                raise StorageAway(refusal.message) from refusal
            raise BusinessError(Code.REFUSED, refusal.message, {"reason": refusal.reason}) from refusal
        return Response({})


class FavoritesView(APIView):
    """The caller's stars: set and taken back, many at once."""

    permission_classes = [WorkspacePilot]
    _ids = OpenApiParameter("id", str, many=True, description="Routes; also as `id` in the body.")

    @extend_schema(
        operation_id="wayline_favorites_add",
        parameters=[_ids],
        request=None,
        responses=serializers.DictField(),
        tags=["waylines"],
    )
    def post(self, request: Request, workspace_id: str) -> Response:
        token = token_of(request)
        library.star(token.workspace, _asked_ids(request), user=token.user)
        return Response({})

    @extend_schema(
        operation_id="wayline_favorites_remove",
        parameters=[_ids],
        request=None,
        responses=serializers.DictField(),
        tags=["waylines"],
    )
    def delete(self, request: Request, workspace_id: str) -> Response:
        token = token_of(request)
        library.unstar(token.workspace, _asked_ids(request), user=token.user)
        return Response({})


def _asked_ids(request: Request) -> list[str]:
    """From the query (documented), else from the body. Raises `ValidationError` when there is none at all."""
    found = (_words(request, "id", "ids") or list(_in_body(request.data)))[:MOST_ASKED]
    if not found:
        raise ValidationError({"id": _("Name at least one route.")})
    return found


def _in_body(body: Any) -> Iterator[str]:
    given = body.get("id", body.get("ids")) if isinstance(body, dict) else body
    if isinstance(given, str):
        yield from (word.strip() for word in given.split(",") if word.strip())
    elif isinstance(given, list):
        yield from (word for word in given if isinstance(word, str))
