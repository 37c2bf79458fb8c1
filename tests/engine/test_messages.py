"""Whatever bytes arrive, the engine reads them or says why not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.mqtt import topics
from fleet.mqtt.messages import Message, Rejected, decode, encode, reply_envelope
from fleet.mqtt.topics import Channel

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_rejected(payload: bytes) -> None:
    try:
        message = decode("thing/product/SN1/events", payload)
    except Rejected as rejection:
        assert rejection.reason in {"json", "shape"}
    else:
        assert isinstance(message, Message)


@given(st.dictionaries(st.text(), ANY_JSON))
def test_any_object_is_read_and_kept_whole(body: dict[str, Any]) -> None:
    payload = json.dumps(body).encode()
    message = decode("thing/product/SN1/events", payload)
    assert set(message.envelope) == {key.replace("\x00", "\ufffd") for key in body}
    assert isinstance(message.timestamp, int)
    assert isinstance(message.method, str)
    encode(reply_envelope(message, {"result": 0}))


@given(st.text(max_size=80))
def test_any_topic_is_known_or_rejected(topic: str) -> None:
    try:
        sn, channel = topics.parse(topic)
    except topics.UnknownTopic:
        return
    assert topic in {f"thing/product/{sn}/{channel}", f"sys/product/{sn}/{channel}"}


@pytest.mark.parametrize("channel", list(Channel))
def test_each_of_the_eight_channels_is_known(channel: Channel) -> None:
    root = "sys" if channel is Channel.STATUS else "thing"
    assert topics.parse(f"{root}/product/1ZNBJ/{channel}") == ("1ZNBJ", channel)


@pytest.mark.parametrize(
    "topic",
    ["thing/product/A/services", "thing/product//osd", "sys/product/A/osd", "thing/product/A/status", "thing/product/A B/osd", "x", ""],
)  # fmt: skip
def test_other_topics_are_rejected(topic: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(topic, b"{}")
    assert caught.value.reason == "topic"


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (1_700_000_000_123, 1_700_000_000_123),
        ("1700000000123", 1_700_000_000_123),
        (1_700_000_000, 1_700_000_000_000),
        (1_700_000_000_123.7, 1_700_000_000_123),
        ("soon", 0),
        (None, 0),
        (-5, 0),
        (10**30, 0),
        ([], 0),
    ],
)
def test_timestamps_are_read_as_well_as_they_can_be(stamp: Any, expected: int) -> None:
    assert decode("thing/product/A/osd", json.dumps({"timestamp": stamp, "data": {}}).encode()).timestamp == expected


def test_the_documentations_slip_in_timestamp_is_read_too() -> None:
    assert decode("thing/product/A/events", b'{"timestamp:": 1700000000123}').timestamp == 1_700_000_000_123


def test_a_payload_over_the_limit_is_rejected_before_it_is_parsed() -> None:
    with pytest.raises(Rejected) as caught:
        decode("thing/product/A/events", b"[" * 5_000_000)
    assert caught.value.reason == "size"


def test_a_nul_character_does_not_cost_the_message() -> None:
    message = decode("thing/product/A/events", b'{"method": "a\\u0000b"}')
    assert message.method == "a\ufffdb"


@pytest.mark.parametrize(
    ("flag", "asks"), [(1, True), ("1", True), (True, True), (0, False), (None, False), ("no", False)]
)
def test_need_reply(flag: Any, asks: bool) -> None:
    assert decode("thing/product/A/events", encode({"need_reply": flag})).need_reply is asks


def test_a_state_reply_has_no_method_and_an_events_reply_has() -> None:
    body = encode({"tid": "t", "bid": "b", "method": "hms", "gateway": "DOCK", "need_reply": 1})
    state = reply_envelope(decode("thing/product/AIR/state", body), {"result": 0})
    event = reply_envelope(decode("thing/product/AIR/events", body), {"result": 0})
    assert (state["tid"], state["bid"], state["data"]) == ("t", "b", {"result": 0})
    assert "method" not in state
    assert event["method"] == "hms"
    assert topics.reply_topic("AIR", Channel.STATE) == "thing/product/AIR/state_reply"
    assert topics.reply_topic("AIR", Channel.STATUS) == "sys/product/AIR/status_reply"
    assert topics.reply_topic("AIR", Channel.OSD) is None


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        (b'{"data": {"a": NaN, "b": 1}}', {"a": None, "b": 1}),
        (b'{"data": {"a": 1e999, "b": -Infinity}}', {"a": None, "b": None}),
        (b'{"data": {"a": "x\\ud800y"}}', {"a": "x?y"}),
    ],
)
def test_what_careless_writers_make_of_json_is_read(payload: bytes, data: dict[str, Any]) -> None:
    message = decode("thing/product/A/osd", payload)
    assert message.data == data
    encode(message.envelope)


def test_a_bottomless_payload_is_rejected() -> None:
    with pytest.raises(Rejected):
        decode("thing/product/A/events", b'{"data":' + b"[" * 200_000 + b"NaN")


@pytest.mark.parametrize(("depth", "kept"), [(60, True), (70, False), (900, False)])
def test_only_so_deep(depth: int, kept: bool) -> None:
    payload = b'{"data": ' + b"[" * depth + b"]" * depth + b"}"
    if kept:
        decode("thing/product/A/events", payload)
    else:
        with pytest.raises(Rejected) as caught:
            decode("thing/product/A/events", payload)
        assert caught.value.reason == "depth"


def test_a_wide_message_is_not_a_deep_one() -> None:
    decode("thing/product/A/events", b'{"data": [' + b",".join([b'{"a": [1]}'] * 500) + b"]}")
