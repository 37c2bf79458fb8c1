"""Mosquitto's dynamic security: its control channel, and what our rules look like in its own terms.

Facts of Mosquitto 2.0 that shape this file (2.0.11 measured, the sources of 2.0.9 to 2.0.20 read):
- `addRoleACL` and `removeRoleACL` leave a session alone only until the broker restarts: from then on they
  throw out everyone with that role. `modifyRole` replaces all rules of a role at once and throws nobody out,
  before or after.
- `modifyClient` and `setClientPassword` throw out the sessions of that one user, `deleteClient` too.
- A role that is deleted before the clients that were created with it leaves them a dangling pointer: clients
  first.
- Nobody can ask for a password, so each account carries a stamp of its password in `textdescription`.
- The file is written anew at each change (a tenth of a second at a thousand docks) on the broker's only
  thread: batches stay small, so that telemetry gets its turn in between.
"""

from __future__ import annotations

import logging
import queue
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import orjson

from devices.services.broker.rules import Rules
from fleet.mqtt.client import BrokerClient

logger = logging.getLogger(__name__)

Json = dict[str, Any]
Acl = tuple[str, str, int, bool]

CONTROL = "$CONTROL/dynamic-security/v1"
RESPONSES = f"{CONTROL}/response"
ROLE_PREFIX = "gateway-"
#: Commands that change something, in one message to the broker.
BATCH = 4
PAGE = 200


class BrokerUnavailable(RuntimeError):
    """The broker cannot be reached, refuses the control account, or gives no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the broker said to one command: `error` is empty when it was done."""

    command: str
    error: str = ""
    data: Json = field(default_factory=dict)


class DynamicSecurity:
    """A connection to the control channel: `with DynamicSecurity(url) as broker: broker.run([...])`.

    `timeout` (seconds) is for the connection and for each batch. Raises `BrokerUnavailable`.
    """

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._answers: queue.SimpleQueue[list[Json]] = queue.SimpleQueue()
        self._client = BrokerClient(
            url, f"fleet-accounts-{uuid.uuid4().hex}", subscriptions=[(RESPONSES, 0)], receive=self._receive
        )

    def __enter__(self) -> DynamicSecurity:
        self._client.start()
        deadline = time.monotonic() + self._timeout
        # A refusal is final enough to say so at once; a broker that is starting gets the whole time.
        while not self._client.wait(0.2):
            refused = self._client.refusal not in ("", "no connection")
            if refused or time.monotonic() > deadline:
                self._client.stop()
                raise BrokerUnavailable(f"{self._address}: {self._client.refusal or 'no connection'}")
        if self._client.refusal:
            self._client.stop()
            raise BrokerUnavailable(f"{self._address}: the control account {self._client.refusal}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.stop()

    @property
    def _address(self) -> str:
        return f"{self._client.host}:{self._client.port}"

    def run(self, commands: Sequence[Json]) -> list[Answer]:
        """Send commands in small batches; one answer each, in their order."""
        answers: list[Answer] = []
        for start in range(0, len(commands), BATCH):
            answers += self._run(commands[start : start + BATCH])
        return answers

    def everything(self, command: str, key: str) -> list[Json]:
        """All that `listClients` or `listRoles` knows, in full, page by page."""
        found: list[Json] = []
        while True:
            question = {"command": command, "verbose": True, "count": PAGE, "offset": len(found)}
            (answer,) = self._run([question])
            if answer.error:
                raise BrokerUnavailable(f"{self._address}: {command}: {answer.error}")
            page = answer.data.get(key) or []
            found += page
            if len(page) < PAGE:
                return found

    def _run(self, commands: Sequence[Json]) -> list[Answer]:
        batch = uuid.uuid4().hex
        body = {"commands": [{**command, "correlationData": batch} for command in commands]}
        if not self._client.publish(CONTROL, orjson.dumps(body), qos=1):
            raise BrokerUnavailable(f"{self._address}: the command could not be sent")
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                responses = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise BrokerUnavailable(f"{self._address}: no answer on the control channel") from None
            # The topic is everybody's who administers this broker: others' answers pass by here.
            mine = [response for response in responses if response.get("correlationData") == batch]
            if len(mine) == len(commands):
                return [
                    Answer(str(one.get("command", "")), str(one.get("error") or ""), one.get("data") or {})
                    for one in mine
                ]

    def _receive(self, topic: str, payload: bytes, acknowledge: Any) -> None:
        acknowledge()
        try:
            responses = orjson.loads(payload)["responses"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            logger.warning("the broker's control channel said something that is no answer")
            return
        self._answers.put([response for response in responses if isinstance(response, dict)])


def role_name(username: str) -> str:
    return ROLE_PREFIX + username


def acls_of(rules: Rules) -> frozenset[Acl]:
    """The rules as (kind, topic, priority, allowed).

    Sending and subscribing is refused by default (`defaults` sees to that). Receiving is allowed by the
    default that the broker's own tool sets, so each role ends in a rule that refuses the rest: without it, a
    gateway that once subscribed to an aircraft would go on reading it after the aircraft has moved to another
    one.
    """
    rows: set[Acl] = {("publishClientSend", topic, 0, True) for topic in rules.publish}
    for topic in rules.read:
        rows |= {("subscribePattern", topic, 0, True), ("publishClientReceive", topic, 0, True)}
        if rules.shared and not topic.startswith("$"):
            rows.add(("subscribePattern", f"$share/+/{topic}", 0, True))
    rows.add(("publishClientReceive", "#", -1, False))
    rows |= {("subscribePattern", topic, 0, True) for topic in rules.ahead}
    return frozenset(rows)


def acls_in(role: Json) -> frozenset[Acl]:
    """The rules of a role as the broker lists it."""
    return frozenset(
        (str(row.get("acltype")), str(row.get("topic")), int(row.get("priority", 0)), bool(row.get("allow")))
        for row in role.get("acls") or []
    )


def rows(acls: Iterable[Acl]) -> list[Json]:
    """The rules as a command carries them."""
    return [
        {"acltype": kind, "topic": topic, "priority": priority, "allow": allowed}
        for kind, topic, priority, allowed in sorted(acls)
    ]


def set_role(name: str, rules: Rules, known: Json | None) -> list[Json]:
    """What makes the role be as `rules` say; nothing when it is so already."""
    wanted = acls_of(rules)
    if known is not None and acls_in(known) == wanted:
        return []
    return [{"command": "createRole" if known is None else "modifyRole", "rolename": name, "acls": rows(wanted)}]


def remove(username: str, client: Json | None, role: Json | None) -> list[Json]:
    """What ends an account and its sessions at once, and takes its role away."""
    commands: list[Json] = []
    if client is not None:
        commands.append({"command": "deleteClient", "username": username})
    if role is not None:
        commands.append({"command": "deleteRole", "rolename": role_name(username)})
    return commands


def defaults(known: Json) -> list[Json]:
    """What makes the broker refuse whatever no rule allows; `known` is what `getDefaultACLAccess` said."""
    wanted = {"publishClientSend": False, "subscribe": False, "unsubscribe": True}
    present = {row.get("acltype"): row.get("allow") for row in known.get("acls") or []}
    wrong = {kind: allow for kind, allow in wanted.items() if present.get(kind) is not allow}
    if not wrong:
        return []
    acls = [{"acltype": kind, "allow": allow} for kind, allow in wrong.items()]
    return [{"command": "setDefaultACLAccess", "acls": acls}]
