"""How devices take commands: every one in the catalogue, good and bad, and to its end."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.protocol import methods
from fleet.simulator import Behaviour, SimulatedFleet, SimulatedGateway, fleet_of, invented

PRODUCTS = ("dock3", "dock2", "rc-plus-2")


def fleet_at(url: str, **behaviour: object) -> SimulatedFleet:
    return fleet_of(
        invented(2, url, others=True, bind_code="right"),
        behaviour=Behaviour(**{"fly": False, "speed": 50.0, **behaviour}),  # type: ignore[arg-type]
    )


def gateway_of(fleet: SimulatedFleet, kind: str) -> SimulatedGateway:
    return next(gateway for gateway in fleet.gateways if gateway.profile.kind == kind)


def good_value(field: methods.Field, gateway: SimulatedGateway) -> Any:
    """Something that fits a field."""
    named: dict[str, Any] = {
        "payload_index": gateway.profile.camera,
        "video_id": f"{gateway.aircraft_sn}/{gateway.profile.camera}/wide-0",
        "sn": gateway.sn,
        "address": f"127.0.0.1:{gateway.address.port}",
        "enable_tls": False,
        "flight_id": "flight-1",
        "home_dock_sn": gateway.sn,
        "module_list": ["0", "3"],
    }
    if field.name in named:
        return named[field.name]
    match field.type:
        case "struct":
            return good_data(field.children, gateway)
        case "array":
            return [good_data(field.children, gateway)] if field.children else []
        case "enum":
            return field.choices[0].value if field.choices else 0
        case "bool":
            return True
        case "text":
            return "x"
    low = field.minimum if field.minimum is not None else 1
    high = field.maximum if field.maximum is not None else max(low, 10)
    middle = (low + high) / 2
    return int(middle) if field.type == "int" else middle


def good_data(fields: tuple[methods.Field, ...], gateway: SimulatedGateway) -> dict[str, Any]:
    return {field.name: good_value(field, gateway) for field in fields}


@pytest.mark.parametrize("kind", PRODUCTS)
async def test_every_service_of_the_catalogue_is_answered_with_its_tid_and_bid(broker, cloud, kind) -> None:
    async with fleet_at(broker.url) as fleet:
        gateway = gateway_of(fleet, kind)
        await gateway.until(lambda: gateway.online)
        catalogue = methods.for_product(gateway.profile.product, "services")
        assert len(catalogue) >= 16
        # Those without which others make no sense come first; those that end what others need come last.
        first = {"flighttask_prepare": 0, "takeoff_to_point": 1}
        last = ("device_reboot", "drone_close", "drc_mode_exit", "flighttask_stop", "flighttask_undo")
        sent: dict[str, dict[str, Any]] = {}
        for method in sorted(catalogue, key=lambda m: (first.get(m.name, 2), m.name in last, m.name)):
            if method.name != "device_reboot":
                data = good_data(method.fields, gateway)
                sent[method.name] = await cloud.send(gateway.sn, "services", data, method.name)

        def answers() -> dict[str, dict[str, Any]]:
            return {body["tid"]: body for body in cloud.bodies(gateway.sn, "services_reply")}

        await cloud.until(lambda: {message["tid"] for message in sent.values()} <= set(answers()))
        for name, message in sent.items():
            answer = answers()[message["tid"]]
            assert (answer["bid"], answer["method"]) == (message["bid"], name)
        # What a device may refuse because of what it is doing; never for its data.
        refused = {r.message.method: r.result for r in gateway.rejected_commands}
        assert 325001 not in refused.values(), gateway.rejected_commands
        assert set(refused) <= {
            "flighttask_prepare",
            "flighttask_create",
            "flighttask_execute",
            "flighttask_pause",
            "flighttask_recovery",
            "flighttask_stop",
            "flighttask_undo",
            "fly_to_point_update",
            "live_start_push",
        }, refused
        assert [message.method for message in gateway.received] == list(sent)


@pytest.mark.parametrize("name", ["cover_open", "cover_close", "charge_open", "drone_format", "esim_activate"])
async def test_long_commands_report_their_steps_and_end(broker, cloud, name) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        method = methods.find("services", name, "dock3")
        assert method is not None
        reply = await cloud.command(dock.sn, name, good_data(method.fields, dock))
        assert reply["data"] == {"result": 0, "output": {"status": "in_progress"}}
        await cloud.until(lambda: cloud.final(dock.sn, name, reply["bid"]))
        events = [b for b in cloud.bodies(dock.sn, "events", name) if b["bid"] == reply["bid"]]
        percents = [b["data"]["output"]["progress"]["percent"] for b in events]
        assert percents == sorted(percents)
        assert percents[-1] == 100
        assert len({b["tid"] for b in events}) == len(events) > 2
        assert events[-1]["data"]["output"]["status"] == "ok"
        await dock.until(lambda: not dock.unanswered)


async def test_what_a_command_does_is_seen_in_telemetry(broker, cloud) -> None:
    async with fleet_at(broker.url, rate=10.0) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)

        def last(name: str) -> Any:
            values = [b["data"][name] for b in cloud.bodies(dock.sn, "osd") if name in b["data"]]
            return values[-1] if values else None

        for name, prop, value in (
            ("debug_mode_open", "mode_code", 2),
            ("cover_open", "cover_state", 1),
            ("supplement_light_open", "supplement_light_state", 1),
            ("cover_close", "cover_state", 0),
            ("debug_mode_close", "mode_code", 0),
        ):
            assert (await cloud.command(dock.sn, name))["data"]["result"] == 0
            await cloud.until(lambda: last(prop) == value)  # noqa: B023


async def test_an_aircraft_is_switched_off_and_on(broker, cloud) -> None:
    async with fleet_at(broker.url, rate=10.0) as fleet:
        dock = gateway_of(fleet, "dock2")
        await dock.until(lambda: dock.online)
        reply = await cloud.command(dock.sn, "drone_close")
        await cloud.until(lambda: cloud.final(dock.sn, "drone_close", reply["bid"]))
        assert cloud.bodies(dock.sn, "status")[-1]["data"]["sub_devices"] == []
        silent_from = len(cloud.bodies(dock.aircraft_sn, "osd"))
        dock_from = len(cloud.bodies(dock.sn, "osd"))
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "osd")) > dock_from + 10)
        assert len(cloud.bodies(dock.aircraft_sn, "osd")) == silent_from
        reply = await cloud.command(dock.sn, "drone_open")
        await cloud.until(lambda: cloud.final(dock.sn, "drone_open", reply["bid"]))
        await cloud.until(lambda: len(cloud.bodies(dock.aircraft_sn, "osd")) > silent_from)
        assert cloud.bodies(dock.sn, "status")[-1]["data"]["sub_devices"][0]["sn"] == dock.aircraft_sn


async def test_a_reboot_leaves_the_network_and_is_reported_after_the_return(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        reply = await cloud.command(dock.sn, "device_reboot")
        await cloud.until(lambda: cloud.final(dock.sn, "device_reboot", reply["bid"]))
        assert dock.connection.connections == 2
        assert len(cloud.bodies(dock.sn, "status")) == 2
        position = [topic for topic, body in cloud.heard if body.get("method") in ("update_topo", "device_reboot")]
        assert position[-1].endswith(f"{dock.sn}/events"), "reported done before it was back"


async def test_bad_commands_are_refused(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        unknown = await cloud.command(dock.sn, "make_coffee")
        assert unknown["data"]["result"] == 314000
        for data in (
            {},
            {"payload_index": dock.profile.camera, "camera_mode": 77},
            {"payload_index": dock.profile.camera, "camera_mode": "1"},
            {"payload_index": 5, "camera_mode": 1},
        ):
            reply = await cloud.command(dock.sn, "camera_mode_switch", data)
            assert reply["data"]["result"] == 325001, data
        low = {
            "points": [{"latitude": 91.0, "longitude": 8.0, "height": 600.0}],
            "max_speed": 10,
            "fly_to_id": "f",
        }
        assert (await cloud.command(dock.sn, "fly_to_point", low))["data"]["result"] == 325001
        assert len(dock.rejected_commands) == 6
        assert "camera_mode is missing" in dock.rejected_commands[1].reason
        assert not dock.aircraft.busy


async def test_messages_that_cannot_be_read_do_not_stop_the_device(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        assert cloud._client is not None
        for payload in (b"{", b"[]", b"\xff\xfe", b'{"method": 5}'):
            await cloud._client.publish(f"thing/product/{dock.sn}/services", payload, qos=1)
        await dock.until(lambda: len(dock.malformed) == 4)
        assert (await cloud.command(dock.sn, "debug_mode_open"))["data"]["result"] == 0


async def test_failures_on_demand(broker, cloud) -> None:
    async with fleet_at(broker.url, fail={"cover_open": 321004}, fail_later={"cover_close": 321005}) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        assert (await cloud.command(dock.sn, "cover_open"))["data"]["result"] == 321004
        reply = await cloud.command(dock.sn, "cover_close")
        assert reply["data"]["result"] == 0
        await cloud.until(lambda: cloud.final(dock.sn, "cover_close", reply["bid"]))
        final = cloud.final(dock.sn, "cover_close", reply["bid"])
        assert final is not None
        assert (final["data"]["result"], final["data"]["output"]["status"]) == (321005, "failed")
        del dock.fail["cover_open"]
        assert (await cloud.command(dock.sn, "cover_open"))["data"]["result"] == 0
        other = gateway_of(fleet, "dock2")
        assert other.fail == {"cover_open": 321004}, "one device's faults are another's"


async def test_silence_and_duplicates(broker, cloud) -> None:
    async with fleet_at(broker.url, duplicate=True, silent={"cover_open"}) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        silent = await cloud.send(dock.sn, "services", {}, "cover_open")
        reply = await cloud.command(dock.sn, "debug_mode_open")
        await cloud.until(lambda: sum(b["tid"] == reply["tid"] for b in cloud.bodies(dock.sn, "services_reply")) == 2)
        assert all(b["tid"] != silent["tid"] for b in cloud.bodies(dock.sn, "services_reply"))
        assert [message.method for message in dock.received] == ["cover_open", "debug_mode_open"]


async def test_a_strict_dock_debugs_in_debugging_mode_only(broker, cloud) -> None:
    async with fleet_at(broker.url, strict=True) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        assert (await cloud.command(dock.sn, "cover_open"))["data"]["result"] == 514153
        assert (await cloud.command(dock.sn, "debug_mode_open"))["data"]["result"] == 0
        assert (await cloud.command(dock.sn, "cover_open"))["data"]["result"] == 0


async def test_live_control_opens_a_link_answers_and_closes(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        link = {
            "address": f"mqtt://127.0.0.1:{broker.port}",
            "client_id": "drc-1",
            "username": "u",
            "password": "p",
            "expire_time": 1_900_000_000,
            "enable_tls": False,
        }
        data = {"mqtt_broker": link, "osd_frequency": 10, "hsi_frequency": 2}
        reply = await cloud.command(dock.sn, "drc_mode_enter", data)
        assert reply["data"]["result"] == 0
        await cloud.until(lambda: cloud.bodies(dock.sn, "events", "drc_status_notify"))
        assert cloud.bodies(dock.sn, "events", "drc_status_notify")[0]["data"] == {
            "result": 0,
            "drc_state": 2,
        }
        await cloud.send(dock.sn, "drc/down", {"seq": 7, "timestamp": 1}, "heart_beat")
        await cloud.send(dock.sn, "drc/down", {"payload_index": dock.profile.camera}, "drc_nonsense")
        await cloud.send(dock.sn, "drc/down", {"night_lights_state": 1}, "drc_night_lights_state_set")
        wanted = (
            "heart_beat",
            "drc_nonsense",
            "drc_night_lights_state_set",
            "osd_info_push",
            "hsi_info_push",
        )
        await cloud.until(lambda: all(cloud.bodies(dock.sn, "drc/up", name) for name in wanted))
        assert cloud.bodies(dock.sn, "drc/up", "heart_beat")[0]["data"]["seq"] == 7
        assert cloud.bodies(dock.sn, "drc/up", "drc_nonsense")[0]["data"]["result"] == 314000
        assert cloud.bodies(dock.sn, "drc/up", "drc_night_lights_state_set")[0]["data"] == {"result": 0}
        assert len(dock.drc_received) == 3, "heard twice, on the main connection and on the link"
        await cloud.command(dock.sn, "drc_mode_exit")
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "events", "drc_status_notify")) == 2)
        assert dock.values["drc_state"] == 0


async def test_live_control_says_when_the_link_cannot_be_had(broker, cloud) -> None:
    async with fleet_at(broker.url, patience=0.1) as fleet:
        dock = gateway_of(fleet, "dock3")
        await dock.until(lambda: dock.online)
        link = {
            "address": "127.0.0.1:1",
            "client_id": "drc-1",
            "username": "",
            "password": "",
            "expire_time": 1,
            "enable_tls": False,
        }
        await cloud.command(dock.sn, "drc_mode_enter", {"mqtt_broker": link, "osd_frequency": 1, "hsi_frequency": 1})
        await cloud.until(lambda: cloud.bodies(dock.sn, "events", "drc_status_notify"))
        assert cloud.bodies(dock.sn, "events", "drc_status_notify")[0]["data"]["result"] == 514303


async def test_the_pilot_gives_control_to_the_cloud(broker, cloud) -> None:
    async with fleet_at(broker.url, strict=True) as fleet:
        remote = gateway_of(fleet, "rc-plus-2")
        await remote.until(lambda: remote.online)
        assert (await cloud.command(remote.sn, "return_home"))["data"]["result"] != 0
        data = {"user_id": "u", "user_callsign": "ops", "control_keys": ["flight"]}
        await cloud.command(remote.sn, "cloud_control_auth_request", data)
        await cloud.until(lambda: cloud.bodies(remote.sn, "events", "cloud_control_auth_notify"))
        assert remote.values["cloud_control_auth"] == ["flight"]
        await cloud.until(
            lambda: {"cloud_control_auth": ["flight"]} in [b["data"] for b in cloud.bodies(remote.sn, "state")]
        )
