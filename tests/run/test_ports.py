"""A port that is taken is named, with the setting that changes it."""

from __future__ import annotations

import socket

import pytest

from fleet.embedded import ports
from fleet.embedded.ports import Listener, PortTaken


def test_free_ports_pass() -> None:
    ports.check([Listener("web", "FLEET_WEB_PORT", "127.0.0.1", ports.free_port())])


def test_every_taken_port_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        web, mqtt = first.getsockname()[1], second.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            ports.check(
                [
                    Listener("web", "FLEET_WEB_PORT", "127.0.0.1", web),
                    Listener("MQTT", "FLEET_MQTT_PORT", "127.0.0.1", mqtt),
                ]
            )
    text = str(caught.value)
    assert f"127.0.0.1:{web} (web) is taken" in text
    assert f"127.0.0.1:{mqtt} (MQTT) is taken" in text
    assert "FLEET_WEB_PORT=" in text
    assert "FLEET_MQTT_PORT=" in text


def test_two_of_our_servers_on_one_port_are_told_apart() -> None:
    port = ports.free_port()
    with pytest.raises(PortTaken, match="FLEET_WEB_PORT and FLEET_S3_PORT are both"):
        ports.check(
            [
                Listener("web", "FLEET_WEB_PORT", "127.0.0.1", port),
                Listener("S3 storage", "FLEET_S3_PORT", "127.0.0.1", port),
            ]
        )


def test_an_address_of_another_machine_cannot_be_bound() -> None:
    with pytest.raises(PortTaken, match="FLEET_WEB_PORT"):
        ports.check([Listener("web", "FLEET_WEB_PORT", "192.0.2.1", ports.free_port())])
