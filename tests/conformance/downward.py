"""What the server sends, held against the examples of what a device expects."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from fleet.mqtt.dispatcher import NOT_SUPPORTED
from tests.conformance import ledger
from tests.conformance.examples import Line
from tests.conformance.gateway import Gateway, Inbox, Json
from tests.conformance.report import Report
from tests.conformance.upward import PATIENCE, Sent
from tests.live import LiveFleet

#: Printed examples that their own page forbids: (method, product) -> fields that do not fit, and why. The
#: page's list stands, for it is what a form offers. An entry whose example is accepted, or refused for another
#: reason, is a miss.
CONTRADICTIONS: dict[tuple[str, str], tuple[frozenset[str], str]] = {
    ("takeoff_to_point", "dock2"): (
        frozenset({"commander_flight_mode"}),
        "the page asks for the flight mode; the example was printed before there was one",
    ),
    ("takeoff_to_point", "dock3"): (
        frozenset({"commander_flight_mode"}),
        "the page asks for the flight mode; the example was printed before there was one",
    ),
    ("takeoff_to_point", "dji-rc-plus-2"): (
        frozenset({"commander_flight_mode", "rth_mode"}),
        "the page asks for both modes; the example has neither",
    ),
    ("live_start_push", "dock3"): (
        frozenset({"url_type"}),
        "the example shows a stream by Agora (0), which Dock 3's list does not offer any more",
    ),
    ("drc_camera_aperture_value_set", "dock2"): (
        frozenset({"aperture_value"}),
        "the page lists hundredths of the f-number; 5 is none of them",
    ),
    ("drc_camera_aperture_value_set", "dock3"): (
        frozenset({"aperture_value"}),
        "the page lists hundredths of the f-number; 5 is none of them",
    ),
}
#: What an envelope may have beyond the printed one; three pages forget the timestamp.
_MAY_ADD = frozenset({"gateway", "timestamp"})
#: `seq` counts within one session of live control and is given when the message is sent.
_SESSION = frozenset({"seq"})


def compare_services(
    fleet: LiveFleet, lines: Iterable[Line], gateways: dict[str, Gateway], inbox: Inbox, report: Report
) -> None:
    """Have the server send every `services` example to its gateway, and compare what arrives."""
    asked = [line for line in lines if line.topic == "services" and line.example is not None]
    entries = [
        {"sn": gateways[line.product].sn, "method": line.method, "data": line.example.get("data") or {}}
        for line in asked
    ]
    answers: list[Json] = ledger.call(fleet, "ask", entries)
    topics = {line.number: gateways[line.product].topic("services") for line in asked}
    due = [(topics[line.number], answer["tid"]) for line, answer in zip(asked, answers, strict=True) if "tid" in answer]
    inbox.wait(lambda: all(inbox.find(*address) for address in due), PATIENCE)
    for line, answer in zip(asked, answers, strict=True):
        if _refused(line, answer, report):
            continue
        arrived = inbox.find(topics[line.number], answer["tid"])
        if arrived is None:
            report.miss(line.topic, f"{line}: the command never reached the gateway")
        else:
            _compare_envelope(line, arrived.envelope, report)


def compare_direct(fleet: LiveFleet, lines: Iterable[Line], gateways: dict[str, Gateway], report: Report) -> None:
    """Compare every `drc/down` example with the message that the ledger would make of it."""
    asked = [line for line in lines if line.topic == "drc/down" and line.example is not None]
    entries = [
        {
            "sn": gateways[line.product].sn,
            "product": line.product,
            "method": line.method,
            "data": line.example.get("data") or {},
        }
        for line in asked
    ]
    for line, answer in zip(asked, ledger.call(fleet, "direct", entries), strict=True):
        if not _refused(line, answer, report):
            _compare_envelope(line, answer["envelope"], report)


def compare_replies(lines: list[Line], sent: Iterable[Sent], report: Report) -> None:
    """Compare the answers that the gateways were given with the printed ones: paths and types."""
    answers: dict[tuple[str, str, str], list[Json]] = defaultdict(list)
    for message in sent:
        if message.answer is not None:
            key = (message.gateway.product, f"{message.channel}_reply", message.method)
            answers[key].append(message.answer.envelope)
    replies = [line for line in lines if line.topic.endswith("_reply") and not line.up]
    # One method may stand on two pages: what one of them documents is documented.
    documented: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for line in replies:
        printed = types(line.example.get("data")) if line.example else {}
        documented[line.product, line.topic, line.method] |= line.paths | set(printed)
    refusals: dict[str, set[str]] = defaultdict(set)
    for line in replies:
        key = (line.product, line.topic, line.method)
        problems = {text for given in answers[key] for text in _differences(line, given, documented[key])}
        if not answers[key]:
            problems = {"nothing was answered that could be compared"}
        for problem in sorted(problems):
            report.miss(line.topic, f"{line}: {problem}")
        report.count(line.topic, "compared", not problems)
        unsupported: set[int] = set()
        for given in answers[key]:
            data = given.get("data")
            if isinstance(data, dict) and data.get("result"):
                said = "not yet supported" if data["result"] == NOT_SUPPORTED else f"refused with {data['result']}"
                refusals[f"answered, {said}: {line.method}"].add(line.product)
                unsupported |= {line.number} if data["result"] == NOT_SUPPORTED else set()
        report.count(line.topic, "unsupported", len(unsupported))
    for what, refused in sorted(refusals.items()):
        report.remark(f"{what} ({', '.join(sorted(refused))})")


def _differences(line: Line, envelope: Json, documented: set[str]) -> list[str]:
    ours, printed = types(envelope.get("data")), types(line.example.get("data")) if line.example else {}
    found = [f"answers with {path}, which no page knows" for path in sorted(set(ours) - documented)]
    for path in sorted(set(ours) & set(printed)):
        if ours[path] and printed[path] and not ours[path] & printed[path]:
            found.append(f"answers {path} as {_words(ours[path])}, printed as {_words(printed[path])}")
    if line.example:
        found += _key_differences(line, envelope)
    return found


def _refused(line: Line, answer: Json, report: Report) -> bool:
    """Whether the server would not send it; a miss unless the example is known to contradict its page."""
    wrong, why = CONTRADICTIONS.get((line.method, line.product), (frozenset(), ""))
    if "refused" not in answer:
        if wrong:
            report.miss(line.topic, f"{line}: is accepted; it contradicts its page no more")
        return False
    if wrong and answer["refused"] == "invalid" and set(answer["errors"]) == wrong:
        report.count(line.topic, "contradicting")
        report.remark(f"contradicts its own page: {line}: {', '.join(sorted(wrong))}: {why}")
    else:
        report.miss(line.topic, f"{line}: would not be sent ({answer['refused']}): {answer['text']}")
    return True


def _compare_envelope(line: Line, envelope: Json, report: Report) -> None:
    problems = _key_differences(line, envelope)
    if envelope.get("method") != line.method:
        problems.append(f"the method is {envelope.get('method')}")
    if envelope.get("data") != (line.example.get("data") or {}):
        problems.append(f"the data is {json.dumps(envelope.get('data'))[:200]}")
    for problem in problems:
        report.miss(line.topic, f"{line}: {problem}")
    if not problems:
        report.count(line.topic, "compared")


def _key_differences(line: Line, envelope: Json) -> list[str]:
    # `timestamp:` is a slip of several pages.
    printed = {key.rstrip(":") for key in line.example}
    may_add = _MAY_ADD | ({"tid", "bid"} if line.topic == "drc/down" else set())
    lacking, more = printed - set(envelope) - _SESSION, set(envelope) - printed - may_add
    return [
        *([f"lacks {', '.join(sorted(lacking))}"] if lacking else []),
        *([f"has {', '.join(sorted(more))} beside what is printed"] if more else []),
    ]


def types(data: Any, path: str = "") -> dict[str, set[str]]:
    """The paths inside `data`, as the pages write them (no numbers for items), with the types found there."""
    found: dict[str, set[str]] = {}
    if isinstance(data, dict):
        for name, value in data.items():
            where = f"{path}.{name}" if path else name
            found.setdefault(where, set()).update({_type(value)} - {"nothing"})
            for inner, kinds in types(value, where).items():
                found.setdefault(inner, set()).update(kinds)
    elif isinstance(data, list):
        for item in data:
            for inner, kinds in types(item, path).items():
                found.setdefault(inner, set()).update(kinds)
    return found


def _type(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes or no"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"


def _words(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds))
