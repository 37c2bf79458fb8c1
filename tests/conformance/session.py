"""One whole comparison: gateways come online, say everything and are told everything."""

from __future__ import annotations

import secrets
import time
from collections import Counter

import orjson
import redis

from fleet.embedded import mqtt_probe, ports
from fleet.heartbeat import PERIOD, PREFIX
from fleet.mqtt.topics import TELEMETRY
from tests.conformance import downward, ledger, upward
from tests.conformance.examples import MODELS, Line
from tests.conformance.gateway import Gateway, Inbox, Json
from tests.conformance.report import Report
from tests.conformance.upward import PATIENCE, Sent
from tests.live import LiveFleet

#: Something that must be rejected: once it is in the reject log, so is whatever was rejected before it.
_NONSENSE = b"neither a message nor JSON"
_CERTAIN = ("events", "requests", "services_reply", "property/set_reply", "state", "status")


def compare(fleet: LiveFleet, lines: list[Line], *, verbose: bool = False) -> Report:
    """Compare a running server with the examples."""
    report = Report(verbose=verbose)
    for line in lines:
        report.count(line.topic, "examples", line.example is not None)
        if line.declared is None:
            report.miss(line.topic, f"{line}: the catalogue does not know it")
    inbox, run = Inbox(), secrets.token_hex(3).upper()
    gateways = {
        product: Gateway(product, f"CONF{run}{number}", f"CRAFT{run}{number}", inbox)
        for number, product in enumerate(MODELS)
        if any(line.product == product for line in lines)
    }
    before = _counts(fleet)
    try:
        _connect(fleet, run, gateways)
        sent = _say_everything(fleet, lines, gateways, inbox, report)
        downward.compare_services(fleet, lines, gateways, inbox, report)
        downward.compare_direct(fleet, lines, gateways, report)
        downward.compare_replies(lines, sent, report)
        _check_arrivals(fleet, gateways, before, report)
        _check_rejects(fleet, list(gateways.values()), report)
    finally:
        for gateway in gateways.values():
            gateway.close()
    for text in inbox.unreadable:
        report.miss("unreadable", f"the server sent something unreadable: {text}")
    return report


def _connect(fleet: LiveFleet, run: str, gateways: dict[str, Gateway]) -> None:
    """Register the gateways and connect each with its own account. Raises `RuntimeError` when one may not."""
    wanted = {gateway.sn: (MODELS[product][0], product) for product, gateway in gateways.items()}
    registered = fleet.query(f"from tests.conformance import ledger\nanswer = ledger.register({run!r}, {wanted!r})")
    passwords = registered["passwords"]
    host, port = fleet.broker.host, fleet.broker.port
    for gateway in gateways.values():
        gateway.organisation, gateway.code = registered["organisation"], registered["code"]
        url = f"mqtt://{gateway.sn}:{passwords[gateway.sn]}@{host}:{port}"
        known = ports.wait_until(lambda url=url: mqtt_probe.lets_in(url), PATIENCE, 0.1)  # type: ignore[misc]
        if not known or not gateway.connect(host, port, passwords[gateway.sn]):
            raise RuntimeError(
                f"The broker does not let {gateway.product} in: {', '.join(gateway.refused) or 'no account'}"
            )


def _say_everything(
    fleet: LiveFleet, lines: list[Line], gateways: dict[str, Gateway], inbox: Inbox, report: Report
) -> list[Sent]:
    first = upward.topologies(lines, gateways)
    planned = upward.plan(lines, gateways)
    expected = upward.commands_for(planned)
    ledger.call(fleet, "expect", expected)
    upward.publish(first, inbox, report)
    for gateway in gateways.values():
        gateway.live(upward.own_osd(gateway))
        _wait_for_aircraft(gateway, inbox, report)
    upward.publish(planned, inbox, report)
    # Replies are not answered; what was said after them was, and one gateway's messages are handled in order.
    outcome = ledger.call(fleet, "replied", [entry["tid"] for entry in expected])
    for sent in planned:
        if sent.ids.get("tid") in outcome and sent.channel in ("services_reply", "property/set_reply"):
            _check_moved(sent, outcome[sent.ids["tid"]], report)
    return [*first, *planned]


def _wait_for_aircraft(gateway: Gateway, inbox: Inbox, report: Report) -> None:
    """Let the gateway repeat a state of its aircraft, as real ones do, until the broker lets it through."""
    tid, topic = f"aircraft-{gateway.sn}", gateway.topic("state_reply", gateway.aircraft)
    body = {
        "tid": tid,
        "bid": tid,
        "timestamp": int(time.time() * 1000),
        "need_reply": 1,
        "gateway": gateway.sn,
        "data": {},
    }
    end = time.monotonic() + PATIENCE
    while inbox.find(topic, tid) is None and time.monotonic() < end:
        gateway.publish("state", body, sn=gateway.aircraft)
        inbox.wait(lambda: inbox.find(topic, tid) is not None, 0.5)
    # How many of these the broker refused is not known.
    gateway.published["state"] = 0
    if inbox.find(topic, tid) is None:
        report.miss(
            "state",
            f"{gateway.product}: may not speak for its aircraft within {PATIENCE:g} s of its topology",
        )


def _check_moved(sent: Sent, row: Json, report: Report) -> None:
    data = sent.body.get("data")
    if not row["replied_at"] or row["status"] == "sent" or (isinstance(data, dict) and row["output"] != data):
        report.miss(
            sent.channel,
            f"{sent}: the command it answers stands at “{row['status']}”, output {row['output']}",
        )
    else:
        report.count(sent.channel, "moved")


def _check_arrivals(fleet: LiveFleet, gateways: dict[str, Gateway], before: Counter[str], report: Report) -> None:
    """Everything that was published reached a handler, and no handler failed."""
    published: Counter[str] = Counter()
    for gateway in gateways.values():
        gateway.fall_silent()
        published += gateway.published
    telemetry = sum(published[channel] for channel in TELEMETRY)
    wanted = {"telemetry": telemetry} | {channel: published[channel] for channel in _CERTAIN}

    def missing() -> dict[str, int]:
        now = _counts(fleet) - before
        gaps = {name: number - now[name] for name, number in wanted.items() if now[name] < number}
        # What could not even be read is in the reject log.
        return gaps if sum(gaps.values()) > now["rejected"] else {}

    ports.wait_until(lambda: not missing(), 4 * PERIOD, 0.25)
    for name, number in missing().items():
        report.miss(name, f"{name}: {number} of {wanted[name]} messages did not reach the bridge")
    failed = _counts(fleet)["failed"] - before["failed"]
    if failed:
        report.miss("failed", f"{failed} messages made a handler fail; the bridge's log says why")


def _check_rejects(fleet: LiveFleet, gateways: list[Gateway], report: Report) -> None:
    """Nothing but our own nonsense is in the reject log."""
    gateways[0].publish("events", _NONSENSE)
    serials = [sn for gateway in gateways for sn in (gateway.sn, gateway.aircraft)]
    rows: list[Json] = []

    def complete() -> bool:
        rows[:] = fleet.query(f"from tests.conformance import ledger\nanswer = ledger.rejected({serials!r})")
        return any(row["head"] == _NONSENSE.decode() for row in rows)

    if not ports.wait_until(complete, PATIENCE, 0.2):
        report.miss("events", "the reject log does not show what must be rejected")
    for row in rows:
        if row["head"] != _NONSENSE.decode():
            topic = row["topic"].split("/", 3)[-1]
            report.count(topic, "rejected")
            report.miss(topic, f"rejected ({row['reason']}: {row['detail']}): {row['head'][:300]}")


def _counts(fleet: LiveFleet) -> Counter[str]:
    """What the bridge says of itself in its latest sign of life."""
    client = redis.Redis.from_url(fleet.redis.url)
    counted: Counter[str] = Counter()
    for key in client.scan_iter(f"{PREFIX}*"):
        value = client.get(key)
        counted.update(orjson.loads(value).get("bridge", {}).get("counts", {}) if value else {})
    return counted
