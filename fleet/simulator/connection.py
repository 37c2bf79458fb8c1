"""One MQTT connection that comes back by itself after every loss."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from fleet.simulator.credentials import Address
from fleet.simulator.waiting import end

log = logging.getLogger(__name__)
wire_log = logging.getLogger(f"{__name__}.wire")
wire_log.setLevel(logging.CRITICAL)

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
REFUSED = 0x80
REFUSED_WAITS = (0.5, 1.0, 2.0, 4.0)
LEAVE_TIMEOUT = 1.0


class NotConnected(Exception):
    """There is no connection now, or it was lost before the broker confirmed the message."""


def _code(granted: object) -> int:
    return granted if isinstance(granted, int) else int(getattr(granted, "value", REFUSED))


class Connection:
    """A client with a fixed id that connects, subscribes, and connects again whenever it is thrown out.

    `on_message(topic, payload)` is called for everything that arrives. `session()` is run once per
    connection after the subscriptions stand, and cancelled when the connection ends; `changed()` is called
    when it stands and when it is gone. Topics that the broker refuses to let us read are in
    `refused_topics`; why the last attempt failed is in `last_error` ("" when all is well), and `refused` is
    true when it was the broker that said no.
    """

    def __init__(
        self,
        address: Address,
        *,
        name: str,
        client_id: str,
        username: str | None,
        password: str | None,
        topics: Sequence[str],
        on_message: Callable[[str, bytes], None],
        session: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
        keepalive: int = 60,
        clean_session: bool = True,
    ) -> None:
        self.address = address
        self.name = name
        self.client_id = client_id
        self.username = username
        self.password = password
        self.topics = tuple(topics)
        self.connected = asyncio.Event()
        self.connections = 0
        self.published = 0
        self.last_error = ""
        self.refused_topics: list[str] = []
        self.refused = False
        self._on_message = on_message
        self._session = session
        self._changed = changed
        self._keepalive = keepalive
        self._clean_session = clean_session
        self._client: aiomqtt.Client | None = None
        self._reader: asyncio.Task[None] | None = None
        self._away: float | None = None

    async def publish(self, topic: str, payload: bytes, qos: int = 0) -> None:
        """Send; with QoS 1 return when the broker has it. Raises NotConnected when it cannot be said that
        it has.
        """
        client, reader = self._client, self._reader
        if client is None or reader is None:
            raise NotConnected
        try:
            # Left alone, the client waits its whole timeout for a confirmation that a lost connection cannot
            # bring.
            sending = asyncio.ensure_future(client.publish(topic, payload, qos=qos))
            try:
                await asyncio.wait({sending, reader}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                confirmed = sending.done()
                sending.cancel()
            if not confirmed:
                raise NotConnected("connection lost before the broker confirmed")
            sending.result()
        except aiomqtt.MqttError as error:
            raise NotConnected(str(error)) from error
        self.published += 1

    async def read_instead(self, topics: Sequence[str]) -> None:
        """Read these topics from now on, and no others; a broker that learns only now that we may is asked again."""
        before, self.topics = self.topics, tuple(topics)
        client = self._client
        if client is None:
            return
        try:
            for topic in set(before) - set(topics):
                await client.unsubscribe(topic)
            new = [topic for topic in topics if topic not in before]
            for wait in (*REFUSED_WAITS, None) if new else ():
                granted = await client.subscribe([(topic, 1) for topic in new])
                if wait is None or not any(_code(code) >= REFUSED for code in granted):
                    break
                await asyncio.sleep(wait)
        except aiomqtt.MqttError:
            log.debug("%s: the connection was lost; it will read the new topics on the next one", self.name)

    def drop(self, seconds: float) -> None:
        """Go off the network, as in a reboot, and come back after so many seconds of real time."""
        self._away = seconds
        if self._reader is not None:
            self._reader.cancel()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        wait = FIRST_WAIT
        while True:
            connections = self.connections
            try:
                await self._stay()
            except (aiomqtt.MqttError, NotConnected) as error:
                # Leaving a broken connection may raise in place of the cancellation that made us leave.
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from error
                self.refused = isinstance(error, MqttConnectError)
                self._failed(str(error) or type(error).__name__)
            if self._away is not None:
                away, self._away = self._away, None
                await asyncio.sleep(away)
                wait = FIRST_WAIT
                continue
            wait = FIRST_WAIT if self.connections > connections else min(wait * 2, LONGEST_WAIT)
            await asyncio.sleep(wait * random.uniform(0.6, 1.0))

    def _failed(self, error: str) -> None:
        if error != self.last_error:
            log.warning("%s: no connection to %s: %s", self.name, self.address, error)
        self.last_error = error
        self._changed()

    async def _stay(self) -> None:
        client = aiomqtt.Client(
            self.address.host,
            self.address.port,
            identifier=self.client_id,
            username=self.username,
            password=self.password,
            keepalive=self._keepalive,
            clean_session=self._clean_session,
            tls_context=ssl.create_default_context() if self.address.tls else None,
            transport="tcp" if self.address.websocket_path is None else "websockets",
            websocket_path=self.address.websocket_path,
            logger=wire_log,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        async with client:
            granted = await client.subscribe([(topic, 1) for topic in self.topics])
            self.refused_topics = [
                topic for topic, code in zip(self.topics, granted, strict=True) if _code(code) >= REFUSED
            ]
            for topic in self.refused_topics:
                log.error("%s: the broker does not let us read %s", self.name, topic)
            self.refused = bool(self.refused_topics)
            log.debug("%s: connected to %s", self.name, self.address)
            self.last_error = ""
            self.connections += 1
            self._client = client
            self.connected.set()
            self._changed()
            session = asyncio.ensure_future(self._session())
            self._reader = asyncio.create_task(self._read(client), name=f"{self.name} reader")
            try:
                await asyncio.wait({self._reader})
            finally:
                self._client = None
                self.connected.clear()
                reader, self._reader = self._reader, None
                await end((reader, session))
                client.timeout = LEAVE_TIMEOUT
                self._changed()
            if not reader.cancelled():
                reader.result()

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload
            if isinstance(payload, bytes | bytearray):
                self._on_message(message.topic.value, bytes(payload))
