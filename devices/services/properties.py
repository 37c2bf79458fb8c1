"""Changing what a device lets be changed (`property/set`; protocol pages “properties”)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from devices.models import Command, Device
from devices.models.command import Channel
from devices.services import validation
from devices.services.commands import CommandRefused, create, gateway_for
from fleet.models import Role, User
from fleet.protocol import properties
from fleet.protocol.methods import Danger
from fleet.services import access


def writable(device: Device) -> dict[str, properties.Property]:
    """The properties of this device that may be set, by name."""
    gateway = device if device.is_gateway else device.gateway
    return dict(properties.writable(device.model_id or "", gateway.product if gateway else None))


def set_properties(
    device: Device,
    values: dict[str, Any],
    *,
    user: User | None,
    confirmed: bool = False,
    request_key: str | None = None,
    actor: str = "",
) -> Command:
    """Ask the device's gateway to set properties; the row ends with a result for each. Raises `CommandRefused`."""
    gateway = gateway_for(device)
    if user is not None and not access.may(user, gateway.workspace_id, Role.OPERATOR):
        raise CommandRefused(
            "forbidden", _("This needs the role “%(role)s” in this workspace.") % {"role": Role.OPERATOR.label}
        )
    if not values:
        raise CommandRefused("invalid", _("Name at least one property."))
    known = writable(device)
    named = {name: properties.resolve(known, name) for name in values}
    unknown = [name for name, found in named.items() if known and found is None]
    if unknown:
        raise CommandRefused("invalid", _("Not to be set on this device: %(names)s") % {"names": ", ".join(unknown)})
    try:
        validation.check([replace(found.field, name=name) for name, found in named.items() if found], values)
    except validation.InvalidData as error:
        raise CommandRefused("invalid", str(error), error.errors) from None
    if not confirmed:
        raise CommandRefused("unconfirmed", _("This needs to be confirmed: it changes how a real machine behaves."))
    return create(
        gateway,
        Channel.PROPERTY_SET,
        ", ".join(sorted(values))[:64],
        values,
        user=user,
        actor=actor,
        danger=Danger.CONFIRM,
        request_key=request_key,
    )
