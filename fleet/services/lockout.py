"""Guessing passwords made slow: failed logins are counted per name and per address.

Counted in the cache, so every web process sees the same numbers. An attempt is counted before its password is
checked and forgiven when it was right: a hundred guesses at once are a hundred attempts. One name is locked
for one address long before it is locked for all of them, so that a stranger cannot easily keep a pilot out.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass

from django.core.cache import cache

#: Seconds from the first failure until all of them are forgotten.
WINDOW = 10 * 60

#: Failures within one window; whoever reaches the number waits until the window ends.
PER_ADDRESS = 50
PER_NAME_AND_ADDRESS = 5
PER_NAME = 25


class LockedOut(Exception):
    """Too many failures. `seconds` until the next attempt is looked at; `is_news` once in that time."""

    def __init__(self, seconds: int, is_news: bool) -> None:
        super().__init__(f"locked for {seconds} seconds")
        self.seconds = seconds
        self.is_news = is_news

    @property
    def minutes(self) -> int:
        return max(1, math.ceil(self.seconds / 60))


def _short(text: str) -> str:
    return hashlib.sha256(text.casefold().encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to log in, counted already."""

    name: str
    address: str

    @property
    def _address_key(self) -> str:
        return f"login:address:{_short(self.address)}"

    @property
    def _name_keys(self) -> tuple[str, str]:
        name = _short(self.name)
        return f"login:both:{name}:{_short(self.address)}", f"login:name:{name}"

    def count(self) -> None:
        """What stops at a narrow limit never reaches the wider one behind it."""
        both, name = self._name_keys
        for key, limit in ((self._address_key, PER_ADDRESS), (both, PER_NAME_AND_ADDRESS), (name, PER_NAME)):
            if _add(key, 1) > limit:
                seconds = _seconds_left(key)
                raise LockedOut(seconds, is_news=cache.add(f"{key}:told", 1, seconds))

    def succeeded(self) -> None:
        """Forget this name's failures; of the address only this try, lest an own account washes a guesser."""
        cache.delete_many([key for name in self._name_keys for key in (name, f"{name}:until")])
        _add(self._address_key, -1)


def begin(name: str, address: str) -> Attempt:
    """Count an attempt. Raises `LockedOut` while this name or this address has to wait."""
    attempt = Attempt(name, address)
    attempt.count()
    return attempt


def _add(key: str, amount: int) -> int:
    if cache.add(key, 0, WINDOW):
        cache.set(f"{key}:until", time.time() + WINDOW, WINDOW)
    try:
        return int(cache.incr(key, amount))
    except ValueError:  # its window ended between the two lines
        return amount


def _seconds_left(key: str) -> int:
    until = cache.get(f"{key}:until")
    return max(1, math.ceil(until - time.time())) if until else WINDOW
