"""How a dock makes itself known, and what stops it."""

from __future__ import annotations

import pytest

from fleet.simulator import Behaviour, Refused, SimulatedFleet, fleet_of, invented


def one_dock(url: str, **behaviour: object) -> SimulatedFleet:
    return fleet_of(
        invented(1, url, organization_id="org-1", bind_code="right"),
        behaviour=Behaviour(**{"fly": False, "speed": 20.0, **behaviour}),  # type: ignore[arg-type]
    )


async def test_a_fresh_dock_asks_binds_and_announces_in_order(broker, cloud) -> None:
    async with one_dock(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        await cloud.until(lambda: cloud.bodies(dock.sn, "osd"))
        said = [
            body["method"]
            for topic, body in cloud.heard
            if topic in (f"thing/product/{dock.sn}/requests", f"sys/product/{dock.sn}/status")
        ]
        assert said[:5] == [
            "config",
            "airport_bind_status",
            "airport_organization_get",
            "airport_organization_bind",
            "update_topo",
        ]
        first = min(index for index, (topic, _) in enumerate(cloud.heard) if topic.endswith("/osd"))
        topology = [index for index, (topic, _) in enumerate(cloud.heard) if topic.endswith("/status")]
        assert topology[0] < first, "telemetry before the topology"
        assert dock.bound
        assert dock.topology_acknowledged
        assert dock.configuration["ntp_server_host"] == "ntp.example"
        assert dock.organization_name == "Works"
        assert cloud.bound == {dock.sn, dock.aircraft_sn}


async def test_what_the_bind_request_and_the_topology_say(broker, cloud) -> None:
    async with one_dock(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        (bind,) = cloud.bodies(dock.sn, "requests", "airport_organization_bind")
        devices = bind["data"]["bind_devices"]
        assert [(d["sn"], d["device_model_key"]) for d in devices] == [
            (dock.sn, "3-3-0"),
            (dock.aircraft_sn, "0-100-1"),
        ]
        assert {d["organization_id"] for d in devices} == {"org-1"}
        assert {d["device_binding_code"] for d in devices} == {"right"}
        (topology,) = cloud.bodies(dock.sn, "status")
        data = topology["data"]
        assert (data["domain"], data["type"], data["sub_type"], data["thing_version"]) == ("3", 3, 0, "1.2.0")
        (aircraft,) = data["sub_devices"]
        assert (
            aircraft["sn"],
            aircraft["domain"],
            aircraft["type"],
            aircraft["sub_type"],
            aircraft["index"],
        ) == (
            dock.aircraft_sn,
            "0",
            100,
            1,
            "A",
        )


async def test_a_bound_dock_does_not_bind_again(broker, cloud) -> None:
    async with one_dock(broker.url) as fleet:
        dock = fleet.docks[0]
        cloud.bound |= {dock.sn, dock.aircraft_sn}
        await dock.until(lambda: dock.online)
        assert not cloud.bodies(dock.sn, "requests", "airport_organization_bind")


async def test_a_dock_whose_aircraft_is_new_binds(broker, cloud) -> None:
    async with one_dock(broker.url) as fleet:
        dock = fleet.docks[0]
        cloud.bound.add(dock.sn)
        await dock.until(lambda: dock.online)
        assert dock.aircraft_sn in cloud.bound


async def test_a_wrong_code_stops_the_dock_with_a_clear_reason(broker, cloud) -> None:
    cloud.bind_code = "another"
    async with one_dock(broker.url) as fleet:
        dock = fleet.docks[0]
        with pytest.raises(Refused, match="airport_organization_get: refused with 210229"):
            await dock.until(lambda: dock.online)
        await fleet.until(lambda: not dock.connected)
        assert not dock.bound
        assert not cloud.bodies(dock.sn, "status")


async def test_a_server_that_says_result_0_but_names_an_error_has_refused(broker, cloud) -> None:
    async with one_dock(broker.url) as fleet:
        dock = fleet.docks[0]
        original = cloud._answer

        def answer(method, data):  # type: ignore[no-untyped-def]
            if method == "airport_organization_bind":
                return {"result": 0, "output": {"err_infos": [{"sn": dock.sn, "err_code": 210231}]}}
            return original(method, data)

        cloud._answer = answer
        with pytest.raises(Refused, match="refused with 210231"):
            await dock.until(lambda: dock.online)


async def test_unanswered_requests_and_topology_come_again_with_the_same_tid(broker, cloud) -> None:
    cloud.deaf = {"requests"}
    async with one_dock(broker.url, patience=0.02) as fleet:
        dock = fleet.docks[0]
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "requests", "config")) >= 3)
        assert len({body["tid"] for body in cloud.bodies(dock.sn, "requests", "config")}) == 1
        assert [pending.method for pending in dock.unanswered] == ["config"]
        cloud.deaf = {"status"}
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "status")) >= 3)
        assert len({body["tid"] for body in cloud.bodies(dock.sn, "status")}) == 1
        assert dock.bound
        assert not dock.topology_acknowledged
        assert not cloud.bodies(dock.sn, "osd"), "telemetry before the topology was taken"
        cloud.deaf = set()
        await dock.until(lambda: dock.online)


async def test_a_remote_only_announces_its_topology(broker, cloud) -> None:
    fleet = fleet_of(invented(0, broker.url, others=True), behaviour=Behaviour(fly=False))
    async with fleet:
        remote = fleet.remotes[0]
        await remote.until(lambda: remote.online)
        await cloud.until(lambda: cloud.bodies(remote.sn, "osd") and cloud.bodies(remote.aircraft_sn, "osd"))
        assert not cloud.bodies(remote.sn, "requests")
        (topology,) = cloud.bodies(remote.sn, "status")
        assert (topology["data"]["domain"], topology["data"]["type"]) == ("2", 174)
        assert topology["data"]["sub_devices"][0]["type"] == 99
