"""What a track says of a flight in a few numbers, and which of its points cannot be true."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from waylines.services.flights.thinning import IMPLAUSIBLE, METRES_PER_DEGREE, metres
from waylines.services.flights.track import POINT_FIELDS, Track, unwrap

#: No aircraft of ours is faster (m/s); a point that would need it is a jump of its receiver.
TOO_FAST = 60.0
#: Metres that a position may be wrong without being a jump.
_SLACK = 50.0
#: So many points that agree with each other are believed against those before them.
_AGREE = 5
#: Metres around 0° 0° in which a device's position means that it has none.
_NOWHERE = 1_000.0


@dataclass(frozen=True, slots=True)
class Measures:
    """Metres, m/s and percent; None where the track does not tell."""

    distance: float
    highest: float | None
    farthest: float | None
    fastest: float | None
    battery_start: int | None
    battery_end: int | None


def from_points(rows: Iterable[Sequence[Any]]) -> Track:
    """A track out of rows of (at, *`POINT_FIELDS`), in the order of time and without what cannot be true."""
    track = Track()
    last = -1.0
    for row in rows:
        moment = row[0].timestamp()
        if moment <= last or row[1] is None or row[2] is None:
            continue  # two bridges may have written the same moment
        last = moment
        track.time.append(moment)
        for name, value in zip(POINT_FIELDS, row[1:], strict=True):
            getattr(track, name).append(value if value is None or abs(value) < IMPLAUSIBLE else None)
    track.longitude = unwrap(track.longitude)
    return track.pick(_believable(track))


def _believable(track: Track) -> list[int]:
    """The places that are left without jumps.

    A point too far from the last good one for its time is put aside. When several in a row are, and agree with each
    other, they are right: what was before them is dropped if it is shorter, and kept if it is not (then the aircraft
    was switched off and carried).
    """
    good: list[int] = []
    aside: list[int] = []
    for place in range(len(track)):
        if _nowhere(track, place):
            continue
        if not good or _reaches(track, good[-1], place):
            good.append(place)
            aside = []
            continue
        if aside and not _reaches(track, aside[-1], place):
            aside = []
        aside.append(place)
        if len(aside) >= _AGREE:
            good = ([] if len(good) < _AGREE else good) + aside
            aside = []
    return good


def _nowhere(track: Track, place: int) -> bool:
    latitude, longitude = track.latitude[place], track.longitude[place]
    return max(abs(latitude), abs((longitude + 180) % 360 - 180)) * METRES_PER_DEGREE < _NOWHERE


def _reaches(track: Track, first: int, second: int) -> bool:
    """Whether the aircraft can have flown from one point to the other."""
    shrink = math.cos(math.radians((track.latitude[first] + track.latitude[second]) / 2))
    east = ((track.longitude[second] - track.longitude[first] + 180) % 360 - 180) * shrink
    north = track.latitude[second] - track.latitude[first]
    far = math.hypot(east, north) * METRES_PER_DEGREE
    return far <= TOO_FAST * (track.time[second] - track.time[first]) + _SLACK


def measure(track: Track) -> Measures:
    """The numbers of a track. Give the thinned one: in the whole one a hovering aircraft's noise counts as way."""
    if not len(track):
        return Measures(0.0, None, None, None, None, None)
    space = metres(track)
    steps = np.sqrt((np.diff(space, axis=0) ** 2).sum(axis=1))
    seconds = np.diff(np.asarray(track.time))
    walked = steps <= TOO_FAST * seconds + _SLACK  # being carried is no flight
    battery = [round(value) for value in track.battery if value is not None]
    return Measures(
        distance=float(steps[walked].sum()),
        highest=_highest(track),
        farthest=float(np.hypot(space[:, 0] - space[0, 0], space[:, 1] - space[0, 1]).max()),
        fastest=max((value for value in track.speed if value is not None), default=None),
        battery_start=battery[0] if battery else None,
        battery_end=battery[-1] if battery else None,
    )


def _highest(track: Track) -> float | None:
    said = [value for value in track.elevation if value is not None]
    if said:
        return max(said)
    heights = [value for value in track.height if value is not None]
    return max(heights) - heights[0] if heights else None


def extremes(track: Track) -> list[int]:
    """The places of the highest, the fastest and the farthest point, which no thinning may take."""
    if not len(track):
        return []
    space = metres(track)
    found = [int(np.hypot(space[:, 0], space[:, 1]).argmax())]
    for column in (track.elevation, track.height, track.speed):
        known = [place for place, value in enumerate(column) if value is not None]
        if known:
            found.append(max(known, key=lambda place, column=column: column[place]))  # type: ignore[misc]
    return found
