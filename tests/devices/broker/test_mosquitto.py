"""What gateways may do at a real Mosquitto: real clients, real refusals, and sessions that are left alone.

That nothing arrives is shown by what is sent after it: a broker keeps the order of one sender.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devices.models import Device
from devices.services import gateways
from devices.services.broker import sync
from devices.services.broker.dynsec import DynamicSecurity
from fleet.models import Workspace
from tests.devices.broker.peer import WAIT, Peer, added, roles, usernames
from tests.factories import make_aircraft
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.django_db, pytest.mark.broker, pytest.mark.usefixtures("broker")]


def test_a_gateway_uses_its_own_topics_and_its_aircraft_s(
    dock: Device, bridge: Peer, connect: Callable[..., Peer]
) -> None:
    make_aircraft(dock.workspace, dock, sn="AIR-A")
    assert sync.sync(dock.pk)
    peer = connect(dock)
    assert peer.subscribe("thing/product/DOCK-A/#")
    assert peer.subscribe("sys/product/DOCK-A/status_reply")
    assert peer.subscribe("thing/product/AIR-A/state_reply")
    up = [
        "sys/product/DOCK-A/status",
        "thing/product/DOCK-A/osd",
        "thing/product/AIR-A/osd",
        "thing/product/AIR-A/events",
    ]
    peer.publish(*up)
    assert bridge.until(up[-1]) == up
    bridge.publish(
        "thing/product/DOCK-A/services", "sys/product/DOCK-A/status_reply", "thing/product/AIR-A/state_reply"
    )
    assert peer.until("thing/product/AIR-A/state_reply")[-3:] == [
        "thing/product/DOCK-A/services",
        "sys/product/DOCK-A/status_reply",
        "thing/product/AIR-A/state_reply",
    ]


def test_nothing_of_another_workspace_s_gateway_is_open(
    dock: Device, rival: Device, bridge: Peer, connect: Callable[..., Peer]
) -> None:
    make_aircraft(dock.workspace, dock, sn="AIR-A")
    assert sync.sync(dock.pk)
    victim, intruder = connect(dock), connect(rival)
    assert victim.subscribe("thing/product/DOCK-A/#")
    for topic_filter in (
        "#",
        "thing/#",
        "thing/product/+/osd",
        "thing/product/+/#",
        "thing/product/DOCK-A/services",
        "thing/product/DOCK-A/#",
        "thing/product/AIR-A/osd",
        "sys/product/+/status",
        "$share/fleet/thing/product/+/osd",
        "$share/x/thing/product/DOCK-A/services",
        "$SYS/#",
        "$CONTROL/#",
    ):
        assert not intruder.subscribe(topic_filter), topic_filter
    intruder.publish(
        "thing/product/DOCK-A/osd",
        "thing/product/DOCK-A/services",
        "thing/product/AIR-A/events",
        "sys/product/DOCK-A/status",
        "$CONTROL/dynamic-security/v1",
        "thing/product/DOCK-B/osd",
    )
    assert bridge.until("thing/product/DOCK-B/osd") == ["thing/product/DOCK-B/osd"]
    bridge.publish("thing/product/DOCK-A/services")
    assert victim.until("thing/product/DOCK-A/services") == ["thing/product/DOCK-A/services"]
    assert intruder.messages.empty()


def test_a_gateway_cannot_forge_what_it_is_told(dock: Device, connect: Callable[..., Peer]) -> None:
    peer = connect(dock)
    assert peer.subscribe("thing/product/DOCK-A/#")
    peer.publish(
        "thing/product/DOCK-A/services",
        "thing/product/DOCK-A/property/set",
        "thing/product/DOCK-A/drc/down",
        "thing/product/DOCK-A/events_reply",
        "thing/product/DOCK-A/osd",
    )
    assert peer.until("thing/product/DOCK-A/osd") == ["thing/product/DOCK-A/osd"]


@pytest.mark.parametrize("restarted", [False, True])
def test_rules_follow_an_aircraft_and_nobody_is_disconnected(
    restarted: bool, workspace: Workspace, mosquitto: MosquittoServer, connect: Callable[..., Peer]
) -> None:
    """After a restart Mosquitto throws out whoever's role gets a rule added; replacing the rules does not."""
    with DynamicSecurity(mosquitto.control_url) as control:  # as the broker's own tool sets it
        allowed = [{"acltype": "publishClientReceive", "allow": True}]
        control.run([{"command": "setDefaultACLAccess", "acls": allowed}])
    first, second = added(workspace, "DOCK-A"), added(workspace, "DOCK-C")
    aircraft = make_aircraft(workspace, first, sn="AIR-A")
    assert sync.sync(first.pk)
    if restarted:
        mosquitto.restart()
    bridge = Peer(mosquitto, *mosquitto.bridge)
    assert bridge.subscribe("thing/product/+/osd")
    old, new = connect(first), connect(second)
    assert old.subscribe("thing/product/AIR-A/#")
    new.publish("thing/product/AIR-A/osd", "thing/product/DOCK-C/osd")
    assert bridge.until("thing/product/DOCK-C/osd") == ["thing/product/DOCK-C/osd"]

    aircraft.gateway = second
    aircraft.save()
    assert sync.sync(second.pk)
    assert sync.sync(first.pk)

    assert new.subscribe("thing/product/AIR-A/state_reply")
    old.publish("thing/product/AIR-A/osd", "thing/product/DOCK-A/osd")
    new.publish("thing/product/AIR-A/osd")
    assert bridge.until("thing/product/AIR-A/osd") == ["thing/product/DOCK-A/osd", "thing/product/AIR-A/osd"]
    # The old one is still subscribed, but the broker delivers to it no more.
    bridge.publish("thing/product/AIR-A/state_reply", "thing/product/DOCK-A/services")
    assert new.until("thing/product/AIR-A/state_reply")
    assert old.subscribe("thing/product/DOCK-A/services")
    bridge.publish("thing/product/DOCK-A/services")
    assert set(old.until("thing/product/DOCK-A/services")) == {"thing/product/DOCK-A/services"}
    # It may listen for answers (it does so before we know its aircraft), but none of another's is delivered.
    assert old.subscribe("thing/product/AIR-A/state_reply")
    assert not old.subscribe("thing/product/AIR-A/services")
    bridge.publish("thing/product/AIR-A/state_reply", "thing/product/DOCK-A/property/set")
    assert old.subscribe("thing/product/DOCK-A/property/set")
    bridge.publish("thing/product/DOCK-A/property/set")
    assert "thing/product/AIR-A/state_reply" not in old.until("thing/product/DOCK-A/property/set")
    assert not old.gone.is_set()
    assert not new.gone.is_set()
    bridge.close()


def test_an_aircraft_of_another_workspace_opens_nothing(
    dock: Device, rival: Device, other_workspace: Workspace, bridge: Peer, connect: Callable[..., Peer]
) -> None:
    make_aircraft(other_workspace, dock, sn="AIR-B")
    Device.objects.filter(pk=rival.pk).update(gateway=dock)
    assert sync.sync(dock.pk)
    peer = connect(dock)
    peer.publish("thing/product/AIR-B/osd", "thing/product/DOCK-B/osd", "thing/product/DOCK-A/osd")
    assert bridge.until("thing/product/DOCK-A/osd") == ["thing/product/DOCK-A/osd"]


def test_a_rotated_password_ends_the_old_session_and_no_other(
    dock: Device, rival: Device, bridge: Peer, connect: Callable[..., Peer]
) -> None:
    before = gateways.password(dock)
    peer, other = connect(dock), connect(rival)
    after = gateways.rotate(dock)
    assert sync.sync(dock.pk)
    assert peer.gone.wait(WAIT)
    assert not connect(dock, before).let_in
    again = connect(dock, after)
    assert again.let_in
    again.publish("thing/product/DOCK-A/osd")
    other.publish("thing/product/DOCK-B/osd")
    assert bridge.until("thing/product/DOCK-B/osd") == [
        "thing/product/DOCK-A/osd",
        "thing/product/DOCK-B/osd",
    ]
    assert not other.gone.is_set()


def test_a_withdrawn_gateway_is_out_at_once_and_can_be_restored(
    dock: Device, rival: Device, broker: MosquittoServer, connect: Callable[..., Peer]
) -> None:
    before = gateways.password(dock)
    peer, other = connect(dock), connect(rival)
    gateways.withdraw(dock)
    assert sync.sync(dock.pk)
    assert peer.gone.wait(WAIT)
    assert not connect(dock, before).let_in
    assert not other.gone.is_set()
    assert "DOCK-A" not in usernames(broker)
    assert "gateway-DOCK-A" not in roles(broker)
    after = gateways.restore(dock)
    assert sync.sync(dock.pk)
    assert not connect(dock, before).let_in
    assert connect(dock, after).let_in
    assert not other.gone.is_set()
