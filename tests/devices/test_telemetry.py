"""OSD and state: merged, written in batches, never lost, never of a stranger."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, DeviceState, LoggedMessage, RejectedMessage, TrackPoint
from devices.services import message_log, presence, rejects, telemetry
from tests.factories import make_aircraft, make_dock

Deliver = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.django_db
NOW = int(time.time() * 1000)


def osd(deliver: Deliver, device: Device, data: Any, stamp: int = NOW) -> None:
    deliver(f"thing/product/{device.sn}/osd", data=data, timestamp=stamp, gateway=device.sn)


def test_three_partial_messages_become_one_state(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    osd(deliver, dock, {"mode_code": 0, "cover_state": 2, "tilt_angle": {"valid": 1}})
    osd(deliver, dock, {"latitude": 47.1, "longitude": 8.5, "tilt_angle": {"value": 3}}, NOW + 1)
    telemetry.flush()
    osd(deliver, dock, {"never_heard_of": [1, {"a": None}], "mode_code": 4711}, NOW + 2)
    telemetry.flush()
    state = DeviceState.objects.get(device=dock)
    assert state.properties == {
        "mode_code": 4711,
        "cover_state": 2,
        "tilt_angle": {"valid": 1, "value": 3},
        "latitude": 47.1,
        "longitude": 8.5,
        "never_heard_of": [1, {"a": None}],
    }
    assert state.summary["lat"] == 47.1
    assert state.reported_at == NOW + 2


def test_a_sign_of_life_brings_a_device_online_and_silence_takes_it_off(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    osd(deliver, dock, {"mode_code": 0})
    telemetry.flush()
    dock.refresh_from_db()
    assert dock.online
    assert presence.sweep() == 0
    past = timezone.now() - timedelta(minutes=5)
    DeviceState.objects.update(seen_at=past)
    Device.objects.update(online_changed_at=past)
    assert presence.sweep() == 1
    dock.refresh_from_db()
    assert not dock.online


def test_many_devices_fall_silent_in_as_many_statements_as_few(workspace: Any) -> None:
    def statements(count: int) -> int:
        past = timezone.now() - timedelta(minutes=5)
        for _ in range(count):
            make_dock(workspace, online=True, online_changed_at=past)
        with CaptureQueriesContext(connection) as queries:
            assert presence.sweep() == count
        return len(queries)

    assert statements(30) == statements(3)


def test_telemetry_of_an_unregistered_device_is_refused_and_forgotten(deliver: Deliver) -> None:
    deliver("thing/product/STRANGER/osd", data={"mode_code": 0})
    telemetry.flush()
    rejects.flush()
    assert not DeviceState.objects.exists()
    assert RejectedMessage.objects.get().sn == "STRANGER"
    assert len(telemetry.states) == 0


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_osd_without_an_object_is_noted(deliver: Deliver, workspace: Any, data: Any) -> None:
    dock = make_dock(workspace)
    osd(deliver, dock, data)
    rejects.flush()
    assert RejectedMessage.objects.get().reason == "data"


def test_a_state_message_is_stored_before_it_is_answered(deliver: Deliver, wire: Any, workspace: Any) -> None:
    aircraft = make_aircraft(workspace, make_dock(workspace))
    sent = deliver(
        f"thing/product/{aircraft.sn}/state", data={"geo_caging_status": {"state": 1}}, need_reply=1, gateway="D"
    )
    assert DeviceState.objects.get(device=aircraft).properties == {"geo_caging_status": {"state": 1}}
    (reply,) = wire.answers(f"thing/product/{aircraft.sn}/state_reply")
    assert (reply["tid"], reply["bid"], reply["data"]) == (sent["tid"], sent["bid"], {"result": 0})
    assert "method" not in reply
    # The device repeats it until it has heard us: the same again changes nothing and is answered again.
    deliver(f"thing/product/{aircraft.sn}/state", **sent)
    assert len(wire.answers(f"thing/product/{aircraft.sn}/state_reply")) == 2
    assert DeviceState.objects.get(device=aircraft).properties == {"geo_caging_status": {"state": 1}}


def test_two_bridges_write_one_device_without_undoing_each_other(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    osd(deliver, dock, {"a": "ours", "c": 1})
    telemetry.flush()
    # Another bridge writes meanwhile: a property of its own, and a newer value of ours.
    state = DeviceState.objects.get(device=dock)
    state.properties |= {"b": "theirs", "c": 2}
    state.stamps |= {"b": NOW + 5, "c": NOW + 9}
    state.version += 1
    state.save()
    osd(deliver, dock, {"d": "ours"}, NOW + 7)
    telemetry.flush()
    telemetry.flush()
    assert DeviceState.objects.get(device=dock).properties == {"a": "ours", "b": "theirs", "c": 2, "d": "ours"}


def test_a_restarted_bridge_goes_on_from_what_is_stored(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    osd(deliver, dock, {"a": 1})
    telemetry.flush()
    telemetry.states.forget([dock.sn])
    osd(deliver, dock, {"b": 2}, NOW + 1)
    telemetry.flush()
    assert DeviceState.objects.get(device=dock).properties == {"a": 1, "b": 2}


def test_a_moving_aircraft_leaves_a_track_and_a_dock_does_not(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    aircraft = make_aircraft(workspace, dock)
    for device in (dock, aircraft):
        osd(deliver, device, {"latitude": 47.1, "longitude": 8.5, "height": 500, "attitude_head": 45})
    telemetry.flush()
    (point,) = TrackPoint.objects.all()
    assert (point.device, point.latitude, point.height, point.heading) == (aircraft, 47.1, 500, 45)


def test_the_queries_of_a_flush_do_not_grow_with_the_devices(deliver: Deliver, workspace: Any) -> None:
    def flush_of(count: int) -> int:
        for device in [make_aircraft(workspace, online=True) for _ in range(count)]:
            # On the ground: a take-off is written down once for each aircraft, and that may cost something.
            osd(deliver, device, {"latitude": 47.1, "longitude": 8.5, "mode_code": 0})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert telemetry.flush() == count
        return len(queries)

    assert flush_of(40) == flush_of(3)


def test_everything_but_telemetry_is_in_the_message_log_both_ways(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    sent = deliver(f"thing/product/{dock.sn}/events", method="from_the_future", need_reply=1, data={"x": 1})
    osd(deliver, dock, {"mode_code": 0})
    message_log.flush()
    rows = list(LoggedMessage.objects.order_by("pk").values_list("direction", "method", "tid", "workspace"))
    assert rows == [
        ("up", "from_the_future", sent["tid"], workspace.pk),
        ("down", "from_the_future", sent["tid"], workspace.pk),
    ]


def test_the_message_log_is_bounded_by_count_and_by_age(deliver: Deliver, workspace: Any, settings: Any) -> None:
    settings.MESSAGE_LOG_PER_DEVICE = 5
    dock, other = make_dock(workspace), make_dock(workspace)
    for _ in range(9):
        deliver(f"thing/product/{dock.sn}/events", method="x", data={})
    deliver(f"thing/product/{other.sn}/events", method="old", data={})
    message_log.flush()
    LoggedMessage.objects.filter(method="old").update(at=timezone.now() - timedelta(days=30))
    newest = list(LoggedMessage.objects.filter(device=dock).order_by("-pk").values_list("pk", flat=True)[:5])
    message_log.prune()
    assert list(LoggedMessage.objects.order_by("-pk").values_list("pk", flat=True)) == newest


def test_the_reject_log_is_bounded(deliver: Deliver, wire: Any, settings: Any) -> None:
    settings.REJECT_LOG_LIMIT = 4
    for n in range(7):
        wire.deliver_raw(f"thing/product/S{n}/events", b"not json \x00\xff")
    rejects.flush()
    rejects.prune()
    assert sorted(RejectedMessage.objects.values_list("sn", flat=True)) == ["S3", "S4", "S5", "S6"]


def test_a_device_under_another_clock_is_still_seen_now(deliver: Deliver, workspace: Any) -> None:
    dock = make_dock(workspace)
    osd(deliver, dock, {"mode_code": 0}, NOW - 3_600_000)
    telemetry.flush()
    state = DeviceState.objects.get(device=dock)
    assert abs((timezone.now() - state.seen_at).total_seconds()) < 30
    assert state.reported_at == NOW - 3_600_000
