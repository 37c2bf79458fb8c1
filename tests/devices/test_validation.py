"""What is about to be sent is held against its declaration; both spellings of a number pass."""

from __future__ import annotations

from typing import Any

import pytest

from devices.services import validation
from fleet.protocol.fields import Choice, Field


def choice(*values: int | str | bool) -> Field:
    return Field("mode", "enum", "Mode", choices=tuple(Choice(value, f"Mode {value}") for value in values))


def problems(field: Field, value: Any) -> set[str]:
    try:
        validation.check([field], {field.name: value})
    except validation.InvalidData as error:
        return set(error.errors)
    return set()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (choice("0", "1", "0.7"), 1),
        (choice("0", "1", "0.7"), "1"),
        (choice("0", "1", "0.7"), 0.7),
        (choice("0", "1", "0.7"), 0),
        (choice(0, 1, 255), "255"),
        (choice(0, 1, 255), 255),
        (choice(-1, 0), "-1"),
        (choice(True, False), True),
        (choice("wide", "zoom"), "zoom"),
        (choice(), "whatever is newer than our list"),
    ],
)
def test_a_choice_may_be_spelled_as_number_or_as_text(field: Field, value: Any) -> None:
    assert problems(field, value) == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (choice("0", "1"), 2),
        (choice("0", "1"), "2"),
        (choice("0", "1"), "01"),
        (choice("0", "1"), " 1"),
        (choice("0", "1"), ""),
        (choice("0", "1"), ["1"]),
        (choice("0", "1"), {"1": 1}),
        (choice("0", "1"), True),
        (choice("True", "False"), True),
        (choice(True, False), "True"),
        (choice(0, 1, 255), "254"),
        (choice("wide", "zoom"), "Zoom"),
        (choice("wide", "zoom"), 0),
    ],
)
def test_what_no_choice_has_in_either_spelling_is_refused(field: Field, value: Any) -> None:
    assert problems(field, value) == {"mode"}


def test_both_spellings_pass_inside_lists_and_structures_too() -> None:
    inner = Field("lens", "struct", "Lens", children=(choice("1", "2"),))
    outer = Field("lenses", "array", "Lenses", item_type="struct", children=(inner,))
    validation.check([outer], {"lenses": [{"lens": {"mode": 1}}, {"lens": {"mode": "2"}}]})
    with pytest.raises(validation.InvalidData) as caught:
        validation.check([outer], {"lenses": [{"lens": {"mode": 1}}, {"lens": {"mode": 3}}]})
    assert set(caught.value.errors) == {"lenses.1.lens.mode"}


@pytest.mark.parametrize("item", [float("nan"), float("inf"), "a\0b", "\ud800", {"deep": "a\0b"}], ids=repr)
def test_what_neither_json_nor_the_database_can_hold_is_refused_wherever_it_stands(item: object) -> None:
    for data in ({"n": [item]}, {"nobody_declared": {"this": item}}):
        with pytest.raises(validation.InvalidData):
            validation.check([Field("n", "array", "List")], data)


def test_the_items_of_a_plain_list_are_checked() -> None:
    field = Field("n", "array", "List", item_type="text")
    validation.check([field], {"n": ["a", "b"]})
    with pytest.raises(validation.InvalidData) as caught:
        validation.check([field], {"n": ["a", 2]})
    assert list(caught.value.errors) == ["n.1"]
