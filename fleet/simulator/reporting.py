"""What a gateway says: telemetry, requests, topology, events, state, replies, live control."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator.behaviour import Behaviour
from fleet.simulator.connection import Connection, NotConnected
from fleet.simulator.credentials import GatewayCredentials
from fleet.simulator.messages import Message, encode, envelope, system, thing
from fleet.simulator.motion import Aircraft
from fleet.simulator.outbox import REPEATS, Outbox, Pending
from fleet.simulator.profiles import Profile, numbers
from fleet.simulator.waiting import Signal

if TYPE_CHECKING:
    from fleet.simulator.drc import DrcLink

log = logging.getLogger(__name__)

REQUEST_REPEATS = (5.0, 5.0, 10.0, 20.0, 30.0)


class Refused(Exception):
    """The cloud said no to something without which the device cannot go on; the text says what and why."""


class Reporter:
    """The upward half of a gateway. What must arrive goes through `outbox`; telemetry is sent once and may
    be lost.
    """

    sn: str
    aircraft_sn: str
    credentials: GatewayCredentials
    profile: Profile
    behaviour: Behaviour
    signal: Signal
    aircraft: Aircraft
    connection: Connection
    outbox: Outbox
    drc_link: DrcLink | None
    answers: deque[dict[str, Any]]
    sent: dict[str, int]
    topology_acknowledged: bool
    aircraft_linked: bool

    @property
    def aircraft_seen(self) -> bool:
        """Whether the aircraft is on and the radio link to it stands."""
        return self.aircraft.on and self.aircraft_linked

    def now(self) -> int:
        """The device's clock: milliseconds since 1970."""
        return int((time.time() + self.behaviour.clock_skew) * 1000)

    def _envelope(self, data: Any, *, timestamp: int | None = None, **fields: Any) -> dict[str, Any]:
        return envelope(self.sn, data, timestamp=self.now() if timestamp is None else timestamp, **fields)

    def count(self, channel: str) -> None:
        """Note that one more message went out on a channel."""
        self.sent[channel] = self.sent.get(channel, 0) + 1

    async def send_osd(self, sn: str, data: Mapping[str, Any]) -> None:
        """Telemetry: sent once, lost when the connection is."""
        await self._send_once(thing(sn, "osd"), self._envelope(data))

    async def send_health(self, sn: str, alarms: list[dict[str, Any]]) -> None:
        """The `hms` event with all alarms that stand; an empty list says that all is well."""
        await self._send_once(thing(sn, "events"), self._envelope({"list": alarms}, method="hms", need_reply=0))

    async def _send_once(self, topic: str, message: dict[str, Any]) -> None:
        try:
            await self.connection.publish(topic, encode(message))
        except NotConnected:
            return
        self.count(topic.rsplit("/", 1)[-1])

    async def request(self, method: str, data: Any, *, timeout: float | None = None) -> Message:  # noqa: ASYNC109
        """Ask the cloud, again and again until it answers; the reply may say no. TimeoutError after `timeout`
        seconds.
        """
        pending = self.outbox.post(
            thing(self.sn, "requests"),
            self._envelope(data, method=method),
            answers_on="requests_reply",
            repeats=REQUEST_REPEATS,
        )
        self.count("requests")
        try:
            async with asyncio.timeout(timeout):
                reply = await pending.answered
        except TimeoutError:
            self.outbox.forget(pending)
            raise
        if reply is None:
            raise NotConnected
        return reply

    async def announce_topology(self) -> None:
        """Send update_topo, again until status_reply says 0; raises Refused when it says anything else."""
        domain, kind, sub_kind = numbers(self.profile.aircraft_key)
        aircraft = {
            "sn": self.aircraft_sn,
            "domain": str(domain),
            "type": kind,
            "sub_type": sub_kind,
            "index": "A",
            "device_secret": "simulated",
            "nonce": "simulated",
            "thing_version": "1.2.0",
        }
        domain, kind, sub_kind = numbers(self.profile.model_key)
        data = {
            "domain": str(domain),
            "type": kind,
            "sub_type": sub_kind,
            "device_secret": "simulated",
            "nonce": "simulated",
            "thing_version": "1.2.0",
            "sub_devices": [aircraft] if self.aircraft_seen else [],
        }
        pending = self.outbox.post(
            system(self.sn, "status"),
            self._envelope(data, method="update_topo"),
            answers_on="status_reply",
            repeats=REQUEST_REPEATS,
        )
        self.count("status")
        reply = await pending.answered
        if reply is None or reply.result != 0:
            raise Refused(f"update_topo: {reply.data if reply else None}")
        self.topology_acknowledged = True
        self.signal.notify()

    def post_event(
        self,
        method: str,
        data: Any,
        *,
        need_reply: int = 1,
        bid: str = "",
        sn: str = "",
        timestamp: int | None = None,
        twice: bool = False,
    ) -> Pending:
        """Begin to deliver an event and return at once; with need_reply 1 it comes again until
        events_reply. `timestamp`: when it happened (ms), unless just now; `twice`: send a copy at once.
        """
        message = self._envelope(data, method=method, bid=bid or None, need_reply=need_reply, timestamp=timestamp)
        self.count("events")
        if twice:
            self.outbox.post(thing(sn or self.sn, "events"), message)
        return self.outbox.post(
            thing(sn or self.sn, "events"),
            message,
            answers_on="events_reply" if need_reply else "",
        )

    async def send_event(self, method: str, data: Any, need_reply: int = 1, bid: str = "") -> Message | None:
        """Deliver an event: returns the cloud's reply, or None (need_reply 0) once the broker has it."""
        return await self.post_event(method, data, need_reply=need_reply, bid=bid).answered

    def push_state(self, data: Mapping[str, Any], *, aircraft: bool = False) -> Pending:
        """Report changed properties. The aircraft's ask for a reply and come again without one, as on a
        real Dock 3.
        """
        self.count("state")
        sn = self.aircraft_sn if aircraft else self.sn
        return self.outbox.post(
            thing(sn, "state"),
            self._envelope(dict(data), need_reply=1 if aircraft else None),
            answers_on="state_reply" if aircraft else "",
            repeats=REPEATS,
        )

    def reply(self, channel: str, request: Message, data: Any) -> None:
        """Answer a message from the cloud with its own tid and bid."""
        message = self._envelope(data, method=request.method or None, tid=request.tid or None, bid=request.bid or None)
        self.answers.append(message)
        self.count(channel)
        for _ in range(2 if self.behaviour.duplicate else 1):
            self.outbox.post(thing(self.sn, channel), message)

    async def send_drc(self, method: str, data: Any, seq: int | None = None) -> None:
        """Live control upward: no tid, no bid, sent once."""
        message: dict[str, Any] = {"method": method, "data": data}
        if seq is not None:
            message["seq"] = seq
        link = self.drc_link.connection if self.drc_link and self.drc_link.open else self.connection
        try:
            await link.publish(thing(self.sn, "drc/up"), encode(message))
            self.count("drc/up")
        except NotConnected:
            pass
