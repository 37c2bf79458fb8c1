"""A gateway on the real broker, with its own account: publishes what it is given, keeps what it receives."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

Json = dict[str, Any]

#: Devices send these as they come; everything else at least once.
UNCERTAIN = frozenset({"osd", "drc/up"})
_ANSWERS = ("events_reply", "requests_reply", "state_reply", "services", "property/set", "drc/down")
#: A server takes a gateway for gone that is silent for some seconds.
_SIGN_OF_LIFE = 2.0


@dataclass(frozen=True, slots=True)
class Received:
    """One message from the server; `at` is on the monotonic clock."""

    topic: str
    envelope: Json
    at: float


class Inbox:
    """What all gateways received, by topic and tid."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._messages: dict[tuple[str, str], list[Received]] = {}
        self.unreadable: list[str] = []

    def put(self, topic: str, payload: bytes | bytearray) -> None:
        with self._changed:
            try:
                envelope = json.loads(payload)
                found = Received(topic, envelope, time.monotonic())
                self._messages.setdefault((topic, str(envelope.get("tid"))), []).append(found)
            except (ValueError, AttributeError):
                self.unreadable.append(f"{topic}: {payload[:200]!r}")
            self._changed.notify_all()

    def find(self, topic: str, tid: str) -> Received | None:
        return next(iter(self._messages.get((topic, tid), ())), None)

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Whether `condition` came true; it is looked at whenever something arrives."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)


class Gateway:
    """One gateway and its aircraft. `published` counts messages by channel, signs of life included."""

    def __init__(self, product: str, sn: str, aircraft: str, inbox: Inbox) -> None:
        self.product = product
        self.sn = sn
        self.aircraft = aircraft
        self.inbox = inbox
        self.published: Counter[str] = Counter()
        self.refused: list[str] = []
        #: What was typed into the gateway on site: the organisation it is to join, and the code for it.
        self.organisation = ""
        self.code = ""
        self._ready = threading.Event()
        self._quiet = threading.Event()
        self._life: threading.Thread | None = None
        # 3.1.1 is what docks and remotes speak.
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=sn, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._message

    @property
    def _subscriptions(self) -> list[tuple[str, int]]:
        own = [(f"thing/product/{self.sn}/{channel}", 1) for channel in _ANSWERS]
        ahead = [(f"thing/product/{self.aircraft}/{channel}", 1) for channel in ("events_reply", "state_reply")]
        return [*own, (f"sys/product/{self.sn}/status_reply", 1), *ahead]

    def connect(self, host: str, port: int, password: str, timeout: float = 10) -> bool:
        """Connect as `sn` and subscribe to all answers. Whether the broker allowed both in time."""
        self._client.username_pw_set(self.sn, password)
        self._client.connect(host, port, keepalive=30)
        self._client.loop_start()
        return self._ready.wait(timeout) and not self.refused

    def _connected(self, client: Client, userdata: object, flags: object, reason: Any, properties: object) -> None:
        if reason.is_failure:
            self.refused.append(str(reason))
        else:
            client.subscribe(self._subscriptions)

    def _subscribed(self, client: Client, userdata: object, mid: int, reasons: list[Any], properties: object) -> None:
        asked = zip(self._subscriptions, reasons, strict=True)
        self.refused += [f"subscription to {topic}" for (topic, _qos), reason in asked if reason.is_failure]
        self._ready.set()

    def _message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        self.inbox.put(message.topic, message.payload)

    def topic(self, channel: str, sn: str | None = None) -> str:
        return f"{'sys' if channel.startswith('status') else 'thing'}/product/{sn or self.sn}/{channel}"

    def publish(self, channel: str, body: Any, *, sn: str | None = None) -> None:
        """Send a message as this gateway, on its own topic or its aircraft's; bytes go out as they are."""
        payload = body if isinstance(body, bytes) else json.dumps(body)
        self.published[channel] += 1
        self._client.publish(self.topic(channel, sn), payload, qos=0 if channel in UNCERTAIN else 1)

    def live(self, osd: Json) -> None:
        """Say something every two seconds from now on, as devices do."""

        def run() -> None:
            while not self._quiet.wait(_SIGN_OF_LIFE):
                now = int(time.time() * 1000)
                self.publish("osd", {"tid": "", "bid": "", "timestamp": now, "gateway": self.sn, "data": osd})

        self._life = threading.Thread(target=run, name=f"life-{self.sn}", daemon=True)
        self._life.start()

    def fall_silent(self) -> None:
        self._quiet.set()
        if self._life is not None:
            self._life.join(timeout=5)

    def close(self) -> None:
        self.fall_silent()
        self._client.disconnect()
        self._client.loop_stop()
