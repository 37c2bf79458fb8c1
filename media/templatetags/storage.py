"""What pages of other apps show of the storage."""

from __future__ import annotations

from django import template

from devices.models import Device
from devices.models.device import Domain
from media.services.credentials import devices

register = template.Library()


@register.simple_tag
def storage_restart(device: Device) -> str:
    """Why a dock has to be restarted before its uploads arrive; "" when it has not, and for other devices."""
    return devices.needs_restart(device) if device.domain == Domain.DOCK else ""
