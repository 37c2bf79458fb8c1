"""Facts of a route: counted and computed by hand here, so that the library has to agree."""

from __future__ import annotations

import json
import random

import pytest

from tests.waylines.wpml import files
from tests.waylines.wpml.files import action, document, el, group, kmz, line, mark, mission, simple, wayline
from waylines import wpml

#: Metres of 0.001 degrees of latitude at 47.4 N.
LEG = 111.18


def _facts(*lines: str) -> wpml.Facts:
    return wpml.facts(wpml.read(simple(*lines)))


def test_facts_of_a_plain_line() -> None:
    facts = _facts()

    assert (facts.drone_model_key, facts.payload_model_keys) == ("0-99-0", ("1-88-0",))
    assert (facts.point_count, facts.wayline_count, facts.executable) == (4, 1, True)
    assert (facts.highest, facts.lowest, facts.height_mode) == (50.0, 50.0, "relativeToStartPoint")
    assert facts.start == (47.4, 8.5)
    assert facts.bounds == (47.4, 8.5, 47.403, 8.5)
    assert facts.distance == pytest.approx(3 * LEG, abs=0.5)
    # 8 m/s on three legs; each stop costs speed / acceleration.
    assert facts.duration == pytest.approx(3 * (LEG / 8 + 4), abs=1)
    assert facts.estimated
    assert (facts.finish_action, facts.rc_lost_action, facts.rth_height) == ("goHome", "goBack", 90.0)


def test_the_files_own_distance_and_duration_win_unless_they_are_nought() -> None:
    said = _facts(line(extra=el("distance", 1234.5) + el("duration", 99.5)))
    nought = _facts(line(extra=el("distance", 0) + el("duration", 0)))

    assert (said.distance, said.duration, said.estimated) == (1234.5, 99.5, False)
    assert nought.distance == pytest.approx(3 * LEG, abs=0.5)
    assert nought.estimated


def test_several_waylines_add_up() -> None:
    one = wpml.facts(wpml.read(files.route_file("mapping2d")))
    five = wpml.facts(wpml.read(files.route_file("mapping3d")))

    assert five.wayline_count == 5
    assert five.distance == pytest.approx(5 * (one.distance or 0), rel=0.001)
    assert five.photo_count == 5 * one.photo_count
    assert (five.template_types, five.template_type_codes) == (("mapping3d",), (2,))


@pytest.mark.parametrize("kind", files.KINDS)
def test_template_types_and_their_numbers(kind: str) -> None:
    facts = wpml.facts(wpml.read(files.route_file(kind)))

    assert facts.template_types == (kind,)
    assert facts.template_type_codes == {
        "waypoint": (0,),
        "mapping2d": (1,),
        "mapping3d": (2,),
        "mappingStrip": (3,),
    }.get(kind, ())


def test_photos_at_points_and_at_intervals() -> None:
    by_distance = wayline(
        *(mark(index, 47.4 + index * 0.001, 8.5) for index in range(4)),
        group(action("takePhoto"), first=0, last=3, trigger="multipleDistance", interval=20),
        group(action("takePhoto"), action("panoShot", 1), first=2),
    )
    facts = _facts(by_distance)

    # 333.5 m at 20 m: one at the start and sixteen more; and two at the third point.
    assert facts.photo_count == 17 + 2
    assert facts.action_count == {"takePhoto": 1, "panoShot": 1}


def test_photos_by_time() -> None:
    body = wayline(
        mark(0, 47.4, 8.5, group(action("takePhoto"), first=0, last=1, trigger="multipleTiming", interval=2)),
        mark(1, 47.401, 8.5),
    )

    # 111.2 m at 8 m/s and a stop: 17.9 s.
    assert _facts(body).photo_count == 9


def test_continuous_shooting_and_time_lapse_as_pilot_writes_them() -> None:
    shooting = wayline(
        mark(
            0,
            47.4,
            8.5,
            group(
                action("gimbalRotate"),
                action("startContinuousShooting", 1),
                first=0,
                last=1,
                trigger="multipleDistance",
                interval=10,
            ),
        ),
        mark(1, 47.401, 8.5, group(action("stopContinuousShooting"), first=1)),
    )
    lapse = wayline(
        mark(0, 47.4, 8.5, group(action("startTimeLapse", minShootInterval=2), first=0)),
        mark(1, 47.401, 8.5, group(action("stopTimeLapse"), first=1)),
    )

    assert _facts(shooting).photo_count == 12
    assert _facts(lapse).photo_count == 9


def test_actions_are_counted_as_often_as_they_are_done() -> None:
    body = wayline(
        *(mark(index, 47.4 + index * 0.001, 8.5) for index in range(4)),
        group(action("takePhoto"), action("hover", 1, hoverTime=5), first=1, last=3),
        extra=el("startActionGroup", action("gimbalRotate")),
    )
    facts = _facts(body)

    assert facts.action_count == {"gimbalRotate": 1, "takePhoto": 3, "hover": 3}
    assert facts.duration == pytest.approx((_facts().duration or 0) + 3 * (5 + 1.5), abs=0.1)


def test_video_lasts_from_its_start_to_its_stop_or_to_the_end() -> None:
    def body(*stop: str) -> str:
        return wayline(
            mark(0, 47.4, 8.5),
            mark(1, 47.401, 8.5, group(action("startRecord"), first=1)),
            mark(2, 47.402, 8.5, *stop),
            mark(3, 47.403, 8.5),
        )

    leg = LEG / 8 + 4
    assert _facts(body(group(action("stopRecord"), first=2))).video_seconds == pytest.approx(leg, abs=0.5)
    assert _facts(body()).video_seconds == pytest.approx(2 * leg, abs=0.5)
    assert _facts().video_seconds is None


def test_heights_and_climbs() -> None:
    body = wayline(mark(0, 47.4, 8.5, height=20), mark(1, 47.4, 8.5, height=120.5), mark(2, 47.401, 8.5, height=-3))
    facts = _facts(body)

    assert (facts.highest, facts.lowest) == (120.5, -3.0)
    assert facts.distance == pytest.approx(100.5 + (LEG**2 + 123.5**2) ** 0.5, abs=0.5)


def test_waylines_with_different_heights_are_not_compared_silently() -> None:
    assert _facts(line(), line(mode="WGS84", number=1)).height_mode == "mixed"


def test_a_template_without_waylines_still_has_facts() -> None:
    entries = wpml.read(files.route_file("waypoint")).entries
    facts = wpml.facts(wpml.read(entries["wpmz/template.kml"]))

    assert (facts.executable, facts.point_count, facts.wayline_count) == (False, 4, 0)
    assert facts.distance == pytest.approx(3 * LEG, abs=0.5)
    assert (facts.highest, facts.height_mode) == (50.0, "relativeToStartPoint")

    area = wpml.facts(wpml.read(wpml.read(files.route_file("mapping2d")).entries["wpmz/template.kml"]))
    assert (area.point_count, area.distance, area.start) == (0, None, None)
    assert area.bounds == (47.4, 8.5, 47.402, 8.503)


def test_bounds_over_the_date_line() -> None:
    assert _facts(wayline(mark(0, -17.0, 179.99), mark(1, -17.01, -179.98))).bounds == (-17.01, 179.99, -17.0, -179.98)


def test_facts_survive_a_json_column() -> None:
    facts = wpml.facts(wpml.read(files.route_file("targetdetection")))
    stored = json.loads(json.dumps(facts.to_json(), allow_nan=False))

    assert wpml.Facts.from_json(stored) == facts
    assert wpml.Facts.from_json({**stored, "of a later version": 1}) == facts
    assert wpml.Facts.from_json({}).point_count == 0


@pytest.mark.parametrize("interval", ["0", "-5", "1e-7", "", "often"])
def test_an_absurd_interval_counts_no_millions(interval: str) -> None:
    photos = group(action("takePhoto"), first=0, last=3, trigger="multipleDistance", interval=interval)
    body = wayline(*(mark(index, 47.4 + index / 1000, 8.5, *([photos] if not index else [])) for index in range(4)))

    assert _facts(body).photo_count == 0


def test_a_hover_without_end_breaks_nothing() -> None:
    body = wayline(mark(0, 47.4, 8.5, group(action("hover", hoverTime="1e300"), first=0)), mark(1, 47.401, 8.5))

    assert _facts(body).duration == pytest.approx(LEG / 8 + 4, abs=1)


def test_two_thousand_points_and_three_megabytes() -> None:
    chance = random.Random(7)
    points = "".join(
        mark(
            index,
            47.4 + chance.random() / 100,
            8.5 + chance.random() / 100,
            group(*(action("takePhoto", n, fileSuffix=index) for n in range(4)), first=index),
            height=50 + chance.random() * 20,
        )
        for index in range(2000)
    )
    body = document(mission(), wayline(points))
    assert len(body) > 2_500_000
    route = wpml.read(kmz({"wpmz/waylines.wpml": body, "wpmz/res/dsm/a.tif": chance.randbytes(3_000_000)}))
    facts = wpml.facts(route)

    assert (facts.point_count, facts.photo_count) == (2000, 8000)
    assert len(wpml.outline(route)[0]["points"]) == 2000
