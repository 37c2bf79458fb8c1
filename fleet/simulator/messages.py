"""The envelope around every message, and the topics it travels on (page "Topic definition")."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def thing(sn: str, channel: str) -> str:
    """thing/product/{sn}/{channel}."""
    return f"thing/product/{sn}/{channel}"


def system(sn: str, channel: str) -> str:
    """sys/product/{sn}/{channel}."""
    return f"sys/product/{sn}/{channel}"


def envelope(
    gateway: str,
    data: Any,
    *,
    method: str | None = None,
    tid: str | None = None,
    bid: str | None = None,
    need_reply: int | None = None,
    timestamp: int | None = None,
) -> dict[str, Any]:
    """A message as a device writes it: timestamp in milliseconds (now), fresh tid and bid unless given."""
    message: dict[str, Any] = {
        "tid": tid or str(uuid.uuid4()),
        "bid": bid or str(uuid.uuid4()),
        "timestamp": int(time.time() * 1000) if timestamp is None else timestamp,
        "gateway": gateway,
        "data": data,
    }
    if method is not None:
        message["method"] = method
    if need_reply is not None:
        message["need_reply"] = need_reply
    return message


def encode(message: Mapping[str, Any]) -> bytes:
    """The bytes of a message: compact JSON."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Message:
    """One message from the cloud. `channel` is what follows the serial in the topic ("services",
    "events_reply", …).

    `method`, `tid` and `bid` are "" where the message has none; `data` is as it came.
    """

    topic: str
    channel: str
    sn: str
    method: str
    tid: str
    bid: str
    data: Any
    raw: Mapping[str, Any]

    @property
    def result(self) -> Any:
        """`data.result`, or None when there is none."""
        return self.data.get("result") if isinstance(self.data, Mapping) else None

    @property
    def output(self) -> Mapping[str, Any]:
        """`data.output`, or an empty mapping."""
        output = self.data.get("output") if isinstance(self.data, Mapping) else None
        return output if isinstance(output, Mapping) else {}


def decode(topic: str, payload: bytes) -> Message:
    """Read a message from the cloud; ValueError says what is wrong with it."""
    levels = topic.split("/")
    if len(levels) < 4:
        raise ValueError(f"unexpected topic {topic}")
    raw = json.loads(payload)
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    named = {key: raw.get(key) for key in ("method", "tid", "bid")}
    for key, value in named.items():
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{key} is not text")
    return Message(
        topic=topic,
        channel="/".join(levels[3:]),
        sn=levels[2],
        method=named["method"] or "",
        tid=named["tid"] or "",
        bid=named["bid"] or "",
        data=raw.get("data"),
        raw=raw,
    )
