"""Every documented method: its channel, its products, its fields, and how careful one must be with it.

The catalogue is that of the Cloud API pages v1.16.1 and of what real devices were seen to send. It is read
from data/methods.json when first asked. There one entry describes a method of one channel for all products;
"variants" hold what differs between them:

    {"channel": "services", "name": "cover_open", "label": "Open cover", "danger": "moves",
     "role": "operator", "timeout": 15, "deadline": 180, "progress": "cover_open",
     "variants": [{"products": ["dock1", "dock2", "dock3"], "section": "cmd", "fields": []}]}

"fields" are written as in `fleet.protocol.fields`. A channel is what follows `thing/product/{sn}/` or
`sys/product/{sn}/` in the topic. The reply to a `state` message carries no method: its name here is the empty
string. Where a page is known to be wrong, both what it prints and what devices send is listed; the `data` of
airsense_warning is an array of what is listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from fleet.protocol.fields import Choice, Field, field_from_json

__all__ = [
    "COMMAND_CHANNELS",
    "PRODUCTS",
    "Choice",
    "Danger",
    "Field",
    "Method",
    "channels",
    "find",
    "for_product",
    "names",
    "products",
    "section_label",
]

#: Gateways as the catalogue names them: the order in which `find` looks when not told which.
PRODUCTS = ("dock3", "dock2", "dock1", "dji-rc-plus-2", "rc-pro", "rc")

#: The channels on which the server tells a device to do something.
COMMAND_CHANNELS = ("services", "drc/down")


class Danger(StrEnum):
    """What a command may do to the world, hence how an operator is asked before it is sent."""

    NONE = "none"
    CONFIRM = "confirm"  # disturbs people or running work
    MOVES = "moves"  # moves an aircraft, its gimbal, a cover or a putter
    WIPES = "wipes"  # destroys data
    REBOOTS = "reboots"  # the device is away for a while


@dataclass(frozen=True, slots=True)
class Method:
    """A method of one channel as one product has it.

    `up` is true for what the device sends. `label` and `section` (see `section_label`) are for people. The
    rest means something on the channels `services` and `drc/down` only: `danger`; `role`, the least role that
    may send it (pilot, operator or admin; "" elsewhere); `timeout`, seconds until a reply is due (0: none
    comes); `deadline`, seconds until a final state is due; `progress_event`, the event that brings the final
    state, None when the reply is final (a reply that says "in_progress" is never final); `progress_key`, the
    field that names the job in both the command and that event: a real Dock 3 sends flighttask_progress with
    bid = flight_id, not with the bid of the command.
    """

    channel: str
    name: str
    up: bool
    product: str
    fields: tuple[Field, ...]
    label: str
    section: str
    danger: Danger = Danger.NONE
    role: str = ""
    timeout: float = 0.0
    deadline: float = 0.0
    progress_event: str | None = None
    progress_key: str | None = None

    @property
    def progress(self) -> bool:
        """The final state comes by an event, not with the reply."""
        return self.progress_event is not None


def find(channel: str, name: str, product: str | None = None) -> Method | None:
    """The method as this product has it; None when the catalogue has no such thing.

    Without a product: as the first of PRODUCTS has it that has it at all.
    """
    variants = _catalogue().get((channel, name))
    if not variants:
        return None
    if product is None:
        return next(iter(variants.values()))
    return variants.get(product)


def products(channel: str, name: str) -> frozenset[str]:
    """Which products have this method."""
    return frozenset(_catalogue().get((channel, name), ()))


@lru_cache(maxsize=64)
def for_product(product: str | None, channel: str) -> tuple[Method, ...]:
    """All methods of a product on a channel, sorted by section and name; empty for an unknown product."""
    found = (variants.get(product or "") for (where, _), variants in _catalogue().items() if where == channel)
    return tuple(sorted((m for m in found if m), key=lambda method: (method.section, method.name)))


@lru_cache(maxsize=64)
def names(channel: str) -> frozenset[str]:
    """The names of all methods of a channel, of whatever product."""
    return frozenset(name for where, name in _catalogue() if where == channel)


@cache
def channels() -> frozenset[str]:
    """The channels of the catalogue."""
    return frozenset(channel for channel, _ in _catalogue())


def section_label(section: str) -> str:
    """A section's title for people; the section itself when it is none of ours."""
    label: str = _data()["sections"].get(section, section)
    return label


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("data/methods.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return MappingProxyType(data)


@cache
def _catalogue() -> Mapping[tuple[str, str], Mapping[str, Method]]:
    """(channel, name) -> product -> method, products in the order of PRODUCTS."""
    data = _data()
    up = data["channels"]
    catalogue: dict[tuple[str, str], Mapping[str, Method]] = {}
    for entry in data["methods"]:
        found: dict[str, Method] = {}
        for variant in entry["variants"]:
            fields = tuple(
                field_from_json(raw, labels=data["labels"], choices=data["choices"]) for raw in variant["fields"]
            )
            for product in variant["products"]:
                found[product] = Method(
                    channel=entry["channel"],
                    name=entry["name"],
                    up=up[entry["channel"]] == "up",
                    product=product,
                    fields=fields,
                    label=entry["label"],
                    section=variant["section"],
                    danger=Danger(entry.get("danger", "none")),
                    role=entry.get("role", ""),
                    timeout=float(entry.get("timeout", 0)),
                    deadline=float(entry.get("deadline", 0)),
                    progress_event=entry.get("progress"),
                    progress_key=entry.get("progress_key"),
                )
        catalogue[entry["channel"], entry["name"]] = MappingProxyType(
            {product: found[product] for product in PRODUCTS if product in found}
        )
    return MappingProxyType(catalogue)
