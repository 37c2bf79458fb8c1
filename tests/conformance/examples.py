"""The file of examples, and payloads for what it describes without an example."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.protocol import methods
from fleet.protocol.fields import Field

#: Product -> model keys of a gateway and of an aircraft that flies with it.
MODELS = {
    "dock1": ("3-1-0", "0-67-0"),
    "dock2": ("3-2-0", "0-91-0"),
    "dock3": ("3-3-0", "0-100-0"),
    "rc": ("2-119-0", "0-67-0"),
    "rc-pro": ("2-144-0", "0-77-0"),
    "dji-rc-plus-2": ("2-174-0", "0-99-0"),
}


class Unreadable(Exception):
    """The file cannot be used; the text is a sentence for whoever named it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. `paths` are the documented fields inside `data`; `example` is None for none."""

    number: int
    product: str
    topic: str
    method: str
    up: bool
    paths: frozenset[str]
    example: Any

    @property
    def declared(self) -> methods.Method | None:
        """What our own catalogue says of it."""
        return methods.find(self.topic, self.method, self.product)

    def __str__(self) -> str:
        return f"{self.product} {self.topic} {self.method} (line {self.number})"


def read(path: Path) -> list[Line]:
    """The lines of the file. Raises `Unreadable`."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"There are no examples to read at {path}: {error}") from None
    found = [_line(number, raw) for number, raw in enumerate(text.splitlines(), 1) if raw.strip()]
    if not found:
        raise Unreadable(f"There is not a single example in {path}.")
    return found


def _line(number: int, raw: str) -> Line:
    try:
        entry = json.loads(raw)
        line = Line(
            number=number,
            product=entry["product"],
            topic=entry["topic"],
            method=entry["method"],
            up={"up": True, "down": False}[entry["direction"]],
            paths=frozenset(field["path"] for field in entry["fields"]),
            example=entry["example"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"Line {number} is no example: {type(error).__name__} {error}") from None
    if line.product not in MODELS:
        raise Unreadable(f"Line {number} names a product that is not known here: {line.product}")
    return line


def made_up(fields: Iterable[Field]) -> dict[str, Any]:
    """The plainest data these fields allow: lowest numbers, first choices, one item in each list."""
    return {field.name: _value(field) for field in fields}


def _value(field: Field) -> Any:
    if field.type == "struct":
        return made_up(field.children)
    if field.type == "array":
        return [_item(field)] if field.children or field.item_type else []
    if field.type == "enum":
        return field.choices[0].value if field.choices else 0
    if field.type == "text":
        return field.name[: field.max_length or 64]
    return _plain(field.type, field.minimum or 0)


def _item(field: Field) -> Any:
    if field.children:
        return made_up(field.children)
    if field.choices:
        return field.choices[0].value
    return _plain(field.item_type or "text", field.minimum or 0)


def _plain(type_: str, lowest: float) -> Any:
    match type_:
        case "int" | "enum":
            return int(lowest)
        case "float":
            return float(lowest)
        case "bool":
            return False
        case "array":
            return []
        case "struct":
            return {}
    return "text"
