"""A device's MQTT client, and a look into the broker's file."""

from __future__ import annotations

import json
import queue
import threading
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from devices.models import Device
from devices.models.device import Domain
from devices.services import gateways
from devices.services.broker import sync
from fleet.models import Workspace
from tests.servers import MosquittoServer

#: How long, in seconds, anything that must come may take.
WAIT = 10.0


class Peer:
    """An MQTT client as a device would have one: never reconnects by itself."""

    def __init__(self, server: MosquittoServer, username: str, password: str) -> None:
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.gone = threading.Event()
        self._connected: queue.Queue[bool] = queue.Queue()
        self._granted: queue.Queue[bool] = queue.Queue()
        self._client = Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311, reconnect_on_failure=False
        )
        self._client.username_pw_set(username, password)
        self._client.on_connect = lambda c, u, f, reason, p: self._connected.put(not reason.is_failure)
        self._client.on_disconnect = lambda *_: self.gone.set()
        self._client.on_subscribe = lambda c, u, m, reasons, p: self._granted.put(not reasons[0].is_failure)
        self._client.on_message = self._message
        self._client.connect(server.host, server.port)
        self._client.loop_start()
        self.let_in = self._connected.get(timeout=WAIT)

    def _message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        self.messages.put((message.topic, message.payload))

    def subscribe(self, topic_filter: str) -> bool:
        """Whether the broker granted it."""
        self._client.subscribe(topic_filter, qos=1)
        return self._granted.get(timeout=WAIT)

    def publish(self, *topics: str) -> None:
        """Send to each topic and wait until the broker has taken note."""
        sent = [self._client.publish(topic, topic, qos=1) for topic in topics]
        for one in sent:
            one.wait_for_publish(WAIT)

    def until(self, topic: str) -> list[str]:
        """The topics of what arrived, up to the one on `topic`."""
        arrived = []
        while not arrived or arrived[-1] != topic:
            arrived.append(self.messages.get(timeout=WAIT)[0])
        return arrived

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def added(workspace: Workspace, sn: str) -> Device:
    device, _password = gateways.add(workspace, sn, kind=Domain.DOCK)
    assert sync.sync(device.pk)
    return device


def accounts_file(server: MosquittoServer) -> Path:
    return server.directory / "mosquitto" / "dynamic-security.json"


def usernames(server: MosquittoServer) -> set[str]:
    return {client["username"] for client in json.loads(accounts_file(server).read_text())["clients"]}


def roles(server: MosquittoServer) -> set[str]:
    return {role["rolename"] for role in json.loads(accounts_file(server).read_text())["roles"]}
