"""Places as cells: what is in an area is in its ranges, and an area is few ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.services.library import cells
from media.services.library.cells import Area

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes, st.floats(0, 40), st.floats(0, 300))
def test_a_place_inside_is_in_a_range(
    lat: float, lon: float, south: float, west: float, high: float, wide: float
) -> None:
    area = Area(west, south, cells._around(west + wide), min(90, south + high))
    inside = any(part.west <= lon <= part.east for part in area.parts) and area.south <= lat <= area.north
    found = any(first <= cells.cell_of(lat, lon) <= last for first, last in cells.ranges(area))
    assert found or not inside


@given(latitudes, longitudes, st.floats(0, 90), st.floats(0, 359))
def test_an_area_is_few_ranges(south: float, west: float, high: float, wide: float) -> None:
    assert len(cells.ranges(Area(west, south, cells._around(west + wide), min(90, south + high)))) <= 64


@given(st.floats(-85, 85), st.floats(-180, 179.9999), st.integers(1, cells.LEVELS))
def test_the_centre_of_a_cell_is_in_it(lat: float, lon: float, level: int) -> None:
    cell = cells.cell_of(lat, lon) >> cells.shift(level)
    assert cells.cell_of(*cells.centre(cell, level)) >> cells.shift(level) == cell


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "1,2,3,nan", "1,2,3,inf", "8,48,9,47"])
def test_what_is_no_area(text: str) -> None:
    assert cells.area_of(text) is None


def test_an_area_across_the_antimeridian_and_one_around_the_world() -> None:
    assert cells.area_of("170,-20,190,-10") == Area(170, -20, -170, -10)
    assert cells.area_of("-400,-95,400,95") == Area(-180, -90, 180, 90)
    assert len(cells.area_of("170,-20,190,-10").parts) == 2  # type: ignore[union-attr]
