"""What devices send: planned as messages, published through the broker, and looked at from both ends."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fleet.protocol import properties
from tests.conformance.examples import MODELS, Line, made_up
from tests.conformance.gateway import Gateway, Inbox, Json, Received
from tests.conformance.report import Report

#: Seconds within which whatever asks must be answered.
PATIENCE = 10.0
#: Messages of one gateway under way at once.
_BATCH = 25
#: Requests that are refused as printed, for they name no organisation of ours; they are repeated with the right one.
_JOINING = frozenset({"airport_organization_get", "airport_organization_bind"})
_ALWAYS_ANSWERED = frozenset({"requests", "status"})
#: A `services_reply` may print `need_reply`, but no page knows a reply to it.
_ANSWERED_WHEN_ASKED = frozenset({"events", "state"})
#: What is answered comes last: messages of one gateway are handled in order, so the server sets the pace.
_ORDER = ("drc/up", "osd", "services_reply", "property/set_reply", "state", "events", "requests")


@dataclass(eq=False, slots=True)
class Sent:
    """One message to publish. `line` is the example it comes from, None where we made it up."""

    gateway: Gateway
    channel: str
    method: str
    body: Any
    line: Line | None = None
    sn: str | None = None
    must_succeed: bool = False
    at: float = 0.0
    answer: Received | None = None

    @property
    def ids(self) -> Json:
        return self.body if isinstance(self.body, dict) else {}

    @property
    def asks(self) -> bool:
        asked = self.channel in _ANSWERED_WHEN_ASKED and self.ids.get("need_reply") == 1
        return bool(self.ids) and (asked or self.channel in _ALWAYS_ANSWERED)

    @property
    def answer_topic(self) -> str:
        return self.gateway.topic(f"{self.channel}_reply", self.sn)

    def __str__(self) -> str:
        origin = f" (line {self.line.number})" if self.line and self.line.example is not None else " (made up)"
        return f"{self.gateway.product} {self.channel} {self.method}{origin}"


def topologies(lines: Iterable[Line], gateways: dict[str, Gateway]) -> list[Sent]:
    """One `update_topo` from each gateway: without it the server knows none of the aircraft."""
    printed = [line for line in lines if line.topic == "status"]
    found = [_from_line(line, gateways[line.product]) for line in printed]
    said = {sent.gateway.product for sent in found}
    return found + [_topology(gateway, None) for gateway in gateways.values() if gateway.product not in said]


def plan(lines: Iterable[Line], gateways: dict[str, Gateway]) -> list[Sent]:
    """Every upward message but the topologies: printed ones, again asking for an answer, and made up ones."""
    found: list[Sent] = []
    for line in lines:
        if not line.up or line.topic == "status":
            continue
        if line.example is None and line.declared is None:
            continue
        sent = _from_line(line, gateways[line.product])
        found.append(sent)
        if line.topic in _ANSWERED_WHEN_ASKED and not sent.asks and isinstance(sent.body, dict):
            found.append(_again(sent))
        if line.method in _JOINING and line.topic == "requests" and isinstance(sent.body, dict):
            found.append(_joining(sent))
    for gateway in gateways.values():
        found += _telemetry(gateway)
    return sorted(found, key=lambda sent: _ORDER.index(sent.channel))


def _from_line(line: Line, gateway: Gateway) -> Sent:
    if line.topic == "status" and line.example is None:
        return _topology(gateway, line)
    if line.example is None:
        declared = line.declared
        return _made_up(gateway, line.topic, line.method, made_up(declared.fields if declared else ()), line=line)
    body = line.example
    if isinstance(body, dict):
        # Two pages print the data alone.
        body = dict(body) if "data" in body else {"method": line.method, "timestamp": _now(), "data": body}
        if line.topic != "drc/up":
            body |= _ids()
        if "gateway" in body:
            body["gateway"] = gateway.sn
        if line.topic == "status":
            body["data"] = _with_own_aircraft(body["data"], gateway)
    return Sent(gateway, line.topic, line.method, body, line)


def _with_own_aircraft(data: Any, gateway: Gateway) -> Any:
    """The topology with serials that this gateway may name."""
    if not isinstance(data, dict) or not isinstance(data.get("sub_devices"), list):
        return data
    named = [{**entry, "sn": gateway.aircraft} if "sn" in entry else entry for entry in data["sub_devices"]]
    return {**data, "sub_devices": named}


def _again(sent: Sent) -> Sent:
    return Sent(sent.gateway, sent.channel, sent.method, {**sent.body, **_ids(), "need_reply": 1}, sent.line)


def _joining(sent: Sent) -> Sent:
    """The same request with the right organisation, code and serials, which must be granted."""
    gateway = sent.gateway
    right = {"organization_id": gateway.organisation, "device_binding_code": gateway.code}

    def filled(entry: Json) -> Json:
        aircraft = str(entry.get("device_model_key")).startswith("0-")
        own = {
            "sn": gateway.aircraft if aircraft else gateway.sn,
            "device_model_key": MODELS[gateway.product][aircraft],
        }
        return {**entry, **{key: value for key, value in {**right, **own}.items() if key in entry}}

    data = filled(sent.ids["data"])
    if "bind_devices" in data:
        data["bind_devices"] = [filled(entry) for entry in data["bind_devices"]]
    body = {**sent.body, **_ids(), "data": data}
    return Sent(gateway, sent.channel, sent.method, body, sent.line, must_succeed=True)


def _made_up(
    gateway: Gateway, channel: str, method: str, data: Any, *, line: Line | None = None, sn: str | None = None
) -> Sent:
    body: Json = {**_ids(), "timestamp": _now(), "gateway": gateway.sn, "data": data}
    if channel not in ("osd", "state", "property/set_reply"):
        body["method"] = method
    if channel in _ANSWERED_WHEN_ASKED:
        body["need_reply"] = 1
    return Sent(gateway, channel, method, body, line, sn)


def _topology(gateway: Gateway, line: Line | None) -> Sent:
    declared = line.declared if line else None
    data = made_up(declared.fields) if declared else {}
    own, other = (key.split("-") for key in MODELS[gateway.product])
    aircraft = {"sn": gateway.aircraft, "domain": other[0], "type": int(other[1]), "sub_type": int(other[2])}
    listed = data.get("sub_devices") or [{}]
    identity = {"domain": own[0], "type": int(own[1]), "sub_type": int(own[2])}
    return _made_up(
        gateway,
        "status",
        "update_topo",
        {**data, **identity, "sub_devices": [{**listed[0], **aircraft}]},
        line=line,
    )


def _telemetry(gateway: Gateway) -> Iterator[Sent]:
    """`osd`, `state` and `property/set_reply` have no examples: their properties are documented by device."""
    own, other = MODELS[gateway.product]
    for key, sn, product in ((own, gateway.sn, None), (other, gateway.aircraft, gateway.product)):
        known = properties.for_model(key, product)
        osd = made_up(prop.field for prop in known.values() if prop.push == "osd")
        yield _made_up(gateway, "osd", "", osd, sn=sn)
        for name, prop in known.items():
            if prop.push == "state":
                yield _made_up(gateway, "state", name, made_up([prop.field]), sn=sn)
        for name in properties.writable(key, product):
            yield _made_up(gateway, "property/set_reply", name, {name: {"result": 0}})


def own_osd(gateway: Gateway) -> Json:
    """Data for a gateway's signs of life."""
    return made_up(p.field for p in properties.for_model(MODELS[gateway.product][0]).values() if p.push == "osd")


def commands_for(planned: Iterable[Sent]) -> list[Json]:
    """The commands that the planned replies answer, as `ledger.expect` wants them."""
    channels = {"services_reply": "services", "property/set_reply": "property/set"}
    return [
        {
            "sn": sent.gateway.sn,
            "channel": channels[sent.channel],
            "method": sent.method[:64],
            "tid": sent.ids["tid"],
            "bid": sent.ids["bid"],
            "data": {},
        }
        for sent in planned
        if sent.channel in channels and sent.ids
    ]


def publish(planned: Iterable[Sent], inbox: Inbox, report: Report) -> None:
    """Send everything, no more of one gateway at once than a device would, and wait for every answer."""
    by_gateway: dict[Gateway, list[Sent]] = defaultdict(list)
    for sent in planned:
        by_gateway[sent.gateway].append(sent)
    longest = max(map(len, by_gateway.values()), default=0)
    for start in range(0, longest, _BATCH):
        batch = [sent for messages in by_gateway.values() for sent in messages[start : start + _BATCH]]
        for sent in batch:
            sent.at = time.monotonic()
            sent.gateway.publish(sent.channel, sent.body, sn=sent.sn)
            origin = "published" if sent.line is not None and sent.line.example is not None else "made up"
            report.count(sent.channel, origin)
        asking = [sent for sent in batch if sent.asks]
        inbox.wait(lambda asking=asking: _all_answered(asking, inbox), PATIENCE)  # type: ignore[misc]
        for sent in asking:
            _judge(sent, report)


def _all_answered(asking: list[Sent], inbox: Inbox) -> bool:
    """Whether all have an answer; looks for every one, also behind the first that has none."""
    for sent in asking:
        if sent.answer is None:
            sent.answer = inbox.find(sent.answer_topic, sent.ids["tid"])
    return all(sent.answer is not None for sent in asking)


def _judge(sent: Sent, report: Report) -> None:
    report.count(sent.channel, "asking")
    if sent.answer is None:
        report.miss(sent.channel, f"{sent}: not answered within {PATIENCE:g} s")
        return
    envelope, took = sent.answer.envelope, sent.answer.at - sent.at
    report.slowest = max(report.slowest, took)
    report.say(f"{sent}: {envelope.get('data')} after {took:.2f} s")
    # `state_reply` bears no method.
    wanted = {"bid": sent.ids["bid"], "method": None if sent.channel == "state" else sent.method}
    wrong = {name: envelope.get(name) for name, value in wanted.items() if envelope.get(name) != value}
    if took > PATIENCE or wrong:
        report.miss(sent.channel, f"{sent}: answered after {took:.1f} s with {wrong or 'the right ids'}, not {wanted}")
    elif sent.must_succeed and not _granted(envelope.get("data")):
        report.miss(sent.channel, f"{sent}: refused with the right organisation and code: {envelope.get('data')}")
    else:
        report.count(sent.channel, "answered")


def _granted(data: Any) -> bool:
    output = data.get("output") if isinstance(data, dict) else None
    return isinstance(output, dict) and data.get("result") == 0 and not output.get("err_infos")


def _ids() -> dict[str, str]:
    return {"tid": str(uuid.uuid4()), "bid": str(uuid.uuid4())}


def _now() -> int:
    return int(time.time() * 1000)
