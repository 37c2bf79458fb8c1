"""Reading a plan out of JSON: every value with its path, so that a form can show the complaint where it belongs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from waylines.wpml.errors import PlanError
from waylines.wpml.errors import gettext_noop as _


class Fields:
    """One JSON object of a plan. Readers raise PlanError with the field's path; `done` refuses what nobody read."""

    def __init__(self, data: Any, path: str = "") -> None:
        self.path = path
        if not isinstance(data, Mapping):
            raise PlanError(path or "plan", "not_an_object", _("An object is expected here."))
        self._data = data
        self._seen: set[str] = set()

    def at(self, name: str) -> str:
        """The path of one of this object's fields."""
        return f"{self.path}.{name}" if self.path else name

    def given(self, name: str) -> Any:
        """The raw value; None when it is missing, null or an empty text."""
        self._seen.add(name)
        value = self._data.get(name)
        return None if value == "" else value

    def is_emptied(self, name: str) -> bool:
        """Whether somebody took out what was there: the field is given, and holds nothing."""
        return name in self._data and self.given(name) is None

    def done(self) -> None:
        """Raises PlanError("unknown_field") for a field that nobody asked for: it may be a misspelt one."""
        for name in self._data:
            if name not in self._seen:
                raise PlanError(self.at(str(name)[:60]), "unknown_field", _("There is no such field."))

    def text(self, name: str, default: str = "", *, longest: int = 200) -> str:
        """A text of one line, without what XML cannot hold."""
        value = self.given(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise PlanError(self.at(name), "not_a_text", _("A text is expected here."))
        if len(value) > longest:
            raise PlanError(self.at(name), "too_long", _("At most %(limit)s characters fit here."), limit=longest)
        if not all(char.isprintable() for char in value):
            raise PlanError(self.at(name), "bad_text", _("Line breaks and control characters do not fit here."))
        return value.strip()

    def choice(self, name: str, default: str, choices: Collection[str]) -> str:
        """One of some words."""
        value = self.text(name, default)
        if value not in choices:
            raise PlanError(
                self.at(name), "unknown_word", _("One of %(choices)s is expected here."), choices=", ".join(choices)
            )
        return value

    def number(self, name: str, low: float, high: float, *, digits: int = 3) -> float:
        """A finite number from `low` to `high`, rounded to what a file holds."""
        found = self.optional(name, low, high, digits=digits)
        if found is None:
            raise PlanError(self.at(name), "missing", _("A number is missing here."))
        return found

    def optional(self, name: str, low: float, high: float, *, digits: int = 3) -> float | None:
        """The same, None when it is not given."""
        value = self.given(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise self._no_number(name)
        try:
            found = float(value)
        except (ValueError, OverflowError):
            raise self._no_number(name) from None
        if not math.isfinite(found):
            raise self._no_number(name)
        found = round(found, digits) + 0.0
        if not low <= found <= high:
            raise PlanError(
                self.at(name), "out_of_range", _("Between %(low)s and %(high)s is possible here."), low=low, high=high
            )
        return found

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        found = self.optional(name, low, high, digits=6)
        if found is None:
            return default
        if found != int(found):
            raise PlanError(self.at(name), "not_whole", _("A whole number is expected here."))
        return int(found)

    def flag(self, name: str) -> bool | None:
        """Yes, no or not given."""
        value = self.given(name)
        if value is None or isinstance(value, bool):
            return value
        raise PlanError(self.at(name), "not_a_flag", _("Yes or no is expected here."))

    def items(self, name: str, *, most: int) -> Sequence[Any]:
        """A list; empty when it is not given."""
        value = self.given(name)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            raise PlanError(self.at(name), "not_a_list", _("A list is expected here."))
        if len(value) > most:
            raise PlanError(self.at(name), "too_many", _("At most %(limit)s fit here."), limit=most)
        return value

    def _no_number(self, name: str) -> PlanError:
        return PlanError(self.at(name), "not_a_number", _("A number is expected here."))


def model_key(fields: Fields, name: str, domain: int, *, required: bool = True) -> str:
    """A model's key, `domain-type-sub_type`. Raises PlanError."""
    value = fields.text(name)
    if not value and not required:
        return ""
    parts = value.split("-")
    if len(parts) != 3 or parts[0] != str(domain) or not all(part.isascii() and part.isdigit() for part in parts):
        raise PlanError(
            fields.at(name),
            "no_model",
            _("A model's key such as %(example)s is expected here."),
            example=f"{domain}-99-0" if domain == 0 else f"{domain}-88-0",
        )
    numbers = [int(part) for part in parts]
    if max(numbers) > 1_000_000:
        raise PlanError(
            fields.at(name), "no_model", _("A model's key such as %(example)s is expected here."), example="0-99-0"
        )
    return "-".join(map(str, numbers))
