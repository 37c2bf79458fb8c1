"""Fewer points of the same track (Ramer, Douglas and Peucker, in space and time).

A point may go when what is left still says it: joined by straight lines, the thinned track passes every point that was
left out within `SHAPE` metres (height counts as much as place), is within `WHEN` metres of it at its moment, and tells
speed and battery there within `SPEED` and `BATTERY`. First and last point always stay. All segments of one depth are
measured at once, and the track is cut into blocks before, so that the worst track of 100,000 points stays a matter of
seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waylines.services.flights.track import Track

Array = NDArray[np.float64]

SHAPE = 1.0
WHEN = 4.0
SPEED = 1.0
BATTERY = 1.0
#: More points than this are never kept: the bounds widen instead.
LARGEST = 20_000
#: Whatever is larger (in any unit of ours) was not measured, and its square would be no number.
IMPLAUSIBLE = 1e6
_BLOCK = 256
METRES_PER_DEGREE = 111_320.0


def thin(track: Track, *, keep: Sequence[int] = (), largest: int = LARGEST) -> Track:
    """The track with as few points as the bounds allow; those whose places are in `keep` stay."""
    if len(track) <= 2:
        return track
    wider = 1.0
    while True:
        kept = places(track, keep=keep, wider=wider)
        if len(kept) <= largest:
            return track.pick(kept)
        wider *= 2
        if wider > 1e6:  # wider than the earth: what is too much now are the blocks' ends
            return track.pick(kept[:: math.ceil(len(kept) / largest)])


def places(track: Track, *, keep: Sequence[int] = (), wider: float = 1.0) -> list[int]:
    """The places of the points that stay, with all bounds `wider` times as wide."""
    count = len(track)
    time = np.asarray(track.time, dtype=np.float64)
    space = metres(track)
    extra = np.stack([_filled(track.speed) / SPEED, _filled(track.battery) / BATTERY], axis=1)
    stays = np.zeros(count, dtype=bool)
    stays[:: int(_BLOCK * max(1.0, wider))] = True
    stays[[0, count - 1, *keep]] = True
    is_open = np.ones(count, dtype=bool)  # of the segment that begins at a point
    while True:
        knots = np.flatnonzero(stays)
        spans = np.diff(knots)
        chosen = np.flatnonzero((spans > 1) & is_open[knots[:-1]])
        if not chosen.size:
            return [int(place) for place in knots]
        left, right = knots[chosen], knots[chosen + 1]
        inner = right - left - 1
        starts = np.concatenate([[0], np.cumsum(inner)[:-1]])
        segment = np.repeat(np.arange(chosen.size), inner)
        place = np.arange(inner.sum()) - starts[segment] + left[segment] + 1
        off = _off(time, space, extra, place, left[segment], right[segment]) / wider
        worst = np.maximum.reduceat(off, starts)
        is_open[left[worst <= 1]] = False
        stays[place[(off == worst[segment]) & (worst[segment] > 1)]] = True


def _off(
    time: Array, space: Array, extra: Array, place: NDArray[np.intp], left: NDArray[np.intp], right: NDArray[np.intp]
) -> Array:
    """How far each point is from its segment, as parts of the bounds: more than 1 is too far."""
    span = time[right] - time[left]
    share = np.divide(time[place] - time[left], span, out=np.zeros_like(span), where=span > 0)[:, None]
    way = space[right] - space[left]
    offset = space[place] - space[left]
    moved = offset - share * way
    length = np.einsum("ij,ij->i", way, way)
    foot = np.einsum("ij,ij->i", offset, way)
    along = np.clip(np.divide(foot, length, out=np.zeros_like(foot), where=length > 0), 0, 1)[:, None]
    aside = offset - along * way
    shape = np.sqrt(np.einsum("ij,ij->i", aside, aside)) / SHAPE
    when = np.sqrt(np.einsum("ij,ij->i", moved, moved)) / WHEN
    said = np.abs(extra[place] - extra[left] - share * (extra[right] - extra[left])).max(axis=1)
    found: Array = np.maximum(np.maximum(shape, when), said)
    return found


def metres(track: Track) -> Array:
    """East, north and up from the first point, on a plane; good for the length of a flight, not of a continent."""
    latitude = np.asarray(track.latitude, dtype=np.float64)
    longitude = np.asarray(track.longitude, dtype=np.float64)
    shrink = np.cos(np.radians(latitude))
    # Each step east is as long as its own parallel says, so a long way north stays in scale.
    middle = (shrink[1:] + shrink[:-1]) / 2
    east = np.concatenate([[0.0], np.cumsum(np.diff(longitude) * middle)]) * METRES_PER_DEGREE
    north = (latitude - latitude[0]) * METRES_PER_DEGREE
    return np.stack([east, north, _filled(track.height, track.elevation)], axis=1)


def _filled(*columns: Sequence[float | None]) -> Array:
    """The first column that knows anything, its gaps bridged; zeros when none does."""
    for column in columns:
        values = np.asarray([math.nan if value is None else value for value in column], dtype=np.float64)
        known = np.isfinite(values) & (np.abs(values) < IMPLAUSIBLE)
        if known.any():
            every = np.arange(len(values))
            bridged: Array = np.interp(every, every[known], values[known])
            return bridged
    return np.zeros(len(columns[0]))
