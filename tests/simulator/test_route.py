"""Reading a route file, good and bad."""

from __future__ import annotations

import pytest

from fleet.simulator import Place
from fleet.simulator.plan import Plan, Start
from fleet.simulator.route import RouteError, read
from tests.simulator import routes

HOME = Place(47.6, 8.5, 430.0)


def grid(count: int) -> list[Place]:
    return [
        Place(place.latitude, place.longitude, 60.0)
        for place in (HOME.offset(10.0 * (number % 40), 10.0 * (number // 40)) for number in range(count))
    ]


@pytest.mark.parametrize("version", ["1.0.0", "1.0.2", "1.0.6", "9.9.9"])
def test_every_namespace_is_read(version: str) -> None:
    shoot = routes.action("takePhoto", payloadLensIndex="wide,zoom,ir")
    groups = {1: routes.group(1, 1, routes.action("hover", hoverTime=4), shoot)}
    route = read(routes.kmz(routes.folder(grid(3), groups=groups, speed=7), version=version))
    [wayline] = route.waylines
    assert [point.height for point in wayline.waypoints] == [60.0] * 3
    assert wayline.waypoints[1].wait == 5.0
    assert wayline.waypoints[1].actions[1].lenses == ("V", "Z", "T")
    assert wayline.waypoints[0].speed == 7
    assert (route.take_off_height, route.transit_speed, route.drone) == (30.0, 15.0, (100, 1))


def test_several_waylines_are_flown_one_after_the_other() -> None:
    folders = [routes.folder(grid(4), wayline_id=number) for number in (0, 1)]
    plan = Plan(read(routes.kmz(*folders)), HOME, height_limit=120)
    reached = [(mark.wayline, mark.index) for leg in plan.legs(Start()) if (mark := leg.mark)]  # type: ignore[attr-defined]
    assert reached == [(wayline, index) for wayline in (0, 1) for index in range(4)]
    begun = plan.start({"wayline_id": 1, "index": 2, "state": 1, "progress": 0})
    reached = [(mark.wayline, mark.index) for leg in plan.legs(begun) if (mark := leg.mark)]  # type: ignore[attr-defined]
    assert reached == [(1, 2), (1, 3)]


def test_a_break_point_is_where_it_was_broken_off() -> None:
    plan = Plan(read(routes.kmz(routes.folder(grid(5)))), HOME, height_limit=120)
    (x, y, z), after = plan.points[0][1], plan.points[0][2]
    half = ((x + after[0]) / 2, (y + after[1]) / 2, z)
    point = plan.break_point(0, 1, half)
    assert point == {"index": 1, "state": 0, "progress": pytest.approx(0.5, abs=0.001), "wayline_id": 0}
    assert plan.start(point) == Start(0, 1, point["progress"])
    assert plan.break_point(0, 1, after) == {"index": 2, "state": 1, "progress": 0.0, "wayline_id": 0}
    assert plan.break_point(0, None, half) == {"index": 0, "state": 1, "progress": 0.0, "wayline_id": 0}
    assert plan.start(plan.break_point(0, 4, half)) == Start(0, 4)


def test_two_thousand_points_with_pictures_are_no_burden() -> None:
    groups = {0: routes.group(0, 1999, routes.action("takePhoto"), trigger="multipleDistance", every=5)}
    plan = Plan(read(routes.kmz(routes.folder(grid(2000), groups=groups))), HOME, height_limit=120)
    assert len(plan.legs(Start())) > 4000


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not a KMZ"),
        (b"PK\x03\x04 and nothing", "not a KMZ"),
        (routes.archive(**{"wpmz/template.kml": b"<kml/>"}), "no waylines.wpml"),
        (routes.archive(**{"wpmz/waylines.wpml": b"<kml>"}), "not XML"),
        (routes.archive(**{"wpmz/waylines.wpml": b"<!DOCTYPE kml [<!ENTITY a 'b'>]><kml/>"}), "entities"),
        (routes.kmz(routes.folder([])), "no waypoint"),
        (routes.kmz(routes.folder([Place(95.0, 8.5, 60.0)])), "a point at"),
        (routes.kmz(routes.folder([Place(47.6, 8.5, float("nan"))])), "executeHeight is 'nan'"),
        (routes.kmz(routes.folder([Place(float("nan"), 8.5, 60.0)])), "a point at"),
    ],
)
def test_what_cannot_be_flown_says_why(content: bytes, text: str) -> None:
    with pytest.raises(RouteError, match=text):
        read(content)
