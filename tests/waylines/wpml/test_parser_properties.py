"""Whatever comes in: the parser answers with a route or with a WpmlError, and plans come back as they were."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.waylines.wpml import files
from waylines import wpml
from waylines.wpml import Limits

#: Tight ones, so that a lucky mutation costs no memory.
LIMITS = Limits(total=4 << 20, entry=4 << 20, markup=2 << 20)
ORIGINALS = [files.route_file(kind) for kind in files.KINDS]
MARKUP = [wpml.read(content).entries["wpmz/waylines.wpml"] for content in ORIGINALS]


def _use(content: bytes) -> None:
    """Everything a server does with an uploaded file."""
    try:
        route = wpml.read(content, limits=LIMITS)
    except wpml.WpmlError as refused:
        assert refused.reason
        assert refused.message
        return
    json.dumps(wpml.facts(route).to_json(), allow_nan=False)
    json.dumps(wpml.outline(route), allow_nan=False)
    wpml.advise(route, aircraft_model_key="0-99-0", home=(47.4, 8.5), max_height=120, max_distance=1000)
    wpml.plan_of(route)
    assert wpml.read(wpml.rewrite(route), limits=LIMITS).waylines == route.waylines


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail)))
@example(b"PK\x05\x06" + bytes(18))
@example(b"<")
@example(b"\xff\xfe<\x00k\x00")
def test_arbitrary_bytes(content: bytes) -> None:
    _use(content)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
@given(
    content=st.sampled_from(ORIGINALS),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0, 1),
)
def test_mutated_archives(content: bytes, changes: list[tuple[float, int]], cut: float) -> None:
    body = bytearray(content)
    for place, value in changes:
        body[int(place * len(body))] = value
    _use(bytes(body) if cut > 0.3 else bytes(body[: int(cut * 3 * len(body))]))


_PIECES = st.sampled_from(
    [
        b"<", b">", b"&", b"&amp;", b"&#0;", b"<!DOCTYPE a>", b"<![CDATA[", b"]]>", b"<?pi?>", b"<!-- -->", b"</Folder>",
        b"<Folder>", b"<Placemark>", b"NaN", b"-1e999", b"9" * 30, b"8.5,47.4", b",", b"\x00", b"\xff", b"<wpml:index>-1",
        b"<wpml:actionGroup><wpml:action/></wpml:actionGroup>", b"<wpml:index>99999999999</wpml:index>", b"1e6",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    markup=st.sampled_from(MARKUP),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 12), st.one_of(_PIECES, st.binary(max_size=6))),
        min_size=1,
        max_size=6,
    ),
    packed=st.booleans(),
)
def test_mutated_markup(markup: bytes, changes: list[tuple[float, int, bytes]], packed: bool) -> None:
    for share, gone, piece in changes:
        place = int(share * len(markup))
        markup = markup[:place] + piece + markup[place + gone :]
    _use(files.kmz({"wpmz/waylines.wpml": markup}) if packed else markup)


_VALUES = st.one_of(
    st.floats().map(str),
    st.integers().map(str),
    st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="<>&"), max_size=12),
    st.sampled_from(["1e400", "-0", "٣", "0x10", "1_000", " 5 ", "true", "+7", "8.5,47.4", "1e7"]),
)
_NAMES = ("executeHeight", "waypointSpeed", "index", "isRisky", "distance", "duration", "autoFlightSpeed", "waylineId")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6), _VALUES, _VALUES, _VALUES)
def test_arbitrary_values_in_well_formed_files(values: dict[str, str], interval: str, last: str, amount: str) -> None:
    inner = "".join(files.el(name, value) for name, value in values.items())
    actions = files.group(
        files.action("takePhoto"),
        files.action("hover", 1, hoverTime=amount),
        first=0,
        last=last,  # type: ignore[arg-type]
        trigger="multipleTiming",
        interval=interval,
    )
    body = files.wayline(
        f"<Placemark><Point><coordinates>8,47</coordinates></Point>{inner}{actions}</Placemark>", extra=inner
    )
    _use(files.document(files.mission(), body))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.binary(max_size=20)), max_size=5))
def test_arbitrary_names_of_entries(entries: list[tuple[str, bytes]]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("wpmz/waylines.wpml", MARKUP[0])
        for number, (name, body) in enumerate(entries):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # a name that is there twice
                    archive.writestr(zipfile.ZipInfo(name), body)
            except (UnicodeEncodeError, ValueError):
                archive.writestr(f"entry {number}", body)
    _use(buffer.getvalue())


def _numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


_TEXT = st.text(st.characters(categories=("L", "N", "P", "S"), include_characters=" "), max_size=20)
_ACTIONS = st.one_of(
    st.builds(
        lambda s, lens: ("takePhoto", {"fileSuffix": s, "payloadLensIndex": lens}),
        _TEXT,
        st.sampled_from(["", "wide,ir"]),
    ),
    st.builds(lambda s: ("hover", {"hoverTime": s}), _numbers(0.1, 1800)),
    st.builds(
        lambda a: ("rotateYaw", {"aircraftHeading": a, "aircraftPathMode": "counterClockwise"}), _numbers(-180, 180)
    ),
    st.builds(lambda a: ("gimbalRotate", {"gimbalPitchRotateAngle": a}), _numbers(-120, 70)),
    st.builds(
        lambda a: ("gimbalRotate", {"gimbalYawRotateAngle": a, "gimbalHeadingYawBase": "aircraft"}), _numbers(-180, 180)
    ),
    st.builds(lambda a: ("zoom", {"focalLength": a}), _numbers(1, 5000)),
    st.builds(lambda a, b: ("focus", {"focusX": a, "focusY": b}), _numbers(0, 1), _numbers(0, 1)),
    st.sampled_from(
        [("startRecord", {}), ("stopRecord", {}), ("panoShot", {}), ("customDirName", {"directoryName": "a"})]
    ),
).map(lambda pair: {"name": pair[0], "parameters": pair[1]})
_MAYBE = st.none()
_POINTS = st.fixed_dictionaries(
    {
        "latitude": _numbers(-0.3, 0.3),
        "longitude": _numbers(-0.3, 0.3),
        "height": _numbers(-200, 1500),
        "speed": _MAYBE | _numbers(0.1, 25),
        "heading": _MAYBE | _numbers(-180, 180),
        "gimbal_pitch": _MAYBE | _numbers(-120, 70),
        "turn_mode": st.sampled_from(["", "coordinateTurn", "toPointAndPassWithContinuityCurvature"]),
        "is_risky": st.booleans(),
        "actions": st.lists(_ACTIONS, max_size=3),
    }
)


@st.composite
def _plans(draw: st.DrawFn) -> dict[str, Any]:
    points = draw(
        st.lists(
            _POINTS, min_size=2, max_size=6, unique_by=lambda p: (round(p["latitude"], 6), round(p["longitude"], 6))
        )
    )
    middle = draw(st.tuples(_numbers(-80, 80), _numbers(-179, 179)))
    for point in points:
        point["latitude"] += middle[0]
        point["longitude"] += middle[1]
    last = len(points) - 1
    first = draw(st.integers(0, last))
    mode = draw(st.sampled_from(["relativeToStartPoint", "WGS84"]))
    photos = {"first_index": first, "last_index": draw(st.integers(first, last))}
    photos["distance" if draw(st.booleans()) else "seconds"] = draw(_numbers(1, 100))
    return {
        "name": "plan",
        "author": draw(_TEXT),
        "drone_model_key": draw(st.sampled_from(["0-99-0", "0-67-1"])),
        "payload_model_key": draw(st.sampled_from(["1-88-0", "1-53-0"])),
        "payload_position": draw(st.integers(0, 2)),
        "finish_action": draw(st.sampled_from(["goHome", "noAction", "autoLand", "gotoFirstWaypoint"])),
        "exit_on_rc_lost": draw(st.sampled_from(["executeLostAction", "goContinue"])),
        "rc_lost_action": draw(st.sampled_from(["goBack", "landing", "hover"])),
        "take_off_security_height": draw(_numbers(1.2, 1500)),
        "global_transitional_speed": draw(_numbers(0.1, 15)),
        "speed": draw(_numbers(0.1, 25)),
        "height_mode": mode,
        "geoid_height": draw(_numbers(-110, 90)) if mode == "WGS84" else None,
        "turn_mode": draw(st.sampled_from(["coordinateTurn", "toPointAndStopWithDiscontinuityCurvature"])),
        "mission_reroute": draw(st.none() | st.booleans()),
        "image_format": draw(st.sampled_from(["", "wide,zoom"])),
        "points": points,
        "interval_photos": draw(st.sampled_from([[], [photos]])),
    }  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_plans())
def test_a_generated_plan_comes_back_as_it_was(data: dict[str, Any]) -> None:
    plan = wpml.WaypointPlan.from_json(data)
    route = wpml.read(wpml.write(plan))
    back = wpml.plan_of(route, name="plan")

    assert route.unknown == ()
    assert back is not None
    expected = plan.to_json()
    if plan.mission_reroute is not None:
        # The element holds both ways at once: not asked for is no.
        expected["transitional_reroute"] = False
    if plan.points and back.geoid_height is not None:
        expected["geoid_height"] = back.geoid_height
        assert abs((plan.geoid_height or 0) - back.geoid_height) <= 0.001
    assert back.to_json() == expected
    assert len(route.waylines[0].points) == len(plan.points)
