"""Where the aircraft is: a plan of legs, flown one after the other."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

METRES_PER_DEGREE = 111_320.0
CLIMB_SPEED, SINK_SPEED = 5.0, 4.0
TURN_RATE = 60.0  # degrees a second
ENDURANCE = 2400.0  # seconds in the air on a full battery
CHARGE_TIME = 300.0  # seconds from empty to full; six times faster than life, for nobody wants to watch it
BATTERY_RESERVE = 25.0


class Mode(IntEnum):
    """`mode_code` of an aircraft."""

    STANDBY = 0
    PREPARING = 1
    MANUAL = 3
    TAKE_OFF = 4
    WAYLINE = 5
    PANORAMA = 6
    RETURN = 9
    LANDING = 10
    FORCED_LANDING = 11
    UPGRADING = 13
    OFF = 14
    VIRTUAL_STICK = 16
    COMMANDED = 17
    ORBIT = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the earth: degrees, and metres above the ellipsoid."""

    latitude: float = 47.6
    longitude: float = 8.5
    height: float = 430.0

    def offset(self, east: float, north: float) -> Place:
        """The point so many metres to the east and north."""
        return Place(
            self.latitude + north / METRES_PER_DEGREE,
            self.longitude + east / (METRES_PER_DEGREE * math.cos(math.radians(self.latitude))),
            self.height,
        )

    def metres_to(self, latitude: float, longitude: float) -> tuple[float, float]:
        """How far (east, north) in metres another point lies."""
        return (
            ((longitude - self.longitude + 180) % 360 - 180)
            * METRES_PER_DEGREE
            * math.cos(math.radians(self.latitude)),
            (latitude - self.latitude) * METRES_PER_DEGREE,
        )


@dataclass(frozen=True, slots=True)
class Leg:
    """Fly to (`east`, `north`, `up`) in metres from home at `speed` m/s; then stay for `wait` seconds.

    `mark` is for whoever made the plan: `Aircraft.passed` gets the leg when it is done.
    """

    east: float
    north: float
    up: float
    speed: float
    mode: Mode
    wait: float = 0.0
    mark: object = None


class Aircraft:
    """One aircraft: switched on or off, in its dock or in the air, with a battery that drains and charges.

    East, north and up are metres from home, heading is degrees from north (-180..180), battery is percent.
    """

    def __init__(self, home: Place, *, seed: str, on: bool = True, safe_height: float = 60.0) -> None:
        self.home = home
        self.on = on
        self.random = random.Random(seed)
        self.east = self.north = self.up = 0.0
        self.heading = self.random.uniform(-180, 180)
        self.horizontal_speed = self.vertical_speed = 0.0
        self.battery = self.random.uniform(70, 100)
        self.mode = Mode.STANDBY
        self.legs: deque[Leg] = deque()
        self.held = False
        self.safe_height = safe_height
        self.distance = 0.0
        self.airborne_for = 0.0
        self.flights = self.random.randint(40, 900)
        self.plan_number = 0
        self.track_id = ""
        self.thirst = 1.0  # how many times faster than life the battery drains
        self.passed: Callable[[Leg], None] | None = None

    # -- what can be seen ----------------------------------------------------------------------------------

    @property
    def flying(self) -> bool:
        """Whether it is off the ground."""
        return self.up > 0.05

    @property
    def busy(self) -> bool:
        """Whether there is something left to fly."""
        return bool(self.legs)

    @property
    def here(self) -> Place:
        """Where it is."""
        place = self.home.offset(self.east, self.north)
        return Place(place.latitude, place.longitude, self.home.height + self.up)

    @property
    def home_distance(self) -> float:
        """Metres from home, along the ground."""
        return math.hypot(self.east, self.north)

    def remaining(self) -> tuple[float, float]:
        """(metres, seconds) until the plan is flown."""
        metres = seconds = 0.0
        east, north, up = self.east, self.north, self.up
        for leg in self.legs:
            flat, climb = math.hypot(leg.east - east, leg.north - north), leg.up - up
            metres += math.hypot(flat, climb)
            seconds += max(flat / leg.speed, abs(climb) / (CLIMB_SPEED if climb > 0 else SINK_SPEED)) + leg.wait
            east, north, up = leg.east, leg.north, leg.up
        return metres, seconds

    def path(self, legs: Iterable[Leg] | None = None) -> list[Place]:
        """The points of some legs, or those still to be flown to."""
        legs = list(self.legs if legs is None else legs)
        places = (self.home.offset(leg.east, leg.north) for leg in legs)
        return [
            Place(place.latitude, place.longitude, self.home.height + leg.up)
            for place, leg in zip(places, legs, strict=True)
        ]

    # -- orders --------------------------------------------------------------------------------------------

    def fly(self, legs: Iterable[Leg]) -> int:
        """Replace what is left of the plan; returns the number of the new plan."""
        self.legs = deque(legs)
        self.held = False
        self.plan_number += 1
        if self.legs and not self.flying:
            self.flights += 1
            self.airborne_for = 0.0
            self.track_id = f"{self.random.getrandbits(128):032x}"
        return self.plan_number

    def take_off_legs(self, up: float) -> list[Leg]:
        """Straight up, when it stands on the ground."""
        return [] if self.flying else [Leg(0.0, 0.0, up, CLIMB_SPEED, Mode.TAKE_OFF)]

    def to(self, place: Place, *, speed: float, mode: Mode = Mode.COMMANDED) -> Leg:
        """The leg to a point given in degrees and metres above the ellipsoid, never below 10 m above home."""
        east, north = self.home.metres_to(place.latitude, place.longitude)
        return Leg(east, north, max(place.height - self.home.height, 10.0), max(speed, 1.0), mode)

    def return_legs(self, speed: float = 12.0, *, height: float = 0.0, to: Place | None = None) -> list[Leg]:
        """Up to the safe height (or `height`), back, and down: at home, or `to` another place."""
        up = max(self.up, height or self.safe_height)
        east, north = self.home.metres_to(to.latitude, to.longitude) if to else (0.0, 0.0)
        ground = to.height - self.home.height if to else 0.0
        up = max(up, ground + 20.0)
        return [
            Leg(self.east, self.north, up, CLIMB_SPEED, Mode.RETURN),
            Leg(east, north, up, speed, Mode.RETURN),
            Leg(east, north, ground, SINK_SPEED, Mode.LANDING),
        ]

    def land_legs(self, mode: Mode = Mode.LANDING) -> list[Leg]:
        """Down on the spot."""
        return [Leg(self.east, self.north, 0.0, SINK_SPEED, mode)]

    def pattern(self) -> list[Leg]:
        """A flight over the neighbourhood: a survey, a perimeter or an orbit, drawn from the aircraft's own
        dice.
        """
        rnd = self.random
        centre = rnd.uniform(80, 350), rnd.uniform(-math.pi, math.pi)
        east, north = centre[0] * math.sin(centre[1]), centre[0] * math.cos(centre[1])
        up, speed = rnd.uniform(60, 110), rnd.uniform(8, 13)
        points = rnd.choice((_survey, _perimeter, _orbit))(rnd)
        turn = rnd.uniform(0, math.pi)
        sin, cos = math.sin(turn), math.cos(turn)
        return [Leg(east + x * cos - y * sin, north + x * sin + y * cos, up, speed, Mode.WAYLINE) for x, y in points]

    # -- time ----------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> bool:
        """Let time pass. True when a leg ended or the ground was reached."""
        if not self.flying and not self.legs:
            self._rest(seconds)
            return False
        if self.held:
            self.horizontal_speed = self.vertical_speed = 0.0
            self._drain(seconds)
            return False
        ended = False
        while seconds > 1e-6 and self.legs:
            left = self._follow(self.legs[0], seconds)
            self._drain(seconds - left)
            if left <= 0:
                return ended
            seconds = left
            ended = True
            done = self.legs.popleft()
            if self.passed is not None:
                self.passed(done)
        if not self.legs:
            self.horizontal_speed = self.vertical_speed = 0.0
            if not self.flying:
                self.mode = Mode.STANDBY
            elif self.mode not in (Mode.VIRTUAL_STICK, Mode.ORBIT):
                self.mode = Mode.MANUAL
            self._drain(seconds)
        return ended

    def _follow(self, leg: Leg, seconds: float) -> float:
        """Fly along one leg; returns the seconds left over, 0 or less when it is not reached yet."""
        self.mode = leg.mode
        east, north, up = leg.east - self.east, leg.north - self.north, leg.up - self.up
        flat = math.hypot(east, north)
        needed = max(flat / leg.speed, abs(up) / (CLIMB_SPEED if up > 0 else SINK_SPEED))
        if flat > 0.5:
            self._turn(math.degrees(math.atan2(east, north)), seconds)
        part = 1.0 if needed <= seconds else seconds / needed
        if needed > 1e-9:
            self.horizontal_speed, self.vertical_speed = flat / needed, up / needed
        self.east += east * part
        self.north += north * part
        self.up = leg.up if part == 1.0 else self.up + up * part
        self.distance += flat * part
        if needed > seconds:
            return 0.0
        if needed + leg.wait > seconds:
            self.legs[0] = replace(leg, wait=leg.wait - (seconds - needed))
            return 0.0
        return seconds - needed - leg.wait

    def _turn(self, course: float, seconds: float) -> None:
        difference = (course - self.heading + 180) % 360 - 180
        step = max(-TURN_RATE * seconds, min(TURN_RATE * seconds, difference))
        self.heading = (self.heading + step + 180) % 360 - 180

    def _drain(self, seconds: float) -> None:
        if self.flying:
            self.airborne_for += seconds
            self.battery = max(self.battery - seconds * self.thirst * 100 / ENDURANCE, 5.0)

    def _rest(self, seconds: float) -> None:
        self.horizontal_speed = self.vertical_speed = 0.0
        self.battery = min(self.battery + seconds * 100 / CHARGE_TIME, 100.0)


def _survey(rnd: random.Random) -> list[tuple[float, float]]:
    width, length, lanes = rnd.uniform(120, 260), rnd.uniform(160, 360), rnd.randint(4, 7)
    points: list[tuple[float, float]] = []
    for lane in range(lanes):
        x = width * lane / (lanes - 1) - width / 2
        ends: Sequence[float] = (-length / 2, length / 2) if lane % 2 == 0 else (length / 2, -length / 2)
        points += [(x, y) for y in ends]
    return points


def _perimeter(rnd: random.Random) -> list[tuple[float, float]]:
    width, length = rnd.uniform(150, 320), rnd.uniform(150, 320)
    corners = [(-width, -length), (width, -length), (width, length), (-width, length), (-width, -length)]
    return [(x / 2, y / 2) for x, y in corners]


def _orbit(rnd: random.Random) -> list[tuple[float, float]]:
    radius, steps = rnd.uniform(60, 140), 24
    angles = [2 * math.pi * step / steps for step in range(2 * steps + 1)]
    return [(radius * math.sin(angle), radius * math.cos(angle)) for angle in angles]
