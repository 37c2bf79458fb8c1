"""What a pilot is told before a route is flown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waylines.wpml import files
from tests.waylines.wpml.files import document, el, kmz, line, mark, mission, simple, wayline
from waylines import wpml

HOME = (47.4, 8.5)


def _codes(content: bytes, **keywords: Any) -> dict[str, str]:
    found = wpml.advise(wpml.read(content), **keywords)
    for entry in found:
        assert entry.message == (entry.template % entry.params if entry.params else entry.template)
        assert entry.message.endswith(".")
        assert "%(" not in entry.message
    assert [entry.severity for entry in found] == sorted(
        (entry.severity for entry in found), key=["block", "warn", "info"].index
    )
    return {entry.code: entry.severity for entry in found}


def test_a_route_that_fits_needs_no_advice() -> None:
    assert (
        _codes(
            simple(),
            aircraft_model_key="0-99-0",
            payload_model_keys=["1-88-0"],
            home=HOME,
            max_distance=500,
            max_length=5000,
            max_height=120,
            rth_altitude=100,
            no_fly=[_square(47.5, 8.6)],
        )
        == {}
    )


def _drone(drone: str, payload: str | None = "88-0") -> bytes:
    return kmz({"wpmz/waylines.wpml": document(mission(drone, payload), line())})


@pytest.mark.parametrize(
    ("drone", "aircraft", "expected"),
    [
        ("99-0", "0-100-1", {"model_does_not_fit": "block"}),
        ("100-0", "0-100-1", {"model_variant": "warn"}),
        ("100-1", "0-100-1", {}),
        ("65535-0", "0-100-1", {"model_missing": "warn"}),
        ("777-0", None, {"model_unknown": "warn"}),
    ],
)
def test_the_aircraft_model(drone: str, aircraft: str | None, expected: dict[str, str]) -> None:
    assert _codes(_drone(drone), aircraft_model_key=aircraft) == expected


def test_model_names_are_in_the_sentence() -> None:
    (advice,) = wpml.advise(wpml.read(_drone("99-0")), aircraft_model_key="0-100-1")

    assert "Matrice 4E" in advice.message
    assert "Matrice 4TD" in advice.message


@pytest.mark.parametrize(
    ("payload", "mounted", "expected"),
    [
        ("4711-0", None, {"payload_unknown": "warn"}),
        (None, None, {"payload_missing": "info"}),
        ("88-0", ["1-99-0"], {"payload_not_mounted": "warn"}),
        ("88-0", ["1-88-0"], {}),
    ],
)
def test_the_payload(payload: str | None, mounted: list[str] | None, expected: dict[str, str]) -> None:
    assert _codes(_drone("99-0", payload), payload_model_keys=mounted) == expected


def test_points_too_far_from_home_and_a_first_point_far_away() -> None:
    assert _codes(simple(), home=HOME, max_distance=300) == {"point_too_far": "warn"}
    assert _codes(simple(), home=(47.42, 8.5)) == {"first_point_far": "warn"}
    (advice,) = wpml.advise(wpml.read(simple()), home=HOME, max_distance=300)
    assert (advice.params["index"], advice.params["distance"]) == (4, 334)


def test_length_and_time_include_the_ways_to_and_from_the_route() -> None:
    # 334 m of route and 334 m back.
    assert _codes(simple(), home=HOME, max_length=600) == {"route_too_long": "warn"}
    assert _codes(simple(), max_length=600) == {}
    long = kmz({"wpmz/waylines.wpml": document(mission(), line(extra=el("distance", 900) + el("duration", 2150)))})
    assert _codes(long) == {"flight_too_long": "warn"}
    assert _codes(long, longest_flight=3000) == {}


def test_heights_above_take_off() -> None:
    def high(mode: str, height: float = 130) -> bytes:
        return simple(wayline(mark(0, 47.4, 8.5, height=height), mark(1, 47.401, 8.5, height=60), mode=mode))

    assert _codes(high("relativeToStartPoint"), max_height=120) == {"too_high": "warn"}
    assert _codes(high("relativeToStartPoint")) == {}
    assert _codes(high("realTimeFollowSurface"), max_height=120) == {"too_high": "warn"}
    assert _codes(high("relativeToStartPoint"), rth_altitude=100) == {"rth_below_route": "info"}
    # The file's reference point lies at 430.5 m, the dock at 440 m.
    assert _codes(high("WGS84", 551), max_height=120) == {"too_high": "warn"}
    assert _codes(high("WGS84", 551), max_height=120, home=(*HOME, 440.0)) == {}
    assert _codes(high("relativeToStartPoint", -2)) == {"below_take_off": "warn"}


def test_a_height_nobody_can_compare_is_said_and_not_hidden() -> None:
    body = document(el("missionConfig", el("droneInfo", el("droneEnumValue", 99))), line(mode="WGS84"))

    assert "height_not_comparable" in _codes(body, max_height=120)
    assert "height_not_comparable" not in _codes(body)


def _square(latitude: float, longitude: float, size: float = 0.0002) -> dict[str, Any]:
    ring = [(-size, -size), (size, -size), (size, size), (-size, size), (-size, -size)]
    return {"type": "Polygon", "coordinates": [[[longitude + x, latitude + y] for x, y in ring]]}


#: Between the second and third waypoint, away from both.
ON_A_LEG = (47.4015, 8.5)
_CIRCLE = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [8.5, 47.4015]},
    "properties": {"radius": 20},
}


@pytest.mark.parametrize(
    "area",
    [
        _square(*ON_A_LEG),
        {"type": "Feature", "properties": {"name": "Tower"}, "geometry": _square(*ON_A_LEG)},
        {"type": "MultiPolygon", "coordinates": [_square(48, 9)["coordinates"], _square(*ON_A_LEG)["coordinates"]]},
        {"type": "FeatureCollection", "features": [_CIRCLE]},
        {"type": "GeometryCollection", "geometries": [_square(*ON_A_LEG)]},
        _CIRCLE,
    ],
    ids=["polygon", "feature", "multi", "collection", "geometries", "circle"],
)
def test_a_leg_over_a_no_fly_area_is_found_though_no_point_lies_in_it(area: dict[str, Any]) -> None:
    found = wpml.advise(wpml.read(simple()), no_fly=[area])

    assert [(entry.code, entry.severity, entry.params["index"]) for entry in found] == [("no_fly_area", "block", 2)]
    if area.get("properties", {}).get("name"):
        assert "Tower" in found[0].message


def test_areas_beside_the_route_do_no_harm() -> None:
    beside = {**_CIRCLE, "geometry": {"type": "Point", "coordinates": [8.5003, 47.4015]}}
    hole = _square(47.4015, 8.5, 0.01)
    hole["coordinates"].append(_square(47.4015, 8.5, 0.005)["coordinates"][0])

    assert _codes(simple(), no_fly=[beside, hole]) == {}


def test_the_way_between_dock_and_route_is_checked_too() -> None:
    assert _codes(simple(), home=(47.4, 8.495), no_fly=[_square(47.4, 8.4975)]) == {"no_fly_area_on_the_way": "warn"}
    # On the way back from the last point.
    assert _codes(simple(), home=(47.4, 8.495), no_fly=[_square(47.4015, 8.4975)]) == {"no_fly_area_on_the_way": "warn"}


def test_the_way_from_one_wayline_to_the_next_is_part_of_the_route() -> None:
    second = wayline(mark(0, 47.403, 8.51), mark(1, 47.4, 8.51), number=1)

    assert _codes(simple(line(), second), no_fly=[_square(47.403, 8.505)]) == {"no_fly_area": "block"}


@pytest.mark.parametrize(
    "area",
    [
        None,
        "area",
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[8.5, 47.4]]]},
        {"type": "Polygon", "coordinates": [[["a", "b"], [1, 2], [3, 4]]]},
        {"type": "Point", "coordinates": [8.5, 47.4]},
        {"type": "Point", "coordinates": [8.5, 47.4], "radius": "wide"},
        {"type": "Point", "coordinates": [8.5, 47.4], "radius": float("nan")},
        {"type": "Polygon", "coordinates": [[[8.5, 147.4], [8.6, 47.4], [8.6, 47.5]]]},
        {"type": "LineString", "coordinates": [[8.5, 47.4], [8.6, 47.4]]},
        {"type": "Feature", "geometry": None},
    ],
)
def test_an_area_that_cannot_be_read_is_said_and_never_skipped_silently(area: Any) -> None:
    assert _codes(simple(), no_fly=[area]) == {"no_fly_area_unreadable": "warn"}


def test_an_area_on_the_other_side_of_the_earth_and_one_over_the_date_line() -> None:
    assert _codes(simple(), no_fly=[_square(-47.4, -171.5)]) == {}
    pacific = wayline(mark(0, -17.0, 179.999), mark(1, -17.0, -179.999))
    assert _codes(simple(pacific), no_fly=[_square(-17.0, 180.0)]) == {"no_fly_area": "block"}


def test_points_that_should_not_be_there() -> None:
    twice = wayline(mark(0, 47.4, 8.5), mark(1, 47.4, 8.5), mark(2, 47.401, 8.5))
    assert _codes(simple(twice)) == {"identical_points": "warn"}
    above = wayline(mark(0, 47.4, 8.5), mark(1, 47.4, 8.5, height=60))
    assert _codes(simple(above)) == {}
    risky = wayline(mark(0, 47.4, 8.5, el("isRisky", 1)), mark(1, 47.401, 8.5))
    assert _codes(simple(risky)) == {"risky_points": "warn"}


def test_speed() -> None:
    fast = line().replace(el("waypointSpeed", 8), el("waypointSpeed", 18))

    assert _codes(simple(fast)) == {"too_fast": "warn"}


def test_a_template_alone_and_an_empty_wayline_cannot_be_flown() -> None:
    entries = wpml.read(files.route_file("waypoint")).entries
    assert _codes(entries["wpmz/template.kml"]) == {"not_executable": "block"}
    assert _codes(simple(wayline())) == {"no_waypoint": "block", "not_executable": "block"}


def test_an_aircraft_left_in_the_air() -> None:
    stays = kmz({"wpmz/waylines.wpml": document(mission(), line()).replace(b"goHome", b"noAction")})

    assert _codes(stays) == {"stays_in_the_air": "warn"}


def test_facts_alone_allow_what_needs_no_single_point() -> None:
    facts = wpml.facts(wpml.read(simple()))
    found = wpml.advise(facts, aircraft_model_key="0-91-0", max_height=40, home=(47.42, 8.5), max_distance=1000)

    assert {entry.code for entry in found} == {"model_does_not_fit", "too_high", "first_point_far", "point_too_far"}
