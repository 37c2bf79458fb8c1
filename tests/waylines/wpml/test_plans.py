"""Plans: checked on the way in, written as valid files, and read back as they were."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest
from lxml import etree

from tests.waylines.wpml import files
from tests.waylines.wpml.files import action, document, el, kmz
from waylines import wpml


def plan_data(**changes: Any) -> dict[str, Any]:
    """A route of three points with everything an editor offers."""
    return {
        "name": "Roof",
        "author": "Fleet",
        "drone_model_key": "0-100-1",
        "payload_model_key": "1-99-0",
        "finish_action": "goHome",
        "exit_on_rc_lost": "executeLostAction",
        "rc_lost_action": "landing",
        "take_off_security_height": 25,
        "rth_height": 80,
        "speed": 6,
        "points": [
            {"latitude": 47.4, "longitude": 8.5, "height": 40, "gimbal_pitch": -90},
            {
                "latitude": 47.401,
                "longitude": 8.5005,
                "height": 45.5,
                "speed": 9.5,
                "heading": -90,
                "turn_mode": "coordinateTurn",
            },
            {
                "latitude": 47.402,
                "longitude": 8.5,
                "height": 50,
                "gimbal_pitch": -30,
                "is_risky": True,
                "actions": [
                    {"name": "rotateYaw", "parameters": {"aircraftHeading": 120}},
                    {"name": "gimbalRotate", "parameters": {"gimbalPitchRotateAngle": -45, "gimbalYawRotateAngle": 10}},
                    {"name": "zoom", "parameters": {"focalLength": 48}},
                    {"name": "focus", "parameters": {}},
                    {"name": "takePhoto", "parameters": {"fileSuffix": "roof", "payloadLensIndex": "visable,ir"}},
                    {"name": "hover", "parameters": {"hoverTime": 2.5}},
                ],
            },
        ],
        "interval_photos": [{"first_index": 0, "last_index": 1, "distance": 15}],
        **changes,
    }


def _plan(**changes: Any) -> wpml.WaypointPlan:
    return wpml.WaypointPlan.from_json(plan_data(**changes))


def test_a_plan_is_the_same_after_writing_and_reading() -> None:
    plan = _plan()
    route = wpml.read(wpml.write(plan, now=1_700_000_000_000))

    assert wpml.plan_of(route, name="Roof") == plan
    assert (route.version, route.author, route.created) == ("1.0.6", "Fleet", 1_700_000_000_000)
    assert route.unknown == ()
    assert wpml.advise(route, aircraft_model_key="0-100-1") == [
        entry for entry in wpml.advise(route) if entry.code == "risky_points"
    ]


def test_json_goes_there_and_back() -> None:
    plan = _plan(poi={"latitude": 47.3, "longitude": 8.4}, heading_mode="towardPOI")

    assert wpml.WaypointPlan.from_json(json.loads(json.dumps(plan.to_json(), allow_nan=False))) == plan


def test_what_is_flown() -> None:
    route = wpml.read(wpml.write(_plan()))
    (line,) = route.waylines
    first, second, third = line.points

    assert line.execute_height_mode == "relativeToStartPoint"
    assert [point.height for point in line.points] == [40.0, 45.5, 50.0]
    assert [point.speed for point in line.points] == [6.0, 9.5, 6.0]
    assert (first.heading_mode, second.heading_mode, second.heading) == ("followWayline", "smoothTransition", -90.0)
    assert (second.turn_mode, second.turn_damping) == ("coordinateTurn", 10.0)
    assert "Stop" in first.turn_mode
    assert "Stop" in third.turn_mode
    assert [(entry.name, entry.trigger) for entry in first.actions] == [
        ("gimbalRotate", "reachPoint"),
        ("takePhoto", "multipleDistance"),
    ]
    assert [(entry.name, entry.trigger, entry.last_index) for entry in second.actions] == [
        ("gimbalEvenlyRotate", "betweenAdjacentPoints", 2)
    ]
    assert [entry.name for entry in third.actions] == [
        "rotateYaw",
        "gimbalRotate",
        "zoom",
        "focus",
        "takePhoto",
        "hover",
    ]
    assert third.is_risky
    facts = wpml.facts(route)
    assert not facts.estimated, "length and time are written into the file"
    assert facts.distance == pytest.approx(2 * 117.5, abs=2)
    assert facts.photo_count == 1 + int(117.5 // 15) + 1


def test_the_aircraft_stops_where_something_is_done_whatever_the_turn_mode() -> None:
    data = plan_data(turn_mode="toPointAndPassWithContinuityCurvature")
    data["points"][1] |= {"turn_mode": "", "actions": [{"name": "takePhoto"}]}
    points = wpml.read(wpml.write(wpml.WaypointPlan.from_json(data))).waylines[0].points

    assert all("Stop" in point.turn_mode for point in points)


def test_turns_of_neighbours_never_need_more_than_the_leg_between_them() -> None:
    points = [{"latitude": 47.4 + i * 2e-5, "longitude": 8.5, "height": 30} for i in range(6)]
    plan = _plan(points=points, interval_photos=[], turn_mode="coordinateTurn")
    line = wpml.read(wpml.write(plan)).waylines[0]

    for start, end in zip(line.points, line.points[1:], strict=False):
        assert (start.turn_damping or 0) + (end.turn_damping or 0) < 2.2


def test_heights_above_the_ellipsoid_become_heights_above_sea_level_in_the_template() -> None:
    plan = _plan(height_mode="WGS84", geoid_height=47.25)
    route = wpml.read(wpml.write(plan))

    assert route.waylines[0].execute_height_mode == "WGS84"
    assert route.templates[0].height_mode == "EGM96"
    assert [point.height for point in route.waylines[0].points] == [40.0, 45.5, 50.0]
    assert [point.height for point in route.templates[0].points] == [-7.25, -1.75, 2.75]
    assert wpml.plan_of(route, name="Roof") == plan


def test_the_archive_holds_both_files_where_aircraft_look_for_them() -> None:
    with zipfile.ZipFile(io.BytesIO(wpml.write(_plan()))) as archive:
        assert archive.namelist() == ["wpmz/template.kml", "wpmz/waylines.wpml"]
        for name in archive.namelist():
            root = etree.fromstring(archive.read(name))
            assert root.tag == "{http://www.opengis.net/kml/2.2}kml"
            assert root.nsmap == {
                None: "http://www.opengis.net/kml/2.2",
                "wpml": "http://www.dji.com/wpmz/1.0.6",
            }


def test_texts_cannot_break_out_of_the_file() -> None:
    evil = 'a]]></wpml:fileSuffix><x>&"'
    data = plan_data(author=evil)
    data["points"][2]["actions"] = [{"name": "takePhoto", "parameters": {"fileSuffix": evil}}]
    plan = wpml.WaypointPlan.from_json(data)

    assert wpml.plan_of(wpml.read(wpml.write(plan)), name="Roof") == plan


def _changed(path: str, value: Any) -> dict[str, Any]:
    data = plan_data()
    target: Any = data
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in parents:
        target = target[part]
    target[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "field", "reason"),
    [
        ("points", [], "points", "too_few"),
        ("points", "north", "points", "not_a_list"),
        ("points/1/latitude", 91, "points[1].latitude", "out_of_range"),
        ("points/1/latitude", None, "points[1].latitude", "missing"),
        ("points/1/longitude", "east", "points[1].longitude", "not_a_number"),
        ("points/1/longitude", float("nan"), "points[1].longitude", "not_a_number"),
        ("points/1/height", float("inf"), "points[1].height", "not_a_number"),
        ("points/1/height", True, "points[1].height", "not_a_number"),
        ("points/1/height", 20_000, "points[1].height", "out_of_range"),
        ("points/1/speed", 0, "points[1].speed", "out_of_range"),
        ("points/1/turn_mode", "sharp", "points[1].turn_mode", "unknown_word"),
        ("points/1/heigth", 5, "points[1].heigth", "unknown_field"),
        ("points/1", 5, "points[1]", "not_an_object"),
        ("points/1/latitude", 49, "points[1]", "too_far"),
        ("points/1", plan_data()["points"][0], "points[1]", "identical_points"),
        ("points/2/actions/0/name", "explode", "points[2].actions[0].name", "unknown_word"),
        (
            "points/2/actions/0/parameters",
            {},
            "points[2].actions[0].parameters.aircraftHeading",
            "missing",
        ),
        ("points/2/actions/1/parameters", {}, "points[2].actions[1].parameters", "missing"),
        ("points/2/actions/5/parameters/hoverTime", -1, "points[2].actions[5].parameters.hoverTime", "out_of_range"),
        ("points/2/actions/5/parameters/x", 1, "points[2].actions[5].parameters.x", "unknown_field"),
        ("interval_photos/0/last_index", 3, "interval_photos[0].last_index", "out_of_range"),
        ("interval_photos/0/seconds", 2, "interval_photos[0]", "one_of_two"),
        ("drone_model_key", "M4TD", "drone_model_key", "no_model"),
        ("drone_model_key", "", "drone_model_key", "no_model"),
        ("payload_model_key", "0-99-0", "payload_model_key", "no_model"),
        ("finish_action", "crash", "finish_action", "unknown_word"),
        ("take_off_security_height", 0.5, "take_off_security_height", "out_of_range"),
        ("height_mode", "WGS84", "geoid_height", "missing"),
        ("heading_mode", "towardPOI", "poi", "missing"),
        ("author", "two\nlines", "author", "bad_text"),
        ("name", "x" * 201, "name", "too_long"),
        ("name", 5, "name", "not_a_text"),
        ("mission_reroute", "yes", "mission_reroute", "not_a_flag"),
        ("payload_position", 1.5, "payload_position", "not_whole"),
        ("payload_parameters", {"a:b": "x"}, "payload_parameters", "unknown_field"),
        ("surprise", 1, "surprise", "unknown_field"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(path: str, value: Any, field: str, reason: str) -> None:
    with pytest.raises(wpml.PlanError) as refused:
        wpml.WaypointPlan.from_json(_changed(path, value))

    assert (refused.value.field, refused.value.reason) == (field, reason)
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("data", [None, [], "plan", 5])
def test_what_is_no_plan_at_all(data: Any) -> None:
    with pytest.raises(wpml.PlanError):
        wpml.WaypointPlan.from_json(data)


def test_writing_checks_a_plan_again() -> None:
    broken = wpml.WaypointPlan(
        name="x", drone_model_key="0-99-0", payload_model_key="1-88-0", points=(wpml.PlanPoint(47, 8, float("nan")),)
    )
    with pytest.raises(wpml.PlanError):
        wpml.write(broken)


def _repacked(change: dict[str, tuple[bytes, bytes]], extra: dict[str, bytes] | None = None) -> wpml.RouteFile:
    entries = dict(wpml.read(wpml.write(_plan())).entries)
    for name, (old, new) in change.items():
        assert old in entries[f"wpmz/{name}"]
        entries[f"wpmz/{name}"] = entries[f"wpmz/{name}"].replace(old, new, 1)
    return wpml.read(kmz({**entries, **(extra or {})}))


def _empty_folders() -> bytes:
    """A template and a wayline without a point, in heights that would ask the first one."""
    template = files.template("waypoint", mode="EGM96")
    lines = files.wayline(mode="WGS84")
    return kmz(
        {
            "wpmz/template.kml": document(files.mission(), template),
            "wpmz/waylines.wpml": document(files.mission(), lines),
        }
    )


@pytest.mark.parametrize(
    "route",
    [
        lambda: _repacked({}, {"wpmz/res/dsm/a.tif": b"terrain"}),
        lambda: _repacked(
            {"template.kml": (b"<wpml:caliFlightEnable>", b"<wpml:news>1</wpml:news><wpml:caliFlightEnable>")}
        ),
        lambda: _repacked({"template.kml": (b">takePhoto<", b">accurateShoot<")}),
        lambda: _repacked({"template.kml": (b"relativeToStartPoint", b"aboveGroundLevel")}),
        lambda: _repacked({"template.kml": (b"<wpml:height>45.5", b"<wpml:height>145.5")}),
        lambda: _repacked({"waylines.wpml": (b"8.5005,47.401", b"8.5105,47.401")}),
        lambda: _repacked({"template.kml": (b"gimbalRotateTimeEnable>0", b"gimbalRotateTimeEnable>1")}),
        lambda: _repacked({"waylines.wpml": (b">takePhoto<", b">hover<")}),
        lambda: _repacked({"waylines.wpml": (b"<wpml:waypointSpeed>", b"<wpml:waypointSpeed>1")}),
        lambda: _repacked({"template.kml": (b"globalUseStraightLine>1", b"globalUseStraightLine>0")}),
        lambda: _repacked({"template.kml": (b"followBadArc", b"clockwise")}),
        lambda: _repacked({"template.kml": (b"caliFlightEnable>0", b"caliFlightEnable>1")}),
        lambda: _repacked({"waylines.wpml": (b"waypointGimbalPitchAngle>-90", b"waypointGimbalPitchAngle>-45")}),
        lambda: _repacked({"waylines.wpml": (b"<wpml:isRisky>0", b"<wpml:isRisky>1")}),
        lambda: wpml.read(_empty_folders()),
        *(lambda kind=kind: wpml.read(files.route_file(kind)) for kind in files.KINDS[1:]),
        lambda: wpml.read(files.simple()),
    ],
)
def test_what_an_editor_would_damage_is_not_offered_for_editing(route: Any) -> None:
    assert wpml.plan_of(route()) is None


def test_how_the_places_were_found_is_kept() -> None:
    plan = wpml.plan_of(_repacked({"template.kml": (b"positioningType>GPS", b"positioningType>RTKBaseStation")}))
    assert plan is not None
    assert b"positioningType>RTKBaseStation" in wpml.read(wpml.write(plan)).entries["wpmz/template.kml"]


@pytest.mark.parametrize("direction", ["nan", "INF", "1e13", "east"])
def test_a_survey_with_a_direction_that_is_none_is_not_edited(direction: str) -> None:
    entries = dict(wpml.read(files.route_file("mapping2d")).entries)
    template = entries["wpmz/template.kml"]
    changed = re.sub(rb"(<wpml:direction>)[^<]*", rb"\g<1>" + direction.encode(), template)
    assert wpml.survey_of(wpml.read(kmz({**entries, "wpmz/template.kml": changed}))) is None


def test_the_file_that_was_not_changed_can_be_edited() -> None:
    assert wpml.plan_of(_repacked({})) is not None


def test_a_route_as_pilot_writes_it_can_be_edited() -> None:
    """Absolute heights, the global settings for all points, and settings of a payload that a plan only carries."""
    template_marks = "".join(
        f"<Placemark><Point><coordinates>8.5,{47.4 + i / 1000}</coordinates></Point>{el('index', i)}"
        f"{el('ellipsoidHeight', 500 + i)}{el('height', 452.5 + i)}{el('useGlobalHeight', 0)}{el('useGlobalSpeed', 1)}"
        f"{el('useGlobalHeadingParam', 1)}{el('useGlobalTurnParam', 1)}{el('gimbalPitchAngle', 0)}</Placemark>"
        for i in range(3)
    )
    photo = action("takePhoto", fileSuffix="a", payloadPositionIndex=0, useGlobalPayloadLensIndex=1)
    template = files.template(
        "waypoint",
        el("globalHeight", 452.5),
        el("gimbalPitchMode", "manual"),
        el("globalWaypointHeadingParam", el("waypointHeadingMode", "followWayline")),
        el("globalWaypointTurnMode", "toPointAndPassWithContinuityCurvature"),
        template_marks.replace("</Placemark>", files.group(photo, first=0) + "</Placemark>", 1),
        el(
            "payloadParam",
            el("payloadPositionIndex", 0),
            el("focusMode", "firstPoint"),
            el("imageFormat", "visable,ir"),
        ),
        mode="EGM96",
    )
    marks = [files.mark(i, 47.4 + i / 1000, 8.5, height=500 + i) for i in range(3)]
    marks[0] = marks[0].replace("</Placemark>", files.group(photo, first=0) + "</Placemark>", 1)
    marks[1] = marks[1].replace(
        el("waypointTurnMode", "toPointAndStopWithDiscontinuityCurvature"),
        el("waypointTurnMode", "toPointAndPassWithContinuityCurvature") + el("waypointTurnDampingDist", 10),
    )
    flown = files.wayline(*marks, mode="WGS84")
    extra = el("waylineAvoidLimitAreaMode", 1) + el("takeOffRefPointAGLHeight", 35)
    mission = files.mission().replace("</wpml:missionConfig>", extra + "</wpml:missionConfig>")
    plan = wpml.plan_of(
        wpml.read(
            kmz(
                {
                    "wpmz/template.kml": document(mission, template),
                    "wpmz/waylines.wpml": document(mission, flown),
                }
            )
        )
    )

    assert plan is not None
    assert plan.mission_parameters == {"waylineAvoidLimitAreaMode": "1", "takeOffRefPointAGLHeight": "35"}
    assert (plan.height_mode, plan.geoid_height) == ("WGS84", 47.5)
    assert [point.height for point in plan.points] == [500.0, 501.0, 502.0]
    assert plan.turn_mode == "toPointAndPassWithContinuityCurvature"
    assert (plan.image_format, plan.payload_parameters) == ("visable,ir", {"focusMode": "firstPoint"})
    assert plan.points[0].actions == (wpml.PlanAction("takePhoto", {"fileSuffix": "a"}),)
    assert plan.take_off_ref_point == wpml.Position(47.4, 8.5, 430.5)
    assert wpml.plan_of(wpml.read(wpml.write(plan))) == plan
