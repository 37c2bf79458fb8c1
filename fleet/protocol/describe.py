"""What a device pushed, in plain words.

Takes the merged latest state of a device as raw JSON and gives a tree of readings for people. Whatever a
device sends is shown: unknown keys by their raw name, unknown numbers of an enum as such, and every reading
keeps the raw value it was made of. Nothing here raises, whatever the JSON. Texts are English and
untranslated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fleet.protocol import device_models, errors
from fleet.protocol.fields import Choice, Field
from fleet.protocol.properties import Property, resolve, time_unit, unknown_values

UNKNOWN = "unknown"
NONE = "none"

#: Deeper than any page goes; what lies below stays raw in one reading.
MAX_DEPTH = 16

_PAYLOAD_FIELDS = frozenset({"payload_index", "camera_index"})
_MODEL_FIELDS = frozenset({"device_model_key", "product_type"})
_ERROR_FIELDS = frozenset({"error_status"})
#: Up to here a number is one that a device may mean, and floats count exactly.
_LARGEST = 10**15
#: Decimals shown by unit; elsewhere one.
_DIGITS = {"": 3, "x": 2, "GHz": 3}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value in words.

    `path` leads to the value ("cameras.0.zoom_factor"), `label` names it, `text` says it and `unit` is the
    symbol that belongs behind the text ("" where the text needs none). `raw` is what the device sent.
    `known` is false for a key on no page. A struct has its fields as `children` and an array its items,
    numbered from 1.
    """

    path: str
    label: str
    text: str
    unit: str
    raw: Any
    known: bool
    children: tuple[Reading, ...] = ()


def describe(properties: Mapping[str, Property], state: Mapping[str, Any]) -> list[Reading]:
    """The readings of a state: those of known properties sorted by label, then unknown keys sorted by name.

    `properties` comes from `fleet.protocol.properties.for_model`; with none at all every key is unknown. A
    state that is no object gives one unknown reading with an empty path.
    """
    if not isinstance(state, Mapping):
        return [_reading("", "", None, state, 1.0, 0)]
    known: list[Reading] = []
    unknown: list[Reading] = []
    for key, raw in state.items():
        name = str(key)
        found = resolve(properties, name)
        if found is None:
            unknown.append(_reading(name, name, None, raw, 1.0, 0))
        else:
            known.append(_reading(name, found.field.label, found.field, raw, found.scale, 0))
    known.sort(key=lambda reading: (reading.label.casefold(), reading.path))
    unknown.sort(key=lambda reading: reading.path)
    return known + unknown


def _reading(path: str, label: str, field: Field | None, raw: Any, scale: float, depth: int) -> Reading:
    children: tuple[Reading, ...] = ()
    if isinstance(raw, Mapping | list | tuple):
        text, unit = (NONE if not raw else ""), ""
        if raw and depth >= MAX_DEPTH:
            text = _entries(raw)
        elif isinstance(raw, Mapping):
            children = _members(path, field, raw, depth)
        else:
            children = _items(path, field, raw, depth)
            text = _listed(raw, children)
    else:
        text, unit = _words(field, raw, scale)
    return Reading(path, label, text, unit, raw, field is not None, children)


def _members(path: str, field: Field | None, raw: Mapping[Any, Any], depth: int) -> tuple[Reading, ...]:
    """The fields of a struct: known ones as the page orders them, then the others."""
    fields = {child.name: child for child in field.children} if field else {}
    order = {name: place for place, name in enumerate(fields)}
    names = sorted(raw, key=lambda key: order.get(str(key), len(order)))
    readings = []
    for key in names:
        child = fields.get(str(key))
        label = child.label if child else str(key)
        readings.append(_reading(_join(path, str(key)), label, child, raw[key], 1.0, depth + 1))
    return tuple(readings)


def _items(path: str, field: Field | None, raw: Sequence[Any], depth: int) -> tuple[Reading, ...]:
    readings = []
    for place, item in enumerate(raw):
        label = str(place + 1)
        if isinstance(item, Mapping) and isinstance(item.get("payload_index"), str):
            label = device_models.camera_name(item["payload_index"]) or label
        readings.append(_reading(_join(path, str(place)), label, field, item, 1.0, depth + 1))
    return tuple(readings)


def _listed(raw: Sequence[Any], children: Sequence[Reading]) -> str:
    """An array in one line: its values, or how many there are when they are structs."""
    if any(child.children for child in children):
        return _entries(raw)
    return ", ".join(f"{child.text} {child.unit}".rstrip() for child in children) or NONE


def _entries(raw: Mapping[Any, Any] | Sequence[Any]) -> str:
    return "1 entry" if len(raw) == 1 else f"{len(raw)} entries"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _words(field: Field | None, raw: Any, scale: float) -> tuple[str, str]:
    """Text and unit of a value that is neither object nor array."""
    if raw is None:
        return UNKNOWN, ""
    if field is None:
        return _plain(raw), ""
    if isinstance(raw, int | float) and not isinstance(raw, bool) and raw in unknown_values(field.name):
        return UNKNOWN, ""
    if field.choices:
        return _choice(field.choices, raw), ""
    if field.type == "bool":
        return _yes_or_no(raw), ""
    if isinstance(raw, str):
        return _named(field.name, raw), ""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) < _LARGEST:
        return _plain(raw), ""
    if field.name in _ERROR_FIELDS:
        return (f"{raw}: {errors.text(int(raw))}".rstrip(": ") if raw else NONE), ""
    since = time_unit(field.name)
    if since:
        return _moment(raw / 1000 if since == "ms" else raw), ""
    return _quantity(field, raw * scale if scale != 1.0 else raw)


def _plain(raw: Any) -> str:
    """A value of which nothing is known."""
    if raw is None:
        return UNKNOWN
    if isinstance(raw, bool):
        return "Yes" if raw else "No"
    if isinstance(raw, float):
        if not math.isfinite(raw):
            return UNKNOWN
        return _rounded(raw, 3) if abs(raw) < _LARGEST else str(raw)
    if isinstance(raw, int) and abs(raw) >= 10**300:
        return "a number too large to show"
    return str(raw) or NONE


def _choice(choices: Sequence[Choice], raw: Any) -> str:
    for choice in choices:
        if choice.value == raw or _comparable(choice.value) == _comparable(raw):
            return choice.label
    return f"Unknown ({_plain(raw)})"


def _comparable(value: Any) -> str | None:
    """Devices write 1, true, "1" and "true" for one another; None for a number that is none of ours."""
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return None
    text = str(value).lower()
    return {"true": "1", "false": "0"}.get(text, text)


def _yes_or_no(raw: Any) -> str:
    return {"1": "Yes", "1.0": "Yes", "0": "No", "0.0": "No"}.get(_comparable(raw) or "", f"Unknown ({_plain(raw)})")


def _named(name: str, raw: str) -> str:
    """A text; where it is the key of a model or payload, that thing's name."""
    if name in _PAYLOAD_FIELDS:
        found = device_models.camera_of(raw)
        return f"{found.name} ({raw})" if found else raw or NONE
    if name in _MODEL_FIELDS:
        model = device_models.find(raw)
        return model.name if model else raw or NONE
    return raw or NONE


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return _plain(seconds)


def _quantity(field: Field, number: float) -> tuple[str, str]:
    """A number in the unit that people would choose."""
    unit = field.unit
    size = abs(number)
    if unit == "s" and size >= 60:
        return _duration(number), ""
    if unit == "kB":
        return _bytes(number)
    if unit in ("mV", "mA") and size >= 1000:
        return _rounded(number / 1000, 2), unit[1:]
    if unit == "m" and size >= 10_000:
        return _rounded(number / 1000, 1), "km"
    if field.name.endswith(("latitude", "longitude")):
        return _rounded(number, 7), unit
    return _rounded(number, _DIGITS.get(unit, 1)), unit


def _duration(seconds: float) -> str:
    minutes = int(abs(seconds)) // 60
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    return f"{sign}{hours} h {minutes:02} min" if hours else f"{sign}{minutes} min"


def _bytes(kilobytes: float) -> tuple[str, str]:
    """Storage counts in thousands, as makers of cards do."""
    size = float(kilobytes)
    for unit in ("kB", "MB", "GB"):
        if abs(size) < 1000:
            return _rounded(size, 1), unit
        size /= 1000
    return _rounded(size, 1), "TB"


def _rounded(number: float, digits: int) -> str:
    if isinstance(number, int):
        return str(number)
    text = f"{number:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
