"""What the map gets: compact, complete, and of the same shape when thinned."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest

from tests.waylines.wpml import files
from tests.waylines.wpml.files import action, document, el, group, kmz, line, mark, mission, simple, wayline
from waylines import wpml


def test_points_actions_and_the_area_they_were_planned_from() -> None:
    (drawn,) = wpml.outline(wpml.read(files.route_file("mapping2d")))

    assert (drawn["kind"], drawn["type"], drawn["height_mode"]) == ("wayline", "mapping2d", "relativeToStartPoint")
    assert drawn["points"][:2] == [[47.4, 8.5, 50.0], [47.401, 8.5, 50.0]]
    assert drawn["actions"] == [
        {"point": 0, "index": 0, "name": "takePhoto", "trigger": "multipleDistance", "interval": 20.0, "last": 3}
    ]
    assert drawn["polygon"] == [list(corner) for corner in files.CORNERS]
    assert (drawn["point_count"], drawn["thinned"]) == (4, False)


@pytest.mark.parametrize("kind", files.KINDS)
def test_every_kind_can_be_drawn_as_json(kind: str) -> None:
    json.dumps(wpml.outline(wpml.read(files.route_file(kind))), allow_nan=False)


def test_a_template_alone_shows_its_area() -> None:
    entries = wpml.read(files.route_file("mappingPrism")).entries
    (drawn,) = wpml.outline(wpml.read(entries["wpmz/template.kml"]))

    assert (drawn["kind"], drawn["points"]) == ("template", [])
    assert len(drawn["polygon"]) == 4


def test_risky_points_are_marked() -> None:
    body = wayline(mark(0, 47.4, 8.5), mark(1, 47.401, 8.5, el("isRisky", 1)))

    assert wpml.outline(wpml.read(simple(body)))[0]["risky"] == [1]


def test_thinning_keeps_ends_corners_heights_and_actions() -> None:
    def place(index: int) -> tuple[float, float]:
        """North, then east: one corner at 500."""
        return (47.4 + min(index, 500) * 1e-5, 8.5 + max(0, index - 500) * 1e-5)

    body = wayline(
        *(
            mark(
                index,
                *place(index),
                *([group(action("takePhoto"), first=index)] if index == 250 else []),
                height=80 if index == 750 else 50,
            )
            for index in range(1001)
        )
    )
    (drawn,) = wpml.outline(wpml.read(simple(body)), max_points=12)

    assert len(drawn["points"]) == 12
    assert (drawn["point_count"], drawn["thinned"]) == (1001, True)
    kept = [tuple(point[:2]) for point in drawn["points"]]
    for index in (0, 500, 1000):
        assert tuple(round(value, 7) for value in place(index)) in kept
    assert max(point[2] for point in drawn["points"]) == 80.0
    (photo,) = drawn["actions"]
    assert photo["index"] == 250
    assert drawn["points"][photo["point"]][:2] == [round(value, 7) for value in place(250)]


def test_a_thinned_circle_stays_round() -> None:
    turns = [math.radians(degree / 5) for degree in range(1800)]
    body = wayline(
        *(mark(i, 47.4 + math.sin(turn) / 1000, 8.5 + math.cos(turn) / 1000) for i, turn in enumerate(turns))
    )
    (drawn,) = wpml.outline(wpml.read(simple(body)), max_points=100)

    assert len(drawn["points"]) == 100
    courses = sorted(math.atan2(p[0] - 47.4, p[1] - 8.5) for p in drawn["points"])
    gaps = [b - a for a, b in pairwise(courses)]
    assert max(gaps) < 4 * 2 * math.pi / 100


def test_waylines_share_the_points_by_their_length() -> None:
    drawn = wpml.outline(wpml.read(simple(line(900), line(100, number=1))), max_points=100)

    assert [len(entry["points"]) for entry in drawn] == [90, 10]


def test_an_area_stands_with_the_first_of_its_waylines() -> None:
    ring = " ".join(f"{8.5 + n / 1000},47.4,0" for n in range(4))
    area = f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    template = files.template("mapping2d", f"<Placemark>{area}</Placemark>")
    lines = "".join(files.line(2, number=number) for number in range(3))
    content = {
        "wpmz/template.kml": document(mission(), template),
        "wpmz/waylines.wpml": document(mission(), lines),
    }
    drawn = wpml.outline(wpml.read(kmz(content)))
    assert [len(entry["polygon"]) for entry in drawn] == [4, 0, 0]


def test_a_point_with_thousands_of_actions_names_some() -> None:
    many = "".join(files.action("takePhoto", number=number) for number in range(1000))
    point = files.mark(0, 47.4, 8.5, files.group(many, first=0))
    content = {"wpmz/waylines.wpml": document(mission(), files.wayline(point, files.mark(1, 47.5, 8.5)))}
    drawn = wpml.outline(wpml.read(kmz(content)))
    assert len(drawn[0]["actions"]) == 50
