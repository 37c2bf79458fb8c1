"""Who is online. A device is online from its first sign of life or its topology until it is silent or says goodbye."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from devices.models import Device
from fleet.services import broadcast


def came_online(device_ids: Iterable[int]) -> int:
    """Mark devices online; announces only those that were not. Returns how many those were."""
    return _turn(Device.objects.filter(pk__in=list(device_ids)), online=True)


def went_offline(device_ids: Iterable[int]) -> int:
    """Mark devices offline; announces only those that were online. Returns how many those were."""
    return _turn(Device.objects.filter(pk__in=list(device_ids)), online=False)


def sweep() -> int:
    """Everything silent for `FLEET_OFFLINE_AFTER` seconds goes offline. Returns how many."""
    limit = timezone.now() - timedelta(seconds=settings.OFFLINE_AFTER)
    silent = Device.objects.filter(online=True, online_changed_at__lt=limit).filter(
        Q(state__seen_at__lt=limit) | Q(state__isnull=True)
    )
    return went_offline(silent.values_list("pk", flat=True))


def _turn(devices: QuerySet[Device], *, online: bool) -> int:
    """One statement for all of them; of two processes that notice at once, one turns and announces."""
    with transaction.atomic():
        turned = list(devices.filter(online=not online).order_by("pk").select_for_update(of=("self",)))
        Device.objects.filter(pk__in=[device.pk for device in turned]).update(
            online=online, online_changed_at=timezone.now()
        )
    for device in turned:
        broadcast.to_workspace(
            device.workspace_id,
            "device_online" if online else "device_offline",
            {"sn": device.sn, "online_status": online},
        )
        broadcast.changed(device.workspace_id, "device", id=device.pk)
    return len(turned)
