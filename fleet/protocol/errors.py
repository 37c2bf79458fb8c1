"""What result codes mean, in our own short words (page "Error codes", v1.16.1: 448 codes).

A reply carries `result`: 0 is success, everything else a code. The first digits of a code say which part of
the system complains, so that a code no page lists still has a family.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What is known of a code.

    `code` is None for what is no number. `text` says what happened and, where it helps, what to do; it is
    empty for success and for codes no page lists. `family` names the part that complains, empty when even
    that is unknown. Both are English and untranslated.
    """

    code: int | None
    text: str = ""
    family: str = ""


def text(code: int | str | None) -> str:
    """What this code means; "" for success, for a code no page lists and for what is no code. Never
    raises."""
    number = _number(code)
    return "" if number is None else _texts().get(number, "")


def explain(code: int | str | None) -> ErrorText:
    """The code with its text and family. Never raises."""
    number = _number(code)
    if number is None:
        return ErrorText(code=None)
    return ErrorText(code=number, text=_texts().get(number, ""), family=_family(number))


def codes() -> tuple[int, ...]:
    """All documented codes in ascending order."""
    return tuple(sorted(_texts()))


def _number(code: object) -> int | None:
    """Devices write codes as numbers, as decimal text, and the pages speak of hexadecimal text as well."""
    if isinstance(code, bool):
        return None
    if isinstance(code, int):
        return code
    if isinstance(code, float) and code.is_integer():
        return int(code)
    if not isinstance(code, str) or len(code) > 20:
        return None
    try:
        digits = code.strip().lower()
        return int(digits, 16) if digits.startswith("0x") else int(digits)
    except ValueError:
        return None


def _family(code: int) -> str:
    for first, last, name in _data()["families"]:
        if first <= code <= last:
            return str(name)
    return ""


@cache
def _data() -> Mapping[str, Any]:
    raw = resources.files(__package__).joinpath("data/error_codes.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(raw)
    return MappingProxyType(data)


@cache
def _texts() -> Mapping[int, str]:
    return MappingProxyType({int(code): meaning for code, meaning in _data()["texts"].items()})
