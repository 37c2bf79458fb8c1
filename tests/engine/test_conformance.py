"""The comparison itself: it is green for what fits, and it names everything that does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.__main__ import main
from tests.conformance.report import COLUMNS

IDS = {"tid": "t-1", "bid": "b-1", "timestamp": 1760000000000}
AIRCRAFT = {"sn": "A", "domain": "0", "type": 100, "sub_type": 1, "index": "A", "thing_version": "1.2.0"}
TOPOLOGY = {"domain": "3", "type": 3, "sub_type": 0, "thing_version": "1.2.0", "sub_devices": [AIRCRAFT]}
LIFTOFF = {
    "flight_id": "f-7", "target_latitude": 46.5, "target_longitude": 7.9, "target_height": 120.5,
    "security_takeoff_height": 40, "rth_altitude": 60, "rth_mode": 1, "rc_lost_action": 2, "max_speed": 9,
    "commander_mode_lost_action": 1, "commander_flight_mode": 0, "commander_flight_height": 70.0,
}  # fmt: skip
BOUND = {
    "sn": "D", "is_device_bind_organization": False, "device_callsign": "c",
    "organization_id": "o", "organization_name": "n",
}  # fmt: skip
PROGRESS = {"status": "ok", "progress": {"percent": 100, "step_key": "open_cover"}}
RIGHT: list[tuple[str, str, Any]] = [
    ("status", "update_topo", TOPOLOGY),
    ("requests", "airport_bind_status", {"devices": [{"sn": "D"}]}),
    ("requests_reply", "airport_bind_status", {"result": 0, "output": {"bind_status": [BOUND]}}),
    ("requests", "config", {"config_type": "json", "config_scope": "product"}),
    ("events", "cover_open", {"result": 0, "output": PROGRESS}),
    ("events", "hms", {"list": []}),
    ("drc/up", "osd_info_push", {"attitude_head": 12.5, "latitude": 46.5, "longitude": 7.9}),
    ("services", "cover_open", {}),
    ("services_reply", "cover_open", {"result": 0, "output": {"status": "sent"}}),
    ("services_reply", "drone_open", None),
    ("drc/down", "heart_beat", {"timestamp": 1760000000000}),
    ("services", "live_start_push", {"url_type": 0, "url": "u", "video_id": "v", "video_quality": 0}),
]
CONFIG = {"ntp_server_host": "h", "ntp_server_port": "123", "app_id": "i", "app_key": "k", "app_license": "l"}
EXPOSURE = {"payload_index": "98-0-0", "camera_type": "zoom", "exposure_value": "999"}
WRONG: list[tuple[str, str, Any]] = [
    ("requests_reply", "config", CONFIG),
    ("services", "return_home_of_tomorrow", {}),
    ("services", "camera_exposure_set", EXPOSURE),
    ("services", "takeoff_to_point", LIFTOFF),
    ("events", "hms", [{"list": []}]),
]
#: What must be said of those, and nothing else.
NAMED = [
    "config (line 13): answers ntp_server_port as a number, printed as text",
    "return_home_of_tomorrow (line 14): the catalogue does not know it",
    "return_home_of_tomorrow (line 14): would not be sent (unknown_method)",
    "camera_exposure_set (line 15): would not be sent (invalid)",
    "takeoff_to_point (line 16): is accepted",
    "rejected (shape",
]


def line(topic: str, method: str, data: Any) -> dict[str, Any]:
    up = topic in ("status", "requests", "events", "drc/up", "services_reply")
    example: Any = {"method": method, "data": data, **({} if topic.startswith("drc") else IDS)}
    if isinstance(data, list):
        example = data
    return {
        "product": "dock3", "topic": topic, "direction": "up" if up else "down", "method": method,
        "fields": [], "example": None if data is None else example,
    }  # fmt: skip


@pytest.mark.broker
@pytest.mark.usefixtures("mosquitto")
def test_what_does_not_fit_is_named_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "examples.jsonl"
    file.write_text("\n".join(json.dumps(line(*entry)) for entry in RIGHT + WRONG))
    assert main([str(file)]) == 1
    printed = capsys.readouterr().out.splitlines()
    misses = [text for text in printed if text.startswith("MISS ")]
    for expected in NAMED:
        assert [text for text in misses if expected in text], (expected, misses)
    assert len(misses) == len(NAMED), misses
    assert [text for text in printed if text.startswith("contradicts its own page") and "url_type" in text]
    rows = {row[0]: row[1:] for text in printed if len(row := text.split()) == len(COLUMNS) + 1}
    counted = {topic: dict(zip(COLUMNS, row, strict=True)) for topic, row in rows.items() if topic != "topic"}

    def figures(topic: str, *columns: str) -> list[str]:
        return [counted[topic][column] for column in columns]

    assert figures("services_reply", "examples", "published", "made up", "moved") == ["1", "1", "1", "2"]
    # Two that fit, each also asking for an answer, and one that cannot be read.
    assert figures("events", "published", "answered", "rejected") == ["5", "2", "1"]
    # The take-off is sent too, although the list of contradictions says that it cannot be.
    assert figures("services", "compared", "contradicting") == ["2", "1"]
    assert figures("status", "answered") == figures("drc/down", "compared") == ["1"]


def test_a_file_that_cannot_be_read_ends_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"product": "dock3"}\n')
    for file, said in (
        (tmp_path / "none.jsonl", "There are no examples to read at"),
        (broken, "Line 1 is no example"),
    ):
        assert main([str(file)]) == 2
        assert said in capsys.readouterr().err
