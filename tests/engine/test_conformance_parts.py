"""What the comparison is made of, without a server: messages it plans, answers it judges, what it forgives."""

from __future__ import annotations

from typing import Any

import pytest

from devices.services import validation
from fleet.protocol import methods
from tests.conformance import downward, upward
from tests.conformance.downward import CONTRADICTIONS, compare_replies, types
from tests.conformance.examples import Line, made_up
from tests.conformance.gateway import Gateway, Inbox, Received
from tests.conformance.report import Report
from tests.conformance.upward import Sent

UPWARD = ("events", "requests", "status", "services_reply", "drc/up")
BINDING = {
    "bind_devices": [
        {
            "device_binding_code": "c",
            "device_callsign": "Roof",
            "device_model_key": "3-1-0",
            "organization_id": "o",
            "sn": "D",
        },
        {
            "device_binding_code": "c",
            "device_callsign": "Kite",
            "device_model_key": "0-67-0",
            "organization_id": "o",
            "sn": "K",
        },
    ]
}


def line(topic: str, method: str, data: Any, *, paths: frozenset[str] = frozenset()) -> Line:
    example = None if data is None else {"tid": "t", "bid": "b", "timestamp": 1, "method": method, "data": data}
    return Line(7, "dock3", topic, method, topic in UPWARD, paths, example)


@pytest.fixture
def gateway() -> Gateway:
    dock = Gateway("dock3", "DOCK-1", "KITE-1", Inbox())
    dock.organisation, dock.code = "org-1", "CODE-1"
    return dock


def planned(gateway: Gateway, *lines: Line) -> list[Sent]:
    return [sent for sent in upward.plan(lines, {"dock3": gateway}) if sent.line is not None]


def judged(gateway: Gateway, printed: Line, data: Any) -> Report:
    """The report on one answer that the server gave to the request of the same name."""
    asked = Sent(gateway, "requests", printed.method, {"tid": "t", "bid": "b"})
    envelope = {"tid": "t", "bid": "b", "timestamp": 2, "method": printed.method, "data": data}
    asked.answer = Received(asked.answer_topic, envelope, 0.0)
    report = Report()
    compare_replies([printed], [asked], report)
    return report


@pytest.mark.parametrize("channel", UPWARD)
def test_what_is_made_up_fits_its_own_declaration(channel: str) -> None:
    declared = [method for product in methods.PRODUCTS for method in methods.for_product(product, channel)]
    assert declared
    for method in declared:
        validation.check(method.fields, made_up(method.fields))


def test_an_event_is_sent_as_printed_and_again_asking_for_an_answer(gateway: Gateway) -> None:
    plain, asking = planned(gateway, line("events", "hms", {"list": []}))
    assert (plain.asks, asking.asks) == (False, True)
    assert plain.body["data"] == asking.body["data"] == {"list": []}
    assert len({plain.body["tid"], asking.body["tid"], plain.body["bid"], asking.body["bid"], "t", "b"}) == 6


def test_what_has_no_example_is_made_up(gateway: Gateway) -> None:
    (sent,) = planned(gateway, line("services_reply", "drone_open", None))
    assert sent.body["data"] == {"result": 0, "output": {"status": sent.body["data"]["output"]["status"]}}
    assert upward.commands_for([sent])[0]["tid"] == sent.body["tid"]


def test_a_dock_asks_to_join_as_printed_and_with_the_right_code(gateway: Gateway) -> None:
    printed, right = planned(gateway, line("requests", "airport_organization_bind", BINDING))
    assert (printed.body["data"], printed.must_succeed) == (BINDING, False)
    assert right.must_succeed
    assert right.body["data"]["bind_devices"] == [
        {
            "device_binding_code": "CODE-1",
            "device_callsign": callsign,
            "device_model_key": key,
            "organization_id": "org-1",
            "sn": sn,
        }
        for callsign, key, sn in (("Roof", "3-3-0", "DOCK-1"), ("Kite", "0-100-0", "KITE-1"))
    ]


@pytest.mark.parametrize(
    ("data", "misses"),
    [
        ({"result": 0, "output": {"err_infos": []}}, 0),
        ({"result": 210231, "output": {"err_infos": []}}, 1),
        ({"result": 0, "output": {"err_infos": [{"sn": "D", "err_code": 210231}]}}, 1),
        ({"result": 0}, 1),
    ],
)
def test_whoever_has_the_right_code_must_be_let_in(gateway: Gateway, data: Any, misses: int) -> None:
    _, sent = planned(gateway, line("requests", "airport_organization_bind", BINDING))
    sent.answer = Received(sent.answer_topic, {**sent.ids, "data": data}, 0.0)
    report = Report()
    upward.publish([sent], gateway.inbox, report)
    assert len(report.misses) == misses
    assert report.counts["requests"]["answered"] == 1 - misses


def test_an_answer_is_held_against_names_and_types(gateway: Gateway) -> None:
    printed = line("requests_reply", "config", {"app_id": "7", "ntp": {"port": 123}}, paths=frozenset({"app_key"}))
    assert judged(gateway, printed, {"app_id": "8", "app_key": "k", "ntp": {"port": 1}}).misses == []
    for data, said in (
        ({"app_id": 8}, "app_id as a number, printed as text"),
        ({"ntp": {"port": [1]}}, "ntp.port as a list, printed as a number"),
        ({"ntp": {"host": "h"}}, "ntp.host, which no page knows"),
    ):
        report = judged(gateway, printed, data)
        assert [said in text for text in report.misses] == [True], (data, report.misses)
        assert f"MISS {report.misses[0]}" in report.lines()
    silent = Report()
    compare_replies([printed], [], silent)
    assert len(silent.misses) == 1


def test_an_answer_that_offers_nothing_is_counted_and_listed(gateway: Gateway) -> None:
    printed = line("requests_reply", "storage_config_get", {"result": 0, "output": {"bucket": "b"}})
    report = judged(gateway, printed, {"result": downward.NOT_SUPPORTED})
    assert (report.misses, report.counts["requests_reply"]["unsupported"]) == ([], 1)
    assert report.remarks == ["answered, not yet supported: storage_config_get (dock3)"]
    refused = judged(gateway, printed, {"result": 210231})
    assert refused.counts["requests_reply"]["unsupported"] == 0
    assert refused.remarks == ["answered, refused with 210231: storage_config_get (dock3)"]


def test_paths_are_written_as_the_pages_write_them() -> None:
    found = types({"list": [{"sn": "A"}, {"sn": None, "on": True}], "pair": {"x": 1, "y": 0.5}, "words": ["a"]})
    assert found == {
        "list": {"a list"},
        "list.sn": {"text"},
        "list.on": {"yes or no"},
        "pair": {"an object"},
        "pair.x": {"a number"},
        "pair.y": {"a number"},
        "words": {"a list"},
    }


def test_only_what_the_catalogue_can_refuse_is_forgiven() -> None:
    assert CONTRADICTIONS
    for (method, product), (fields, why) in CONTRADICTIONS.items():
        declared = methods.find("services", method, product) or methods.find("drc/down", method, product)
        assert declared is not None, (method, product)
        known = {field.name: field for field in declared.fields}
        assert fields and why
        assert all(known[name].required or known[name].choices for name in fields), (method, product)
