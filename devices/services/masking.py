"""What nobody reads on a page, in whatever device or server said it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HIDDEN = "•••"

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


def masked(value: Any) -> Any:
    """A copy of any JSON with its secrets replaced."""
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if key in SECRET_KEYS and item not in (None, "") else masked(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value
