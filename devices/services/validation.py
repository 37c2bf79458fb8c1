"""Checks what is about to be sent against the method's declaration (`fleet.protocol.methods`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from fleet.protocol.fields import Field

#: No documented request is nested half as deep; what is deeper is no request.
_DEEPEST = 20


class InvalidData(ValueError):
    """What does not fit, by field path."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {text}" if path else text for path, text in errors.items()))
        self.errors = dict(errors)


def check(fields: Iterable[Field], data: Any) -> None:
    """Raises `InvalidData`. Fields we do not know are let through: newer devices know more than we do."""
    if not isinstance(data, Mapping):
        raise InvalidData({"": _("An object is needed.")})
    errors: dict[str, str] = {}
    _check_sendable(data, "", errors, 0)
    if errors:
        raise InvalidData(errors)
    _check_struct(fields, data, "", errors)
    if errors:
        raise InvalidData(errors)


def _check_sendable(value: Any, where: str, errors: dict[str, str], depth: int) -> None:
    """What neither JSON nor the database can hold, wherever it stands: it would fail after the person said yes."""
    if depth > _DEEPEST:
        errors[where] = _("This is nested too deeply.")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_sendable(str(key), where, errors, depth + 1)
            _check_sendable(item, f"{where}.{key}" if where else str(key), errors, depth + 1)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            _check_sendable(item, f"{where}.{number}", errors, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        errors[where] = _("A number is needed.")
    elif isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        errors[where] = _("Text must not contain control signs that JSON cannot carry.")


def _check_struct(fields: Iterable[Field], data: Mapping[str, Any], path: str, errors: dict[str, str]) -> None:
    for field in fields:
        where = f"{path}.{field.name}" if path else field.name
        value = data.get(field.name)
        if value is None:
            if field.required:
                errors[where] = _("This is needed.")
            continue
        _check_value(field, value, where, errors)


def _check_value(field: Field, value: Any, where: str, errors: dict[str, str]) -> None:
    if field.type == "struct":
        if isinstance(value, Mapping):
            _check_struct(field.children, value, where, errors)
        else:
            errors[where] = _("An object is needed.")
    elif field.type == "array":
        if not isinstance(value, list):
            errors[where] = _("A list is needed.")
        elif field.children:
            for number, item in enumerate(value):
                if isinstance(item, Mapping):
                    _check_struct(field.children, item, f"{where}.{number}", errors)
                else:
                    errors[f"{where}.{number}"] = _("An object is needed.")
        elif field.item_type:
            item_field = replace(field, type=field.item_type, item_type=None, required=False)
            for number, item in enumerate(value):
                _check_value(item_field, item, f"{where}.{number}", errors)
    elif field.type in ("int", "float"):
        _check_number(field, value, where, errors)
    elif field.type == "enum":
        if field.choices and not _is_listed(field, value):
            errors[where] = _("One of %(choices)s.") % {
                "choices": ", ".join(f"{c.value} ({c.label})" for c in field.choices)
            }
    elif field.type == "bool":
        if not isinstance(value, bool) and value not in (0, 1):
            errors[where] = _("Yes or no.")
    elif not isinstance(value, str):
        errors[where] = _("Text is needed.")
    elif field.max_length is not None and len(value) > field.max_length:
        errors[where] = _("At most %(count)s characters.") % {"count": field.max_length}


def _is_listed(field: Field, value: Any) -> bool:
    """Whether a choice has this value: pages print the numbers of one field now as numbers, now as text."""
    values = [choice.value for choice in field.choices]
    if value in values:
        return True
    spelled = {str(known) for known in values if not isinstance(known, bool)}
    return isinstance(value, int | float | str) and not isinstance(value, bool) and str(value) in spelled


def _check_number(field: Field, value: Any, where: str, errors: dict[str, str]) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        errors[where] = _("A number is needed.")
    elif field.type == "int" and int(value) != value:
        errors[where] = _("A whole number is needed.")
    elif (field.minimum is not None and value < field.minimum) or (field.maximum is not None and value > field.maximum):
        low, high = (f"{bound:g}" if bound is not None else "…" for bound in (field.minimum, field.maximum))
        errors[where] = _("Between %(low)s and %(high)s %(unit)s.") % {"low": low, "high": high, "unit": field.unit}
