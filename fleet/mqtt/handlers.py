"""Who handles what: one owner for each (channel, method).

A handler is declared where its subject lives, in `<app>/mqtt.py`:

    @on_event("ota_progress")
    def firmware_progress(message: Message) -> None:
        '''The dock says how far an upgrade is.'''

What it returns becomes the reply's `data` (`None` means `{"result": 0}`). It runs inside a transaction on the worker
of its gateway, so messages of one gateway are handled in order. A second claimant stops start-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from fleet.mqtt.messages import Json, Message, Rejected
from fleet.mqtt.topics import Channel

Handler = Callable[[Message], Json | None]
Watcher = Callable[[Message], None]
RejectSink = Callable[[str, bytes, Rejected], None]
TrafficSink = Callable[[str, str, Any], None]
Job = Callable[[], None]
H = TypeVar("H", bound=Callable[..., Any])

#: Claims every method of a channel that nobody else claims.
ANY = "*"


class DuplicateHandler(RuntimeError):
    """Two handlers claim one (channel, method)."""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the routing table."""

    channel: Channel
    method: str
    handler: Handler

    @property
    def owner(self) -> str:
        return f"{self.handler.__module__}.{self.handler.__qualname__}"

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip().splitlines()[0] if self.handler.__doc__ else ""


class Registry:
    """The routing table, the watchers that see every message of a channel, and the bridge's periodic jobs."""

    def __init__(self) -> None:
        self._routes: dict[tuple[Channel, str], Route] = {}
        self._watchers: dict[Channel, list[Watcher]] = {channel: [] for channel in Channel}
        self.reject_sinks: list[RejectSink] = []
        self.traffic_sinks: list[TrafficSink] = []
        self.jobs: list[tuple[float, Job]] = []

    def claim(self, channel: Channel, methods: Iterable[str], handler: Handler) -> None:
        """Raises `DuplicateHandler`, naming both claimants."""
        for method in methods:
            present = self._routes.get((channel, method))
            route = Route(channel, method, handler)
            if present is not None and present.owner != route.owner:
                raise DuplicateHandler(f"{channel} {method!r} is claimed by {present.owner} and by {route.owner}.")
            self._routes[channel, method] = route

    def find(self, channel: Channel, method: str) -> Route | None:
        return self._routes.get((channel, method)) or self._routes.get((channel, ANY))

    def watch(self, channel: Channel, watcher: Watcher) -> None:
        if watcher not in self._watchers[channel]:
            self._watchers[channel].append(watcher)

    def watchers(self, channel: Channel) -> list[Watcher]:
        return self._watchers[channel]

    def routes(self) -> list[Route]:
        return sorted(self._routes.values(), key=lambda route: (route.channel, route.method))


registry = Registry()


def _declare(channel: Channel) -> Callable[..., Callable[[H], H]]:
    def decorator(*methods: str) -> Callable[[H], H]:
        def register(handler: H) -> H:
            registry.claim(channel, methods or (ANY,), handler)
            return handler

        return register

    return decorator


on_status = _declare(Channel.STATUS)
on_event = _declare(Channel.EVENTS)
on_request = _declare(Channel.REQUESTS)
on_services_reply = _declare(Channel.SERVICES_REPLY)
on_property_reply = _declare(Channel.PROPERTY_SET_REPLY)
#: `state` is handled like an event: in order, in a transaction, answered when it asks.
on_state = _declare(Channel.STATE)
#: `osd` and `drc/up` handlers run on the network thread: they take the message and return at once; no database.
on_osd = _declare(Channel.OSD)
on_drc = _declare(Channel.DRC_UP)


def watch(channel: Channel) -> Callable[[Watcher], Watcher]:
    """See every message of a channel besides its owner, in the same transaction, before it."""

    def register(watcher: Watcher) -> Watcher:
        registry.watch(channel, watcher)
        return watcher

    return register


def on_reject(sink: RejectSink) -> RejectSink:
    """Be told of everything that could not be used: topic, payload, why. Must not block."""
    registry.reject_sinks.append(sink)
    return sink


def on_traffic(sink: TrafficSink) -> TrafficSink:
    """Be told of every message but telemetry, both ways: direction (`up`/`down`), topic, envelope. Must not block."""
    registry.traffic_sinks.append(sink)
    return sink


def every(seconds: float) -> Callable[[Job], Job]:
    """Run in the bridge process every `seconds`, on a thread of its own, and once more when the bridge stops."""

    def register(job: Job) -> Job:
        registry.jobs.append((seconds, job))
        return job

    return register
