"""How a dock joins its organisation (protocol pages “organization management” and “configuration update”).

The organisation id is the workspace's id and the binding code its bind code. A gateway was registered by an operator
before it could reach the broker at all, so its workspace is known; the code proves that whoever set up the dock on
site meant this workspace.
"""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from django.utils import timezone

from devices.models import Device
from devices.models.device import Domain
from devices.services.topology import gateway_of, model_by_key
from fleet.mqtt.messages import Json, Message
from fleet.protocol import device_models
from fleet.services import audit, broadcast

#: The pages show 210231 as a device's `err_code` and explain none; its neighbours are ours, to tell them apart.
WRONG_CODE = 210231
BOUND_ELSEWHERE = 210232
NO_ORGANISATION = 210230


def config(message: Message) -> Json:
    """`config`: licence and time server. The reply carries the values directly, without a `result`."""
    workspace = gateway_of(message).workspace
    return {
        "ntp_server_host": workspace.ntp_host or settings.NTP_HOST,
        "ntp_server_port": workspace.ntp_port or settings.NTP_PORT,
        "app_id": workspace.app_id or settings.DJI_APP_ID,
        "app_key": workspace.app_key or settings.DJI_APP_KEY,
        "app_license": workspace.app_license or settings.DJI_APP_LICENSE,
    }


def bind_status(message: Message) -> Json:
    """`airport_bind_status`: for each serial asked about, whether it is bound to the gateway's workspace."""
    gateway = gateway_of(message)
    asked = [str(entry.get("sn") or "") for entry in _entries(message.fields.get("devices"))]
    known = {device.sn: device for device in Device.objects.filter(workspace=gateway.workspace, sn__in=asked)}
    statuses = []
    for sn in asked:
        device = known.get(sn)
        bound = device is not None and device.bound_at is not None
        statuses.append(
            {
                "sn": sn,
                "is_device_bind_organization": bound,
                "organization_id": str(gateway.workspace_id) if bound else "",
                "organization_name": gateway.workspace.name if bound else "",
                "device_callsign": device.callsign if device is not None and bound else "",
            }
        )
    return {"result": 0, "output": {"bind_status": statuses}}


def organisation(message: Message) -> Json:
    """`airport_organization_get`: the organisation's name, for a right id and code."""
    gateway = gateway_of(message)
    problem = _check(gateway, message.fields)
    if problem:
        return {"result": problem, "output": {"organization_name": ""}}
    return {"result": 0, "output": {"organization_name": gateway.workspace.name}}


def bind(message: Message) -> Json:
    """`airport_organization_bind`: binds the dock and its aircraft; each refused device is named with its code."""
    gateway = gateway_of(message)
    errors, bound = [], []
    for entry in _entries(message.fields.get("bind_devices")):
        sn = str(entry.get("sn") or "")
        problem = _check(gateway, entry) or _bind_one(gateway, sn, entry)
        if problem:
            errors.append({"sn": sn, "err_code": problem})
        else:
            bound.append(sn)
    audit.record(
        "gateway.bound" if bound and not errors else "gateway.bind_refused",
        workspace=gateway.workspace,
        actor=gateway.sn,
        target=gateway.sn,
        bound=bound,
        refused=errors,
    )
    if bound:
        broadcast.changed(gateway.workspace_id, "topology", id=gateway.pk)
    result = errors[0]["err_code"] if errors and not bound else 0
    return {"result": result, "output": {"err_infos": errors}}


def _bind_one(gateway: Device, sn: str, entry: Json) -> int:
    if not sn or len(sn) > 64:
        return NO_ORGANISATION
    key = str(entry.get("device_model_key") or "")
    model = device_models.find(key)
    domain = gateway.domain if sn == gateway.sn else (model.domain if model else _domain_of(key))
    if sn != gateway.sn and domain in (Domain.DOCK, Domain.REMOTE):
        return BOUND_ELSEWHERE  # a gateway binds itself, never another one
    device, created = Device.objects.get_or_create(
        sn=sn, defaults={"workspace": gateway.workspace, "domain": domain, "bound_at": timezone.now()}
    )
    if device.workspace_id != gateway.workspace_id or (sn != gateway.sn and device.is_gateway):
        return BOUND_ELSEWHERE
    if key:
        device.model = model_by_key(key)
    # The name typed on site counts until somebody gave one here.
    device.callsign = device.callsign or str(entry.get("device_callsign") or "")[:100]
    if created or device.bound_at is None:
        device.bound_at = timezone.now()
    device.save(update_fields=["model", "callsign", "bound_at"])
    return 0


def _check(gateway: Device, entry: Json) -> int:
    """0 when organisation id and code are this workspace's, else the protocol's error code."""
    if str(entry.get("organization_id") or "").lower() != str(gateway.workspace_id):
        return NO_ORGANISATION
    code = str(entry.get("device_binding_code") or "").strip().upper()
    return 0 if hmac.compare_digest(code.encode(), gateway.workspace.bind_code.upper().encode()) else WRONG_CODE


def _domain_of(key: str) -> int:
    first = key.split("-", 1)[0]
    return int(first) if first in {"0", "1", "2", "3"} else int(Domain.AIRCRAFT)


def _entries(value: Any) -> list[Json]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
