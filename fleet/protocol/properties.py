"""The properties of docks, remotes and aircraft (pages "Device properties", v1.16.1, and what real devices
push).

Devices push properties on `osd` (at a fixed rate, often only a part of them) and on `state` (on change);
those with access "rw" are set by `property/set`. They are read from data/properties.json when first asked.
There one entry describes a property for all sets that have it alike:

    {"name": "night_lights_state", "sets": ["m3", "m4"], "push": "osd", "writable": ["m4"],
     "type": "enum", "choices": "off_on", "undocumented": ["m3"]}

beside what `fleet.protocol.fields` says of a field. A set is a product (dock1, rc-plus-2, …) or a series of
aircraft; `undocumented` names the sets whose own page lacks the property: it is then read-only and stands
on another page or was seen on real devices. Of nested fields neither push nor access means anything, but
for two exceptions: `settable` names the fields that may be set where not all may, and `partly_writable` the
sets in which they may be although the property itself is read-only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from fleet.protocol import device_models
from fleet.protocol.fields import Choice, Field, field_from_json

__all__ = [
    "PAYLOAD",
    "Choice",
    "Field",
    "Property",
    "for_model",
    "for_set",
    "resolve",
    "sets",
    "time_unit",
    "unknown_values",
    "writable",
]

#: Name of the property that stands for all payloads: a device names it by the payload's index, such as
#: "98-0-0".
PAYLOAD = "{payload_index}"

_PAYLOAD_INDEX = re.compile(r"[0-9]{1,9}-[0-9]{1,9}-[0-9]{1,9}")
_REMOTES = frozenset({"rc", "rc-pro", "dji-rc-plus-2"})
_NONE: Mapping[str, Property] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Property:
    """A property as one set has it.

    `access` is "r" or "rw", `push` the topic it comes on: "osd" or "state". What a device pushes times
    `scale` is in `field.unit` (the wind an aircraft feels comes in tenths of a m/s). `documented` is false
    when the page of this device does not list it. `settable` names the direct children that may be set; it
    is empty for a property that is not a struct or may not be set at all.
    """

    field: Field
    access: str
    push: str
    scale: float = 1.0
    documented: bool = True
    settable: tuple[str, ...] = ()


def for_model(model_key: str | None, gateway_product: str | None = None) -> Mapping[str, Property]:
    """Property name -> property, sorted by name, of the model with this key ("0-99-0"); empty for one
    unknown.

    An aircraft is known through a gateway: a dock lets more be set than a remote. Without a gateway, or
    through one we do not know, the page of the model itself counts. Payloads share one property, see
    `PAYLOAD` and `resolve`.
    """
    model = device_models.find(model_key)
    if model is None or model.properties is None:
        return _NONE
    name = model.properties
    if gateway_product in _REMOTES:
        name = _data()["through_remote"].get(name, name)
    return for_set(name)


def writable(model_key: str | None, gateway_product: str | None = None) -> Mapping[str, Property]:
    """What of `for_model` may be set, each property with no other children than those that may be set."""
    found: dict[str, Property] = {}
    for name, prop in for_model(model_key, gateway_product).items():
        if prop.settable:
            children = tuple(child for child in prop.field.children if child.name in prop.settable)
            found[name] = replace(prop, field=replace(prop.field, children=children))
        elif prop.access == "rw":
            found[name] = prop
    return MappingProxyType(found)


def for_set(name: str) -> Mapping[str, Property]:
    """The properties of one set; empty for a set there is not."""
    return _sets().get(name, _NONE)


def sets() -> tuple[str, ...]:
    """The names of all sets: products, then series of aircraft."""
    return tuple(_sets())


def resolve(properties: Mapping[str, Property], key: str) -> Property | None:
    """The property that a pushed key means, also when the key is a payload's index; None when unknown.

    The field of a payload then bears that key as name and the camera's name as label.
    """
    found = properties.get(key)
    if found is not None or not _PAYLOAD_INDEX.fullmatch(key):
        return found
    payload = properties.get(PAYLOAD)
    if payload is None:
        return None
    return replace(payload, field=replace(payload.field, name=key, label=device_models.camera_name(key)))


def unknown_values(name: str) -> tuple[float, ...]:
    """The numbers that devices send in fields of this name when they do not know (32767 for a charge)."""
    return _unknown().get(name, ())


def time_unit(name: str) -> str | None:
    """ "s" or "ms" when fields of this name are points in time since 1970, else None."""
    unit: str | None = _data()["times"].get(name)
    return unit


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("data/properties.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return MappingProxyType(data)


@cache
def _unknown() -> Mapping[str, tuple[float, ...]]:
    return MappingProxyType({name: tuple(values) for name, values in _data()["unknown"].items()})


@cache
def _sets() -> Mapping[str, Mapping[str, Property]]:
    data = _data()
    found: dict[str, dict[str, Property]] = {name: {} for name in data["sets"]}
    for entry in data["properties"]:
        field = field_from_json(entry, labels=data["labels"], choices=data["choices"])
        for name in entry["sets"]:
            if field.name in found[name]:
                raise ValueError(f"property {field.name!r} stands twice in {name!r}")
            found[name][field.name] = _property(entry, field, name)
    return MappingProxyType({name: MappingProxyType(dict(sorted(members.items()))) for name, members in found.items()})


def _property(entry: Mapping[str, Any], field: Field, name: str) -> Property:
    may_be_set = name in entry.get("writable", ())
    settable: tuple[str, ...] = ()
    if may_be_set or name in entry.get("partly_writable", ()):
        settable = tuple(entry.get("settable", (child.name for child in field.children)))
    return Property(
        field=field,
        access="rw" if may_be_set else "r",
        push=entry["push"],
        scale=entry.get("scale", 1.0),
        documented=name not in entry.get("undocumented", ()),
        settable=settable,
    )
