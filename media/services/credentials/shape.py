from __future__ import annotations

from dataclasses import dataclass, field


class CredentialsError(Exception):
    """None were made; the text is a sentence for people."""


class NoAnswer(CredentialsError):
    """Whoever makes them does not answer."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A temporary key, good for `seconds`."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(repr=False)
    seconds: int
