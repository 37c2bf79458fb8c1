"""The track of a flight: columns of numbers, and how they are kept.

Stored are zlib-compressed bytes of JSON: `{"v": 1, "at": ms, "time": […], "latitude": […], …}`. `at` is the moment (ms
since 1970) to which `time` counts. Every column holds whole numbers in units of `UNITS`, each as the difference to the
one before it (the first to 0); `null` stands where a value is missing, and a column of which nothing is known is left
out. Longitudes run on over the antimeridian instead of jumping, so they may lie beyond 180°.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

Numbers = list[float | None]

#: A track of more bytes than this, unpacked, is none of ours.
_LARGEST = 64_000_000
#: What one whole number of a stored column is worth: seconds, degrees (11 cm), metres, m/s, degrees, percent.
UNITS = {
    "time": 0.1,
    "latitude": 1e-6,
    "longitude": 1e-6,
    "height": 0.1,
    "elevation": 0.1,
    "speed": 0.1,
    "heading": 1.0,
    "battery": 1.0,
}


@dataclass(slots=True)
class Track:
    """Points in the order of time; all columns are of one length.

    `time` is seconds since 1970, positions are WGS84 degrees, `height` metres above the ellipsoid, `elevation` metres
    above the take-off point, `speed` m/s over ground, `heading` degrees clockwise from north, `battery` percent.
    """

    time: list[float] = field(default_factory=list)
    latitude: list[float] = field(default_factory=list)
    longitude: list[float] = field(default_factory=list)
    height: Numbers = field(default_factory=list)
    elevation: Numbers = field(default_factory=list)
    speed: Numbers = field(default_factory=list)
    heading: Numbers = field(default_factory=list)
    battery: Numbers = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.time)

    def pick(self, places: Iterable[int]) -> Track:
        """Only these points."""
        wanted = list(places)
        return _of([column[place] for place in wanted] for column in self.columns().values())

    def columns(self) -> dict[str, list[float | None]]:
        return {name: getattr(self, name) for name in COLUMNS}

    def moment(self, place: int) -> datetime:
        return datetime.fromtimestamp(self.time[place], UTC)


COLUMNS = tuple(column.name for column in fields(Track))
#: The columns of a `TrackPoint` that become columns of a track, in their order.
POINT_FIELDS = ("latitude", "longitude", "height", "elevation", "speed", "heading", "battery")


def unwrap(longitudes: Sequence[float]) -> list[float]:
    """The same longitudes without a jump of 360° at the antimeridian."""
    found: list[float] = []
    shift = 0.0
    for place, longitude in enumerate(longitudes):
        if place:
            step = longitude - longitudes[place - 1]
            shift -= 360.0 * round(step / 360.0)
        found.append(longitude + shift)
    return found


def wrap(longitude: float) -> float:
    """A longitude between -180 and 180°."""
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def join(first: Track, second: Track) -> Track:
    """One track after the other; what of the second is not later is left out."""
    if not len(first):
        return second
    later = [place for place, moment in enumerate(second.time) if moment > first.time[-1]]
    tail = second.pick(later)
    both = _of(mine + theirs for mine, theirs in zip(_lists(first), _lists(tail), strict=True))
    both.longitude = unwrap(both.longitude)
    return both


def _of(columns: Iterable[Numbers]) -> Track:
    """A track of these columns; the first three have no gaps."""
    return Track(*columns)  # type: ignore[arg-type]


def _lists(track: Track) -> list[list[float | None]]:
    return list(track.columns().values())


def encode(track: Track) -> bytes:
    at = int(track.time[0] * 1000) if track.time else 0
    kept: dict[str, object] = {"v": 1, "at": at}
    for name, column in track.columns().items():
        values = [moment - at / 1000 for moment in track.time] if name == "time" else column
        whole = [None if value is None else round(value / UNITS[name]) for value in values]
        if any(value is not None for value in whole):
            kept[name] = _differences(whole)
    return zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 9)


def decode(stored: bytes | memoryview) -> Track:
    """Raises `ValueError` for what is no stored track."""
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(bytes(stored), _LARGEST)
        kept = json.loads(raw)
    except zlib.error as error:
        raise ValueError("no stored track") from error
    if not isinstance(kept, dict) or kept.get("v") != 1:
        raise ValueError("a track of another version")
    count = len(kept.get("time", []))
    columns: list[list[float | None]] = []
    for name in COLUMNS:
        digits = 1 if UNITS[name] == 0.1 else 6 if UNITS[name] < 0.1 else 0
        whole = _sums(kept[name]) if name in kept else [None] * count
        if len(whole) != count:
            raise ValueError("columns of different lengths")
        columns.append([None if value is None else round(value * UNITS[name], digits) for value in whole])
    columns[0] = [kept["at"] / 1000 + (moment or 0.0) for moment in columns[0]]
    return _of(columns)


def _differences(values: Sequence[int | None]) -> list[int | None]:
    found: list[int | None] = []
    before = 0
    for value in values:
        if value is None:
            found.append(None)
        else:
            found.append(value - before)
            before = value
    return found


def _sums(differences: Sequence[int | None]) -> list[int | None]:
    found: list[int | None] = []
    total = 0
    for step in differences:
        if step is None:
            found.append(None)
        else:
            total += step
            found.append(total)
    return found
