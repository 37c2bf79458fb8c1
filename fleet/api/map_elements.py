"""The shared map for Pilot 2 (HTTPS page "Map elements"): groups with their elements, draw, change, delete."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fleet.api.envelope import BusinessError, Code
from fleet.api.permissions import WorkspaceMember, WorkspacePilot, token_of
from fleet.services.map_elements import elements, groups, listing
from fleet.services.map_elements.geometry import BadGeometry
from fleet.services.map_elements.groups import MapRefused


class ResourceShape(serializers.Serializer[Any]):
    type = serializers.IntegerField()
    content = serializers.DictField()


class NewShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    resource = ResourceShape()


class ChangeShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    content = serializers.DictField()


class IdShape(serializers.Serializer[Any]):
    id = serializers.CharField()


class _MapView(APIView):
    """Turns what the services refuse into Pilot's envelope."""

    permission_classes = [WorkspacePilot]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, BadGeometry):
            exc = exceptions.ValidationError({"geometry": [str(exc)]})
        elif isinstance(exc, MapRefused):
            exc = exceptions.NotFound(str(exc)) if exc.missing else BusinessError(Code.REFUSED, str(exc))
        return super().handle_exception(exc)


class GroupsView(_MapView):
    """Groups that remotes are shown (`is_distributed=false`: the others), and what is in them; `group_id` for one.

    A remote asks for a group that it was told has changed: of one that is gone the answer is an empty list.
    """

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="map_groups", responses={200: list[dict[str, Any]]}, tags=["map"])
    def get(self, request: Request, workspace_id: str) -> Response:
        workspace = token_of(request).workspace
        wanted = request.query_params.get("group_id")
        distributed = request.query_params.get("is_distributed", "").lower() not in ("false", "0")
        try:
            group_id = groups.find(workspace, wanted).pk if wanted else None
        except MapRefused:
            return Response([])
        return Response(listing.for_pilot(workspace, group_id=group_id, distributed=distributed))


class ElementsView(_MapView):
    """Draw an element into a group."""

    @extend_schema(operation_id="map_element_create", request=NewShape, responses=IdShape, tags=["map"])
    def post(self, request: Request, workspace_id: str, group_id: str) -> Response:
        token = token_of(request)
        groups.ensure(token.workspace)
        group = groups.find(token.workspace, group_id)
        data = _object(request.data)
        resource = _object(data.get("resource"))
        made = elements.create(
            token.workspace,
            group,
            element_id=data.get("id"),
            name=data.get("name"),
            type_=resource.get("type"),
            content=resource.get("content"),
            user=token.user,
            from_pilot=True,
        )
        return Response({"id": str(made.pk)})


class ElementView(_MapView):
    """Change or delete one element."""

    @extend_schema(operation_id="map_element_update", request=ChangeShape, responses=IdShape, tags=["map"])
    def put(self, request: Request, workspace_id: str, element_id: str) -> Response:
        token = token_of(request)
        element = elements.find(token.workspace, element_id)
        data = _object(request.data)
        elements.update(element, user=token.user, name=data.get("name"), content=data.get("content"), from_pilot=True)
        return Response({"id": str(element.pk)})

    @extend_schema(operation_id="map_element_delete", responses=IdShape, tags=["map"])
    def delete(self, request: Request, workspace_id: str, element_id: str) -> Response:
        token = token_of(request)
        element = elements.find(token.workspace, element_id)
        elements.delete(element, user=token.user, from_pilot=True)
        return Response({"id": str(element.pk)})


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise exceptions.ParseError(_("A JSON object is needed here."))
    return value
