"""Is this what the protocol says? A device refuses a command whose data is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fleet.protocol.methods import Field

# Newer pages renamed these fields; devices and servers of both ages exist.
OTHER_NAMES = {"esim_operator": "telecom_operator"}


def problems(fields: Iterable[Field], data: Any, path: str = "") -> list[str]:
    """What is wrong with the data of a message, in words; empty when nothing is. Unknown extra fields are
    no fault.
    """
    fields = tuple(fields)
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        return [f"{path or 'data'} is not an object"]
    found: list[str] = []
    for field in fields:
        name = f"{path}.{field.name}" if path else field.name
        key = field.name
        if key not in data and OTHER_NAMES.get(key) in data:
            key = OTHER_NAMES[key]
        if data.get(key) is None:
            if field.required:
                found.append(f"{name} is missing")
            continue
        found += value_problems(field, data[key], name)
    return found


def value_problems(field: Field, value: Any, name: str) -> list[str]:
    """What is wrong with one value."""
    match field.type:
        case "struct":
            return problems(field.children, value, name)
        case "array":
            if not isinstance(value, list):
                return [f"{name} is not a list"]
            if not field.children:
                return []
            return [
                problem
                for index, item in enumerate(value)
                for problem in problems(field.children, item, f"{name}[{index}]")
            ]
        case "enum":
            return _enum_problems(field, value, name)
        case "bool":
            # Devices are seen to take 0 and 1 for the truth values that the pages name.
            return [] if isinstance(value, bool) or value in (0, 1) else [f"{name} is not true or false"]
        case "text":
            if not isinstance(value, str):
                return [f"{name} is not text"]
            if field.max_length is not None and len(value) > field.max_length:
                return [f"{name} is longer than {field.max_length}"]
            return []
        case "int" | "float":
            return _number_problems(field, value, name)
    return []


def _enum_problems(field: Field, value: Any, name: str) -> list[str]:
    if not isinstance(value, str | int):
        return [f"{name} is neither a number nor a text"]
    allowed = [choice.value for choice in field.choices]
    if allowed and not any(value == choice and isinstance(value, str) == isinstance(choice, str) for choice in allowed):
        return [f"{name} {value!r} is none of {allowed}"]
    return []


def _number_problems(field: Field, value: Any, name: str) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [f"{name} is not a number"]
    if field.type == "int" and value != int(value):
        return [f"{name} is not a whole number"]
    if field.minimum is not None and value < field.minimum:
        return [f"{name} {value} is below {field.minimum}"]
    if field.maximum is not None and value > field.maximum:
        return [f"{name} {value} is above {field.maximum}"]
    return []
