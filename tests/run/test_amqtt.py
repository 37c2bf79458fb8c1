"""Rights under the embedded broker: the same filters as under Mosquitto."""

from __future__ import annotations

import pytest

from fleet.embedded.amqtt_plugins import Decisions, bridge_may, covers
from fleet.mqtt.topics import SUBSCRIPTIONS


@pytest.mark.parametrize(
    ("pattern", "topic", "within"),
    [
        ("thing/product/+/osd", "thing/product/A1/osd", True),
        ("thing/product/+/osd", "thing/product/+/osd", True),
        ("thing/product/+/osd", "thing/product/A1/state", False),
        ("thing/product/+/osd", "thing/product/A1/osd/more", False),
        ("thing/product/+/osd", "thing/product/#", False),
        ("thing/product/+/osd", "#", False),
        ("thing/product/A1/osd", "thing/product/+/osd", False),
        ("thing/product/#", "thing/product/A1/drc/up", True),
        ("thing/product/+/drc/up", "thing/product/A1/#", False),
        ("thing/product/+/drc/up", "thing/product/A1", False),
    ],
)
def test_a_filter_covers_what_is_no_wider(pattern: str, topic: str, within: bool) -> None:
    assert covers(pattern, topic) is within


def test_the_bridge_may_what_it_may_under_mosquitto() -> None:
    assert all(bridge_may("subscribe", topic) for topic, _ in SUBSCRIPTIONS)
    assert bridge_may("receive", "thing/product/A1/events")
    assert bridge_may("publish", "thing/product/A1/services")
    assert not bridge_may("publish", "thing/product/A1/osd")
    assert not bridge_may("subscribe", "#")


async def test_an_answer_is_kept_only_when_it_is_a_yes() -> None:
    asked: list[str] = []

    def decide(username: str) -> bool:
        asked.append(username)
        if username == "broken":
            raise RuntimeError("the database is away")
        return username == "dock"

    decisions = Decisions()
    assert await decisions.ask(decide, "dock")
    assert await decisions.ask(decide, "dock")
    assert not await decisions.ask(decide, "stranger")
    assert not await decisions.ask(decide, "stranger")
    assert not await decisions.ask(decide, "broken")
    assert not await decisions.ask(decide, "broken")
    assert asked == ["dock", "stranger", "stranger", "broken", "broken"]
    decisions.close()
