"""What devices report of themselves."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from fleet.protocol import properties
from fleet.simulator import Behaviour, SimulatedFleet, checking, fleet_of, invented


def fleet_at(url: str, docks: int = 1, others: bool = False, **behaviour: object) -> SimulatedFleet:
    return fleet_of(
        invented(docks, url, others=others, bind_code="right"),
        behaviour=Behaviour(**{"fly": False, "rate": 10.0, "dock_rounds": 1.0, **behaviour}),  # type: ignore[arg-type]
    )


async def test_dock_osd_comes_in_three_disjoint_parts(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await cloud.until(lambda: len({frozenset(b["data"]) for b in cloud.bodies(dock.sn, "osd")}) == 3)
        parts = {frozenset(body["data"]) for body in cloud.bodies(dock.sn, "osd")}
        assert sum(len(part) for part in parts) == len(frozenset.union(*parts))
        merged = {key: value for body in cloud.bodies(dock.sn, "osd") for key, value in body["data"].items()}
        assert merged["sub_device"]["device_sn"] == dock.aircraft_sn
        assert {"deployment_mode", "acdc_power_input", "relative_alternate_land_point", "sdr"} <= set(merged)
        assert merged["cover_state"] == 0
        assert all(body["gateway"] == dock.sn for body in cloud.bodies(dock.sn, "osd"))


ABSENT = {
    # A payload that the simulated aircraft does not carry.
    "psdk_ui_resource",
    "psdk_widget_values",
    # The aircraft has no dongle of its own.
    "dongle_infos",
}


@pytest.mark.parametrize("index", [0, 1, 2])
async def test_everything_the_pages_list_is_reported_where_and_as_they_say(broker, cloud, index) -> None:
    async with fleet_at(broker.url, docks=2, others=True) as fleet:
        gateway = fleet.gateways[index]
        devices = {
            gateway.sn: properties.for_model(gateway.profile.model_key, gateway.profile.product),
            gateway.aircraft_sn: properties.for_model(gateway.profile.aircraft_key, gateway.profile.product),
        }

        def said(sn: str, push: str) -> dict[str, Any]:
            return {name: value for body in cloud.bodies(sn, push) for name, value in body["data"].items()}

        def missing() -> set[tuple[str, str]]:
            return {
                (sn, name)
                for sn, known in devices.items()
                for name, prop in known.items()
                if prop.documented and name not in ABSENT
                if (gateway.profile.camera if name == properties.PAYLOAD else name) not in said(sn, prop.push)
            }

        assert all(devices.values())
        with contextlib.suppress(TimeoutError):
            await cloud.until(lambda: not missing(), 6)
        assert not missing()
        # The page says state, its own example shows it in OSD.
        elsewhere = {"acc_time"}
        wrong = [
            problem
            for sn, known in devices.items()
            for push in ("osd", "state")
            for name, value in said(sn, push).items()
            if (prop := properties.resolve(known, name)) is not None
            for problem in [
                *([f"{name} came on {push}"] if prop.push != push and name not in elsewhere else []),
                *checking.value_problems(prop.field, value, name),
            ]
            # What a dock says of a battery that it cannot see.
            if "32767" not in problem
        ]
        assert not wrong


async def test_an_aircraft_that_is_off_says_nothing_and_its_model_is_unknown(broker, cloud) -> None:
    async with fleet_at(broker.url, aircraft_on=False) as fleet:
        dock = fleet.docks[0]
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "osd")) > 12)
        assert not cloud.bodies(dock.aircraft_sn, "osd")
        assert cloud.bodies(dock.sn, "status")[0]["data"]["sub_devices"] == []
        seen = [b["data"]["sub_device"] for b in cloud.bodies(dock.sn, "osd") if "sub_device" in b["data"]]
        assert seen[0]["device_online_status"] == 0
        assert "device_model_key" not in seen[0]


async def test_health_of_both_comes_on_their_own_topics(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        dock.health[dock.aircraft_sn] = [{"code": "0x16100083", "level": 2, "module": 3, "in_the_sky": 0}]
        await cloud.until(
            lambda: cloud.bodies(dock.sn, "events", "hms") and cloud.bodies(dock.aircraft_sn, "events", "hms")
        )
        (own, *_), (aircraft, *_) = (cloud.bodies(sn, "events", "hms") for sn in (dock.sn, dock.aircraft_sn))
        assert own["data"] == {"list": []}
        assert aircraft["data"]["list"][0]["code"] == "0x16100083"
        assert aircraft["gateway"] == dock.sn


async def test_state_of_the_aircraft_comes_again_until_it_is_answered(broker, cloud) -> None:
    cloud.deaf = {"state"}
    async with fleet_at(broker.url, patience=0.05) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        pending = dock.push_state({"control_source": "B"}, aircraft=True)

        def heard() -> list[dict[str, object]]:
            return [b for b in cloud.bodies(dock.aircraft_sn, "state") if b["tid"] == pending.message["tid"]]

        await cloud.until(lambda: len(heard()) == 4)
        assert {(b["bid"], b["need_reply"]) for b in heard()} == {(pending.message["bid"], 1)}
        gaps = [later - earlier for earlier, later in zip(pending.at, pending.at[1:], strict=False)]
        assert [round(gap / 0.05) for gap in gaps[:3]] == pytest.approx([2, 4, 8], abs=1)
        cloud.deaf = set()
        await dock.until(lambda: not dock.unanswered)
        assert pending.answered.done()


async def test_the_gateway_s_own_state_asks_for_no_reply(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await cloud.until(lambda: cloud.bodies(dock.sn, "state"))
        assert all("need_reply" not in body for body in cloud.bodies(dock.sn, "state"))


async def test_aircraft_move_by_themselves_and_what_they_say_fits(broker, cloud) -> None:
    async with fleet_at(broker.url, fly=True, speed=40.0) as fleet:
        dock = fleet.docks[0]

        def flying() -> list[dict[str, float]]:
            data = [body["data"] for body in cloud.bodies(dock.aircraft_sn, "osd")]
            return [d for d in data if d["elevation"] > 30 and d["horizontal_speed"] > 3]

        await cloud.until(lambda: len(flying()) > 20)
        positions = {(d["latitude"], d["longitude"]) for d in flying()}
        assert len(positions) > 10
        assert all(d["home_distance"] < 1500 for d in flying())
        assert flying()[-1]["battery"]["capacity_percent"] < flying()[0]["battery"]["capacity_percent"]  # type: ignore[index]
        assert all(-180 <= d["attitude_head"] <= 180 for d in flying())
        covers = [b["data"]["cover_state"] for b in cloud.bodies(dock.sn, "osd") if "cover_state" in b["data"]]
        assert covers[-1] == 1
        assert dock.values["mode_code"] == 4


async def test_after_the_round_the_aircraft_lands_at_home_and_goes_again(broker, cloud) -> None:
    # Telemetry is as much faster than life as the flight, else no sample need fall on its short time on the ground.
    async with fleet_at(broker.url, fly=True, speed=100.0, rate=100.0) as fleet:
        dock = fleet.docks[0]
        flights = dock.aircraft.flights
        await dock.until(lambda: dock.aircraft.flights >= flights + 2, 60)
        heights = [(b["data"]["elevation"], b["data"]["home_distance"]) for b in cloud.bodies(dock.aircraft_sn, "osd")]
        aloft = next(number for number, (elevation, _) in enumerate(heights) if elevation > 10)
        landed = [distance for elevation, distance in heights[aloft:] if elevation == 0]
        assert landed
        assert max(landed) == pytest.approx(0, abs=1)
        # Off in between: the cloud saw the aircraft go and come as a sub-device.
        subs = [len(b["data"]["sub_devices"]) for b in cloud.bodies(dock.sn, "status")]
        assert 0 in subs
        assert 1 in subs[subs.index(0) :]


async def test_set_properties_are_answered_one_by_one_and_shown(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        wanted = {
            "height_limit": 90,
            "night_lights_state": 1,
            "silent_mode": 1,
            "obstacle_avoidance": {"upside": 0},
            "latitude": 1.0,
            "no_such_thing": 1,
            "rth_altitude": 5000,
        }
        sent = await cloud.send(dock.sn, "property/set", wanted)
        await cloud.until(lambda: cloud.bodies(dock.sn, "property/set_reply"))
        (reply,) = cloud.bodies(dock.sn, "property/set_reply")
        assert (reply["tid"], reply["bid"]) == (sent["tid"], sent["bid"])
        results = {name: answer["result"] for name, answer in reply["data"].items()}
        assert {name for name, result in results.items() if result == 0} == {
            "height_limit",
            "night_lights_state",
            "silent_mode",
            "obstacle_avoidance",
        }
        assert set(results) == set(wanted)
        before = len(cloud.bodies(dock.aircraft_sn, "osd"))
        await cloud.until(lambda: len(cloud.bodies(dock.aircraft_sn, "osd")) > before)
        osd = cloud.bodies(dock.aircraft_sn, "osd")[-1]["data"]
        assert (osd["height_limit"], osd["night_lights_state"]) == (90, 1)
        assert osd["obstacle_avoidance"] == {"horizon": 1, "upside": 0, "downside": 1}
        assert cloud.bodies(dock.sn, "state")[-1]["data"] == {"silent_mode": 1}
