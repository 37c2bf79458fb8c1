"""Who is out there: what Pilot 2 draws on its map, and one device of it (situational awareness)."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Device
from devices.models.device import Domain
from devices.services.icons import Icons
from fleet.api.permissions import WorkspaceMember, token_of


class ModelShape(serializers.Serializer[Any]):
    """The same key under both of its names; numbers as text, as documented."""

    key = serializers.CharField()
    device_model_key = serializers.CharField()
    domain = serializers.CharField()
    type = serializers.CharField()
    sub_type = serializers.CharField()
    name = serializers.CharField()


class IconShape(serializers.Serializer[Any]):
    normal_icon_url = serializers.CharField()
    selected_icon_url = serializers.CharField()


class DeviceShape(serializers.Serializer[Any]):
    sn = serializers.CharField()
    device_callsign = serializers.CharField()
    device_model = ModelShape()
    online_status = serializers.BooleanField()
    user_id = serializers.CharField(allow_blank=True)
    user_callsign = serializers.CharField(allow_blank=True)
    icon_urls = IconShape()
    model = serializers.CharField()
    bound_status = serializers.BooleanField()
    gateway_sn = serializers.CharField(allow_blank=True)
    domain = serializers.IntegerField()


class TopologyShape(serializers.Serializer[Any]):
    hosts = DeviceShape(many=True)
    parents = DeviceShape(many=True)


class TopologiesShape(serializers.Serializer[Any]):
    list = TopologyShape(many=True)


def describe(device: Device, gateway_sn: str = "", icons: Icons | None = None) -> dict[str, Any]:
    """One device as Pilot reads it. Reads `model` and `user`: select them along; lists share one `icons`."""
    icon = (icons or Icons(device.workspace_id)).of(device)
    key = device.model_id or f"{device.domain}-0-0"
    domain, kind, sub_type = [*key.split("-"), "0", "0", "0"][:3]
    return {
        "sn": device.sn,
        "device_callsign": device.callsign or device.sn,
        "device_model": {
            "key": key,
            "device_model_key": key,
            "domain": domain,
            "type": kind,
            "sub_type": sub_type,
            "name": device.model_name,
        },
        "online_status": device.online,
        "user_id": str(device.user_id) if device.user_id else "",
        "user_callsign": str(device.user) if device.user else "",
        "icon_urls": {"normal_icon_url": icon.normal, "selected_icon_url": icon.selected},
        "model": device.model_name,
        "bound_status": device.bound_at is not None,
        "gateway_sn": gateway_sn,
        "domain": device.domain,
    }


class TopologiesView(APIView):
    """Every dock and remote of the workspace with its aircraft.

    An aircraft is told together with the gateway it flies on, because Pilot attaches it there; one without a
    gateway is not in the air for anybody and is left out.
    """

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="topologies", responses=TopologiesShape, tags=["devices"])
    def get(self, request: Request, workspace_id: str) -> Response:
        workspace = token_of(request).workspace_id
        here = Device.objects.filter(workspace_id=workspace).select_related("model", "user")
        aircraft = here.filter(domain=Domain.AIRCRAFT).order_by("index", "sn")
        gateways = (
            here.filter(domain__in=(Domain.DOCK, Domain.REMOTE))
            .prefetch_related(Prefetch("sub_devices", queryset=aircraft, to_attr="aircraft"))
            .order_by("callsign", "sn")
        )
        icons = Icons(workspace)
        return Response(
            {
                "list": [
                    {
                        "hosts": [describe(host, gateway.sn, icons) for host in gateway.aircraft],
                        "parents": [describe(gateway, icons=icons)],
                    }
                    for gateway in gateways
                ]
            }
        )


class DeviceView(APIView):
    """One device of the workspace; of another workspace's there is no trace."""

    permission_classes = [WorkspaceMember]

    @extend_schema(operation_id="device", responses=DeviceShape, tags=["devices"])
    def get(self, request: Request, workspace_id: str, sn: str) -> Response:
        found = (
            Device.objects.filter(workspace_id=token_of(request).workspace_id, sn=sn)
            .select_related("model", "user", "gateway")
            .first()
        )
        if found is None:
            raise Http404
        gateway = found.gateway
        return Response(describe(found, gateway.sn if gateway else ""))
