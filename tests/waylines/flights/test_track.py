"""Tracks: kept and read again as they were, thinned within their bounds, and without what cannot be true."""

from __future__ import annotations

import itertools
import math
import random
import time
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waylines.services.flights import thinning
from waylines.services.flights.measures import extremes, from_points, measure
from waylines.services.flights.thinning import BATTERY, SHAPE, SPEED, WHEN, metres, places, thin
from waylines.services.flights.track import UNITS, Track, decode, encode, join, unwrap, wrap

maybe = st.none() | st.floats(-400, 9000)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    """Steps of an aircraft that may turn, stop and jump a little, with gaps in what it says of itself."""
    count = draw(st.integers(0, 60))
    steps = st.lists(st.floats(-1, 1), min_size=count, max_size=count)
    latitude, longitude = draw(st.floats(-80, 80)), draw(st.floats(-180, 180))
    north, east = draw(steps), draw(steps)
    columns = [draw(st.lists(maybe, min_size=count, max_size=count)) for _ in range(2)]
    speed = draw(st.lists(st.none() | st.floats(0, 30), min_size=count, max_size=count))
    heading = draw(st.lists(st.none() | st.floats(0, 359), min_size=count, max_size=count))
    battery = draw(st.lists(st.none() | st.integers(0, 100), min_size=count, max_size=count))
    gaps = draw(st.lists(st.floats(0.1, 600), min_size=count, max_size=count))
    return Track(
        time=[1_760_000_000.0 + sum(gaps[: place + 1]) for place in range(count)],
        latitude=[latitude + 0.0005 * sum(north[: place + 1]) for place in range(count)],
        longitude=[longitude + 0.0005 * sum(east[: place + 1]) for place in range(count)],
        height=columns[0], elevation=columns[1], speed=speed, heading=heading,
        battery=[None if value is None else float(value) for value in battery],
    )  # fmt: skip


def straight(count: int, **columns: Any) -> Track:
    """North at 10 m/s, a point every two seconds."""
    track = Track(
        time=[1_760_000_000.0 + 2 * n for n in range(count)],
        latitude=[47 + n * 20 / 111_320 for n in range(count)],
        longitude=[8.0] * count,
        height=[500.0] * count,
        elevation=[80.0] * count,
        speed=[10.0] * count,
        heading=[0.0] * count,
        battery=[90.0] * count,
    )
    for name, column in columns.items():
        setattr(track, name, column)
    return track


@given(tracks())
def test_what_is_kept_is_read_again(track: Track) -> None:
    again = decode(encode(track))
    assert len(again) == len(track)
    for name, unit in UNITS.items():
        for before, after in zip(getattr(track, name), getattr(again, name), strict=True):
            assert (before is None) == (after is None)
            if before is not None:
                assert after == pytest.approx(before, abs=unit * 0.51 + 1e-6)
    assert encode(again) == encode(decode(encode(again)))


@pytest.mark.parametrize(
    "stored", [b"", b"no", zlib.compress(b"[]"), zlib.compress(b'{"v":2}'), zlib.compress(b"\xff"), zlib.compress(b"{")]
)
def test_what_is_no_track_says_so(stored: bytes) -> None:
    with pytest.raises(ValueError):
        decode(stored)


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(ValueError):
        decode(zlib.compress(b" " * 100_000_000))


def bounds_hold(track: Track, kept: list[int], wider: float = 1.0) -> None:
    """Every point is where and how the thinned track says, measured one by one and not with the code under test."""
    space = metres(track)
    told = [thinning._filled(track.speed), thinning._filled(track.battery)]
    for left, right in itertools.pairwise(kept):
        for place in range(left + 1, right):
            span = track.time[right] - track.time[left]
            share = (track.time[place] - track.time[left]) / span if span else 0.0
            ends = [space[left] + part / 200 * (space[right] - space[left]) for part in range(201)]
            aside = min(math.dist(space[place], end) for end in ends)
            grain = math.dist(space[left], space[right]) / 400
            assert aside <= SHAPE * wider + grain + 1e-6
            assert math.dist(space[place], space[left] + share * (space[right] - space[left])) <= WHEN * wider + 1e-6
            for column, bound in zip(told, (SPEED, BATTERY), strict=True):
                between = column[left] + share * (column[right] - column[left])
                assert abs(column[place] - between) <= bound * wider + 1e-6


@settings(max_examples=60, deadline=None)
@given(tracks())
def test_thinning_keeps_its_bounds_and_the_ends(track: Track) -> None:
    if len(track) < 3:
        assert thin(track) == track
        return
    kept = places(track)
    assert (kept[0], kept[-1]) == (0, len(track) - 1)
    assert kept == sorted(set(kept))
    bounds_hold(track, kept)


def test_a_straight_line_needs_two_points_and_a_corner_three() -> None:
    assert len(thin(straight(200))) == 2
    corner = straight(101)
    corner.longitude = [8.0 + max(0, n - 50) * 20 / 76_000 for n in range(101)]
    corner.latitude = [47 + min(n, 50) * 20 / 111_320 for n in range(101)]
    assert places(corner) == [0, 50, 100]


def test_height_time_speed_and_battery_are_part_of_the_shape() -> None:
    for name, column in (
        ("height", [500.0 + 3 * (n == 50) for n in range(101)]),
        ("speed", [10.0 + 3 * (n == 50) for n in range(101)]),
        ("battery", [90.0 - 5 * (n >= 50) for n in range(101)]),
        ("time", [1_760_000_000.0 + 2 * n + 60 * (n >= 50) for n in range(101)]),
    ):
        assert 50 in places(straight(101, **{name: column})), name


def test_a_point_that_must_stay_stays() -> None:
    assert places(straight(101), keep=[33]) == [0, 33, 100]


def test_what_is_too_long_is_bounded() -> None:
    generator = random.Random(7)
    wild = straight(30_000, longitude=[8 + generator.uniform(-0.001, 0.001) for _ in range(30_000)])
    kept = thin(wild, largest=500)
    assert len(kept) <= 500
    assert kept.time[0] == wild.time[0]


def test_a_hundred_thousand_points_take_no_time_that_grows_with_their_square() -> None:
    generator = random.Random(3)
    count = 100_000
    zigzag = straight(count, longitude=[8 + (n % 2) * 0.0001 + generator.uniform(0, 1e-6) for n in range(count)])
    begun = time.process_time()
    thin(zigzag)
    assert time.process_time() - begun < 60


def at(second: float) -> datetime:
    return datetime.fromtimestamp(1_760_000_000 + second, UTC)


def row(
    second: float, latitude: float, longitude: float, *, up: float | None = None, speed: float | None = None
) -> Any:
    return (at(second), latitude, longitude, None, up, speed, None, None)


def test_jumps_to_nowhere_and_to_far_away_are_left_out() -> None:
    rows = [row(2 * n, 47 + n * 1e-4, 8.0) for n in range(50)]
    rows[10] = row(20, 1e-5, 1e-5)
    rows[20] = row(40, 47.9, 8.0)
    rows[21] = row(42, 12.0, 130.0)
    rows = [*(row(2 * n - 100, 1e-6, 0.0) for n in range(20)), *rows]  # before it had a position
    track = from_points(rows)
    assert len(track) == 47
    assert measure(track).distance == pytest.approx(49e-4 * 111_320, rel=0.01)


def test_a_wrong_first_position_does_not_cost_the_flight() -> None:
    rows = [row(0, 60.0, 20.0), row(2, 60.0, 20.0), *(row(4 + 2 * n, 47 + n * 1e-4, 8.0) for n in range(50))]
    track = from_points(rows)
    assert (len(track), track.latitude[0]) == (50, 47.0)


def test_an_aircraft_that_was_carried_has_not_flown_there() -> None:
    here = [row(2 * n, 47 + n * 1e-4, 8.0) for n in range(20)]
    there = [row(60 + 2 * n, 48 + n * 1e-4, 8.0) for n in range(20)]
    track = from_points([*here, *there])
    assert len(track) == 40
    assert measure(track).distance == pytest.approx(2 * 19e-4 * 111_320, rel=0.01)


def test_over_the_antimeridian_it_goes_on() -> None:
    rows = [row(2 * n, 10.0, wrap(179.999 + n * 1e-4)) for n in range(30)]
    track = from_points(rows)
    assert track.longitude == pytest.approx([179.999 + n * 1e-4 for n in range(30)])
    assert measure(track).distance == pytest.approx(29e-4 * 111_320 * math.cos(math.radians(10)), rel=0.01)
    assert decode(encode(track)).longitude[-1] == pytest.approx(180.0019)
    assert [round(wrap(x), 4) for x in (180.0019, -180.5, 539.0, 180.0, 0.0)] == [-179.9981, 179.5, 179.0, 180.0, 0.0]
    assert unwrap([-179.9, 179.9, -179.9]) == pytest.approx([-179.9, -180.1, -179.9])


def test_the_numbers_of_a_known_square() -> None:
    corners = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    rows = []
    for number, (north, east) in enumerate(corners):
        latitude = 47 + north / 111_320
        longitude = 8 + east / (111_320 * math.cos(math.radians(47)))
        rows.append((at(20 * number), latitude, longitude, 500.0, 50.0 + number, 5.0 + number, 0.0, 90 - number))
    found = measure(from_points(rows))
    assert found.distance == pytest.approx(400, abs=0.5)
    assert found.farthest == pytest.approx(math.hypot(100, 100), abs=0.5)
    assert (found.highest, found.fastest, found.battery_start, found.battery_end) == (54.0, 9.0, 90, 86)
    assert measure(Track()).distance == 0


def test_without_elevation_the_highest_is_told_from_the_height() -> None:
    track = straight(3, elevation=[None] * 3, height=[500.0, 530.0, 510.0])
    assert measure(track).highest == 30


def test_the_extremes_survive_thinning() -> None:
    track = straight(
        101, speed=[10.0 + 0.5 * (n == 40) for n in range(101)], elevation=[80.0 + 0.5 * (n == 60) for n in range(101)]
    )
    kept = thin(track, keep=extremes(track))
    assert (max(x or 0 for x in kept.speed), max(x or 0 for x in kept.elevation)) == (10.5, 80.5)


def test_two_parts_become_one() -> None:
    whole = straight(20)
    both = join(whole.pick(range(12)), whole.pick(range(9, 20)))
    assert both == whole
    assert join(Track(), whole) is whole


def test_noise_of_a_hovering_aircraft_is_no_way() -> None:
    generator = np.random.default_rng(1)
    track = straight(600, latitude=list(47 + generator.normal(0, 2e-6, 600)))
    assert measure(thin(track)).distance < 10


@pytest.mark.parametrize("height", [1e155, 1e200, 1e300])
def test_a_height_that_is_none_neither_hangs_nor_counts(height: float) -> None:
    wild = straight(12, height=[500.0] * 6 + [height] + [500.0] * 5)
    assert len(thin(wild, keep=extremes(wild))) < 12


def test_what_was_stored_of_it_before_is_left_out() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(at + timedelta(seconds=n), 47 + n / 1e4, 8.0, 500.0, 80.0, 1.7e308, 0.0, 90) for n in range(3)]
    track = from_points(rows)
    assert track.speed == [None, None, None]
    assert len(decode(encode(track))) == 3
