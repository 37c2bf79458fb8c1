"""The envelope every message shares: `tid`, `bid`, `timestamp`, `method`, `gateway`, `need_reply`, `data`."""

from __future__ import annotations

import json
import math
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson

from fleet.mqtt.topics import Channel, UnknownTopic, parse

Json = dict[str, Any]


#: Python's own JSON reader, which the database layer uses, gives up at a few hundred levels.
MAX_DEPTH = 64


class Rejected(ValueError):
    """A message that cannot be used: `reason` is a short stable word, `detail` says it to a person."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(slots=True)
class Message:
    """One message from a device. `timestamp` is the device's clock in ms (0 when it sent none that is a number)."""

    topic: str
    sn: str
    channel: Channel
    method: str
    tid: str
    bid: str
    timestamp: int
    gateway: str
    data: Any
    need_reply: bool
    envelope: Json = field(repr=False)
    size: int = 0

    @property
    def fields(self) -> Json:
        """`data` where it is an object, else an empty one: some devices send a list or nothing."""
        return self.data if isinstance(self.data, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _milliseconds(value: Any) -> int:
    """The device's clock in ms; tolerates text, floats and seconds. Nonsense is 0, never an error."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    if not 0 < number < 10**14:
        return 0
    return number * 1000 if number < 10**11 else number


def decode(topic: str, payload: bytes, limit: int = 1_000_000) -> Message:
    """Read one message. Raises `Rejected` when it is no message of the protocol.

    Wrong types inside the envelope are not an error: the device is right, so they are read as well as they can be.
    """
    try:
        sn, channel = parse(topic)
    except UnknownTopic:
        raise Rejected("topic", "The topic is none of the protocol's upward channels.") from None
    if len(payload) > limit:
        raise Rejected("size", f"{len(payload)} bytes; the limit is {limit}.")
    if b"\\u0000" in payload:
        payload = payload.replace(b"\\u0000", b"\\ufffd")  # PostgreSQL's JSON holds no NUL
    try:
        envelope = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        try:
            envelope = _lenient(payload)
        except ValueError:
            raise Rejected("json", f"Not JSON: {error}") from None
    if payload.count(b"[") + payload.count(b"{") > MAX_DEPTH and _deeper_than(envelope, MAX_DEPTH):
        raise Rejected("depth", f"Nested more than {MAX_DEPTH} levels deep; no message of the protocol is.")
    if not isinstance(envelope, dict):
        raise Rejected("shape", f"JSON, but a {type(envelope).__name__} where an object must stand.")
    get = envelope.get
    stamp = get("timestamp")
    if stamp is None:
        stamp = get("timestamp:")  # a slip of the documentation that some firmware shares
    return Message(
        topic,
        sn,
        channel,
        method if type(method := get("method", "")) is str else _text(method),
        tid if type(tid := get("tid", "")) is str else _text(tid),
        bid if type(bid := get("bid", "")) is str else _text(bid),
        stamp if type(stamp) is int and 10**11 < stamp < 10**14 else _milliseconds(stamp),
        gateway if type(gateway := get("gateway")) is str and gateway else _text(gateway) or sn,
        get("data"),
        get("need_reply") in (1, "1", True),
        envelope,
        len(payload),
    )


def _deeper_than(value: Any, limit: int) -> bool:
    """Whether lists and objects stand in one another more than `limit` times. Walks level by level, never recursing."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _lenient(payload: bytes) -> Any:
    """JSON as careless writers make it: NaN and infinities (read as null) and halves of surrogate pairs.

    Whole numbers of more than 64 bits become floats, as `orjson` reads them: nobody could write them out again.
    """
    text = payload.decode("utf-8")
    try:
        found = json.loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Through bytes once more: what is left of a broken pair becomes a question mark.
    return json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _whole(text: str) -> int | float | None:
    return int(text) if len(text) < 19 else _finite(text)


def now_ms() -> int:
    return int(time.time() * 1000)


def new_id() -> str:
    return str(uuid.uuid4())


def reply_envelope(message: Message, data: Json) -> Json:
    """The answer to `message`: same ids, same method. `state_reply` carries no method."""
    envelope: Json = {"tid": message.tid, "bid": message.bid, "timestamp": now_ms(), "data": data}
    if message.channel is not Channel.STATE and message.method:
        envelope["method"] = message.method
    if message.channel is not Channel.STATE and message.gateway:
        envelope["gateway"] = message.gateway
    return envelope


def encode(envelope: Json) -> bytes:
    return orjson.dumps(envelope, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_UUID)
