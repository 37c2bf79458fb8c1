"""The broker's accounts become as the database has them, whatever happened to either."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.db import transaction

from devices.models import Device, GatewayCredential
from devices.services import gateways
from devices.services.broker import accounts, sync
from devices.services.broker.dynsec import DynamicSecurity
from tests.devices.broker.peer import WAIT, Peer, accounts_file, usernames
from tests.factories import make_aircraft
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.django_db, pytest.mark.broker, pytest.mark.usefixtures("broker")]


def test_reconciling_leaves_alone_whoever_is_right(
    dock: Device, rival: Device, broker: MosquittoServer, connect: Callable[..., Peer]
) -> None:
    peer = connect(dock)
    gateways.rotate(rival)
    assert sync.reconcile().changed == 1
    written = accounts_file(broker).stat().st_mtime_ns
    outcome = sync.reconcile()
    assert (outcome.checked, outcome.changed, outcome.removed, outcome.error) == (2, 0, 0, "")
    assert accounts_file(broker).stat().st_mtime_ns == written
    assert connect(rival).let_in
    assert not peer.gone.is_set()


def test_a_broker_that_lost_its_accounts_gets_them_back(
    dock: Device, rival: Device, broker: MosquittoServer, connect: Callable[..., Peer]
) -> None:
    make_aircraft(dock.workspace, dock, sn="AIR-A")
    gateways.withdraw(rival)
    broker.stop()
    accounts_file(broker).unlink()
    broker.start()
    assert not connect(dock).let_in
    assert sync.reconcile().changed == 1
    peer = connect(dock)
    assert peer.let_in
    assert peer.subscribe("thing/product/AIR-A/#")
    assert "DOCK-B" not in usernames(broker)


def test_a_broker_put_back_to_an_older_file_learns_the_present_passwords(
    dock: Device, broker: MosquittoServer, connect: Callable[..., Peer]
) -> None:
    before, old_file = gateways.password(dock), accounts_file(broker).read_text()
    after = gateways.rotate(dock)
    assert sync.sync(dock.pk)
    broker.stop()
    accounts_file(broker).write_text(old_file)
    broker.start()
    assert connect(dock, before).let_in
    assert sync.reconcile().changed == 1
    assert not connect(dock, before).let_in
    assert connect(dock, after).let_in


def test_what_was_done_to_the_broker_by_hand_is_set_right(
    dock: Device, rival: Device, broker: MosquittoServer, connect: Callable[..., Peer]
) -> None:
    wide = [{"acltype": "publishClientSend", "topic": "#", "priority": 5, "allow": True}]
    with DynamicSecurity(broker.control_url) as control:
        control.run(
            [
                {"command": "modifyRole", "rolename": "gateway-DOCK-A", "acls": wide},
                {"command": "disableClient", "username": "DOCK-B"},
                {"command": "createRole", "rolename": "gateway-STALE", "acls": wide},
                {
                    "command": "createClient",
                    "username": "STALE",
                    "password": "x",
                    "roles": [{"rolename": "gateway-STALE"}],
                },
                {"command": "createClient", "username": "grafana", "password": "x"},
                {"command": "setDefaultACLAccess", "acls": [{"acltype": "subscribe", "allow": True}]},
            ]
        )
    assert not connect(rival).let_in
    outcome = sync.reconcile()
    assert (outcome.changed, outcome.removed, outcome.failed) == (2, 1, 0)
    assert connect(rival).let_in
    assert not connect(dock).subscribe("thing/product/DOCK-B/osd")
    assert "STALE" not in usernames(broker)
    assert "grafana" in usernames(broker)
    assert sync.reconcile().changed == 0
    with DynamicSecurity(broker.control_url) as control:
        control.run([{"command": "deleteClient", "username": "grafana"}])


def test_the_bridge_is_given_its_account(broker: MosquittoServer, settings: Any) -> None:
    settings.MQTT_URL = f"mqtt://second-bridge:its-password@{broker.address}"
    sync.reconcile()
    peer = Peer(broker, "second-bridge", "its-password")
    assert peer.let_in
    assert peer.subscribe("$share/fleet/thing/product/+/osd")
    assert peer.subscribe("sys/product/+/status")
    assert not peer.subscribe("#")
    peer.close()
    with DynamicSecurity(broker.control_url) as control:
        control.run([{"command": "deleteClient", "username": "second-bridge"}])


def test_a_change_that_overtakes_another_wins(dock: Device, broker: MosquittoServer) -> None:
    """One process read the account, another withdrew it: the first must not bring it back."""
    stale = accounts.of_device(dock.pk)
    assert stale is not None
    gateways.withdraw(dock)
    assert sync.sync(dock.pk)
    with DynamicSecurity(broker.control_url) as control:
        assert not sync._settle(control, stale)
    assert "DOCK-A" not in usernames(broker)


def test_the_account_of_a_deleted_device_is_removed(
    dock: Device, broker: MosquittoServer, connect: Callable[..., Peer]
) -> None:
    peer, gone = connect(dock), dock.pk
    dock.delete()
    assert sync.sync(gone)
    assert peer.gone.wait(WAIT)
    assert "DOCK-A" not in usernames(broker)


def test_what_the_broker_knows_is_written_down(dock: Device, broker: MosquittoServer) -> None:
    def credential() -> GatewayCredential:
        return GatewayCredential.objects.get(device=dock)

    assert credential().broker_stamp == credential().changed_at
    gateways.rotate(dock)
    assert credential().broker_stamp != credential().changed_at
    broker.stop()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sync, "TIMEOUT", 0.5)
            assert not sync.sync(dock.pk)
    finally:
        broker.start()
    assert "no connection" in credential().broker_error
    assert sync.reconcile().error == ""
    assert (credential().broker_error, credential().broker_stamp) == ("", credential().changed_at)


def test_a_wrong_control_account_is_said(dock: Device, broker: MosquittoServer, settings: Any) -> None:
    gateways.rotate(dock)
    settings.MQTT_CONTROL_URL = f"mqtt://fleet-control:wrong@{broker.address}"
    assert "Not authorized" in sync.reconcile().error
    # The bridge's account is good, but may not administer.
    settings.MQTT_CONTROL_URL = broker.url
    assert "may not subscribe" in sync.reconcile().error
    settings.MQTT_CONTROL_URL = ""
    assert "FLEET_MQTT_CONTROL_URL" in sync.reconcile().error
    assert "FLEET_MQTT_CONTROL_URL" in GatewayCredential.objects.get(device=dock).broker_error


def test_an_unreadable_password_does_not_throw_out_who_is_connected(
    dock: Device, rival: Device, settings: Any, connect: Callable[..., Peer]
) -> None:
    peer = connect(dock)
    gateways.rotate(rival)
    settings.SECRET_KEY = "another key of this server, which is long enough"
    outcome = sync.reconcile()
    assert (outcome.checked, outcome.failed) == (2, 1)
    assert "Rotate" in GatewayCredential.objects.get(device=rival).broker_error
    assert not peer.gone.is_set()
    gateways.rotate(rival)
    assert sync.reconcile().failed == 0
    assert connect(rival).let_in


@pytest.mark.django_db(transaction=True)
def test_a_change_is_asked_for_after_the_commit_and_for_the_queue_of_the_bridge(
    dock: Device, rival: Device, settings: Any
) -> None:
    queue = redis.Redis.from_url(settings.REDIS_URL)
    queue.delete("mqtt")
    with transaction.atomic():
        gateways.rotate(dock)
        sync.request(rival.pk, None)
        assert queue.llen("mqtt") == 0
    asked = [json.loads(message)["headers"] for message in queue.lrange("mqtt", 0, -1)]
    queue.delete("mqtt")
    assert {headers["task"] for headers in asked} == {"devices.tasks.broker_sync"}
    assert {headers["argsrepr"] for headers in asked} == {f"[{dock.pk}]", f"[{rival.pk}]"}
