"""How simulated devices behave: their pace, and the faults they are asked to show."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Behaviour:
    """One device's manners. Every field may be changed while the device runs.

    - `speed`: how many times faster than life flights, progress steps and reboots go.
    - `patience`: how many times longer than life it waits before it sends again what nobody answered.
    - `rate`: how many times more often than life telemetry (OSD, health) is sent; not tied to `speed`.
    - `fly`: aircraft take off, fly, land and charge by themselves, for ever.
    - `aircraft_on`: whether the aircraft is switched on at the start. `empty`: there is none in the dock.
    - `dock_rounds`: mean seconds between two rounds that a dock's aircraft flies by itself; a remote's flies one
      after the other.
    - `lag`: seconds between a command and its reply.
    - `duplicate`: every reply to a command is sent twice.
    - `strict`: refuse what a real device refuses in its present state (remote debugging outside debugging
      mode, fly-to on the ground); otherwise the device makes the state true by itself.
    - `remember`: how many messages of each sort are kept for tests to look at (small for crowds).
    - `silent`: methods that are never answered.
    - `fail`: method -> result code of its reply.
    - `fail_later`: method -> result code of its last progress event; the reply itself is good.

    Wayline tasks:

    - `any_route`: fly a pattern of its own and fetch no route file.
    - `fail_at_step`: step number before take-off, or "trigger" -> result code that the task fails with there.
    - `fail_at_waypoint`: waypoint -> result code that the wayline is broken off with when it is reached.
    - `fails_as`, `broken_off_as`: the status of a task that ended before take-off, and of one that something broke
      off in the air: failed, rejected, timeout, partially_done.
    - `cover_stuck`, `emergency_stop`: the dock cannot open, or somebody has pressed the button.
    - `battery_drain`: how many times faster than life the battery empties in the air.
    - `repeat_progress`, `shuffle_progress`: every flighttask_progress comes twice, or every second one before the
      one it follows.
    - `lose_network_at`: waypoint -> seconds that the dock is off the network from there on; the aircraft flies on.
    - `lose_aircraft_at`: waypoint -> seconds that the dock does not see its aircraft from there on.

    - `stop_homing`: reason that the way home is broken off with, once; the aircraft hovers until it is called.
    - `setup_trouble`: minutes; before take-off the dock says that something takes so long.
    - `media_limit`: at most so many files a flight. `lose_media`: so many files of each flight never arrive.

    What is around:

    - `rainfall` (0 none to 3 heavy), `wind_speed` (m/s): the dock's weather; None: its own, which is fair.
    - `debugging`: somebody is in remote debugging. `storage_full`: 40 MB are left.
    - `alarms`, `aircraft_alarms`: entries of the hms events of dock and aircraft; see `alarm`.
    - `clock_skew`: seconds that the device's clock is ahead of the world's.
    """

    speed: float = 1.0
    patience: float = 1.0
    rate: float = 1.0
    fly: bool = True
    aircraft_on: bool = True
    empty: bool = False
    dock_rounds: float = 1800.0
    lag: float = 0.0
    duplicate: bool = False
    strict: bool = False
    remember: int = 1000
    silent: set[str] = field(default_factory=set)
    fail: dict[str, int] = field(default_factory=dict)
    fail_later: dict[str, int] = field(default_factory=dict)
    any_route: bool = False
    fail_at_step: dict[int | str, int] = field(default_factory=dict)
    fail_at_waypoint: dict[int, int] = field(default_factory=dict)
    fails_as: str = "failed"
    broken_off_as: str = "failed"
    cover_stuck: bool = False
    emergency_stop: bool = False
    battery_drain: float = 1.0
    repeat_progress: bool = False
    shuffle_progress: bool = False
    lose_network_at: dict[int, float] = field(default_factory=dict)
    lose_aircraft_at: dict[int, float] = field(default_factory=dict)
    stop_homing: int | None = None
    setup_trouble: int = 0
    media_limit: int = 12
    lose_media: int = 0
    rainfall: int | None = None
    wind_speed: float | None = None
    debugging: bool = False
    storage_full: bool = False
    alarms: list[dict[str, Any]] = field(default_factory=list)
    aircraft_alarms: list[dict[str, Any]] = field(default_factory=list)
    clock_skew: float = 0.0

    def __post_init__(self) -> None:
        if self.speed <= 0 or self.rate <= 0 or self.patience <= 0:
            raise ValueError("speed, rate and patience must be greater than 0")

    def copy(self) -> Behaviour:
        """The same manners for another device, to be changed independently."""
        return copy.deepcopy(self)

    async def pause(self, seconds: float) -> None:
        """Wait so many of the device's seconds."""
        await asyncio.sleep(seconds / self.speed)


def alarm(
    code: str, *, level: int = 2, module: int = 3, in_the_sky: int = 0, imminent: int = 1, **args: int
) -> dict[str, Any]:
    """One entry of an hms event: level 0 notification, 1 reminder, 2 warning; `args` such as component_index."""
    return {
        "level": level,
        "module": module,
        "in_the_sky": in_the_sky,
        "code": code,
        "imminent": imminent,
        "args": {"component_index": 0, "sensor_index": 0, **args},
    }
