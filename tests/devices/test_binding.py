"""A dock joins its organisation, and a wrong code does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from devices.models import Device
from fleet.models import AuditEntry
from tests.factories import make_dock

Deliver = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.django_db


@pytest.fixture
def dock(workspace: Any) -> Device:
    return make_dock(workspace, bound_at=None, callsign="")


def ask(deliver: Deliver, wire: Any, dock: Device, method: str, data: Any) -> Any:
    deliver(f"thing/product/{dock.sn}/requests", method=method, data=data)
    reply = wire.answers(f"thing/product/{dock.sn}/requests_reply")[-1]
    assert reply["method"] == method
    return reply["data"]


def bind_request(dock: Device, **over: Any) -> dict[str, Any]:
    entry = {"organization_id": str(dock.workspace_id), "device_binding_code": dock.workspace.bind_code, **over}
    return {
        "bind_devices": [
            {"sn": dock.sn, "device_model_key": "3-3-0", "device_callsign": "North dock", **entry},
            {"sn": "AIR1", "device_model_key": "0-100-1", "device_callsign": "Kestrel", **entry},
        ]
    }


def test_config_has_no_result_and_the_workspaces_own_values(deliver: Deliver, wire: Any, dock: Device) -> None:
    workspace = dock.workspace
    workspace.ntp_host, workspace.ntp_port, workspace.app_id = "10.0.0.1", 1123, "4711"
    workspace.save()
    data = ask(deliver, wire, dock, "config", {"config_type": "json", "config_scope": "product"})
    assert set(data) == {"ntp_server_host", "ntp_server_port", "app_id", "app_key", "app_license"}
    assert (data["ntp_server_host"], data["ntp_server_port"], data["app_id"]) == ("10.0.0.1", 1123, "4711")


def test_the_whole_way_into_an_organisation(deliver: Deliver, wire: Any, dock: Device) -> None:
    asked = {"devices": [{"sn": dock.sn}, {"sn": "AIR1"}]}
    before = ask(deliver, wire, dock, "airport_bind_status", asked)
    assert [entry["is_device_bind_organization"] for entry in before["output"]["bind_status"]] == [False, False]

    name = ask(
        deliver,
        wire,
        dock,
        "airport_organization_get",
        {"organization_id": str(dock.workspace_id), "device_binding_code": dock.workspace.bind_code.lower()},
    )
    assert name == {"result": 0, "output": {"organization_name": "Alpine rescue"}}

    assert ask(deliver, wire, dock, "airport_organization_bind", bind_request(dock)) == {
        "result": 0,
        "output": {"err_infos": []},
    }
    after = ask(deliver, wire, dock, "airport_bind_status", asked)
    assert [
        (entry["is_device_bind_organization"], entry["organization_id"], entry["device_callsign"])
        for entry in after["output"]["bind_status"]
    ] == [
        (True, str(dock.workspace_id), "North dock"),
        (True, str(dock.workspace_id), "Kestrel"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"device_binding_code": "WRONG"},
        {"device_binding_code": None},
        {"organization_id": "other"},
        {"organization_id": None},
    ],
)
def test_a_wrong_code_or_organisation_is_refused(
    deliver: Deliver, wire: Any, dock: Device, wrong: dict[str, Any]
) -> None:
    data = ask(deliver, wire, dock, "airport_organization_bind", bind_request(dock, **wrong))
    assert data["result"] != 0
    assert {entry["sn"] for entry in data["output"]["err_infos"]} == {dock.sn, "AIR1"}
    assert all(entry["err_code"] for entry in data["output"]["err_infos"])
    dock.refresh_from_db()
    assert dock.bound_at is None
    assert not Device.objects.filter(sn="AIR1").exists()
    assert AuditEntry.objects.get().action == "gateway.bind_refused"
    assert (
        ask(
            deliver,
            wire,
            dock,
            "airport_organization_get",
            {"organization_id": str(dock.workspace_id), "device_binding_code": dock.workspace.bind_code, **wrong},
        )["result"]
        != 0
    )


def test_another_workspaces_right_code_is_refused(
    deliver: Deliver, wire: Any, dock: Device, other_workspace: Any
) -> None:
    data = ask(
        deliver, wire, dock, "airport_organization_bind",
        bind_request(dock, organization_id=str(other_workspace.pk), device_binding_code=other_workspace.bind_code),
    )  # fmt: skip
    assert data["result"] != 0
    assert Device.objects.get(sn=dock.sn).workspace != other_workspace


def test_a_dock_cannot_bind_somebody_elses_devices(
    deliver: Deliver, wire: Any, dock: Device, other_workspace: Any, workspace: Any
) -> None:
    theirs, ours = make_dock(other_workspace, bound_at=None), make_dock(workspace, bound_at=None)
    request = bind_request(dock)
    request["bind_devices"][1] |= {"sn": theirs.sn, "device_model_key": "3-3-0"}
    request["bind_devices"].append({**request["bind_devices"][1], "sn": ours.sn})
    data = ask(deliver, wire, dock, "airport_organization_bind", request)
    assert {entry["sn"] for entry in data["output"]["err_infos"]} == {theirs.sn, ours.sn}
    theirs.refresh_from_db()
    assert (theirs.workspace, theirs.bound_at) == (other_workspace, None)


def test_bind_status_tells_nothing_of_another_workspace(
    deliver: Deliver, wire: Any, dock: Device, other_workspace: Any
) -> None:
    theirs = make_dock(other_workspace, callsign="Secret")
    data = ask(deliver, wire, dock, "airport_bind_status", {"devices": [{"sn": theirs.sn}]})
    (entry,) = data["output"]["bind_status"]
    assert (entry["is_device_bind_organization"], entry["organization_id"], entry["device_callsign"]) == (False, "", "")


@pytest.mark.parametrize("method", ["flight_areas_get", "offline_map_get"])
def test_what_old_firmware_waits_for_is_always_answered_well(
    deliver: Deliver, wire: Any, dock: Device, method: str
) -> None:
    assert ask(deliver, wire, dock, method, None)["result"] == 0


@pytest.mark.parametrize("data", [None, [], "x", {"devices": 3}, {"bind_devices": [1, None]}])
@pytest.mark.parametrize(
    "method", ["config", "airport_bind_status", "airport_organization_get", "airport_organization_bind"]
)
def test_nonsense_is_answered_too(deliver: Deliver, wire: Any, dock: Device, method: str, data: Any) -> None:
    assert isinstance(ask(deliver, wire, dock, method, data), dict)
