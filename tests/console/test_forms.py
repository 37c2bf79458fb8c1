"""Forms made from declarations: every documented service can be asked, with exactly the right data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devices.forms import form_for, property_form
from devices.services import validation
from fleet.protocol import methods, properties
from fleet.protocol.fields import Choice, Field
from fleet.protocol.methods import Method

ALL = [method for product in methods.PRODUCTS for method in methods.for_product(product, "services")]


def sample(field: Field) -> Any:
    """A value that fits the declaration."""
    if field.type == "struct":
        return {child.name: sample(child) for child in field.children}
    if field.type == "array":
        if field.children:
            return [{child.name: sample(child) for child in field.children}]
        return [
            field.choices[-1].value if field.choices else {"int": 3, "text": "a"}.get(field.item_type or "text", "a")
        ]
    if field.type == "enum" and field.choices:
        return field.choices[-1].value
    if field.type == "bool":
        return False
    if field.type == "int":
        return int(field.minimum if field.minimum is not None else min(7, field.maximum or 7))
    if field.type == "float":
        return float(field.minimum if field.minimum is not None else min(1.5, field.maximum or 1.5))
    return "abc"[: field.max_length]


def typed(fields: dict[str, Any], paths: Any, data: dict[str, Any]) -> dict[str, str]:
    """What a person types for this data, and a browser posts."""
    posted = {}
    for name, path in paths.items():
        value: Any = data
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            continue
        if isinstance(value, bool):
            posted[name] = str(value).lower()
        else:
            posted[name] = json.dumps(value) if isinstance(value, list | dict) else str(value)
    return posted


def types(value: Any) -> Any:
    """The same tree, of types: 1, 1.0 and True are equal, but no device takes one for the other."""
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [types(item) for item in value]
    return type(value)


def made(*fields: Field) -> Any:
    return form_for(Method("services", "do_it", False, "dock3", fields, "Do it", "cmd"))


@pytest.mark.parametrize("method", ALL, ids=lambda method: f"{method.product}-{method.name}")
def test_every_service_renders_and_gives_the_right_data(method: Method) -> None:
    form = form_for(method)
    text = form().as_div()
    for name in form.base_fields:
        assert f'name="{name}"' in text
    data = {field.name: sample(field) for field in method.fields}
    filled = form(typed(form.base_fields, form.paths, data))
    assert filled.is_valid(), filled.errors
    assert filled.command_data() == data
    assert types(filled.command_data()) == types(data)
    validation.check(method.fields, filled.command_data())


@pytest.mark.parametrize("method", ALL, ids=lambda method: f"{method.product}-{method.name}")
def test_every_field_of_a_service_stands_in_one_group(method: Method) -> None:
    form = form_for(method)()
    shown = [field.name for _title, fields in form.fieldsets() for field in fields]
    assert sorted(shown) == sorted(form.fields)


def test_there_are_as_many_services_as_the_catalogue_says() -> None:
    assert len(ALL) > 300


@pytest.mark.parametrize(
    "method", [m for m in ALL if any(f.required for f in m.fields)], ids=lambda m: f"{m.product}-{m.name}"
)
def test_what_is_required_is_asked_for(method: Method) -> None:
    form = form_for(method)({})
    needed = [field for field in method.fields if field.required and field.type != "struct"]
    form.is_valid()
    assert {field.name for field in needed} <= set(form.errors)


def test_what_is_left_empty_is_left_out() -> None:
    form = made(
        Field("n", "int", "Number"),
        Field("t", "text", "Text"),
        Field("b", "bool", "Yes"),
        Field("e", "enum", "One of", choices=(Choice(0, "No"),)),
        Field("a", "array", "List", item_type="int"),
        Field("s", "struct", "Parts", children=(Field("x", "float", "X"),)),
    )({"n": "", "t": "", "b": "", "e": "", "a": "", "s.x": ""})
    assert form.is_valid(), form.errors
    assert form.command_data() == {}


def test_no_zero_and_an_empty_list_are_not_empty() -> None:
    form = made(
        Field("n", "int", "Number", required=True), Field("b", "bool", "Yes", required=True),
        Field("a", "array", "List", item_type="int", required=True),
        Field("e", "enum", "One of", choices=(Choice(0, "No"), Choice("1", "Yes")), required=True),
    )({"n": "0", "b": "false", "a": "[]", "e": "0"})  # fmt: skip
    assert form.is_valid(), form.errors
    assert form.command_data() == {"n": 0, "b": False, "a": [], "e": 0}
    assert types(form.command_data()) == {"n": int, "b": bool, "a": [], "e": int}


def test_an_enum_keeps_whether_its_value_is_text() -> None:
    form = made(Field("e", "enum", "One of", choices=(Choice("1", "One"), Choice("2", "Two"))))({"e": "2"})
    assert form.is_valid()
    assert form.command_data() == {"e": "2"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field("n", "int", "Number", minimum=20, maximum=500), "19"),
        (Field("n", "int", "Number", minimum=20, maximum=500), "501"),
        (Field("n", "int", "Number"), "1.5"),
        (Field("n", "float", "Number"), "nan"),
        (Field("n", "text", "Text", max_length=3), "four"),
        (Field("n", "enum", "One of", choices=(Choice(1, "One"),)), "2"),
        (Field("n", "bool", "Yes"), "maybe"),
        (Field("n", "array", "List"), "{}"),
        (Field("n", "array", "List"), "[1"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(field: Field, value: str) -> None:
    form = made(field)({"n": value})
    assert not form.is_valid()
    assert list(form.errors) == ["n"]


def test_limits_and_units_are_shown() -> None:
    text = made(Field("h", "int", "Return altitude", unit="m", minimum=20, maximum=500))().as_div()
    assert 'min="20"' in text and 'max="500"' in text
    assert "Return altitude (m)" in text
    assert "20 to 500 m" in text


def test_an_optional_struct_needs_its_fields_only_once_begun() -> None:
    struct = Field("s", "struct", "Parts", children=(Field("x", "int", "X", required=True), Field("y", "int", "Y")))
    assert made(struct)({}).is_valid()
    begun = made(struct)({"s.y": "1"})
    assert not begun.is_valid()
    assert list(begun.errors) == ["s.x"]
    whole = made(struct)({"s.x": "2", "s.y": "1"})
    assert whole.is_valid()
    assert whole.command_data() == {"s": {"x": 2, "y": 1}}


def test_a_required_struct_is_sent_even_when_nothing_is_in_it() -> None:
    form = made(Field("s", "struct", "Parts", required=True, children=(Field("x", "int", "X"),)))({})
    assert form.is_valid()
    assert form.command_data() == {"s": {}}


def test_settings_are_all_optional_and_only_the_filled_in_are_sent() -> None:
    settable = properties.writable("0-100-1", "dock3")
    form = property_form(settable)
    assert form({}).is_valid()
    chosen = form({"height_limit": "120", "obstacle_avoidance.horizon": "1"})
    assert chosen.is_valid(), chosen.errors
    assert chosen.command_data() == {"height_limit": 120, "obstacle_avoidance": {"horizon": 1}}
    assert list(property_form(settable, ["rth_altitude"]).base_fields) == ["rth_altitude"]


@pytest.mark.parametrize("raw", ["[" * 100_000, "[" + "9" * 5_000 + "]"], ids=["too deep", "too many digits"])
def test_json_that_python_chokes_on_is_an_error_of_the_field(raw: str) -> None:
    form = made(Field("n", "array", "List", item_type="int"))({"n": raw})
    assert not form.is_valid()
    assert list(form.errors) == ["n"]


def test_an_empty_list_is_not_shown_as_null() -> None:
    assert made(Field("n", "array", "List", item_type="int"))()["n"].value() == ""


def test_a_list_says_what_its_rows_ask() -> None:
    points = Field(
        "p", "array", "Points", item_type="struct", children=(Field("h", "float", "Height", unit="m", maximum=9),)
    )
    rows = json.loads(made(points)()["p"].field.widget.attrs["data-rows"])
    assert [(c["name"], c["label"], c["type"], c["maximum"]) for c in rows["columns"]] == [
        ("h", "Height (m)", "float", 9)
    ]
    deep = Field("p", "array", "Deep", item_type="struct", children=(points,))
    assert "data-rows" not in made(deep)()["p"].field.widget.attrs
