"""The command, its credentials, and the flying itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.simulator import Credentials, CredentialsError, Place, invented
from fleet.simulator.credentials import Address
from fleet.simulator.motion import Aircraft, Mode

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, *gateways: object, mqtt: str = "mqtt://127.0.0.1:1883") -> Path:
    path = folder / "gateways.json"
    path.write_text(json.dumps({"mqtt": mqtt, "gateways": gateways}))
    return path


DOCK = {
    "sn": "D1",
    "username": "u",
    "password": "p",
    "kind": "dock3",
    "organization_id": "o",
    "bind_code": "c",
}


def test_credentials_are_read_and_completed(tmp_path) -> None:
    credentials = Credentials.load(write(tmp_path, DOCK, {"sn": "R1", "kind": "rc-plus-2", "aircraft_sn": "A9"}))
    dock, remote = credentials.gateways
    assert (dock.username, dock.bind_code, dock.profile.aircraft_key) == ("u", "c", "0-100-1")
    assert dock.aircraft_sn.startswith("1581F")
    assert dock.aircraft_sn == Credentials.load(tmp_path / "gateways.json").gateways[0].aircraft_sn
    assert remote.aircraft_sn == "A9"
    assert [g.sn for g in credentials.with_docks(1).gateways] == ["D1"]
    with pytest.raises(CredentialsError, match="2 docks asked for, but the credentials hold 1"):
        credentials.with_docks(2)


@pytest.mark.parametrize(
    ("gateways", "text"),
    [
        ([{**DOCK, "kind": "dock9"}], "kind 'dock9' is none of"),
        ([{"kind": "dock3"}], "without sn"),
        ([{**DOCK, "password": 5}], "password must be text"),
        ([DOCK, DOCK], "named twice: D1"),
        (["D1"], "must be an object"),
    ],
)
def test_wrong_credentials_are_named(tmp_path, gateways, text) -> None:
    with pytest.raises(CredentialsError, match=text):
        Credentials.load(write(tmp_path, *gateways))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://h", Address("h", 1883)),
        ("h:1999", Address("h", 1999)),
        ("tcp://1.2.3.4:5", Address("1.2.3.4", 5)),
        ("mqtts://h", Address("h", 8883, tls=True)),
        ("ws://h:8083/mqtt", Address("h", 8083, websocket_path="/mqtt")),
    ],
)
def test_broker_addresses(url, expected) -> None:
    assert Address.parse(url) == expected


@pytest.mark.parametrize("url", ["http://h", "mqtt://", "mqtt://h:notaport"])
def test_bad_broker_addresses_are_refused(url) -> None:
    with pytest.raises(CredentialsError):
        Address.parse(url)


@pytest.mark.parametrize("step", [0.1, 1.0, 7.0, 60.0])
def test_a_round_ends_at_home_whatever_the_step(step) -> None:
    aircraft = Aircraft(Place(), seed="x")
    aircraft.battery = 100.0
    aircraft.fly([*aircraft.take_off_legs(60), *aircraft.pattern()])
    seconds = 0.0
    highest = 0.0
    while aircraft.busy:
        aircraft.advance(step)
        seconds += step
        highest = max(highest, aircraft.up)
        assert aircraft.horizontal_speed <= 15
    assert highest >= 60
    aircraft.fly(aircraft.return_legs())
    while aircraft.busy:
        aircraft.advance(step)
        seconds += step
    assert not aircraft.flying
    assert aircraft.mode is Mode.STANDBY
    assert aircraft.home_distance == pytest.approx(0, abs=1e-6)
    assert 60 < seconds < 900
    flown = 100.0 - aircraft.battery
    assert flown == pytest.approx(seconds / 24, abs=60 / 24 + 1)
    aircraft.advance(30)
    assert aircraft.battery > 100.0 - flown


def run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "simulate", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "FLEET_ALLOW_TEMPORARY_SECRET": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.broker
async def test_the_command_binds_and_ends(broker, cloud, tmp_path) -> None:
    path = write(tmp_path, {**DOCK, "bind_code": "right"}, mqtt=broker.url)
    process = run("--credentials", str(path), "--once-bound")
    output, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, output
    assert "D1: online" in output
    assert "D1" in cloud.bound


@pytest.mark.broker
async def test_the_command_reports_a_refused_code(broker, cloud, tmp_path) -> None:
    process = run("--credentials", str(write(tmp_path, {**DOCK, "bind_code": "wrong"}, mqtt=broker.url)))
    output, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 1, output
    assert "airport_organization_get: refused with 210229" in output


@pytest.mark.broker
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_takes_faults_and_ends_cleanly_on_a_signal(broker, cloud, number) -> None:
    cloud.bind_code = ""
    process = run("--mqtt", broker.url, "--docks", "2", "--no-fly", "--fail", "cover_open=321004")
    sn = invented(2, broker.url).gateways[0].sn
    try:
        await cloud.until(lambda: cloud.bodies(sn, "osd"), 60)
        assert (await cloud.command(sn, "cover_open"))["data"]["result"] == 321004
    finally:
        process.send_signal(number)
        output, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert "2 gateways: 2 connected" in output


def test_the_command_names_what_it_cannot_use() -> None:
    for arguments, text in (
        (("--credentials", "/nonexistent.json"), "/nonexistent.json"),
        (("--fail", "cover_open"), "'cover_open' is not METHOD=CODE"),
        (("--speed", "0"), "greater than 0"),
        (("--mqtt", "http://x"), "is not of the form"),
    ):
        process = run(*arguments)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 1, output
        assert text in output
        assert "Traceback" not in output
