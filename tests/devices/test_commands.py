"""The ledger: who may, when it is refused, and that every path ends in a final state."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Command, CommandStatus, Device, RejectedMessage
from devices.models.command import FINAL
from devices.services import commands, properties, rejects
from devices.services.commands import CommandRefused
from fleet.models import AuditEntry, Role
from fleet.protocol import methods
from tests.factories import make_aircraft, make_dock, make_user

Deliver = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.django_db


@pytest.fixture
def dock(workspace: Any) -> Device:
    return make_dock(workspace, online=True)


@pytest.fixture
def operator(workspace: Any) -> Any:
    return make_user(workspace, Role.OPERATOR)


def sent(dock: Device, operator: Any, method: str = "cover_open", data: Any = None) -> Command:
    """A command that is on the wire."""
    command = commands.issue(dock, method, data or {}, user=operator, confirmed=True)
    claimed = commands.claim(str(command.pk))
    assert claimed is not None
    return claimed


def reply(deliver: Deliver, command: Command, data: Any, **body: Any) -> None:
    deliver(
        f"thing/product/{command.device.sn}/services_reply",
        **{"method": command.method, "tid": command.tid, "bid": command.bid, "data": data, **body},
    )


def event(
    deliver: Deliver, command: Command, status: str, *, method: str = "", percent: int = 50, bid: str = "", **data: Any
) -> None:
    output = {"status": status, "progress": {"percent": percent, "step_key": "open_cover"}}
    deliver(
        f"thing/product/{command.device.sn}/events",
        method=method or command.method, bid=bid or command.bid, data={"result": 0, "output": output, **data}, need_reply=1,
    )  # fmt: skip


def fresh(command: Command) -> Command:
    command.refresh_from_db()
    return command


def test_from_asking_to_done(deliver: Deliver, wire: Any, dock: Device, operator: Any) -> None:
    command = sent(dock, operator)
    assert fresh(command).status == CommandStatus.SENT
    reply(deliver, command, {"result": 0, "output": {"status": "in_progress"}})
    assert fresh(command).status == CommandStatus.IN_PROGRESS
    event(deliver, command, "in_progress", percent=70)
    assert (fresh(command).progress, command.step) == (70, "open_cover")
    event(deliver, command, "ok", percent=100)
    assert (fresh(command).status, command.progress) == (CommandStatus.OK, 100)
    assert command.finished_at is not None
    assert len(wire.answers(f"thing/product/{dock.sn}/events_reply")) == 2
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", "actor"))
    assert actions == [("command.asked", operator.username), ("command.ended", operator.username)]


def test_a_command_without_progress_ends_with_its_reply(deliver: Deliver, dock: Device, operator: Any) -> None:
    command = sent(dock, operator, "debug_mode_open")
    reply(deliver, command, {"result": 0})
    assert fresh(command).status == CommandStatus.OK


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"result": 321004}, CommandStatus.FAILED),
        ({"result": 1, "output": {"status": "rejected"}}, CommandStatus.REJECTED),
        ({"result": 0, "output": {"status": "canceled"}}, CommandStatus.CANCELED),
        ({"result": 0, "output": {"status": "timeout"}}, CommandStatus.TIMEOUT),
        ({"result": 0, "output": {"status": "paused"}}, CommandStatus.PAUSED),
        ({"result": 0, "output": {"status": "a_word_of_the_future"}}, CommandStatus.IN_PROGRESS),
        ({"result": 0, "output": {"status": "ok"}}, CommandStatus.OK),
        ({"result": 0}, CommandStatus.IN_PROGRESS),
        ({}, CommandStatus.IN_PROGRESS),
        (None, CommandStatus.IN_PROGRESS),
        ({"result": "0", "output": []}, CommandStatus.IN_PROGRESS),
        ({"result": 10**30}, CommandStatus.IN_PROGRESS),
    ],
)
def test_what_a_reply_may_say(deliver: Deliver, dock: Device, operator: Any, data: Any, status: CommandStatus) -> None:
    command = sent(dock, operator)
    reply(deliver, command, data)
    assert fresh(command).status == status
    assert command.replied_at is not None


def test_a_remote_that_says_info_code_is_understood(deliver: Deliver, dock: Device, operator: Any) -> None:
    command = sent(dock, operator)
    reply(deliver, command, None, info={"code": 319033, "message": "no"})
    assert (fresh(command).status, command.result) == (CommandStatus.FAILED, 319033)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ok", CommandStatus.OK), ("failed", CommandStatus.FAILED), ("fail", CommandStatus.FAILED), ("canceled", CommandStatus.CANCELED),
        ("rejected", CommandStatus.REJECTED), ("timeout", CommandStatus.TIMEOUT), ("paused", CommandStatus.PAUSED),
        ("sent", CommandStatus.IN_PROGRESS), ("in_progress", CommandStatus.IN_PROGRESS), ("unheard_of", CommandStatus.SENT),
    ],
)  # fmt: skip
def test_what_an_event_may_say_even_before_the_reply(
    deliver: Deliver, dock: Device, operator: Any, status: str, expected: CommandStatus
) -> None:
    command = sent(dock, operator)
    event(deliver, command, status)
    assert fresh(command).status == expected


def test_the_words_of_flights_are_understood(deliver: Deliver, dock: Device, operator: Any) -> None:
    data = {"fly_to_id": "f1", "max_speed": 12, "points": [{"latitude": 47.0, "longitude": 8.0, "height": 100.0}]}
    command = sent(dock, operator, "fly_to_point", data)
    reply(deliver, command, {"result": 0})
    topic = f"thing/product/{dock.sn}/events"
    deliver(
        topic,
        method="fly_to_point_progress",
        bid="another",
        data={"fly_to_id": "f1", "status": "wayline_progress", "result": 0},
    )
    assert fresh(command).status == CommandStatus.IN_PROGRESS
    deliver(
        topic,
        method="fly_to_point_progress",
        bid="another",
        data={"fly_to_id": "f2", "status": "wayline_ok", "result": 0},
    )
    assert fresh(command).status == CommandStatus.IN_PROGRESS
    deliver(
        topic,
        method="fly_to_point_progress",
        bid="another",
        data={"fly_to_id": "f1", "status": "wayline_ok", "result": 0},
    )
    assert fresh(command).status == CommandStatus.OK


def test_final_is_final_whatever_comes_after(deliver: Deliver, dock: Device, operator: Any) -> None:
    command = sent(dock, operator)
    event(deliver, command, "ok", percent=100)
    ended = fresh(command).finished_at
    event(deliver, command, "in_progress", percent=10)
    event(deliver, command, "failed")
    reply(deliver, command, {"result": 5})
    assert (fresh(command).status, command.finished_at, command.progress) == (CommandStatus.OK, ended, 100)


def test_a_late_answer_is_kept_but_does_not_change_the_end(deliver: Deliver, dock: Device, operator: Any) -> None:
    command = sent(dock, operator, "debug_mode_open")
    Command.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    assert commands.sweep() == 1
    assert fresh(command).status == CommandStatus.TIMEOUT
    reply(deliver, command, {"result": 0})
    assert (fresh(command).status, command.result) == (CommandStatus.TIMEOUT, 0)
    assert "too late" in command.result_text


def test_a_reply_of_another_gateway_or_to_nothing_moves_nothing(
    deliver: Deliver, dock: Device, operator: Any, other_workspace: Any
) -> None:
    command = sent(dock, operator)
    stranger = make_dock(other_workspace)
    for sn, tid in ((stranger.sn, command.tid), (dock.sn, "never-asked"), (dock.sn, "")):
        deliver(f"thing/product/{sn}/services_reply", method="cover_open", tid=tid, bid=command.bid, data={"result": 0})
    deliver(
        f"thing/product/{stranger.sn}/events",
        method="cover_open",
        bid=command.bid,
        data={"result": 0, "output": {"status": "ok"}},
    )
    assert fresh(command).status == CommandStatus.SENT
    rejects.flush()
    assert set(RejectedMessage.objects.values_list("reason", flat=True)) == {"unasked"}


def test_every_status_reaches_a_final_one_and_final_ones_stay() -> None:
    assert set(commands.ALLOWED) == set(CommandStatus)
    for status in CommandStatus:
        reached, new = {status}, {status}
        while new:
            new = set(itertools.chain.from_iterable(commands.ALLOWED[before] for before in new)) - reached
            reached |= new
        assert reached & FINAL
        if status in FINAL:
            assert commands.ALLOWED[status] == frozenset()


@pytest.mark.parametrize("status", sorted(set(CommandStatus) - FINAL))
def test_the_sweeper_ends_whatever_is_open(dock: Device, operator: Any, status: CommandStatus) -> None:
    command = commands.issue(dock, "cover_open", user=operator, confirmed=True)
    Command.objects.update(
        status=status,
        deadline=timezone.now() - timedelta(seconds=1),
        published_at=None if status == "pending" else timezone.now(),
    )
    commands.sweep()
    assert fresh(command).status in FINAL
    assert command.result_text


def test_progress_prolongs_the_deadline(deliver: Deliver, dock: Device, operator: Any) -> None:
    command = sent(dock, operator)
    Command.objects.update(deadline=timezone.now() + timedelta(seconds=1))
    event(deliver, command, "in_progress")
    assert fresh(command).deadline > timezone.now() + timedelta(seconds=30)


def test_a_command_is_claimed_once_and_never_late(dock: Device, operator: Any) -> None:
    command = commands.issue(dock, "cover_open", user=operator, confirmed=True)
    assert commands.claim(str(command.pk)) is not None
    assert commands.claim(str(command.pk)) is None
    late = commands.issue(dock, "cover_close", user=operator, confirmed=True)
    Command.objects.filter(pk=late.pk).update(deadline=timezone.now() - timedelta(seconds=1))
    assert commands.claim(str(late.pk)) is None
    gone = commands.issue(dock, "debug_mode_open", user=operator, confirmed=True)
    Device.objects.update(online=False)
    assert commands.claim(str(gone.pk)) is None


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(CommandRefused) as caught:
        commands.issue(*args, **kwargs)
    assert caught.value.message
    return caught.value.reason


def test_what_is_refused(dock: Device, operator: Any, workspace: Any, other_workspace: Any) -> None:
    assert refusal(dock, "cover_open", user=operator) == "unconfirmed"
    assert refusal(dock, "no_such_method", user=operator, confirmed=True) == "unknown_method"
    assert refusal(dock, "poi_mode_enter_x", user=operator, confirmed=True) == "unknown_method"
    for stranger in (make_user(workspace, Role.VIEWER), make_user(other_workspace, Role.ADMIN), make_user()):
        assert refusal(dock, "cover_open", user=stranger, confirmed=True) == "forbidden"
    assert refusal(dock, "takeoff_to_point", {"target_latitude": 95.0}, user=operator, confirmed=True) == "invalid"
    Device.objects.update(online=False)
    assert refusal(dock, "cover_open", user=operator, confirmed=True) == "offline"
    assert refusal(make_aircraft(workspace), "cover_open", user=operator, confirmed=True) == "no_gateway"
    assert not Command.objects.exists()
    assert AuditEntry.objects.filter(action="command.refused").count() >= 4


def test_an_aircrafts_command_goes_to_its_gateway(dock: Device, operator: Any, workspace: Any) -> None:
    aircraft = make_aircraft(workspace, dock, online=True)
    assert commands.issue(aircraft, "return_home", user=operator, confirmed=True).device == dock


def test_asking_twice_with_one_key_is_one_command(dock: Device, operator: Any) -> None:
    first = commands.issue(dock, "cover_open", user=operator, confirmed=True, request_key="k1")
    again = commands.issue(dock, "cover_open", user=operator, confirmed=True, request_key="k1")
    assert first.pk == again.pk
    assert refusal(dock, "cover_close", user=operator, confirmed=True, request_key="k1") == "key_reused"


@pytest.mark.parametrize("product", methods.PRODUCTS)
def test_whatever_is_dangerous_must_be_confirmed(product: str, workspace: Any) -> None:
    keys = {
        "dock1": "3-1-0",
        "dock2": "3-2-0",
        "dock3": "3-3-0",
        "rc": "2-119-0",
        "rc-pro": "2-144-0",
        "dji-rc-plus-2": "2-174-0",
    }
    gateway = make_dock(workspace, model_key=keys[product], online=True)
    assert gateway.product == product
    admin = make_user(workspace, Role.ADMIN)
    for method in methods.for_product(product, "services"):
        if method.danger != "none":
            reason = refusal(gateway, method.name, {}, user=admin)
            assert reason in {"unconfirmed", "invalid"}, method.name
    assert not Command.objects.exists()


def test_property_set_ends_with_a_result_for_each(deliver: Deliver, dock: Device, operator: Any) -> None:
    command = properties.set_properties(dock, {"silent_mode": 1}, user=operator, confirmed=True)
    assert commands.claim(str(command.pk)) is not None
    deliver(
        f"thing/product/{dock.sn}/property/set_reply",
        tid=command.tid,
        bid=command.bid,
        data={"silent_mode": {"result": 0}},
    )
    assert fresh(command).status == CommandStatus.OK
    failing = properties.set_properties(dock, {"silent_mode": 0}, user=operator, confirmed=True)
    commands.claim(str(failing.pk))
    deliver(
        f"thing/product/{dock.sn}/property/set_reply",
        tid=failing.tid,
        bid=failing.bid,
        data={"silent_mode": {"result": 319033}},
    )
    assert fresh(failing).status == CommandStatus.FAILED
    assert "silent_mode" in failing.result_text
