"""Progress events of long commands: same method, same bid, step after step, to a final state."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fleet.protocol import methods

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

STEP_SECONDS = 1.0


def step_field(product: str, event: str) -> tuple[str, list[Any]]:
    """The name of an event's step field ("step_key" or "current_step", "" for none) and the steps it may
    name.
    """
    found = methods.find("events", event, product) or methods.find("events", event)
    fields = found.fields if found else ()
    for name in ("output", "progress"):
        fields = next((field.children for field in fields if field.name == name), ())
    for field in fields:
        if field.name in ("step_key", "current_step"):
            return field.name, [choice.value for choice in field.choices]
    return "", []


def data(status: str, percent: int, result: int = 0, **step: Any) -> dict[str, Any]:
    """`data` of a progress event."""
    return {"result": result, "output": {"status": status, "progress": {"percent": percent, **step}}}


async def run(
    gateway: SimulatedGateway, message: Message, event: str, *, done: Callable[[], object] | None = None
) -> None:
    """Send the events of a command from its first step to `ok`, or to `failed` where `fail_later` says so."""
    await run_steps(gateway, message, event)
    finish(gateway, message, event, done=done)


async def run_steps(gateway: SimulatedGateway, message: Message, event: str) -> None:
    """Send all events but the last: the steps that the protocol names, or three without a name."""
    name, steps = step_field(gateway.profile.product, event)
    total = len(steps) or 3
    for number in range(total):
        step = {name: steps[number]} if steps else {}
        gateway.post_event(event, data("in_progress", 100 * number // total, **step), bid=message.bid)
        await gateway.behaviour.pause(STEP_SECONDS)


def finish(
    gateway: SimulatedGateway,
    message: Message,
    event: str,
    *,
    done: Callable[[], object] | None = None,
    step: dict[str, Any] | None = None,
) -> None:
    """Send the last event and let the command take effect."""
    if step is None:
        name, steps = step_field(gateway.profile.product, event)
        step = {name: steps[-1]} if steps else {}
    code = gateway.behaviour.fail_later.get(message.method)
    if code is None and done is not None:
        done()
    status, percent = ("ok", 100) if code is None else ("failed", 99)
    gateway.post_event(event, data(status, percent, code or 0, **step), bid=message.bid)
    log.info("%s: %s %s", gateway.sn, message.method, status if code is None else f"failed, {code}")
    gateway.signal.notify()
