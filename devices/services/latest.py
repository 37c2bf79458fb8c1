"""The latest state of every device, merged in memory and written in batches.

Devices say a part at a time, so parts are merged and never replace each other. Every property remembers the device's
clock when it was said: what is older than what we have is dropped (several bridges may hand us one device's messages
out of order), unless it is so much older that the device's clock must have been set back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

#: Bridges reorder by seconds. A stamp further back than this (ms) means that the clock was corrected.
CLOCK_SET_BACK = 30_000


class Latest:
    """One device's merged state. `version` is the row's as we last knew it; None before it was first read.

    `seen_at` and `told_at` are seconds of our clock: when it last spoke at all, and when it last spoke of itself.
    """

    __slots__ = ("dirty", "properties", "reported_at", "seen_at", "stamps", "told_at", "version")

    def __init__(self) -> None:
        self.properties: dict[str, Any] = {}
        self.stamps: dict[str, int] = {}
        self.version: int | None = None
        self.reported_at = 0
        self.seen_at = 0.0
        self.told_at = 0.0
        self.dirty = False

    def merge(self, properties: Mapping[str, Any], stamp: int) -> None:
        """Take what is not older than what we have. Objects merge one level deep, for parts of them come alone too."""
        mine, stamps = self.properties, self.stamps
        if stamp < self.reported_at:  # the rare case: something here may be older than what we have
            properties = {
                key: value for key, value in properties.items() if not 0 < stamps.get(key, 0) - stamp < CLOCK_SET_BACK
            }
        for key, value in properties.items():
            if type(value) is dict and type(before := mine.get(key)) is dict and before.keys() != value.keys():
                value = {**before, **value}
            mine[key] = value
        stamps.update(dict.fromkeys(properties, stamp))
        if stamp > self.reported_at or self.reported_at - stamp >= CLOCK_SET_BACK:
            self.reported_at = stamp

    def merge_under(self, properties: Mapping[str, Any], stamps: Mapping[str, int]) -> None:
        """Fill in from the row what another process (or an earlier life) wrote and we have nothing newer for."""
        for key, value in properties.items():
            stamp = stamps.get(key, 0)
            if key not in self.properties or (0 < stamp - self.stamps.get(key, 0) < CLOCK_SET_BACK):
                self.properties[key] = value
                self.stamps[key] = stamp


class LatestStates:
    """All devices of this process. The network thread merges; one writer at a time takes what changed."""

    def __init__(self) -> None:
        self._states: dict[str, Latest] = {}
        self._dirty: set[str] = set()
        self._lock = threading.Lock()

    def merge(self, sn: str, properties: Mapping[str, Any], stamp: int, seen_at: float) -> Latest:
        """`stamp`: the device's clock in ms; `seen_at`: ours, in seconds."""
        with self._lock:
            latest = self._states.get(sn)
            if latest is None:
                latest = self._states[sn] = Latest()
            if properties:
                latest.merge(properties, stamp)
                latest.told_at = seen_at
            latest.seen_at = seen_at
            self._dirty.add(sn)
            return latest

    def take_dirty(self) -> dict[str, Latest]:
        """What changed since the last call."""
        with self._lock:
            taken = {sn: self._states[sn] for sn in self._dirty if sn in self._states}
            self._dirty.clear()
            return taken

    def pick(self, serials: Iterable[str]) -> dict[str, Latest]:
        with self._lock:
            return {sn: self._states[sn] for sn in serials if sn in self._states}

    def put_back(self, serials: Iterable[str]) -> None:
        """Mark as still to be written."""
        with self._lock:
            self._dirty.update(sn for sn in serials if sn in self._states)

    def forget(self, serials: Iterable[str]) -> None:
        with self._lock:
            for sn in serials:
                self._states.pop(sn, None)
                self._dirty.discard(sn)

    def __len__(self) -> int:
        return len(self._states)

    def snapshot(self, latest: Latest) -> tuple[dict[str, Any], dict[str, int]]:
        """Copies that nobody changes while they are written; values are replaced, never changed: one level will do."""
        with self._lock:
            return dict(latest.properties), dict(latest.stamps)
