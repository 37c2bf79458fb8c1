"""What a device says of a file, read as well as it can be: every field may be missing or nonsense.

Pilot's `upload-callback` (page "Media file upload result report") and a dock's `file_upload_callback` (page "Media")
carry the same under slightly different names; both spellings are read from both.
"""

from __future__ import annotations

import math
import zoneinfo
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

Json = dict[str, Any]

#: S3's own limit, in bytes.
LONGEST_KEY = 1024
#: No camera of these aircraft took a picture before.
EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Said:
    """`result` is 0 unless the device says that it failed. Degrees, metres."""

    result: int = 0
    object_key: str = ""
    name: str = ""
    path: str = ""
    fingerprint: str = ""
    tiny_fingerprint: str = ""
    sub_file_type: int | None = None
    is_original: bool | None = None
    drone_model_key: str = ""
    payload_model_key: str = ""
    sn: str = ""
    flight_id: str = ""
    group_key: str = ""
    latitude: float | None = None
    longitude: float | None = None
    absolute_height: float | None = None
    relative_height: float | None = None
    gimbal_yaw: float | None = None
    taken: str = ""
    #: As it came, without what would not fit into a database.
    raw: Json = field(default_factory=dict)


def read(body: Json) -> Said:
    """`body` is the object that holds `object_key`, `name`, `ext`, `metadata` and perhaps `result`."""
    ext, metadata = mapping(body.get("ext")), mapping(body.get("metadata"))
    position = mapping(metadata.get("shoot_position"))
    latitude = number(_first(position, "lat", "latitude"), 90)
    longitude = number(_first(position, "lng", "lon", "longitude"), 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        latitude = longitude = None  # cameras without a fix write zeros
    return Said(
        result=_result(body.get("result")),
        object_key=_key(body.get("object_key")),
        name=text(body.get("name"), 500),
        path=text(body.get("path"), 1024),
        fingerprint=text(body.get("fingerprint"), 128),
        tiny_fingerprint=text(
            _first(ext, "tinny_fingerprint", "tiny_fingerprint") or _first(body, "tiny_fingerprint"), 128
        ),
        sub_file_type=whole(body.get("sub_file_type")),
        is_original=flag(ext.get("is_original")),
        drone_model_key=text(ext.get("drone_model_key"), 32),
        payload_model_key=text(ext.get("payload_model_key"), 32),
        sn=text(ext.get("sn"), 64),
        flight_id=text(ext.get("flight_id"), 64),
        group_key=text(ext.get("file_group_id"), 64),
        latitude=latitude,
        longitude=longitude,
        absolute_height=number(metadata.get("absolute_altitude"), 20_000),
        relative_height=number(metadata.get("relative_altitude"), 20_000),
        gimbal_yaw=number(metadata.get("gimbal_yaw_degree"), 720),
        taken=text(_first(metadata, "created_time", "create_time"), 64),
        raw=plain(body),
    )


def _first(found: Json, *names: str) -> Any:
    return next((found[name] for name in names if found.get(name) not in (None, "")), None)


def mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def text(value: Any, longest: int) -> str:
    """As text that a database holds, cut at `longest` characters; what is no text or number is ""."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode().replace("\x00", "\ufffd").strip()[:longest]


def _key(value: Any) -> str:
    """Never altered: another key is another object. One that no bucket could hold is ""."""
    if not isinstance(value, str) or "\x00" in value:
        return ""
    try:
        return value if len(value.encode()) <= LONGEST_KEY else ""
    except UnicodeEncodeError:
        return ""


def number(value: Any, limit: float) -> float | None:
    """A finite number between -limit and limit, also out of text; else None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and abs(found) <= limit else None


def whole(value: Any) -> int | None:
    found = number(value, 2**31 - 1)
    return int(found) if found is not None else None


def flag(value: Any) -> bool | None:
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int) else None


def _result(value: Any) -> int:
    """Missing is success; what is there and no number is a failure, for it is not 0."""
    if value is None or value == "":
        return 0
    found = whole(value)
    return found if found is not None else -1


def plain(value: Any, depth: int = 0) -> Any:
    """JSON that a database holds: no NUL, no half characters, no infinities, not too deep and not too long."""
    if isinstance(value, dict):
        return {text(key, 100): plain(inner, depth + 1) for key, inner in list(value.items())[:100] if depth < 8}
    if isinstance(value, list | tuple):
        return [plain(inner, depth + 1) for inner in value[:100] if depth < 8]
    if isinstance(value, str):
        return text(value, 1024)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > 2**63:
        return str(value)[:100]
    return value if value is None or isinstance(value, bool | int | float) else text(str(value), 100)


def _written(value: str) -> str:
    """EXIF writes a date with colons, some cameras with slashes."""
    written = value.strip().replace("/", "-")
    if written[4:5] == ":" and written[7:8] == ":":
        written = written[:10].replace(":", "-") + written[10:]
    return written


def moment(value: str, zone: tzinfo) -> datetime | None:
    """A time as devices write it; one without a zone is meant in `zone`. None for nonsense and for the impossible."""
    try:
        found = parse_datetime(_written(value))
        if found is None:
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if EARLIEST <= found <= timezone.now() + timedelta(days=1) else None


def has_zone(value: str) -> bool:
    """Whether a time says itself where it was meant."""
    try:
        found = parse_datetime(_written(value))
    except ValueError:
        return False
    return found is not None and found.tzinfo is not None


def zone_of(name: str) -> tzinfo:
    """A workspace's time zone."""
    return zoneinfo.ZoneInfo(name)
