"""Forms made from declarations: what a method or a property takes, asked of a person.

A field of a struct is named by its path ("simulate_mission.latitude"). An array, or what lies deeper than two
structs, is typed as JSON. `command_data()` gives what is to be sent: right types, and nothing that was
left empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from fleet.protocol.fields import Field
from fleet.protocol.methods import Method
from fleet.protocol.properties import PAYLOAD, Property

#: Structs nested deeper than this are typed as JSON.
DEPTH = 2

_KINDS = {
    "int": gettext_lazy("whole number"),
    "float": gettext_lazy("number"),
    "text": gettext_lazy("text"),
    "bool": gettext_lazy("true or false"),
    "enum": pgettext_lazy("a value of a list", "one of"),
    "struct": gettext_lazy("object"),
    "array": gettext_lazy("list"),
}


class ChoiceField(forms.TypedChoiceField):
    """A choice whose values keep their type; devices tell 1 from "1"."""

    def __init__(self, field: Field, **kwargs: Any) -> None:
        self._values = {str(choice.value): choice.value for choice in field.choices}
        listed = [(str(choice.value), f"{_(choice.label)} ({choice.value})") for choice in field.choices]
        super().__init__(
            choices=[("", "—"), *listed],
            coerce=lambda text: self._values[text],
            empty_value=None,
            widget=UnfoldAdminSelectWidget,
            **kwargs,
        )


class YesNoField(forms.TypedChoiceField):
    """Yes, no, or not said at all: three things."""

    def __init__(self, field: Field, **kwargs: Any) -> None:
        names = {bool(choice.value): _(choice.label) for choice in field.choices}
        yes, no = names.get(True, _("Yes")), names.get(False, _("No"))
        super().__init__(
            choices=[("", "—"), ("true", yes), ("false", no)],
            coerce=lambda text: text == "true",
            empty_value=None,
            widget=UnfoldAdminSelectWidget,
            **kwargs,
        )


class JsonField(forms.JSONField):
    """An array, or an object too deep to be asked field by field."""

    def __init__(self, field: Field, **kwargs: Any) -> None:
        self._kind: type = list if field.type == "array" else dict
        attrs = {"rows": "4", "spellcheck": "false"}
        if columns := _columns(field):
            words = {"add": _("Add one"), "remove": _("Remove")}
            attrs["data-rows"] = json.dumps({"columns": columns, "words": words})
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs=attrs), **kwargs)

    #: An empty list is something to send, an empty box is not.
    empty_values = [None, ""]

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
        except ValidationError:
            raise
        except (RecursionError, ValueError) as error:  # too deep, or a number of thousands of digits
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": "…"}) from error
        if found is not None and not isinstance(found, self._kind):
            raise ValidationError(_("A list is needed.") if self._kind is list else _("An object is needed."))
        return found


class DeclaredForm(forms.Form):
    """The base of all forms made here. `paths` says which form field is which place in the data."""

    paths: Mapping[str, tuple[str, ...]] = {}
    #: (title, names of form fields), in the order of the declaration; the first has no title.
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: Structs that are sent even when nothing is in them.
    needed_structs: tuple[tuple[str, ...], ...] = ()
    #: path of an optional struct → the form fields that are needed once one begins to fill it in
    wanted: Mapping[str, tuple[str, ...]] = {}

    def command_data(self) -> dict[str, Any]:
        """The data as it is to be sent; call it on a valid form."""
        data: dict[str, Any] = {}
        for path in self.needed_structs:
            holder = data
            for part in path:
                holder = holder.setdefault(part, {})
        for name, path in self.paths.items():
            value = self.cleaned_data.get(name)
            if value is None or value == "":
                continue
            holder = data
            for part in path[:-1]:
                holder = holder.setdefault(part, {})
            holder[path[-1]] = value
        return data

    def clean(self) -> dict[str, Any]:
        """What an optional struct needs is needed only when one begins to fill it in."""
        cleaned: dict[str, Any] = super().clean() or {}
        for prefix, needed in self.wanted.items():
            given = [
                name for name in self.paths if name.startswith(prefix + ".") and cleaned.get(name) not in (None, "")
            ]
            if not given:
                continue
            for name in needed:
                if cleaned.get(name) in (None, "") and name not in self.errors:
                    self.add_error(name, _("This is needed."))
        return cleaned

    def fieldsets(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The bound fields as they are to be shown: title and fields."""
        return [(title, [self[name] for name in names]) for title, names in self.groups if names]


def _columns(field: Field) -> list[dict[str, Any]]:
    """What a row of a list asks (`static/console/rows.js`); nothing when its items have parts of their own."""
    if field.type != "array":
        return []
    items = field.children or (replace(field, name="", type=field.item_type or "text", item_type=None),)
    if any(item.type in ("array", "struct") for item in items):
        return []
    return [
        {
            "name": item.name,
            "label": f"{_(item.label)} ({item.unit})" if item.unit else _(item.label),
            "type": "text" if item.type == "enum" else item.type,
            "minimum": item.minimum,
            "maximum": item.maximum,
            "max_length": item.max_length,
            "choices": [[choice.value, _(choice.label)] for choice in item.choices],
            "yes": _("Yes"),
            "no": _("No"),
        }
        for item in items
    ]


def form_for(method: Method) -> type[DeclaredForm]:
    """The form of a method's data."""
    return _form(f"{method.name}_form", method.fields)


def property_form(properties: Mapping[str, Property], names: Iterable[str] | None = None) -> type[DeclaredForm]:
    """The form of what may be set (`devices.services.properties.writable`); all of it or what is named.

    Nothing is required in it: only what is filled in is sent.
    """
    chosen = [name for name in (properties if names is None else names) if name in properties and name != PAYLOAD]
    return _form("property_form", [properties[name].field for name in chosen], optional=True)


class _Builder:
    def __init__(self) -> None:
        self.fields: dict[str, forms.Field] = {}
        self.paths: dict[str, tuple[str, ...]] = {}
        self.groups: list[tuple[str, list[str]]] = [("", [])]
        self.wanted: dict[str, list[str]] = {}
        self.needed_structs: list[tuple[str, ...]] = []

    def add(self, field: Field, path: tuple[str, ...], titles: tuple[str, ...], required: bool, within: str) -> None:
        """`required`: everything above it is; `within`: the nearest optional struct above."""
        path, name = (*path, field.name), ".".join((*path, field.name))
        required = required and field.required
        if field.type == "struct" and field.children and len(path) <= DEPTH:
            inner = (*titles, _(field.label))
            if required:
                self.needed_structs.append(path)
            optional_here = within if required or (within and field.required) else name
            self.groups.append((" / ".join(inner), []))
            for child in field.children:
                self.add(child, path, inner, required, optional_here)
            if not titles:
                self.groups.append(("", []))
            return
        if field.required and not required and within:
            self.wanted.setdefault(within, []).append(name)
        self.fields[name] = _form_field(field, required)
        self.paths[name] = path
        self.groups[-1][1].append(name)


def _form(name: str, declared: Iterable[Field], *, optional: bool = False) -> type[DeclaredForm]:
    builder = _Builder()
    for field in declared:
        builder.add(field, (), (), not optional, field.name if optional and field.type == "struct" else "")
    made: type[DeclaredForm] = type(name, (DeclaredForm,), dict(builder.fields))
    made.paths = builder.paths
    made.groups = tuple((title, tuple(names)) for title, names in builder.groups if names)
    made.needed_structs = tuple(builder.needed_structs)
    made.wanted = {prefix: tuple(names) for prefix, names in builder.wanted.items()}
    return made


def _form_field(field: Field, required: bool) -> forms.Field:
    label = _(field.label)
    common: dict[str, Any] = {
        "label": f"{label} ({field.unit})" if field.unit else label,
        "required": required,
        "help_text": _help(field),
    }
    if field.type in ("array", "struct"):
        return JsonField(field, **common)
    if field.type == "enum" and field.choices:
        return ChoiceField(field, **common)
    if field.type == "bool":
        return YesNoField(field, **common)
    if field.type in ("int", "float"):
        return _number(field, common)
    return forms.CharField(
        max_length=field.max_length,
        strip=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        **common,
    )


def _number(field: Field, common: dict[str, Any]) -> forms.Field:
    attrs: dict[str, str] = {"step": "any" if field.type == "float" else "1"}
    if field.step and field.minimum is None:
        # With a minimum, a browser would count the steps from there and refuse what the device takes.
        attrs["step"] = f"{field.step:g}" if field.type == "float" and field.step >= 0.001 else attrs["step"]
    kind: Any = forms.IntegerField if field.type == "int" else forms.FloatField
    made: forms.Field = kind(
        min_value=field.minimum,
        max_value=field.maximum,
        widget=UnfoldAdminDecimalFieldWidget(attrs=attrs),
        **common,
    )
    return made


def _help(field: Field) -> str:
    words = []
    if field.minimum is not None or field.maximum is not None:
        low, high = (f"{bound:.10g}" if bound is not None else "…" for bound in (field.minimum, field.maximum))
        words.append(_("%(low)s to %(high)s %(unit)s") % {"low": low, "high": high, "unit": field.unit})
    if field.step:
        words.append(_("in steps of %(step)s") % {"step": f"{field.step:.10g}"})
    if field.max_length:
        words.append(_("at most %(count)s characters") % {"count": field.max_length})
    if field.type in ("array", "struct"):
        words.append(_("JSON: %(shape)s") % {"shape": shape(field)})
    return " · ".join(word.strip() for word in words)


def shape(field: Field) -> str:
    """What JSON a field takes, in one line."""
    if field.type == "struct":
        return "{" + ", ".join(f"{json.dumps(child.name)}: {shape(child)}" for child in field.children) + "}"
    if field.type == "array":
        if field.children:
            return "[{" + ", ".join(f"{json.dumps(child.name)}: {shape(child)}" for child in field.children) + "}, …]"
        return f"[{_named(field.item_type or 'text', field)}, …]"
    return _named(field.type, field)


def _named(kind: str, field: Field) -> str:
    if field.choices:
        return " | ".join(json.dumps(choice.value) for choice in field.choices)
    word = str(_KINDS.get(kind, kind))
    return f"{word} ({field.unit})" if field.unit else word
