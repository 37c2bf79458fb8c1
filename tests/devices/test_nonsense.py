"""Numbers that no machine can be: they are kept out of the figures and stop nobody else's state."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from devices.models import DeviceState, TrackPoint
from devices.services import telemetry
from devices.services.summary import number, summarize
from fleet.mqtt.messages import decode
from tests.factories import make_aircraft, make_dock

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("nonsense", ["9" * 30, "9" * 400, "-" + "9" * 30, "1e400", "NaN", "Infinity"])
def test_one_device_s_nonsense_keeps_nobody_s_state_from_being_written(
    wire: Any, workspace: Any, nonsense: str
) -> None:
    wild, tame = make_dock(workspace), make_dock(workspace)
    stamp = int(time.time() * 1000)
    body = (
        f'{{"timestamp":{stamp},"data":{{"wind_speed":NaN,"height":{nonsense},"mode_code":{nonsense},"rainfall":1}}}}'
    )
    wire.deliver_raw(f"thing/product/{wild.sn}/osd", body.encode())
    wire.deliver(f"thing/product/{tame.sn}/osd", data={"mode_code": 0}, gateway=tame.sn)
    assert telemetry.flush() == 2
    assert DeviceState.objects.get(device=tame).properties == {"mode_code": 0}
    assert DeviceState.objects.get(device=wild).properties["rainfall"] == 1
    assert "mode" not in DeviceState.objects.get(device=wild).summary


def test_a_state_that_cannot_be_written_is_forgotten(workspace: Any) -> None:
    wild, tame = make_dock(workspace), make_dock(workspace)
    telemetry.states.merge(wild.sn, {"odd": 2**70}, 1, time.time())  # past the decoder, which knows better
    telemetry.states.merge(tame.sn, {"mode_code": 0}, 1, time.time())
    telemetry.flush()
    assert DeviceState.objects.filter(device=tame).exists()
    assert not DeviceState.objects.filter(device=wild).exists()
    telemetry.states.merge(wild.sn, {"mode_code": 4}, 2, time.time())
    telemetry.flush()
    assert DeviceState.objects.get(device=wild).properties == {"mode_code": 4}


def test_whole_numbers_beyond_64_bits_are_floats_in_lenient_messages_too() -> None:
    found = decode("thing/product/A/osd", b'{"data":{"a":NaN,"b":' + b"9" * 25 + b',"c":12}}').fields
    assert found == {"a": None, "b": 1e25, "c": 12}


def test_what_no_aircraft_can_be_is_no_figure(wire: Callable[..., Any], workspace: Any) -> None:
    bird = make_aircraft(workspace, make_dock(workspace))
    said = {
        "height": 1e200,
        "elevation": 1.7e308,
        "horizontal_speed": -1e9,
        "vertical_speed": 1,
        "attitude_head": 1e300,
    }
    assert summarize(0, said) == {"climb": 1.0}
    assert summarize(3, {"mode_code": 1e300, "drone_in_dock": 2**40, "heading": 1e12}) == {}
    telemetry.states.merge(bird.sn, {"latitude": 47.0, "longitude": 8.0, **said}, 1, time.time())
    telemetry.flush()
    point = TrackPoint.objects.get(device=bird)
    assert (point.height, point.elevation, point.speed) == (None, None, None)


@pytest.mark.parametrize("value", [10**400, "1e999", float("inf"), float("nan"), True, None, [], {}, "x"])
def test_what_is_no_number_is_none(value: Any) -> None:
    assert number(value) is None


def test_when_a_device_last_spoke_of_itself_is_kept_through_signs_of_life(wire: Any, workspace: Any) -> None:
    dock = make_dock(workspace)
    telemetry.seen(dock.sn)
    telemetry.flush()
    assert DeviceState.objects.get(device=dock).told_at is None
    wire.deliver(f"thing/product/{dock.sn}/osd", data={"mode_code": 0}, gateway=dock.sn)
    telemetry.flush()
    told = DeviceState.objects.get(device=dock).told_at
    assert told is not None
    telemetry.states.forget([dock.sn])  # as after a restart
    telemetry.seen(dock.sn)
    telemetry.flush()
    assert DeviceState.objects.get(device=dock).told_at == told
