"""Aircraft, payloads, remotes and docks by their numbers (page "Product support", v1.16.1).

A model's key is `domain-type-sub_type`. The domain belongs to it: 0-99-0 is an aircraft, 1-99-0 a camera.
Messages name a payload by `payload_index`, `type-sub_type-gimbal_index`, without the domain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

#: Sub types that devices send for "not known" and "any".
ANY_SUB_TYPES = frozenset({65534, 65535})


class Domain(IntEnum):
    """What sort of thing a device is."""

    AIRCRAFT = 0
    PAYLOAD = 1
    REMOTE = 2
    DOCK = 3


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """A documented kind of device.

    `name` is a product name and not translated. `product` is what the catalogue of methods calls a gateway,
    None for what is no gateway. `properties` names the set of properties, None when no page lists any.
    """

    key: str
    domain: Domain
    type: int
    sub_type: int
    name: str
    product: str | None = None
    properties: str | None = None


def key_of(domain: int | str, type: int | str, sub_type: int | str | None = None) -> str:
    """The key of these numbers, which may come as text; a missing sub type is 0.

    Raises ValueError or TypeError for what is no number.
    """
    return f"{int(domain)}-{int(type)}-{int(sub_type or 0)}"


def find(key: str | None) -> DeviceModel | None:
    """The model with this key; None for one we never heard of or what is no key at all.

    A sub type of 65534 or 65535 (not known, any) finds the first sub type of that type.
    """
    found = _models().get(str(key))
    if found is not None:
        return found
    numbers = _numbers(key)
    if len(numbers) != 3:
        return None
    domain, kind, sub_type = numbers
    if sub_type not in ANY_SUB_TYPES:
        return _models().get(f"{domain}-{kind}-{sub_type}")
    return next((m for m in all_models() if m.domain == domain and m.type == kind), None)


def all_models() -> tuple[DeviceModel, ...]:
    """All documented models, sorted by domain, type and sub type."""
    return tuple(_models().values())


def find_camera(
    type: int | str,
    sub_type: int | str | None = None,
    gimbal_index: int | str | None = None,
) -> DeviceModel | None:
    """The payload with these numbers; None when unknown. The gimbal does not change which model it is."""
    return find(f"{Domain.PAYLOAD:d}-{type}-{sub_type or 0}")


def camera_of(payload_index: str | None) -> DeviceModel | None:
    """The payload that a `payload_index` such as "98-0-0" names; None when unknown."""
    numbers = _numbers(payload_index)
    return find_camera(*numbers) if len(numbers) in (2, 3) else None


def camera_name(payload_index: str | None) -> str:
    """The name of that payload, or the index itself when it is unknown: there is always something to show."""
    found = camera_of(payload_index)
    return found.name if found else str(payload_index or "")


def _numbers(key: object) -> tuple[int, ...]:
    """The numbers of "0-99-0"; empty for what does not consist of numbers."""
    try:
        return tuple(int(part) for part in str(key).split("-"))
    except ValueError:
        return ()


@cache
def _models() -> Mapping[str, DeviceModel]:
    text = resources.files(__package__).joinpath("data/device_models.json").read_text("utf-8")
    entries: list[dict[str, Any]] = json.loads(text)
    models = []
    for entry in entries:
        domain, kind, sub_type = (int(part) for part in entry["key"].split("-"))
        models.append(
            DeviceModel(
                key=entry["key"],
                domain=Domain(domain),
                type=kind,
                sub_type=sub_type,
                name=entry["name"],
                product=entry.get("product"),
                properties=entry.get("properties"),
            )
        )
    models.sort(key=lambda model: (model.domain, model.type, model.sub_type))
    return MappingProxyType({model.key: model for model in models})
