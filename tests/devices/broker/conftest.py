"""A real Mosquitto that keeps the accounts, two tenants' docks, and the bridge's eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devices.models import Device
from devices.services import gateways
from devices.services.broker import sync
from fleet.models import Workspace
from tests.devices.broker.peer import Peer, added
from tests.servers import MosquittoServer


@pytest.fixture
def broker(db: None, mosquitto: MosquittoServer, settings: Any) -> Iterator[MosquittoServer]:
    settings.BROKER = "mosquitto"
    settings.MQTT_URL = mosquitto.url
    settings.MQTT_CONTROL_URL = mosquitto.control_url
    yield mosquitto
    Device.objects.all().delete()
    sync.reconcile()


@pytest.fixture
def connect(broker: MosquittoServer) -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def one(device: Device, password: str = "") -> Peer:
        peers.append(Peer(broker, device.sn, password or gateways.password(device)))
        return peers[-1]

    yield one
    for peer in peers:
        peer.close()


@pytest.fixture
def bridge(broker: MosquittoServer) -> Iterator[Peer]:
    """Sees everything that gateways may send, and nothing else gets past the broker to it."""
    peer = Peer(broker, *broker.bridge)
    for topic_filter in ("thing/product/+/osd", "thing/product/+/events", "sys/product/+/status"):
        assert peer.subscribe(topic_filter)
    yield peer
    peer.close()


@pytest.fixture
def dock(workspace: Workspace) -> Device:
    return added(workspace, "DOCK-A")


@pytest.fixture
def rival(other_workspace: Workspace) -> Device:
    """A dock of the tenant who must never get in."""
    return added(other_workspace, "DOCK-B")
