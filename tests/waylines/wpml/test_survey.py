"""Surveys: the lines cover the area, the numbers agree with the file, and wrong areas are explained."""

from __future__ import annotations

import json
import math
import zipfile
from io import BytesIO
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from waylines import wpml
from waylines.wpml.geometry import LocalMap

ORIGIN = (47.4, 8.5)


def _earth(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return LocalMap(ORIGIN).to_earth(points)


#: Metres east and north.
SQUARE = [(0, 0), (300, 0), (300, 200), (0, 200)]
L_SHAPE = [(0, 0), (300, 0), (300, 300), (200, 300), (200, 100), (0, 100)]
U_SHAPE = [(0, 0), (400, 0), (400, 400), (300, 400), (300, 100), (100, 100), (100, 400), (0, 400)]
COMB = [
    (0, 0),
    (500, 0),
    (500, 300),
    (450, 300),
    (450, 60),
    (250, 60),
    (250, 300),
    (200, 300),
    (200, 60),
    (50, 60),
    (50, 300),
    (0, 300),
]
STAR = [
    (200 + (200 if i % 2 else 80) * math.cos(math.pi * i / 5), 200 + (200 if i % 2 else 80) * math.sin(math.pi * i / 5))
    for i in range(10)
]
SHAPES = {"square": SQUARE, "L": L_SHAPE, "U": U_SHAPE, "comb": COMB, "star": STAR}


def _plan(shape: list[tuple[float, float]], **keywords: Any) -> wpml.SurveyPlan:
    return wpml.survey(_earth(shape), **{"camera": "1-98-0", "height": 80, **keywords})


def _uncovered(plan: wpml.SurveyPlan, shape: list[tuple[float, float]]) -> float:
    """Square metres of the area on no photo: every photo is taken where the aircraft's trigger takes it."""
    local = LocalMap(ORIGIN)
    across, along = plan.camera.footprint(plan.height)
    pictures = []
    for line in plan.lines:
        (x1, y1), (x2, y2) = local.to_plane([line.start, line.end])
        length = math.hypot(x2 - x1, y2 - y1)
        for number in range(math.floor(length / plan.photo_distance + 1e-6) + 1):
            x, y = (
                x1 + (x2 - x1) / length * number * plan.photo_distance,
                y1 + (y2 - y1) / length * number * plan.photo_distance,
            )
            dx, dy = (x2 - x1) / length * along / 2, (y2 - y1) / length * along / 2
            pictures.append(LineString([(x - dx, y - dy), (x + dx, y + dy)]).buffer(across / 2, cap_style="flat"))
    return float(shapely.make_valid(Polygon(shape)).difference(shapely.union_all(pictures)).area)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("front", "side"), [(80, 70), (30, 20)])
@pytest.mark.parametrize("angle", [None, 0, 37, 90])
def test_every_spot_is_on_a_photo(shape: list[tuple[float, float]], front: int, side: int, angle: float | None) -> None:
    plan = _plan(shape, overlap_front=front, overlap_side=side, angle=angle)

    assert _uncovered(plan, shape) < Polygon(shape).area * 0.001
    assert plan.area == pytest.approx(Polygon(shape).area, rel=0.001)


@settings(max_examples=40, deadline=None)
@given(
    corners=st.lists(st.tuples(st.integers(-400, 400), st.integers(-400, 400)), min_size=3, max_size=9),
    angle=st.one_of(st.none(), st.floats(0, 360)),
    height=st.sampled_from([40, 80, 120]),
)
def test_any_area_is_covered_or_refused_with_a_reason(
    corners: list[tuple[float, float]], angle: float | None, height: int
) -> None:
    try:
        plan = _plan(corners, angle=angle, height=height)
    except wpml.PlanError as refused:
        assert refused.field in ("polygon", "speed", "overlap_front")
        assert refused.message
        return
    assert _uncovered(plan, corners) < max(1.0, Polygon(corners).area * 0.002)
    route = wpml.read(wpml.write(plan))
    assert wpml.facts(route).photo_count == plan.photo_count
    assert wpml.facts(route).distance == pytest.approx(plan.distance, abs=0.1)


def test_the_best_angle_needs_the_fewest_lines() -> None:
    long = [(0, 0), (600, 0), (600, 100), (0, 100)]
    best = _plan(long)

    assert best.direction % 180 == pytest.approx(90, abs=0.5)
    for angle in range(0, 180, 15):
        assert len(best.lines) <= len(_plan(long, angle=angle).lines)
    turned = [(x * math.cos(0.5) - y * math.sin(0.5), x * math.sin(0.5) + y * math.cos(0.5)) for x, y in long]
    assert len(_plan(turned).lines) == len(best.lines)


def test_the_lines_of_a_square_go_to_and_fro() -> None:
    plan = _plan(SQUARE, angle=90)
    local = LocalMap(ORIGIN)
    ends = [local.to_plane([line.start, line.end]) for line in plan.lines]

    assert len(plan.lines) == math.ceil(200 / plan.line_distance)
    assert [end[0] > start[0] for start, end in ends] == [number % 2 == 0 for number in range(len(ends))]
    assert all(not line.way for line in plan.lines)


@pytest.mark.parametrize("shape", [U_SHAPE, COMB], ids=["U", "comb"])
@pytest.mark.parametrize("angle", [0, 90])
def test_ways_between_the_arms_stay_over_the_area(shape: list[tuple[float, float]], angle: float) -> None:
    plan = _plan(shape, angle=angle)
    local = LocalMap(ORIGIN)
    allowed = Polygon(shape).buffer(plan.line_distance * 0.7, join_style="mitre")
    path = local.to_plane([place for line in plan.lines for place in (*line.way, line.start, line.end)])

    assert allowed.covers(LineString(path))


def test_a_hole_is_not_photographed_line_by_line() -> None:
    outer, hole = [(0, 0), (400, 0), (400, 400), (0, 400)], [(100, 100), (300, 100), (300, 300), (100, 300)]
    shape = {"type": "Polygon", "coordinates": [[(lon, lat) for lat, lon in _earth(ring)] for ring in (outer, hole)]}
    with_hole = wpml.survey(shape, camera="1-98-0", height=80)
    without = _plan(outer)

    assert with_hole.area == pytest.approx(without.area - 40_000, rel=0.01)
    assert with_hole.photo_count < without.photo_count * 0.9
    assert wpml.read(wpml.write(with_hole)).executable


def test_the_numbers_of_a_known_camera() -> None:
    plan = _plan(SQUARE, height=100, overlap_front=80, overlap_side=70)

    # 17.3 mm sensor, 12.29 mm lens, 5280 pixels: 2.67 cm; 140.8 m by 105.8 m of ground.
    assert plan.gsd == pytest.approx(2.67, abs=0.02)
    assert plan.line_distance == pytest.approx(140.8 * 0.3, abs=0.1)
    assert plan.photo_distance == pytest.approx(105.8 * 0.2, abs=0.1)
    assert plan.speed == 10.0
    assert plan.duration > plan.distance / plan.speed


def test_a_margin_makes_the_flown_area_larger() -> None:
    plain, wider = _plan(SQUARE, angle=90), _plan(SQUARE, angle=90, margin=40)
    grown = [(-40, -40), (340, -40), (340, 240), (-40, 240)]

    assert wider.distance > plain.distance
    assert wider.area == plain.area
    assert _uncovered(wider, grown) < 10


def test_speed_follows_what_the_camera_can_do() -> None:
    slow = _plan(SQUARE, camera="1-81-0", height=40)
    assert slow.speed == pytest.approx(slow.photo_distance / 2, abs=0.01)
    with pytest.raises(wpml.PlanError) as refused:
        _plan(SQUARE, camera="1-81-0", height=40, speed=10)
    assert (refused.value.field, refused.value.reason) == ("speed", "too_fast")
    assert str(slow.speed) in refused.value.message


@pytest.mark.parametrize("key", wpml.CAMERAS)
def test_every_camera_is_plausible_and_belongs_to_its_aircraft(key: str) -> None:
    camera = wpml.CAMERAS[key]
    plan = _plan(SQUARE, camera=key, height=100)

    assert camera.name != key
    assert 0.5 < plan.gsd < 5
    assert camera.sensor_width / camera.sensor_height == pytest.approx(
        camera.image_width / camera.image_height, rel=0.05
    )
    assert wpml.advise(wpml.read(wpml.write(plan)), aircraft_model_key=camera.drone_key) == []


def test_the_file_is_a_mapping_template_with_its_wayline() -> None:
    plan = _plan(L_SHAPE, angle=30, margin=12, height_mode="realTimeFollowSurface", name="Field", author="Fleet")
    content = wpml.write(plan)
    route = wpml.read(content)
    facts = wpml.facts(route)

    assert (facts.template_types, facts.template_type_codes) == (("mapping2d",), (1,))
    assert route.unknown == ()
    assert (facts.height_mode, facts.highest) == ("realTimeFollowSurface", 80.0)
    assert facts.photo_count == plan.photo_count
    assert len(route.templates[0].polygon) == len(L_SHAPE)
    assert [entry.name for entry in route.waylines[0].start_actions] == ["gimbalRotate"]
    template = zipfile.ZipFile(BytesIO(content)).read("wpmz/template.kml").decode()
    for part in (
        "<wpml:direction>30<",
        "<wpml:margin>12<",
        "<wpml:orthoCameraOverlapH>80<",
        "<wpml:orthoCameraOverlapW>70<",
        "<wpml:shootType>distance<",
    ):
        assert part in template


def test_json_goes_there_and_back_and_the_summary_can_be_drawn() -> None:
    plan = _plan(U_SHAPE, take_off_ref_point={"latitude": 47.4, "longitude": 8.5, "height": 400})
    again = wpml.SurveyPlan.from_json(json.loads(json.dumps(plan.to_json(), allow_nan=False)))

    assert again == plan
    summary = json.loads(json.dumps(plan.summary(), allow_nan=False))
    assert (summary["photo_count"], summary["line_count"]) == (plan.photo_count, len(plan.lines))
    assert len(summary["path"]) == sum(2 + len(line.way) for line in plan.lines)


def test_a_camera_described_by_hand() -> None:
    hand = wpml.Camera("", "Own", "", 13.2, 8.8, 8.8, 5472, 3648, 1.0)
    plan = _plan(SQUARE, camera=hand, drone_model_key="0-99-0", payload_model_key="1-65534-0")

    assert wpml.SurveyPlan.from_json(plan.to_json()) == plan
    with pytest.raises(wpml.PlanError) as refused:
        _plan(SQUARE, camera=hand)
    assert refused.value.field == "drone_model_key"


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"shape": [(0, 0), (100, 100), (100, 0), (0, 100)]}, "polygon", "crosses_itself"),
        ({"shape": [(0, 0), (100, 0)]}, "polygon", "too_few"),
        ({"shape": [(0, 0), (1, 0), (1, 1)]}, "polygon", "too_small"),
        ({"shape": [(0, 0), (90_000, 0), (90_000, 90_000), (0, 90_000)]}, "polygon", "too_large"),
        ({"shape": [(0, 0), (15_000, 0), (15_000, 15_000), (0, 15_000)], "height": 5}, "polygon", "too_many_lines"),
        ({"camera": "1-4711-0"}, "camera", "unknown_camera"),
        ({"height": 0}, "height", "out_of_range"),
        ({"overlap_front": 100}, "overlap_front", "out_of_range"),
        ({"overlap_side": 0.7}, "overlap_side", "out_of_range"),
        ({"overlap_front": 95, "height": 5}, "overlap_front", "too_dense"),
        ({"finish_action": "stay"}, "finish_action", "unknown_word"),
        ({"surprise": 1}, "surprise", "unknown_field"),
    ],
)
def test_what_cannot_be_planned_is_explained(change: dict[str, Any], field: str, reason: str) -> None:
    shape = change.pop("shape", SQUARE)
    if change.get("camera") is None and reason == "too_dense":
        change["camera"] = "1-81-0"
    with pytest.raises(wpml.PlanError) as refused:
        _plan(shape, **change)

    assert (refused.value.field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize(
    "polygon", [{}, {"type": "Point"}, {"type": "Polygon", "coordinates": 5}, "area", [1, 2, 3], [["a", "b"]] * 3]
)
def test_what_is_no_polygon(polygon: Any) -> None:
    with pytest.raises(wpml.PlanError) as refused:
        wpml.survey(polygon, camera="1-98-0", height=80)

    assert refused.value.field.startswith("polygon")


def test_a_survey_over_the_date_line() -> None:
    plan = wpml.survey(
        [(-17, 179.999), (-17, -179.999), (-17.002, -179.999), (-17.002, 179.999)], camera="1-98-0", height=80
    )

    assert plan.area == pytest.approx(213 * 221, rel=0.02)
    assert all(abs(line.start[1]) > 179 for line in plan.lines)


def test_holes_have_so_many_corners_together_and_no_more() -> None:
    ring = [[47.0005 + n / 1e7, 8.0005 + n % 2 / 1e7] for n in range(300)]
    with pytest.raises(wpml.PlanError) as refused:
        wpml.survey([[47.0, 8.0], [47.0, 8.002], [47.0015, 8.002]], camera="1-98-0", height=60, holes=[ring, ring])
    assert (refused.value.field, refused.value.reason) == ("holes", "too_many")
