"""The accounts that a fresh Mosquitto starts with, as the broker itself sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from fleet.embedded import dynamic_security, mosquitto, mqtt_probe, ports
from fleet.mqtt.topics import SUBSCRIPTIONS
from tests.servers import Missing, MosquittoServer, mosquitto_server, unavailable

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def broker() -> Iterator[MosquittoServer]:
    try:
        with mosquitto_server() as server:
            yield server
    except Missing as error:
        unavailable(error)


class Listener:
    """A client that notes what it was granted and what it got."""

    def __init__(self, broker: MosquittoServer, account: tuple[str, str], *filters: str) -> None:
        self.granted: dict[str, bool] = {}
        self.got: list[tuple[str, bytes]] = []
        self._filters = filters
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set(*account)
        self.client.on_subscribe = self._subscribed
        self.client.on_message = lambda client, userdata, message: self.got.append((message.topic, message.payload))
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        assert ports.wait_until(self.client.is_connected, 5)
        if filters:
            self.client.subscribe([(topic, 1) for topic in filters])
        assert ports.wait_until(lambda: len(self.granted) == len(filters), 5)

    def _subscribed(self, client: Client, userdata: object, mid: int, codes: list[Any], properties: object) -> None:
        self.granted.update({topic: not code.is_failure for topic, code in zip(self._filters, codes, strict=True)})

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *exception: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, topic: str, payload: str) -> bool:
        """Whether the broker took it (MQTT 5 says so in its acknowledgement)."""
        codes: list[Any] = []
        self.client.on_publish = lambda client, userdata, mid, code, properties: codes.append(code)
        self.client.publish(topic, payload, qos=1)
        assert ports.wait_until(lambda: bool(codes), 5)
        return not codes[0].is_failure


def test_only_the_right_password_gets_in(broker: MosquittoServer) -> None:
    assert mqtt_probe.lets_in(broker.url)
    assert mqtt_probe.lets_in(broker.control_url)
    assert not mqtt_probe.lets_in(broker.url.replace(broker.bridge[1], "wrong"))
    assert not mqtt_probe.lets_in(f"mqtt://nobody:nothing@{broker.address}")


def test_the_bridge_reads_and_sends_what_a_bridge_must(broker: MosquittoServer) -> None:
    wanted = [topic for topic, _ in SUBSCRIPTIONS]
    shared = [f"$share/fleet/{topic}" for topic in wanted]
    with Listener(broker, broker.bridge, *wanted, *shared, "thing/product/#", "#") as bridge:
        granted = {topic for topic, yes in bridge.granted.items() if yes}
        assert granted == {*wanted, *shared}
        for topic in (
            "thing/product/8UUXN3B00A0001/services",
            "thing/product/8UUXN3B00A0001/property/set",
            "thing/product/8UUXN3B00A0001/drc/down",
            "thing/product/8UUXN3B00A0001/events_reply",
            "thing/product/8UUXN3B00A0001/requests_reply",
            "thing/product/8UUXN3B00A0001/state_reply",
            "sys/product/8UUXN3B00A0001/status_reply",
        ):
            assert bridge.publish(topic, "{}"), topic
        assert not bridge.publish("thing/product/8UUXN3B00A0001/osd", "{}")
        assert not bridge.publish("$CONTROL/dynamic-security/v1", "{}")


def test_the_administrator_makes_an_account_that_survives_a_restart(broker: MosquittoServer) -> None:
    command = {"commands": [{"command": "createClient", "username": "dock-1", "password": "secret-1"}]}
    with Listener(broker, broker.control, "$CONTROL/dynamic-security/v1/response", "thing/product/+/osd") as admin:
        assert admin.granted == {"$CONTROL/dynamic-security/v1/response": True, "thing/product/+/osd": False}
        admin.publish("$CONTROL/dynamic-security/v1", json.dumps(command))
        assert ports.wait_until(lambda: bool(admin.got), 5)
    answer = json.loads(admin.got[0][1])["responses"][0]
    assert answer == {"command": "createClient"}
    # The configuration is written anew at each start.
    broker.restart()
    assert mqtt_probe.lets_in(f"mqtt://dock-1:secret-1@{broker.address}")


def test_an_account_without_a_rule_can_do_nothing(broker: MosquittoServer) -> None:
    command = {"commands": [{"command": "createClient", "username": "stranger", "password": "secret-2"}]}
    with Listener(broker, broker.control, "$CONTROL/dynamic-security/v1/response") as admin:
        admin.publish("$CONTROL/dynamic-security/v1", json.dumps(command))
        assert ports.wait_until(lambda: bool(admin.got), 5)
    with Listener(broker, ("stranger", "secret-2"), "#", "thing/product/+/services", "$SYS/#") as stranger:
        assert not any(stranger.granted.values())
        assert not stranger.publish("thing/product/8UUXN3B00A0001/osd", "{}")


def test_the_file_is_left_alone_when_it_is_right_and_repaired_when_it_is_not(tmp_path: Path) -> None:
    installation = mosquitto.Installation(Path("/usr/sbin/mosquitto"), Path("/usr/lib/plugin.so"))
    accounts = tmp_path / "dynamic-security.json"

    def write(bridge_password: str) -> dict[str, Any]:
        mosquitto.write_configuration(
            installation, tmp_path, "127.0.0.1", 1883, control=("c", "control"), bridge=("b", bridge_password)
        )
        content: dict[str, Any] = json.loads(accounts.read_text())
        return content

    first = write("one")
    first["clients"].append({"username": "dock-1", "password": "x", "salt": "y", "iterations": 1, "roles": []})
    accounts.write_text(json.dumps(first))
    untouched = accounts.stat().st_mtime_ns
    assert write("one") == first
    assert accounts.stat().st_mtime_ns == untouched

    changed = write("two")
    names = {client["username"]: client for client in changed["clients"]}
    assert set(names) == {"b", "c", "dock-1"}
    assert dynamic_security.is_password(names["b"], "two")
    assert not dynamic_security.is_password(names["b"], "one")
    assert changed["defaultACLAccess"]["publishClientSend"] is False
    assert changed["defaultACLAccess"]["subscribe"] is False
