"""What every gateway does: connect, introduce itself, report, obey."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fleet.simulator import aircraft_telemetry, commands, drc, settable
from fleet.simulator import services as services  # importing them registers their handlers
from fleet.simulator.behaviour import Behaviour
from fleet.simulator.connection import Connection
from fleet.simulator.credentials import Address, GatewayCredentials
from fleet.simulator.flights import DEBUGGING, Flights
from fleet.simulator.in_flight_waylines import Delivered
from fleet.simulator.media import Media
from fleet.simulator.messages import Message, decode, system, thing
from fleet.simulator.motion import Aircraft, Place
from fleet.simulator.outbox import Outbox, Pending
from fleet.simulator.reporting import Refused, Reporter
from fleet.simulator.tasks import Tasks
from fleet.simulator.waiting import Signal, end

log = logging.getLogger(__name__)

MOTION_STEP = 0.5


@dataclass(frozen=True, slots=True)
class Rejected:
    """A command the device would not obey: its result code and what was wrong."""

    message: Message
    result: int
    reason: str


class SimulatedGateway(Reporter, ABC):
    """A dock or a remote with its aircraft. Use SimulatedDock or SimulatedRemote.

    To look at: `connected`, `online` (introduced; telemetry runs), `topology_acknowledged`, `refusal` (why
    it gave up, "" otherwise), `received` (commands, in order), `answers` (what was replied to them),
    `rejected_commands`,
    `property_sets`, `drc_received`, `replies` (the cloud's replies to requests, events, status, state),
    `unanswered` (what waits for the cloud's reply now), `malformed` (what could not be read), `sent`
    (messages by channel). To change: `behaviour`, and for short `fail`, `silent`. `values` and
    `aircraft_values` hold the properties.
    """

    def __init__(
        self,
        credentials: GatewayCredentials,
        mqtt: str,
        *,
        behaviour: Behaviour | None = None,
        place: Place | None = None,
        signal: Signal | None = None,
    ) -> None:
        self.credentials = credentials.completed()
        self.profile = self.credentials.profile
        self.sn = self.credentials.sn
        self.aircraft_sn = self.credentials.aircraft_sn
        self.behaviour = behaviour or Behaviour()
        self.signal = Signal(parent=signal)
        self.address = Address.parse(mqtt)
        self.place = place or Place()
        self.aircraft = Aircraft(self.place, seed=self.sn, on=self.behaviour.aircraft_on and not self.behaviour.empty)
        rnd = self.aircraft.random
        self.values = self.initial_values()
        self.aircraft_values = aircraft_telemetry.initial_values(
            self.aircraft_sn, self.profile.camera, self.profile.thermal, rnd
        )
        # Properties set by the cloud that telemetry would not show by itself.
        self.own_set: set[str] = set()
        self.aircraft_set: set[str] = set()
        self.health: dict[str, list[dict[str, Any]]] = {}
        self.flights = Flights(self)
        self.tasks = Tasks()
        self.delivered: Delivered | None = None
        self.media = Media(self)
        self.online = False
        self.aircraft_linked = True
        self.has_aircraft = not self.behaviour.empty
        self.neighbours: Mapping[str, SimulatedGateway] = {}
        self.topology_acknowledged = False
        self.refusal = ""
        self.drc_link: drc.DrcLink | None = None
        kept = self.behaviour.remember
        self.received: deque[Message] = deque(maxlen=kept)
        self.answers: deque[dict[str, Any]] = deque(maxlen=kept)
        self.rejected_commands: deque[Rejected] = deque(maxlen=kept)
        self.property_sets: deque[Message] = deque(maxlen=kept)
        self.drc_received: deque[Message] = deque(maxlen=kept)
        self.replies: deque[Message] = deque(maxlen=kept)
        self.malformed: deque[str] = deque(maxlen=kept)
        self.sent: dict[str, int] = {}
        self.connection = Connection(
            self.address,
            name=self.sn,
            client_id=self.sn,
            username=self.credentials.username,
            password=self.credentials.password,
            topics=self.topics(),
            on_message=self.deliver,
            session=self._session,
            changed=self.signal.notify,
        )
        self.outbox = Outbox(self.connection, self.behaviour, self.signal)
        self._jobs: set[asyncio.Task[Any]] = set()
        self._running: list[asyncio.Task[None]] = []

    def topics(self) -> list[str]:
        """What the gateway reads: its own downward topics, and its aircraft's state_reply."""
        own = ("services", "property/set", "requests_reply", "events_reply", "drc/down")
        return [
            *(thing(self.sn, channel) for channel in own),
            system(self.sn, "status_reply"),
            thing(self.aircraft_sn, "state_reply"),
        ]

    # -- life ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Switch on: connect and do by itself what this device does. Returns at once."""
        if self._running:
            raise RuntimeError(f"{self.sn} runs already")
        self._running = [asyncio.create_task(work(), name=f"{self.sn} {work.__name__}") for work in self.works()]

    def works(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """What goes on as long as the gateway is switched on."""
        return [self.connection.run, self.report, self._move, self.flights.live]

    async def stop(self) -> None:
        """Switch off. What was unanswered stays visible in `unanswered`."""
        unanswered = self.unanswered
        running, self._running = self._running, []
        if self.drc_link is not None:
            await self.drc_link.close()
        await end((*running, *self._jobs))
        await self.outbox.close()
        self.online = False
        if unanswered:
            log.info("%s: stopped with %d unanswered", self.sn, len(unanswered))

    async def until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Return once `condition()` is true. Raises Refused when the device gave up first, TimeoutError
        after `timeout` seconds.
        """
        await self.signal.until(lambda: condition() or self.refusal, timeout)
        if self.refusal and not condition():
            raise Refused(self.refusal)

    def spawn(self, work: Awaitable[Any]) -> None:
        """Let something go on beside the rest; it ends with the device."""
        task = asyncio.ensure_future(work)
        self._jobs.add(task)
        task.add_done_callback(self._job_ended)

    def _job_ended(self, task: asyncio.Task[Any]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s: %s", self.sn, task.exception(), exc_info=task.exception())

    @property
    def connected(self) -> bool:
        """Whether the broker has us now."""
        return self.connection.connected.is_set()

    @property
    def unanswered(self) -> list[Pending]:
        """What was sent and waits for the cloud's reply, oldest first."""
        return list(self.outbox.waiting.values())

    @property
    def mode_code(self) -> int:
        """The dock's mode; a remote is always idle."""
        return DEBUGGING if self.behaviour.debugging else int(self.values.get("mode_code", 0))

    @property
    def storage(self) -> dict[str, int]:
        """Kilobytes, `total` and `used`, of a dock's storage; a remote does not say."""
        known = self.values.get("storage") or {"total": 0, "used": 0}
        return {**known, "used": known["total"] - 40 * 1024} if self.behaviour.storage_full else known

    @property
    def free_storage(self) -> float:
        """Megabytes left."""
        return (self.storage["total"] - self.storage["used"]) / 1024

    @property
    def fail(self) -> dict[str, int]:
        """Method -> result code that its reply shall carry."""
        return self.behaviour.fail

    @property
    def silent(self) -> set[str]:
        """Methods that get no reply."""
        return self.behaviour.silent

    async def _session(self) -> None:
        self.topology_acknowledged = self.online = False
        self.signal.notify()
        try:
            await self.introduce()
            self.online = True
            log.info("%s: online with %s", self.sn, self.aircraft_sn if self.aircraft.on else "no aircraft")
            self.push_all_states()
            self.signal.notify()
            await asyncio.get_running_loop().create_future()
        except Refused as refusal:
            self.refusal = str(refusal)
            log.error("%s: gives up: %s", self.sn, refusal)
            for task in self._running:
                task.cancel()
            self.signal.notify()
        except Exception:
            log.exception("%s: could not introduce itself", self.sn)
        finally:
            self.online = False
            self.signal.notify()

    # -- what differs between docks and remotes ------------------------------------------------------------

    @abstractmethod
    async def introduce(self) -> None:
        """All that comes before telemetry on a fresh connection; raises Refused when the cloud says no."""

    @abstractmethod
    async def report(self) -> None:
        """Send telemetry for ever, while `online`."""

    @abstractmethod
    def initial_values(self) -> dict[str, Any]:
        """The gateway's own properties."""

    @abstractmethod
    def allows(self, name: str, section: str) -> bool:
        """Whether a strict device would obey this service now."""

    @abstractmethod
    def states(self) -> Iterable[dict[str, Any]]:
        """The gateway's own state messages, as sent after every connection."""

    def push_all_states(self) -> None:
        """Report every state property anew."""
        for data in self.states():
            self.push_state(data)
        if self.aircraft_seen:
            for data in self.aircraft_states():
                self.push_state(data, aircraft=True)

    # -- downward ------------------------------------------------------------------------------------------

    def deliver(self, topic: str, payload: bytes) -> None:
        """Take one message from the cloud. What cannot be read is kept in `malformed` and never stops the
        device.
        """
        try:
            message = decode(topic, payload)
        except ValueError as error:
            self.malformed.append(f"{topic}: {error}")
            log.warning("%s: cannot read a message on %s: %s", self.sn, topic, error)
            return
        match message.channel:
            case "services":
                self.received.append(message)
                self.spawn(commands.obey(self, message))
            case "property/set":
                self.property_sets.append(message)
                self.spawn(settable.obey(self, message))
            case "drc/down":
                if self.drc_link is None or not self.drc_link.open:
                    self.take_drc(message)
            case _:
                self.replies.append(message)
                if self.outbox.answer(message) is None:
                    log.debug("%s: %s for an unknown or answered tid", self.sn, message.channel)
        self.signal.notify()

    def note_rejection(self, message: Message, result: int, reason: str) -> None:
        """Remember a command that was not obeyed."""
        self.rejected_commands.append(Rejected(message, result, reason))
        log.warning("%s: %s refused with %d: %s", self.sn, message.method, result, reason)

    def take_drc(self, message: Message) -> None:
        """Obey one live-control message."""
        self.drc_received.append(message)
        self.spawn(drc.obey(self, message))
        self.signal.notify()

    # -- the aircraft --------------------------------------------------------------------------------------

    async def _move(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(max(MOTION_STEP / self.behaviour.speed, 0.05) if self.aircraft.busy else MOTION_STEP)
            now = loop.time()
            self.aircraft.thirst = self.behaviour.battery_drain
            if self.aircraft.advance((now - last) * self.behaviour.speed):
                self.signal.notify()
            last = now

    def aircraft_osd(self) -> dict[str, Any]:
        """OSD of the aircraft, with what the cloud has set."""
        return aircraft_telemetry.osd(self) | {name: self.aircraft_values[name] for name in self.aircraft_set}

    def aircraft_states(self) -> Iterable[dict[str, Any]]:
        """State messages of the aircraft, as sent when it comes on."""
        return aircraft_telemetry.states(self)

    async def switch_aircraft(self, on: bool) -> None:
        """Switch the aircraft on or off and tell the cloud, which sees it come and go as a sub-device."""
        if self.aircraft.on == on or not self.has_aircraft:
            return
        self.aircraft.on = on
        self.signal.notify()
        if self.online:
            await self.announce_topology()
            if on:
                for data in self.aircraft_states():
                    self.push_state(data, aircraft=True)

    async def lose_aircraft(self, seconds: float) -> None:
        """Lose the radio link to the aircraft for so many of the device's seconds; the cloud sees it go and come."""
        await self._link(False)
        await self.behaviour.pause(seconds)
        await self._link(True)

    async def _link(self, stands: bool) -> None:
        self.aircraft_linked = stands
        self.signal.notify()
        if self.online:
            await self.announce_topology()
            if self.aircraft_seen:
                for data in self.aircraft_states():
                    self.push_state(data, aircraft=True)

    def lose_network(self, seconds: float) -> None:
        """Go off the network for so many of the device's seconds; all else goes on, and events are kept."""
        self.connection.drop(seconds / self.behaviour.speed)

    async def reboot(self, seconds: float) -> None:
        """Go off the network for so many of the device's seconds; returns when it is online again."""
        self.media.storage = None
        self.connection.drop(seconds / self.behaviour.speed)
        await self.signal.until(lambda: not self.online, None)
        await self.signal.until(lambda: self.online, None)
