"""Fixtures that many tests share. Real servers come from tests.servers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

from tests import factories
from tests.servers import Missing, MosquittoServer, mosquitto_server, unavailable

pytest_plugins = ["tests.live", "tests.storage"]

# How long an example takes says more of what else the machine does than of the code.
hypothesis.settings.register_profile("fleet", parent=hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("fleet")

#: What waits for servers and flights begins first, so that no worker is alone with it at the end.
SLOW = ("tests/scenarios/", "tests/run/", "tests/browser/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        return next((place for place, folder in enumerate(SLOW) if item.nodeid.startswith(folder)), len(SLOW))

    items.sort(key=rank)


@pytest.fixture
def workspace(db: None) -> Any:
    return factories.make_workspace(name="Alpine rescue")


@pytest.fixture
def other_workspace(db: None) -> Any:
    """The tenant who must never see anything of the first."""
    return factories.make_workspace(name="Harbour police")


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[MosquittoServer]:
    try:
        with mosquitto_server() as server:
            yield server
    except Missing as error:
        unavailable(error)


class Wire:
    """What went out, as (topic, envelope), and the way in."""

    def __init__(self) -> None:
        from fleet.mqtt.dispatcher import Dispatcher

        self.published: list[tuple[str, dict[str, Any]]] = []
        self.dispatcher = Dispatcher(self._publish, raise_errors=True)
        self._counter = 0

    def _publish(self, topic: str, payload: bytes) -> bool:
        self.published.append((topic, json.loads(payload)))
        return True

    def deliver(self, topic: str, **body: Any) -> dict[str, Any]:
        """Feed one message through the dispatcher, as if it had come off the wire. Returns what was sent in."""
        self._counter += 1
        envelope = {
            "tid": f"tid-{self._counter}",
            "bid": f"bid-{self._counter}",
            "timestamp": int(time.time() * 1000),
            **body,
        }
        self.deliver_raw(topic, json.dumps(envelope).encode())
        return envelope

    def deliver_raw(self, topic: str, payload: bytes) -> None:
        from fleet.mqtt.messages import Rejected, decode
        from fleet.mqtt.topics import TELEMETRY

        try:
            message = decode(topic, payload, self.dispatcher.payload_limit)
        except Rejected as rejection:
            self.dispatcher.reject(topic, payload, rejection)
            return
        if message.channel in TELEMETRY:
            self.dispatcher.receive(topic, payload, lambda: None)
        else:
            self.dispatcher.handle(message)

    def answers(self, topic: str) -> list[dict[str, Any]]:
        return [envelope for where, envelope in self.published if where == topic]


@pytest.fixture
def wire(db: None) -> Iterator[Wire]:
    """The dispatcher with a recording publisher; what devices gathered in memory is forgotten around each test."""
    _forget()
    yield Wire()
    _forget()


@pytest.fixture
def deliver(wire: Wire) -> Callable[..., dict[str, Any]]:
    return wire.deliver


@pytest.fixture
def published(wire: Wire) -> list[tuple[str, dict[str, Any]]]:
    return wire.published


def _forget() -> None:
    from devices.services import health, message_log, rejects, telemetry
    from waylines.services.flights import recording

    telemetry.states.forget(list(telemetry.states.take_dirty()))
    telemetry.states._states.clear()
    telemetry._last_point.clear()
    message_log._pending.clear()
    rejects._pending.clear()
    rejects._recent.clear()
    health.forget()
    recording.forget()


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Throttles and short-lived answers of one test are no business of the next."""
    from django.core.cache import cache

    cache.clear()
