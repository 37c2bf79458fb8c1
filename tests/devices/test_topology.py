"""update_topo: who hangs on whom, who is online, and who may not be claimed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from devices.models import Device, DeviceModel, RejectedMessage
from devices.models.device import Domain
from devices.services import rejects
from tests.factories import make_aircraft, make_dock, make_remote

Deliver = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.django_db


def topology(*aircraft: str, **over: Any) -> dict[str, Any]:
    """As a real Dock 3 sends it: domain a string, type and sub_type numbers."""
    subs = [
        {"sn": sn, "domain": "0", "type": 100, "sub_type": 1, "index": "A", "device_secret": "s", "nonce": "n", "thing_version": "1.2.0"}
        for sn in aircraft
    ]  # fmt: skip
    return {
        "domain": "3",
        "type": 3,
        "sub_type": 0,
        "device_secret": "s",
        "nonce": "n",
        "thing_version": "1.2.0",
        "sub_devices": subs,
        **over,
    }


def send(deliver: Deliver, gateway: Device, *aircraft: str, stamp: int | None = None, **over: Any) -> None:
    body: dict[str, Any] = {"method": "update_topo", "data": topology(*aircraft, **over)}
    if stamp is not None:
        body["timestamp"] = stamp
    deliver(f"sys/product/{gateway.sn}/status", **body)


def test_a_dock_and_its_aircraft_come_online_and_are_answered(deliver: Deliver, wire: Any, workspace: Any) -> None:
    dock = make_dock(workspace, model_key="3-2-0")
    sent = deliver(f"sys/product/{dock.sn}/status", method="update_topo", data=topology("AIR1"))
    dock.refresh_from_db()
    aircraft = Device.objects.get(sn="AIR1")
    assert (dock.online, dock.model_id, dock.thing_version) == (True, "3-3-0", "1.2.0")
    assert (aircraft.online, aircraft.gateway, aircraft.domain, aircraft.index) == (True, dock, Domain.AIRCRAFT, "A")
    assert (aircraft.workspace, aircraft.model_name) == (workspace, "Matrice 4TD")
    (reply,) = wire.answers(f"sys/product/{dock.sn}/status_reply")
    assert (reply["tid"], reply["bid"], reply["method"], reply["data"]) == (
        sent["tid"],
        sent["bid"],
        "update_topo",
        {"result": 0},
    )


def test_every_sub_device_counts_not_only_the_first(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    send(deliver, dock, "AIR1", "AIR2")
    assert set(dock.sub_devices.values_list("sn", flat=True)) == {"AIR1", "AIR2"}


def test_an_aircraft_no_longer_named_is_offline_and_leaves(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    send(deliver, dock, "AIR1")
    send(deliver, dock)
    aircraft = Device.objects.get(sn="AIR1")
    assert (aircraft.online, aircraft.gateway) == (False, None)


def test_an_aircraft_moves_between_gateways_of_one_workspace(deliver: Deliver, workspace: Any) -> None:
    dock, remote = make_dock(workspace), make_remote(workspace)
    send(deliver, dock, "AIR1")
    send(deliver, remote, "AIR1", domain="2", type=174)
    assert Device.objects.get(sn="AIR1").gateway == remote
    # The old gateway's next topology, without it, must not pull it off the new one.
    send(deliver, dock)
    aircraft = Device.objects.get(sn="AIR1")
    assert (aircraft.gateway, aircraft.online) == (remote, True)


def test_another_workspaces_aircraft_cannot_be_claimed(deliver: Deliver, workspace: Any, other_workspace: Any) -> None:
    theirs = make_dock(other_workspace)
    aircraft = make_aircraft(other_workspace, theirs, sn="THEIRS")
    send(deliver, make_dock(workspace), "THEIRS", "OURS")
    aircraft.refresh_from_db()
    assert (aircraft.workspace, aircraft.gateway) == (other_workspace, theirs)
    assert Device.objects.get(sn="OURS").workspace == workspace
    rejects.flush()
    assert RejectedMessage.objects.get(reason="conflict").workspace == workspace


def test_a_gateway_cannot_be_made_somebodys_sub_device(deliver: Deliver, workspace: Any) -> None:
    first, second = make_dock(workspace), make_dock(workspace)
    send(deliver, first, second.sn, first.sn)
    second.refresh_from_db()
    assert second.gateway is None


def test_an_older_topology_does_not_undo_a_newer_one(deliver: Deliver, workspace: Any) -> None:
    dock, now = make_dock(workspace), int(time.time() * 1000)
    send(deliver, dock, "AIR1", stamp=now)
    send(deliver, dock, stamp=now - 5000)
    assert Device.objects.get(sn="AIR1").gateway == dock


def test_a_clock_set_back_by_an_hour_is_believed(deliver: Deliver, workspace: Any) -> None:
    dock, now = make_dock(workspace), int(time.time() * 1000)
    send(deliver, dock, "AIR1", stamp=now + 3_600_000)
    send(deliver, dock, stamp=now)
    assert Device.objects.get(sn="AIR1").gateway is None


def test_an_unknown_model_gets_a_row_that_can_be_named(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    data = topology("AIR1")
    data["sub_devices"][0] |= {"type": 777, "sub_type": 65535}
    deliver(f"sys/product/{dock.sn}/status", method="update_topo", data=data)
    model = Device.objects.get(sn="AIR1").model
    assert model is not None
    assert model.key.startswith("0-777-")
    assert not model.is_documented
    DeviceModel.objects.filter(pk=model.pk).update(name="Prototype")
    assert Device.objects.get(sn="AIR1").model_name == "Prototype"


@pytest.mark.parametrize(
    "sub_devices",
    [None, "x", [None], [1], [{}], [{"sn": None}], [{"sn": "A" * 80}], [{"sn": "OK1", "type": [], "domain": {}}], {"sn": "x"}],
)  # fmt: skip
def test_nonsense_in_a_topology_never_stops_it(deliver: Deliver, wire: Any, workspace: Any, sub_devices: Any) -> None:
    dock = make_dock(workspace)
    deliver(
        f"sys/product/{dock.sn}/status",
        method="update_topo",
        data=topology() | {"sub_devices": sub_devices, "type": "3", "sub_type": None},
    )
    assert wire.answers(f"sys/product/{dock.sn}/status_reply")[0]["data"] == {"result": 0}
    dock.refresh_from_db()
    assert dock.online


def test_a_topology_of_an_unregistered_gateway_makes_nothing(deliver: Deliver, wire: Any) -> None:
    deliver("sys/product/STRANGER/status", method="update_topo", data=topology("AIR1"))
    assert not Device.objects.exists()
    assert wire.answers("sys/product/STRANGER/status_reply")[0]["data"]["result"] != 0
    rejects.flush()
    assert RejectedMessage.objects.get().reason == "unregistered"
