"""Every kind of route file is understood, and what is not understood is kept."""

from __future__ import annotations

import io

import pytest

from tests.waylines.wpml import files
from tests.waylines.wpml.files import action, document, el, group, kmz, line, mark, mission, simple, wayline
from waylines import wpml


@pytest.mark.parametrize("kind", files.KINDS)
def test_every_template_type_is_read_with_its_waylines(kind: str) -> None:
    route = wpml.read(files.route_file(kind))

    assert route.executable
    assert (route.namespace, route.version) == ("http://www.dji.com/wpmz/1.0.6", "1.0.6")
    assert [template.type for template in route.templates] == [kind]
    codes = {"waypoint": 0, "mapping2d": 1, "mapping3d": 2, "mappingStrip": 3}
    assert route.templates[0].type_code == codes.get(kind)
    assert len(route.waylines) == (5 if kind == "mapping3d" else 1)
    assert [len(entry.points) for entry in route.waylines] == [4] * len(route.waylines)
    assert route.waylines[-1].id == len(route.waylines) - 1
    shape = route.templates[0]
    if kind == "waypoint":
        assert [point.height for point in shape.points] == [50.0] * 4
    elif kind == "mappingStrip":
        assert [tuple(place[:2]) for place in shape.line] == [(47.4, 8.5), (47.403, 8.501)]
    else:
        assert [tuple(place[:2]) for place in shape.polygon] == list(files.CORNERS)
        assert shape.height == 60.0


def test_what_the_file_says_of_itself_and_of_the_mission() -> None:
    route = wpml.read(files.route_file("waypoint"))

    assert (route.author, route.created, route.updated) == ("+41 79 000 00 00", 1637600807044, 1637600875837)
    config = route.config
    assert (config.drone_model_key, config.payload_model_keys) == ("0-99-0", ("1-88-0",))
    assert (config.fly_to_wayline_mode, config.finish_action) == ("safely", "goHome")
    assert (config.exit_on_rc_lost, config.rc_lost_action) == ("executeLostAction", "goBack")
    assert (config.take_off_security_height, config.global_transitional_speed) == (20.0, 12.0)
    assert config.global_rth_height == 90.0
    assert config.take_off_ref_point == wpml.Position(47.4, 8.5, 430.5)


def test_a_point_is_read_with_all_it_says() -> None:
    point = (
        f"<Placemark><Point><coordinates> 8.5 , 47.4 , 12 </coordinates></Point>{el('index', 0)}"
        f"{el('executeHeight', ' 116.57 ')}{el('waypointSpeed', 7.5)}"
        f"{el('waypointHeadingParam', el('waypointHeadingMode', 'towardPOI'), el('waypointPoiPoint', '47.5,8.6,0'))}"
        f"{el('waypointTurnParam', el('waypointTurnMode', 'coordinateTurn'), el('waypointTurnDampingDist', 3))}"
        f"{el('useStraightLine', 1)}{el('isRisky', 1)}"
        f"{el('waypointGimbalHeadingParam', el('waypointGimbalPitchAngle', -45))}</Placemark>"
    )
    found = wpml.read(simple(wayline(point, mode="WGS84"))).waylines[0].points[0]

    assert (found.latitude, found.longitude, found.height, found.speed) == (47.4, 8.5, 116.57, 7.5)
    assert (found.heading_mode, found.poi) == ("towardPOI", wpml.Position(47.5, 8.6, 0.0))
    assert (found.turn_mode, found.turn_damping, found.straight) == ("coordinateTurn", 3.0, True)
    assert (found.is_risky, found.gimbal_pitch) == (True, -45.0)


def test_actions_keep_their_trigger_interval_range_and_parameters() -> None:
    groups = (
        group(action("gimbalRotate", gimbalPitchRotateAngle=-90), action("takePhoto", 1, fileSuffix="007"), first=1),
        group(action("takePhoto"), first=1, last=3, trigger="multipleTiming", interval="2.5"),
    )
    body = wayline(*(mark(index, 47.4 + index / 1000, 8.5, *(groups if index == 1 else ())) for index in range(4)))
    points = wpml.read(simple(body)).waylines[0].points

    assert [len(point.actions) for point in points] == [0, 3, 0, 0]
    rotate, photo, timed = points[1].actions
    assert (rotate.name, rotate.trigger, rotate.parameters) == (
        "gimbalRotate",
        "reachPoint",
        {"gimbalPitchRotateAngle": "-90"},
    )
    assert photo.parameters == {"fileSuffix": "007"}, "text stays text"
    assert (timed.trigger, timed.interval, timed.first_index, timed.last_index) == ("multipleTiming", 2.5, 1, 3)


def test_a_group_that_holds_at_several_points_is_at_each_of_them() -> None:
    body = wayline(
        *(mark(index, 47.4 + index / 1000, 8.5) for index in range(4)), group(action("takePhoto"), first=1, last=2)
    )
    points = wpml.read(simple(body)).waylines[0].points

    assert [len(point.actions) for point in points] == [0, 1, 1, 0]


def test_start_actions_of_a_wayline() -> None:
    start = el("startActionGroup", action("gimbalRotate"), action("setFocusType", 1), action("hover", 2, hoverTime=1))
    body = line(extra=start)

    assert [entry.name for entry in wpml.read(simple(body)).waylines[0].start_actions] == [
        "gimbalRotate",
        "setFocusType",
        "hover",
    ]


def test_points_are_in_the_order_of_their_index() -> None:
    body = wayline(mark(2, 47.402, 8.5), mark(0, 47.4, 8.5), mark(1, 47.401, 8.5))

    assert [point.index for point in wpml.read(simple(body)).waylines[0].points] == [0, 1, 2]


@pytest.mark.parametrize(
    ("namespace", "version"),
    [
        *((f"http://www.dji.com/wpmz/1.0.{minor}", f"1.0.{minor}") for minor in range(7)),
        ("http://www.dji.com/wpmz/2.3", "2.3"),
        ("http://www.uav.com/wpmz/1.0.2", "1.0.2"),
        ("urn:something:else", ""),
    ],
)
def test_any_namespace_is_read(namespace: str, version: str) -> None:
    route = wpml.read(kmz({"wpmz/waylines.wpml": document(mission(), line(), namespace=namespace)}))

    assert (route.namespace, route.version) == (namespace, version)
    assert len(route.waylines[0].points) == 4
    assert route.config.drone_model_key == "0-99-0"


@pytest.mark.parametrize("name", ["waylines.wpml", "WPMZ/Waylines.WPML", "my route/wpmz/waylines.wpml"])
def test_entries_in_other_places_and_cases_are_found(name: str) -> None:
    assert wpml.read(kmz({name: document(mission(), line())})).executable


def test_the_file_in_wpmz_wins_over_one_elsewhere() -> None:
    route = wpml.read(
        kmz({"waylines.wpml": document(mission(), line(2)), "wpmz/waylines.wpml": document(mission(), line(5))})
    )

    assert len(route.waylines[0].points) == 5


def test_waylines_alone_and_a_template_alone_are_enough() -> None:
    assert wpml.read(simple()).templates == ()
    whole = wpml.read(files.route_file("waypoint"))
    alone = wpml.read(kmz({"wpmz/template.kml": whole.entries["wpmz/template.kml"]}))

    assert not alone.executable
    assert alone.waylines == ()
    assert len(alone.templates[0].points) == 4
    assert alone.config.drone_model_key == "0-99-0"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_bare_markup_is_read(encoding: str) -> None:
    text = document(mission(), line()).decode().replace("UTF-8", encoding.split("-sig")[0])
    route = wpml.read(text.encode(encoding))

    assert route.executable
    assert wpml.read(wpml.rewrite(route)).waylines == route.waylines


def test_a_bare_template_is_no_executable_route() -> None:
    entries = wpml.read(files.route_file("mapping2d")).entries

    assert not wpml.read(entries["wpmz/template.kml"]).executable


def test_a_stream_is_read_like_bytes() -> None:
    content = files.route_file("mapping2d")

    assert wpml.read(io.BytesIO(content)) == wpml.read(content)


def test_the_missing_config_of_one_file_comes_from_the_other() -> None:
    route = wpml.read(
        kmz(
            {
                "wpmz/template.kml": document(mission("100-1", "99-0"), files.template("mapping2d")),
                "wpmz/waylines.wpml": document(el("missionConfig", el("finishAction", "autoLand")), line()),
            }
        )
    )

    assert (route.config.drone_model_key, route.config.finish_action) == ("0-100-1", "autoLand")


def test_several_payloads_and_a_missing_sub_type() -> None:
    second = el("payloadInfo", el("payloadEnumValue", 50), el("payloadPositionIndex", 1))
    config = wpml.read(kmz({"wpmz/waylines.wpml": document(mission("89-0", "43-0", second), line())})).config

    assert config.payload_model_keys == ("1-43-0", "1-50-0")
    assert config.payload_positions == (0, 1)


def test_unknown_elements_actions_and_types_are_kept_and_named() -> None:
    body = wayline(
        mark(0, 47.4, 8.5, el("futureThing", el("depth", 3)), group(action("teleport", where="home"), first=0)),
        mark(1, 47.401, 8.5),
    )
    content = kmz(
        {
            "wpmz/template.kml": document(mission(), files.template("mappingFuture", el("newOption", "x"))),
            "wpmz/waylines.wpml": document(mission(), body),
            "wpmz/res/image/a.jpg": b"jpeg",
        }
    )
    route = wpml.read(content)

    assert route.templates[0].type == "mappingFuture"
    assert route.templates[0].type_code is None
    assert route.templates[0].raw["newOption"] == "x"
    assert route.waylines[0].points[0].actions[0].name == "teleport"
    assert route.waylines[0].points[0].actions[0].parameters == {"where": "home"}
    assert set(route.unknown) == {
        "Placemark.futureThing",
        "futureThing.depth",
        "Folder.newOption",
        "actionActuatorFuncParam.where",
    }
    assert wpml.read(wpml.rewrite(route)).entries == route.entries


def test_terrain_and_audio_are_listed_and_kept_byte_for_byte() -> None:
    content = files.route_file("targetdetection")
    route = wpml.read(content)

    assert {(entry.name, entry.size) for entry in route.resources} == {
        ("wpmz/res/dsm/terrain.tif", 5124),
        ("wpmz/res/audio/warning.opus", 104),
    }
    again = wpml.read(wpml.rewrite(route))
    assert again == route
    assert again.entries["wpmz/res/audio/warning.opus"].startswith(b"OggS")


def test_an_interval_in_an_element_of_its_own_is_read() -> None:
    wrapped = el("distanceInterval", 12)
    body = wayline(
        mark(0, 47.4, 8.5, group(action("takePhoto"), first=0, last=1, trigger="multipleDistance", interval=wrapped)),
        mark(1, 47.401, 8.5),
    )

    assert wpml.read(simple(body)).waylines[0].points[0].actions[0].interval == 12.0


def test_a_height_can_come_with_the_coordinates() -> None:
    point = f"<Placemark><Point><coordinates>8.5,47.4,77</coordinates></Point>{el('index', 0)}</Placemark>"

    assert wpml.read(simple(wayline(point))).waylines[0].points[0].height == 77.0
