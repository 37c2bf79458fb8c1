"""What a message may carry: fields as trees, read from the data files.

In JSON a field is an object; what a field does not have is left out:

    {"name": "rth_altitude", "type": "int", "label": "Return altitude", "required": true,
     "unit": "m", "min": 20, "max": 500, "step": 1}
    {"name": "sn", "type": "text", "label": "Serial number", "length": 64}
    {"name": "reset_mode", "type": "enum", "choices": [[0, "Centre"], [1, "Down"]]}
    {"name": "file", "type": "struct", "fields": [{…}, …]}
    {"name": "devices", "type": "array", "items": "struct", "fields": [{…}, …]}
    {"name": "area_ids", "type": "array", "items": "int"}

A data file may keep labels that many fields share in one object {name: label}, and sets of choices in
another {set: [[value, label], …]}: then a field without "label" takes the one of its name, and "choices"
is a set's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What `Field.type` may be.
TYPES = frozenset({"int", "float", "text", "bool", "enum", "struct", "array"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a field may take, and what it means in our own short words (English, untranslated)."""

    value: int | str | bool
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message or one property of a device.

    `type` is int, float, text, bool, enum, struct or array. `unit` is the symbol shown to people ("m",
    "m/s", "°"), empty where there is none; `minimum`, `maximum` and `step` are in that unit. `max_length`
    bounds a text. `choices` are the values of an enum as far as they are known (a device may send others),
    sometimes also those of a bool or of the items of an array. `required` says that a request without it
    makes no sense; on what devices send it is never set. `children` are the fields of a struct, or of the
    items of an array; `item_type` is the type of an array's items, None when no page names it.
    """

    name: str
    type: str
    label: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    max_length: int | None = None
    choices: tuple[Choice, ...] = ()
    required: bool = False
    children: tuple[Field, ...] = ()
    item_type: str | None = None


def field_from_json(
    raw: Mapping[str, Any],
    *,
    labels: Mapping[str, str] | None = None,
    choices: Mapping[str, Sequence[Sequence[Any]]] | None = None,
) -> Field:
    """Read one field as described above; `labels` and `choices` are what the file's fields share.

    Raises ValueError when the data file is wrong: a type, label or set of choices that does not exist.
    """
    labels, choices = labels or {}, choices or {}
    name, kind = raw["name"], raw["type"]
    label = raw.get("label") or labels.get(name)
    if kind not in TYPES or not label:
        raise ValueError(f"field {name!r}: no type {kind!r}" if label else f"field {name!r} has no label")
    listed = raw.get("choices", ())
    if isinstance(listed, str):
        if listed not in choices:
            raise ValueError(f"field {name!r}: no set of choices {listed!r}")
        listed = choices[listed]
    return Field(
        name=name,
        type=kind,
        label=label,
        unit=raw.get("unit", ""),
        minimum=raw.get("min"),
        maximum=raw.get("max"),
        step=raw.get("step"),
        max_length=raw.get("length"),
        choices=tuple(Choice(value, text) for value, text in listed),
        required=raw.get("required", False),
        children=tuple(field_from_json(child, labels=labels, choices=choices) for child in raw.get("fields", ())),
        item_type=raw.get("items"),
    )
