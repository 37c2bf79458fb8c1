"""What nobody reads on a page, in whatever device or server said it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HIDDEN = "•••"
#: What lies deeper than any page goes is left out: a device may nest a thousand lists.
DEPTH = 64
CUT = "…"

#: Keys that carry a secret: of the radio link between dock and aircraft, of stores, of licences, of binding.
SECRET_KEYS = frozenset(
    {
        "secret_code",
        "access_key_secret",
        "security_token",
        "app_key",
        "app_license",
        "device_binding_code",
        "password",
        "token",
    }
)


def masked(value: Any, depth: int = 0) -> Any:
    """A copy of any JSON with its secrets replaced, and cut off where it is absurdly deep."""
    if not isinstance(value, Mapping | list | tuple):
        return value
    if depth >= DEPTH:
        return CUT
    if isinstance(value, Mapping):
        return {key: _member(key, item, depth) for key, item in value.items()}
    return [masked(item, depth + 1) for item in value]


def _member(key: str, item: Any, depth: int) -> Any:
    return HIDDEN if key in SECRET_KEYS and item not in (None, "") else masked(item, depth + 1)
