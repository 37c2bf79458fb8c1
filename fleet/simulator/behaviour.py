"""How simulated devices behave: their pace, and the faults they are asked to show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace


@dataclass
class Behaviour:
    """One device's manners. Every field may be changed while the device runs.

    - `speed`: how many times faster than life flights, progress steps and reboots go.
    - `patience`: how many times longer than life it waits before it sends again what nobody answered.
    - `rate`: how many times more often than life telemetry (OSD, health) is sent; not tied to `speed`.
    - `fly`: aircraft take off, fly, land and charge by themselves, for ever.
    - `aircraft_on`: whether the aircraft is switched on at the start.
    - `lag`: seconds between a command and its reply.
    - `duplicate`: every reply to a command is sent twice.
    - `strict`: refuse what a real device refuses in its present state (remote debugging outside debugging
      mode, fly-to on the ground); otherwise the device makes the state true by itself.
    - `remember`: how many messages of each sort are kept for tests to look at (small for crowds).
    - `silent`: methods that are never answered.
    - `fail`: method -> result code of its reply.
    - `fail_later`: method -> result code of its last progress event; the reply itself is good.
    """

    speed: float = 1.0
    patience: float = 1.0
    rate: float = 1.0
    fly: bool = True
    aircraft_on: bool = True
    lag: float = 0.0
    duplicate: bool = False
    strict: bool = False
    remember: int = 1000
    silent: set[str] = field(default_factory=set)
    fail: dict[str, int] = field(default_factory=dict)
    fail_later: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.speed <= 0 or self.rate <= 0 or self.patience <= 0:
            raise ValueError("speed, rate and patience must be greater than 0")

    def copy(self) -> Behaviour:
        """The same manners for another device, to be changed independently."""
        return replace(self, silent=set(self.silent), fail=dict(self.fail), fail_later=dict(self.fail_later))

    async def pause(self, seconds: float) -> None:
        """Wait so many of the device's seconds."""
        await asyncio.sleep(seconds / self.speed)
