"""The one file of the server that knows paho-mqtt.

Measured facts that shape it: an exception in `on_message` kills the network thread while `is_connected()` still says
True; waiting for a publish inside a callback only times out; two clients with one id throw each other out; the
MQTT 5 path costs twice, so telemetry comes in over 3.1.1 and only what needs an expiry goes out over 5.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

logger = logging.getLogger(__name__)

#: topic, payload, acknowledge (to be called once what the message asked for is safely stored)
Receive = Callable[[str, bytes, Callable[[], None]], None]


def _nothing() -> None:
    """The acknowledgement of a message that needs none."""


class BrokerClient:
    """One connection to the broker, kept up for ever.

    `receive` runs on the network thread and must return at once. `on_death` is called when that thread ends without
    having been told to: the process should end too, for nothing else would notice.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        *,
        subscriptions: Iterable[tuple[str, int]] = (),
        receive: Receive | None = None,
        persistent: bool = False,
        version5: bool = False,
        on_death: Callable[[BaseException | None], None] | None = None,
        keepalive: int = 30,
    ) -> None:
        self.url = urlsplit(url)
        self.client_id = client_id
        self.version5 = version5
        self.subscriptions = list(subscriptions)
        self.connected = threading.Event()
        self.refusal = ""
        self._receive = receive
        self._on_death = on_death
        self._keepalive = keepalive
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if version5 else not persistent,
            protocol=MQTTProtocolVersion.MQTTv5 if version5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        self._client.username_pw_set(unquote(self.url.username or ""), unquote(self.url.password or ""))
        if not self.url.username:
            self._client.username_pw_set(None)
        if self.url.scheme in ("mqtts", "ssl", "wss"):
            self._client.tls_set_context(ssl.create_default_context())
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)
        self._client.max_inflight_messages_set(1000)
        self._client.on_socket_open = self._socket_opened
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._connect_failed
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._message

    @property
    def host(self) -> str:
        return self.url.hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return self.url.port or (8883 if self.url.scheme in ("mqtts", "ssl") else 1883)

    def start(self) -> None:
        """Connect in the background and stay connected; returns at once."""
        if self.version5:
            self._client.connect_async(self.host, self.port, self._keepalive, clean_start=True)
        else:
            self._client.connect_async(self.host, self.port, self._keepalive)
        self._thread = threading.Thread(target=self._loop, name=f"mqtt-{self.client_id}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._client.disconnect()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def wait(self, timeout: float) -> bool:
        """Whether the connection stands (waits at most `timeout` seconds)."""
        return self.connected.wait(timeout)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, expiry: int | None = None) -> bool:
        """Hand a message to the network thread; False when it could not be taken.

        With `expiry` (seconds) the broker must not deliver it later than that. Over 3.1.1, which cannot say so,
        such a message goes out with QoS 0, which a broker does not keep for a device that is away.
        """
        properties = None
        if expiry is not None:
            if not self.connected.is_set():
                return False  # paho would keep it and send it after the reconnect: late
            if self.version5:
                properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
                properties.MessageExpiryInterval = max(1, expiry)
            else:
                qos = 0
        info = self._client.publish(topic, payload, qos=qos, properties=properties)
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS or (
            expiry is None and info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN
        )

    def _loop(self) -> None:
        error: BaseException | None = None
        try:
            self._client.loop_forever(retry_first_connection=True)
        except BaseException as raised:
            error = raised
            logger.exception("the network loop of %s died", self.client_id)
        self.connected.clear()
        if not self._stopping and self._on_death is not None:
            self._on_death(error)

    def _socket_opened(self, client: Client, userdata: object, opened: object) -> None:
        # Without this a small message waits up to 40 ms for the acknowledgement of the one before it.
        if isinstance(opened, socket.socket):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connected(
        self, client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
            logger.error("the broker %s:%s refused %s: %s", self.host, self.port, self.client_id, reason)
            return
        self.refusal = ""
        if self.subscriptions:
            client.subscribe(self.subscriptions)
        else:
            self.connected.set()
        logger.info("connected to %s:%s as %s", self.host, self.port, self.client_id)

    def _subscribed(
        self, client: Client, userdata: object, mid: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        refused = [topic for (topic, _), reason in zip(self.subscriptions, reasons, strict=False) if reason.is_failure]
        if refused:
            self.refusal = f"may not subscribe to {', '.join(refused)}"
            logger.error("%s %s", self.client_id, self.refusal)
        self.connected.set()

    def _connect_failed(self, client: Client, userdata: object) -> None:
        self.refusal = "no connection"
        logger.warning("no broker at %s:%s yet", self.host, self.port)

    def _disconnected(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self.connected.clear()
        if not self._stopping:
            logger.warning("lost the broker %s:%s (%s); reconnecting", self.host, self.port, reason)

    def _message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        mid, qos = message.mid, message.qos
        if qos == 0:
            acknowledge: Callable[[], None] = _nothing
        else:

            def acknowledge() -> None:
                client.ack(mid, qos)

        try:
            topic = message.topic
        except UnicodeDecodeError:
            acknowledge()
            return
        try:
            if self._receive is not None:
                self._receive(topic, bytes(message.payload), acknowledge)
        except Exception:
            # Let one bad message never end the thread that all others come through.
            logger.exception("a message on %s could not be taken", topic)
            acknowledge()
