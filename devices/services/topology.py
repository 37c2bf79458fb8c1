"""Which aircraft hangs on which gateway (`update_topo`; protocol page “device management”)."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from devices.models import Device, DeviceModel
from devices.models.device import Domain
from devices.services import presence, rejects, telemetry
from devices.services.broker import sync
from fleet.mqtt.messages import Json, Message, Rejected, now_ms
from fleet.protocol import device_models
from fleet.services import broadcast

logger = logging.getLogger(__name__)

#: A topology further back than this (ms) than the last one means that the gateway's clock was corrected.
_CLOCK_SET_BACK = 30_000


def gateway_of(message: Message) -> Device:
    """The registered gateway that sent a message. Raises `Rejected` (`unregistered`)."""
    gateway = Device.objects.select_related("workspace").filter(sn=message.sn).first()
    if gateway is None:
        raise Rejected("unregistered", "No dock or remote with this serial number is registered.")
    return gateway


def model_row(domain: Any, type_: Any, sub_type: Any) -> DeviceModel | None:
    """The row of a model; an unheard-of one gets a row without a name, for the operator to fill in."""
    try:
        key = device_models.key_of(domain, type_, sub_type)
    except (TypeError, ValueError):
        return None
    return model_by_key(key)


def model_by_key(key: str) -> DeviceModel:
    known = device_models.find(key)
    row, _ = DeviceModel.objects.get_or_create(key=key[:32], defaults={"name": known.name if known else ""})
    return row


def update(message: Message) -> None:
    """Take a gateway's topology: its own model, and every aircraft linked to it.

    An aircraft named here moves to this gateway; one that is no longer named leaves it and is offline. A topology
    older than the last one believed (by the gateway's clock) only counts as a sign of life. An aircraft of another
    workspace is not touched: the conflict is written to the reject log.
    """
    gateway = gateway_of(message)
    stamp = message.timestamp or now_ms()
    telemetry.seen(gateway.sn)
    if 0 < gateway.topology_stamp - stamp < _CLOCK_SET_BACK:
        return
    data = message.fields
    model_before = gateway.model_id
    _describe(gateway, data, default_domain=gateway.domain)
    gateway.topology_stamp = stamp
    gateway.save(update_fields=["model", "thing_version", "topology_stamp"])
    listed = data.get("sub_devices")
    present: list[int] = []
    moved = False
    for entry in listed if isinstance(listed, list) else []:
        aircraft, changed = _link(gateway, entry, message)
        moved = moved or changed
        if aircraft is not None:
            present.append(aircraft.pk)
    gone = list(gateway.sub_devices.exclude(pk__in=present).values_list("pk", flat=True))
    presence.came_online([gateway.pk, *present])
    presence.went_offline(gone)
    if gone:
        Device.objects.filter(pk__in=gone, gateway=gateway).update(gateway=None)
    if moved or gone or gateway.model_id != model_before:
        sync.request(gateway.pk)
        broadcast.to_workspace(gateway.workspace_id, "device_update_topo", {})
        broadcast.changed(gateway.workspace_id, "topology", id=gateway.pk)


def _describe(device: Device, entry: Json, *, default_domain: int) -> None:
    domain = entry.get("domain")
    model = model_row(default_domain if domain in (None, "") else domain, entry.get("type"), entry.get("sub_type"))
    if model is not None:
        device.model = model
    device.thing_version = str(entry.get("thing_version") or device.thing_version or "")[:16]


def _link(gateway: Device, entry: Any, message: Message) -> tuple[Device | None, bool]:
    """One listed aircraft; whether it is new to this gateway."""
    sn = str(entry.get("sn") or "") if isinstance(entry, dict) else ""
    if not sn or len(sn) > 64 or sn == gateway.sn:
        rejects.note_message(message, "sub_device", "A sub-device without a usable serial number was left out.")
        return None, False
    aircraft = Device.objects.filter(sn=sn).first()
    if aircraft is None:
        with transaction.atomic():
            aircraft, _ = Device.objects.get_or_create(
                sn=sn, defaults={"workspace": gateway.workspace, "domain": Domain.AIRCRAFT, "bound_at": timezone.now()}
            )
    if aircraft.workspace_id != gateway.workspace_id or aircraft.is_gateway:
        rejects.note_message(
            message, "conflict", f"Sub-device {sn} belongs elsewhere; it was not linked to this gateway."
        )
        return None, False
    before = aircraft.gateway_id
    _describe(aircraft, entry, default_domain=Domain.AIRCRAFT)
    aircraft.gateway = gateway
    aircraft.index = str(entry.get("index") or "")[:16]
    aircraft.save(update_fields=["model", "thing_version", "gateway", "index"])
    if before not in (None, gateway.pk):
        logger.info("aircraft %s moved to gateway %s", sn, gateway.sn)
        sync.request(before)
    return aircraft, before != gateway.pk
