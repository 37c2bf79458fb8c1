"""What an account may do, as pure data: no input may ever open another serial's topics."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.services.broker import dynsec, rules
from devices.services.broker.rules import Action
from fleet.mqtt.topics import SUBSCRIPTIONS, Channel

SN, AIRCRAFT, OTHER = "8UUX01", "1581F01", "8UUX02"
UPWARD = ("osd", "state", "services_reply", "events", "requests", "property/set_reply", "drc/up")
DOWNWARD = (
    "services",
    "property/set",
    "drc/down",
    "requests_reply",
    "events_reply",
    "state_reply",
    "osd_reply",
)
RULES = rules.gateway(SN, [AIRCRAFT])

serials = st.sampled_from([SN, AIRCRAFT, OTHER])
levels = st.sampled_from(
    ["thing", "sys", "product", SN, AIRCRAFT, OTHER, "osd", "services", "status", "drc", "up", "", "$SYS"]
)
topics = st.lists(levels, min_size=1, max_size=6).map("/".join)
filters = st.lists(st.one_of(levels, st.just("+")), min_size=1, max_size=5).flatmap(
    lambda parts: st.sampled_from(["/".join(parts), "/".join([*parts, "#"]), "#"])
)


def matches(topic_filter: str, topic: str) -> bool:
    """MQTT 3.1.1, section 4.7, written a second time and otherwise."""
    if topic.startswith("$") and topic_filter[:1] in ("+", "#"):
        return False
    wanted, given_levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        given_levels = given_levels[: len(wanted)]
    return len(wanted) == len(given_levels) and all(
        one in ("+", level) for one, level in zip(wanted, given_levels, strict=True)
    )


@pytest.mark.parametrize("channel", UPWARD)
@pytest.mark.parametrize("sn", [SN, AIRCRAFT])
def test_a_gateway_sends_for_itself_and_its_aircraft(sn: str, channel: str) -> None:
    assert RULES.allow("publish", f"thing/product/{sn}/{channel}")


def test_only_the_gateway_itself_announces_a_topology() -> None:
    assert RULES.allow("publish", f"sys/product/{SN}/status")
    assert not RULES.allow("publish", f"sys/product/{AIRCRAFT}/status")
    assert RULES.allow("subscribe", f"sys/product/{SN}/status_reply")


@pytest.mark.parametrize("channel", DOWNWARD)
@pytest.mark.parametrize("sn", [SN, AIRCRAFT])
def test_what_comes_down_is_read_and_never_sent(sn: str, channel: str) -> None:
    topic = f"thing/product/{sn}/{channel}"
    assert RULES.allow("subscribe", topic)
    assert RULES.allow("receive", topic)
    assert not RULES.allow("publish", topic)


@pytest.mark.parametrize("wanted", [f"thing/product/{SN}/#", f"thing/product/{SN}/+", f"sys/product/{SN}/#"])
def test_wildcards_work_inside_the_own_space(wanted: str) -> None:
    assert RULES.allow("subscribe", wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        "#",
        "+/#",
        "thing/#",
        "thing/product/#",
        "thing/product/+/osd",
        "thing/+/" + SN + "/osd",
        f"thing/product/{SN}+/osd",
        f"thing/product/{SN}/os#",
        f"thing/product/{SN}/#/osd",
        f"$share/group/thing/product/{SN}/services",
        "$share/group/thing/product/+/services",
        "$SYS/#",
        "$CONTROL/dynamic-security/v1/response",
        "",
    ],
)
def test_filters_that_reach_out_are_refused(wanted: str) -> None:
    assert not RULES.allow("subscribe", wanted)


@given(serials, st.one_of(st.sampled_from([*UPWARD, *DOWNWARD]), topics))
def test_no_topic_of_another_serial_is_ever_allowed(sn: str, rest: str) -> None:
    for space in ("thing", "sys"):
        topic = f"{space}/product/{sn}/{rest}"
        if sn == OTHER:
            assert not any(RULES.allow(action, topic) for action in Action)


@given(topics)
def test_nothing_is_sent_outside_the_upward_channels(topic: str) -> None:
    if RULES.allow("publish", topic):
        space, product, sn, channel = topic.split("/", 3)
        assert (product, sn in (SN, AIRCRAFT), channel in set(Channel)) == ("product", True, True)
        assert space == ("sys" if channel == "status" else "thing")


@given(filters, topics)
def test_an_allowed_filter_matches_nothing_that_may_not_be_read(wanted: str, topic: str) -> None:
    if RULES.allow("subscribe", wanted) and matches(wanted, topic):
        assert RULES.allow("receive", topic)
        assert topic.split("/")[2] in (SN, AIRCRAFT)


@given(filters, filters, topics)
def test_covering_means_matching_everything_the_other_matches(wide: str, narrow: str, topic: str) -> None:
    if rules.covers(wide, narrow) and matches(narrow, topic):
        assert matches(wide, topic)


@given(filters, topics)
def test_a_topic_is_covered_exactly_when_it_matches(wide: str, topic: str) -> None:
    assert rules.covers(wide, topic) == matches(wide, topic)


@given(st.text(max_size=80))
def test_a_serial_that_would_change_the_meaning_of_a_topic_is_none(text: str) -> None:
    if rules.is_serial(text):
        assert not set(text) & set("/+#$\0 \n")
        assert 1 <= len(text) <= 64
    else:
        with pytest.raises(ValueError, match="serial"):
            rules.gateway(text)


@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from(["+", "#", "a/b", OTHER + "/x", ""])), max_size=40))
def test_whatever_a_gateway_claims_to_carry_stays_within_what_it_claims(claimed: list[str]) -> None:
    made = rules.gateway(SN, claimed)
    for topic in made.publish | made.read:
        assert topic.split("/")[2] in {SN, *claimed}
        assert "+" not in topic
    assert len(made.read) <= 2 + rules.MAX_AIRCRAFT


def test_a_newline_after_a_serial_is_not_overlooked() -> None:
    assert not rules.is_serial(SN + "\n")


def test_the_bridge_reads_all_that_goes_up_and_sends_all_that_goes_down() -> None:
    bridge = rules.bridge()
    for topic_filter, _qos in SUBSCRIPTIONS:
        assert bridge.allow("subscribe", topic_filter)
        assert bridge.allow("subscribe", f"$share/fleet/{topic_filter}")
    for channel in ("services", "property/set", "drc/down", "state_reply", "events_reply", "requests_reply"):
        assert bridge.allow("publish", f"thing/product/{SN}/{channel}")
    assert bridge.allow("publish", f"sys/product/{SN}/status_reply")


def test_the_bridge_has_no_more_than_that() -> None:
    bridge = rules.bridge()
    assert not bridge.allow("publish", f"thing/product/{SN}/osd")
    assert not bridge.allow("publish", "$CONTROL/dynamic-security/v1")
    for wanted in ("#", "$share/fleet/#", "$share/#", "$share/+/thing/product/+/osd", "$CONTROL/#"):
        assert not bridge.allow("subscribe", wanted)


def test_an_unknown_action_is_refused() -> None:
    assert not RULES.allow("unsubscribe-all", f"thing/product/{SN}/osd")


def test_mosquitto_is_told_the_same() -> None:
    acls = dynsec.acls_of(RULES)
    assert {topic for kind, topic, _, allowed in acls if kind == "publishClientSend" and allowed} == RULES.publish
    listened = {topic for kind, topic, _, allowed in acls if kind == "subscribePattern" and allowed}
    assert listened == RULES.read | RULES.ahead
    received = {topic for kind, topic, _, allowed in acls if kind == "publishClientReceive" and allowed}
    assert received == RULES.read
    assert ("publishClientReceive", "#", -1, False) in acls
    assert dynsec.acls_in({"acls": dynsec.rows(acls)}) == acls


def test_answers_are_listened_for_ahead_only_where_the_broker_checks_each_delivery() -> None:
    topic = "thing/product/NOT-YET-KNOWN/state_reply"
    assert RULES.allow("subscribe", topic, checks_deliveries=True)
    assert not RULES.allow("subscribe", topic)
    assert not RULES.allow("receive", topic, checks_deliveries=True)
    assert not RULES.allow("subscribe", "thing/product/NOT-YET-KNOWN/services", checks_deliveries=True)
