"""Order, acknowledgement after the commit, retries, and that nothing ends the loop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, transaction

from fleet.models import Workspace
from fleet.mqtt.dispatcher import Dispatcher
from fleet.mqtt.handlers import DuplicateHandler, Registry
from fleet.mqtt.messages import Message, Rejected
from fleet.mqtt.topics import Channel

pytestmark = pytest.mark.django_db(transaction=True)


class Bench:
    """A dispatcher on threads with a registry of its own."""

    def __init__(self, **options: Any) -> None:
        self.registry = Registry()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.rejects: list[Rejected] = []
        self.acknowledged: list[str] = []
        self.registry.reject_sinks.append(lambda topic, payload, rejection: self.rejects.append(rejection))
        self.dispatcher = Dispatcher(self._publish, registry=self.registry, **options)

    def _publish(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, json.loads(payload)))

    def feed(self, topic: str, **body: Any) -> None:
        tid = str(body.get("tid", ""))
        self.dispatcher.receive(topic, json.dumps(body).encode(), lambda: self.acknowledged.append(tid))

    def run(self, feed: Callable[[], None]) -> None:
        """Start, feed, and wait until everything was handled."""
        self.dispatcher.start()
        feed()
        self.dispatcher.stop()


def test_messages_of_one_gateway_keep_their_order_over_many_shards() -> None:
    bench = Bench(shards=4)
    seen: dict[str, list[int]] = {}
    lock = threading.Lock()

    def note(message: Message) -> None:
        with lock:
            seen.setdefault(message.gateway, []).append(message.data["n"])

    bench.registry.claim(Channel.EVENTS, ["x"], note)

    def feed() -> None:
        for n in range(40):
            for gateway in ("A", "B", "C", "D", "E"):
                bench.feed(f"thing/product/{gateway}/events", method="x", data={"n": n}, tid=f"{gateway}{n}")

    bench.run(feed)
    assert seen == {gateway: list(range(40)) for gateway in "ABCDE"}
    assert len(bench.acknowledged) == 200


def test_an_aircrafts_messages_share_the_order_of_its_gateway() -> None:
    bench = Bench(shards=8)
    order: list[str] = []
    bench.registry.claim(Channel.EVENTS, ["x"], lambda message: order.append(message.sn))

    def feed() -> None:
        for _ in range(20):
            bench.feed("thing/product/AIRCRAFT/events", method="x", gateway="DOCK")
            bench.feed("thing/product/DOCK/events", method="x", gateway="DOCK")

    bench.run(feed)
    assert order == ["AIRCRAFT", "DOCK"] * 20


def test_acknowledged_only_after_the_commit() -> None:
    bench = Bench(shards=1)
    visible_at_acknowledgement: list[bool] = []
    bench.registry.claim(
        Channel.EVENTS, ["x"], lambda message: void(Workspace.objects.create(name="made by a handler"))
    )

    def acknowledge() -> None:
        visible_at_acknowledgement.append(not transaction.get_connection().in_atomic_block)
        visible_at_acknowledgement.append(Workspace.objects.filter(name="made by a handler").exists())

    bench.run(lambda: bench.dispatcher.receive("thing/product/A/events", b'{"method": "x"}', acknowledge))
    assert visible_at_acknowledgement == [True, True]


def void(_: Any) -> None:
    return None


def test_a_failing_handler_is_rolled_back_answered_recorded_and_the_next_message_is_handled() -> None:
    bench = Bench(shards=1)

    def breaks(message: Message) -> None:
        Workspace.objects.create(name="half done")
        raise ZeroDivisionError("as an example")

    bench.registry.claim(Channel.EVENTS, ["bad"], breaks)
    bench.registry.claim(Channel.EVENTS, ["good"], lambda message: {"result": 0, "fine": True})

    def feed() -> None:
        bench.feed("thing/product/A/events", method="bad", tid="1", bid="b", need_reply=1)
        bench.feed("thing/product/A/events", method="good", tid="2", bid="b", need_reply=1)

    bench.run(feed)
    assert not Workspace.objects.filter(name="half done").exists()
    assert [(topic, body["tid"], body["data"]) for topic, body in bench.sent] == [
        ("thing/product/A/events_reply", "1", {"result": 1}),
        ("thing/product/A/events_reply", "2", {"result": 0, "fine": True}),
    ]
    assert [rejection.reason for rejection in bench.rejects] == ["handler"]
    assert bench.acknowledged == ["1", "2"]


def test_a_message_waits_for_a_database_that_is_away() -> None:
    bench = Bench(shards=1)
    attempts: list[int] = []

    def away_at_first(message: Message) -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise OperationalError("the server went away")

    bench.registry.claim(Channel.EVENTS, ["x"], away_at_first)
    bench.dispatcher.start()
    bench.feed("thing/product/A/events", method="x", tid="1")
    for _ in range(100):
        if bench.acknowledged:
            break
        threading.Event().wait(0.05)
    bench.dispatcher.stop()
    assert len(attempts) == 3
    assert bench.acknowledged == ["1"]


def test_every_request_is_answered_also_one_that_nobody_owns() -> None:
    bench = Bench(shards=1)
    bench.run(lambda: bench.feed("thing/product/A/requests", method="from_the_future", tid="1", bid="2"))
    (topic, body) = bench.sent[0]
    assert topic == "thing/product/A/requests_reply"
    assert (body["method"], body["tid"], body["bid"]) == ("from_the_future", "1", "2")
    assert body["data"]["result"] != 0


def test_unknown_events_are_answered_only_when_they_ask() -> None:
    bench = Bench(shards=1)

    def feed() -> None:
        bench.feed("thing/product/A/events", method="new_one", tid="1", need_reply=0)
        bench.feed("thing/product/A/events", method="new_one", tid="2", need_reply=1)

    bench.run(feed)
    assert [body["tid"] for _, body in bench.sent] == ["2"]
    assert bench.sent[0][1]["data"] == {"result": 0}


def test_garbage_between_good_messages_costs_nothing() -> None:
    bench = Bench(shards=2)
    handled: list[str] = []
    bench.registry.claim(Channel.EVENTS, ["x"], lambda message: handled.append(message.tid))

    def feed() -> None:
        for n in range(20):
            bench.feed("thing/product/A/events", method="x", tid=str(n))
            for garbage in (b"\xff\xfe", b"[1]", b"nope", b'{"method": {"a": 1}, "data": []}'):
                bench.dispatcher.receive("thing/product/A/events", garbage, lambda: None)
            bench.dispatcher.receive("not/a/topic", b"{}", lambda: None)

    bench.run(feed)
    assert handled == [str(n) for n in range(20)]
    assert {rejection.reason for rejection in bench.rejects} == {"json", "shape", "topic"}


def test_a_full_queue_pushes_back_and_loses_nothing() -> None:
    bench = Bench(shards=1, queue_limit=3)
    gate = threading.Event()
    handled: list[str] = []

    def slow(message: Message) -> None:
        gate.wait(5)
        handled.append(message.tid)

    bench.registry.claim(Channel.EVENTS, ["x"], slow)
    bench.dispatcher.start()
    feeder = threading.Thread(
        target=lambda: [bench.feed("thing/product/A/events", method="x", tid=str(n)) for n in range(12)]
    )
    feeder.start()
    feeder.join(0.3)
    assert feeder.is_alive()  # it waits: the broker keeps what it cannot hand over
    gate.set()
    feeder.join(10)
    bench.dispatcher.stop()
    assert handled == [str(n) for n in range(12)]


def test_telemetry_never_waits_behind_other_messages() -> None:
    bench = Bench(shards=1, queue_limit=1)
    taken: list[str] = []
    bench.registry.claim(Channel.OSD, ["*"], lambda message: taken.append(message.sn))
    # The shards do not even run: telemetry is taken on the thread that received it.
    bench.feed("thing/product/A/osd", data={})
    assert taken == ["A"]


def test_a_second_claimant_stops_the_start_and_both_are_named() -> None:
    registry = Registry()

    def first(message: Message) -> None: ...
    def second(message: Message) -> None: ...

    registry.claim(Channel.EVENTS, ["hms"], first)
    with pytest.raises(DuplicateHandler) as caught:
        registry.claim(Channel.EVENTS, ["hms"], second)
    assert "first" in str(caught.value)
    assert "second" in str(caught.value)
