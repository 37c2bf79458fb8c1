"""property/set: every property is answered on its own, and telemetry shows the new value."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.protocol import properties
from fleet.simulator import checking

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

OK, FAILED = 0, 1


async def obey(gateway: SimulatedGateway, message: Message) -> None:
    """Take one property/set message."""
    wanted = message.data if isinstance(message.data, Mapping) else {}
    if gateway.behaviour.lag:
        await asyncio.sleep(gateway.behaviour.lag)
    results = {
        name: set_property(gateway, name, value)
        for name, value in wanted.items()
        if name not in gateway.behaviour.silent
    }
    if results or not wanted:
        gateway.reply("property/set_reply", message, {name: {"result": result} for name, result in results.items()})
    gateway.signal.notify()


def set_property(gateway: SimulatedGateway, name: str, value: Any) -> int:
    """Set one property of the gateway or of its aircraft; 0 when it is done, else a result code."""
    if name in gateway.behaviour.fail:
        return gateway.behaviour.fail[name]
    for aircraft in (False, True):
        key = gateway.profile.aircraft_key if aircraft else gateway.profile.model_key
        known = properties.writable(key, gateway.profile.product)
        declared = properties.resolve(known, name)
        if declared is None:
            continue
        # Of a struct any part may be set: what is absent keeps its value.
        wrong = checking.value_problems(declared.field, value, name)
        if isinstance(value, Mapping):
            settable = {child.name for child in declared.field.children}
            wrong += [f"{name}.{part} cannot be set" for part in value if settable and part not in settable]
        wrong = [text for text in wrong if "is missing" not in text]
        if wrong:
            log.warning("%s: %s", gateway.sn, "; ".join(wrong))
            return FAILED
        values = gateway.aircraft_values if aircraft else gateway.values
        old = values.get(name)
        values[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, Mapping) else value
        log.info("%s: %s = %r", gateway.sn, name, value)
        if declared.push == "state":
            gateway.push_state({name: values[name]}, aircraft=aircraft)
        elif name != gateway.profile.camera:
            (gateway.aircraft_set if aircraft else gateway.own_set).add(name)
        return OK
    log.warning("%s: %s cannot be set", gateway.sn, name)
    return FAILED
