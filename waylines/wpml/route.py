"""A route as the file says it. Lengths in metres, angles in degrees (WGS84), times in seconds, speeds in m/s.

A value the file does not give is None or empty; a word we never heard of stays the word it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from waylines.wpml.markup import Node

#: The numbers that Pilot's list of waylines has for a template.
TEMPLATE_CODES: Mapping[str, int] = {"waypoint": 0, "mapping2d": 1, "mapping3d": 2, "mappingStrip": 3}


class Position(NamedTuple):
    """A place; `height` is None where only the ground plan is given."""

    latitude: float
    longitude: float
    height: float | None = None


@dataclass(frozen=True, slots=True)
class MissionConfig:
    """What holds for the whole mission (element `missionConfig`; of both files, the executable one wins).

    `drone_model_key` is "0-99-0" or empty, `payload_model_keys` are like "1-88-0" in the file's order, and
    `payload_positions` are their gimbals. `raw` is the element with everything in it.
    """

    fly_to_wayline_mode: str = ""
    finish_action: str = ""
    exit_on_rc_lost: str = ""
    rc_lost_action: str = ""
    take_off_security_height: float | None = None
    global_transitional_speed: float | None = None
    global_rth_height: float | None = None
    take_off_ref_point: Position | None = None
    drone_model_key: str = ""
    payload_model_keys: tuple[str, ...] = ()
    payload_positions: tuple[int, ...] = ()
    raw: Node = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """Something the aircraft or its payload does.

    `trigger` is reachPoint, betweenAdjacentPoints, multipleTiming, multipleDistance or a word of a later version; empty
    for start actions. `interval` belongs to the multiple triggers: seconds or metres. The action's group holds from
    `first_index` to `last_index`. `parameters` are the file's, as text, by their local names.
    """

    id: int
    name: str
    trigger: str = ""
    interval: float | None = None
    parameters: Node = field(default_factory=dict)
    group_id: int = 0
    first_index: int = 0
    last_index: int = 0


@dataclass(frozen=True, slots=True)
class ActionGroup:
    """Actions with one trigger for a range of waypoints."""

    id: int
    first_index: int
    last_index: int
    mode: str
    trigger: str
    interval: float | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A point to fly to.

    `height` is in the wayline's execute height mode, in a template in the template's height mode. `speed` is the speed
    from here on. `heading` and `poi` belong to the heading modes that use them. `actions` are those done at this
    point, and those done repeatedly or in flight from here on.
    """

    index: int
    latitude: float
    longitude: float
    height: float | None = None
    ellipsoid_height: float | None = None
    speed: float | None = None
    heading_mode: str = ""
    heading: float | None = None
    poi: Position | None = None
    turn_mode: str = ""
    turn_damping: float | None = None
    straight: bool | None = None
    gimbal_pitch: float | None = None
    is_risky: bool = False
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """What a person planned: the parameters from which waylines were computed.

    `type` is the word of the file, `type_code` Pilot's number for it or None. `points` is filled by waypoint templates,
    `polygon` or `line` by those that map; `height` is the planned one in `height_mode`.
    """

    id: int
    type: str
    type_code: int | None
    auto_flight_speed: float | None = None
    height_mode: str = ""
    height: float | None = None
    points: tuple[Waypoint, ...] = ()
    polygon: tuple[Position, ...] = ()
    line: tuple[Position, ...] = ()
    raw: Node = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wayline:
    """What the aircraft flies. `distance` and `duration` are the file's own claims, None when it makes none."""

    id: int
    template_id: int
    distance: float | None = None
    duration: float | None = None
    execute_height_mode: str = ""
    auto_flight_speed: float | None = None
    points: tuple[Waypoint, ...] = ()
    start_actions: tuple[Action, ...] = ()
    action_groups: tuple[ActionGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that travels with the route: terrain, audio, pictures."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class RouteFile:
    """A route file, understood as far as it can be.

    `namespace` is as written, `version` its end. `executable` says that the file holds waylines an aircraft can fly;
    a template alone has to be saved by Pilot 2 or FlightHub 2 first. `unknown` lists elements we cannot explain.
    `entries` are all files of the archive, name to bytes, so that rewriting loses nothing.
    """

    namespace: str = ""
    version: str = ""
    author: str = ""
    created: int | None = None
    updated: int | None = None
    config: MissionConfig = field(default_factory=MissionConfig)
    templates: tuple[Template, ...] = ()
    waylines: tuple[Wayline, ...] = ()
    resources: tuple[Resource, ...] = ()
    unknown: tuple[str, ...] = ()
    executable: bool = False
    entries: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def template(self, template_id: int) -> Template | None:
        """The template that a wayline was made from; None when the file does not hold it."""
        return next((template for template in self.templates if template.id == template_id), None)


def as_json(value: Any) -> Any:
    """Dataclasses and named tuples of this package as plain lists and dicts."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(inner) for inner in value]
    return value
