"""How a device takes a command: is it known, is it well-formed, is it possible; reply, then do it.

A handler is registered with `@service("cover_open", …)`, gets (gateway, data, message) and returns an
Outcome. Methods without one are answered from the protocol: result 0, `output.status` where the page has
it, and progress events where an event of the same name exists.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleet.protocol import methods
from fleet.simulator import checking, progress

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

# Result codes, as named on the page of error codes.
NOT_SUPPORTED = 314000
BAD_PARAMETERS = 325001
NOT_DEBUGGING = 514153


@dataclass
class Outcome:
    """What becomes of a command: the reply (`result`, `output`, further keys of `data`) and what follows
    it. `first` is work that decides: its Outcome takes this one's place before the reply.
    """

    result: int = 0
    output: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    then: Callable[[], Awaitable[object]] | None = None
    first: Callable[[], Awaitable[Outcome]] | None = None
    reason: str = ""

    def data(self) -> dict[str, Any]:
        """`data` of services_reply."""
        data: dict[str, Any] = {"result": self.result, **self.extra}
        if self.output is not None:
            data["output"] = self.output
        return data


Handler = Callable[["SimulatedGateway", Mapping[str, Any], "Message"], Outcome]
HANDLERS: dict[str, Handler] = {}


def service(*names: str) -> Callable[[Handler], Handler]:
    """Register the handler of these methods."""

    def register(handler: Handler) -> Handler:
        for name in names:
            if name in HANDLERS:
                raise ValueError(f"two handlers for {name}")
            HANDLERS[name] = handler
        return handler

    return register


async def obey(gateway: SimulatedGateway, message: Message) -> None:
    """Take one `services` message to its end."""
    behaviour = gateway.behaviour
    if message.method in behaviour.silent:
        log.info("%s: %s is not answered, as told", gateway.sn, message.method)
        return
    outcome = judge(gateway, message)
    if outcome.first is not None:
        outcome = await outcome.first()
    if behaviour.lag:
        await asyncio.sleep(behaviour.lag)
    if outcome.result:
        gateway.note_rejection(message, outcome.result, outcome.reason)
    else:
        log.info("%s: %s", gateway.sn, message.method)
    gateway.reply("services_reply", message, outcome.data())
    gateway.signal.notify()
    if outcome.then is not None:
        await outcome.then()
        gateway.signal.notify()


def judge(gateway: SimulatedGateway, message: Message) -> Outcome:
    """Decide on a command, and begin it when it is good."""
    product, name = gateway.profile.product, message.method
    method = methods.find("services", name, product)
    if method is None:
        return Outcome(NOT_SUPPORTED, reason=f"{product} has no service {name!r}")
    if not message.tid or not message.bid:
        return Outcome(BAD_PARAMETERS, reason="tid or bid is missing")
    wrong = checking.problems(method.fields, message.data)
    if wrong:
        return Outcome(BAD_PARAMETERS, reason="; ".join(wrong))
    if name in gateway.behaviour.fail:
        return Outcome(gateway.behaviour.fail[name], reason="told to fail")
    if gateway.behaviour.strict and not gateway.allows(name, method.section):
        return Outcome(NOT_DEBUGGING, reason="not in remote debugging mode")
    data = message.data if isinstance(message.data, Mapping) else {}
    handler = HANDLERS.get(name)
    if handler is None:
        return standard(gateway, message)
    try:
        return handler(gateway, data, message)
    except (KeyError, TypeError, ValueError) as error:
        # The catalogue calls few fields required; without some the device still cannot do it.
        return Outcome(BAD_PARAMETERS, reason=f"cannot be done with this data: {error!r}")


def standard(
    gateway: SimulatedGateway,
    message: Message,
    *,
    done: Callable[[], object] | None = None,
    event: str | None = None,
) -> Outcome:
    """The usual outcome: what the protocol says of the method. `done` is called when it has taken effect."""
    event = event or message.method
    long = event in methods.names("events")
    outcome = Outcome(output=status_output(gateway, message.method, "in_progress" if long else "ok"))
    if long:
        outcome.then = lambda: progress.run(gateway, message, event, done=done)
    elif done is not None:
        done()
    return outcome


def status_output(gateway: SimulatedGateway, name: str, status: str) -> dict[str, Any] | None:
    """{"status": status} when the page of this method's reply has it."""
    reply = methods.find("services_reply", name, gateway.profile.product)
    for child in _children(reply.fields if reply else (), "output"):
        if child.name == "status":
            return {"status": status}
    return None


def _children(fields: tuple[methods.Field, ...], name: str) -> tuple[methods.Field, ...]:
    return next((field.children for field in fields if field.name == name), ())
