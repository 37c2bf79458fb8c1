"""What a pilot would want to be told before a route is flown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fleet.protocol import device_models
from waylines.wpml import geometry, no_fly_areas, timing
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.facts import Facts, executed
from waylines.wpml.facts import facts as facts_of
from waylines.wpml.route import RouteFile, Wayline

Severity = Literal["block", "warn", "info"]
#: A full battery of a dock's aircraft with a reserve, and the way a first point may lie off.
LONGEST_FLIGHT = 35 * 60.0
FAR_FIRST_POINT = 1000.0
FASTEST = 15.0
_SAME_PLACE = 0.05


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to know. `template` is an English sentence with `%(name)s` places that `params` fill.

    "block": must not be flown like this; "warn": decide knowingly; "info": good to know.
    """

    code: str
    severity: Severity
    template: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return self.template % self.params if self.params else self.template


def advise(
    route: RouteFile | Facts,
    *,
    aircraft_model_key: str | None = None,
    payload_model_keys: Sequence[str] | None = None,
    home: Sequence[float] | None = None,
    max_distance: float | None = None,
    max_length: float | None = None,
    max_height: float | None = None,
    rth_altitude: float | None = None,
    longest_flight: float = LONGEST_FLIGHT,
    no_fly: Sequence[Any] = (),
) -> list[Advice]:
    """What speaks against flying this route, the gravest first.

    `aircraft_model_key` is the dock's aircraft; `payload_model_keys` what it carries, where known. `home` is latitude,
    longitude and where known the ellipsoid height of the dock. `max_distance` is how far from home a point may lie,
    `max_length` how long the whole flight may be, `max_height` metres above take-off, `rth_altitude` the height of the
    return, `longest_flight` seconds. `no_fly` are GeoJSON geometries, features or collections; a Point with a radius
    (metres) is a circle. With `Facts` alone only what they hold can be checked: neither areas nor single points.
    """
    facts = route if isinstance(route, Facts) else facts_of(route)
    lines = executed(route) if isinstance(route, RouteFile) else ()
    found = [
        *_executable(facts),
        *_models(facts, aircraft_model_key, payload_model_keys),
        *_reach(facts, lines, home, max_distance, max_length, longest_flight),
        *_heights(facts, lines, route, home, max_height, rth_altitude),
        *_points(facts, lines),
        *_areas(lines, home, no_fly, facts),
    ]
    rank = {"block": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda advice: rank[advice.severity])


def _executable(facts: Facts) -> Iterator[Advice]:
    if facts.point_count == 0:
        yield Advice("no_waypoint", "block", _("The route has no waypoint."))
    if not facts.executable:
        yield Advice(
            "not_executable",
            "block",
            _("The file holds only a template: save it in Pilot 2 or FlightHub 2 to get a route that can be flown."),
        )
    if facts.finish_action == "noAction":
        yield Advice(
            "stays_in_the_air", "warn", _("After its last waypoint the aircraft stays there until someone acts.")
        )


def _name(key: str) -> str:
    model = device_models.find(key)
    return model.name if model else key


def _models(facts: Facts, aircraft: str | None, payloads: Sequence[str] | None) -> Iterator[Advice]:
    key = facts.drone_model_key
    if not key:
        yield Advice("model_missing", "warn", _("The file does not say for which aircraft it was made."))
    elif aircraft and key != aircraft:
        names = {"route": _name(key), "aircraft": _name(aircraft)}
        if key.split("-")[:2] == aircraft.split("-")[:2]:
            yield Advice(
                "model_variant", "warn", _("The route was made for a %(route)s; the aircraft is a %(aircraft)s."), names
            )
        else:
            yield Advice(
                "model_does_not_fit",
                "block",
                _("The route was made for a %(route)s and cannot be flown by a %(aircraft)s."),
                names,
            )
    elif device_models.find(key) is None:
        yield Advice("model_unknown", "warn", _("The aircraft model %(key)s is unknown."), {"key": key})
    if not facts.payload_model_keys:
        yield Advice("payload_missing", "info", _("The file names no payload."))
    for payload in facts.payload_model_keys:
        if device_models.find(payload) is None:
            yield Advice("payload_unknown", "warn", _("The payload model %(key)s is unknown."), {"key": payload})
        elif payloads is not None and payload not in payloads:
            yield Advice(
                "payload_not_mounted",
                "warn",
                _("The aircraft does not carry the payload %(name)s."),
                {"name": _name(payload)},
            )


def _reach(
    facts: Facts,
    lines: Sequence[Wayline],
    home: Sequence[float] | None,
    max_distance: float | None,
    max_length: float | None,
    longest_flight: float,
) -> Iterator[Advice]:
    length, seconds = facts.distance or 0.0, facts.duration or 0.0
    if home is not None and facts.start is not None:
        out = geometry.distance(home, facts.start)
        ways = [out]
        points = [point for line in lines for point in line.points]
        if points:
            away = geometry.distances_from(home, [(point.latitude, point.longitude) for point in points])
            ways.append(away[-1] if facts.finish_action != "gotoFirstWaypoint" else out)
            far = max(range(len(points)), key=away.__getitem__)
            if max_distance is not None and away[far] > max_distance:
                yield Advice(
                    "point_too_far",
                    "warn",
                    _("Waypoint %(index)s is %(distance)s m from home; the limit is %(limit)s m."),
                    {"index": points[far].index + 1, "distance": round(away[far]), "limit": round(max_distance)},
                )
        elif max_distance is not None and out > max_distance:
            yield Advice(
                "point_too_far",
                "warn",
                _("Waypoint %(index)s is %(distance)s m from home; the limit is %(limit)s m."),
                {"index": 1, "distance": round(out), "limit": round(max_distance)},
            )
        if out > FAR_FIRST_POINT:
            yield Advice(
                "first_point_far",
                "warn",
                _("The first waypoint is %(distance)s m from the dock."),
                {"distance": round(out)},
            )
        length += sum(ways)
        seconds += sum(timing.straight(way, 0.0, 10.0) for way in ways)
    if max_length is not None and length > max_length:
        yield Advice(
            "route_too_long",
            "warn",
            _("The flight is %(distance)s m long; the aircraft's range is %(limit)s m."),
            {"distance": round(length), "limit": round(max_length)},
        )
    if seconds > longest_flight:
        yield Advice(
            "flight_too_long",
            "warn",
            _("The flight takes about %(minutes)s minutes; a battery lasts for about %(limit)s."),
            {"minutes": round(seconds / 60), "limit": round(longest_flight / 60)},
        )


def _heights(
    facts: Facts,
    lines: Sequence[Wayline],
    route: RouteFile | Facts,
    home: Sequence[float] | None,
    max_height: float | None,
    rth_altitude: float | None,
) -> Iterator[Advice]:
    highest, ground = _above_take_off(facts, lines, route, home)
    if highest is None:
        if facts.point_count and facts.highest is not None and (max_height is not None or rth_altitude is not None):
            yield Advice(
                "height_not_comparable",
                "info",
                _("This route's heights are not above take-off: compare them with the limit yourself."),
            )
        return
    if max_height is not None and highest > max_height:
        yield Advice(
            "too_high",
            "warn",
            _("The route climbs to %(height)s m; the limit is %(limit)s m."),
            {"height": round(highest), "limit": round(max_height)},
        )
    if rth_altitude is not None and not ground and rth_altitude < highest:
        yield Advice(
            "rth_below_route",
            "info",
            _("The return altitude of %(rth)s m is below the route's highest point at %(height)s m."),
            {"rth": round(rth_altitude), "height": round(highest)},
        )
    if facts.lowest is not None and facts.height_mode == "relativeToStartPoint" and facts.lowest < 0:
        yield Advice(
            "below_take_off",
            "warn",
            _("The route goes down to %(height)s m, below the take-off point."),
            {"height": round(facts.lowest)},
        )


def _above_take_off(
    facts: Facts, lines: Sequence[Wayline], route: RouteFile | Facts, home: Sequence[float] | None
) -> tuple[float | None, bool]:
    """The route's highest point above take-off, None when nobody knows; and whether heights follow the ground."""
    if facts.highest is None:
        return None, False
    if facts.height_mode == "relativeToStartPoint":
        return facts.highest, False
    if facts.height_mode in ("realTimeFollowSurface", "aboveGroundLevel"):
        return facts.highest, True
    if facts.height_mode == "WGS84":
        base = home[2] if home is not None and len(home) > 2 else None
        if base is None and isinstance(route, RouteFile) and route.config.take_off_ref_point is not None:
            base = route.config.take_off_ref_point.height
        return (None if base is None else facts.highest - base), False
    return None, False


def _points(facts: Facts, lines: Sequence[Wayline]) -> Iterator[Advice]:
    if facts.risky_count:
        yield Advice(
            "risky_points",
            "warn",
            _("%(count)s waypoints are marked as risky."),
            {"count": facts.risky_count},
        )
    if facts.fastest is not None and facts.fastest > FASTEST:
        yield Advice(
            "too_fast",
            "warn",
            _("The route asks for %(speed)s m/s; %(limit)s m/s is what aircraft do at most."),
            {"speed": round(facts.fastest, 1), "limit": FASTEST},
        )
    for line in lines:
        lengths, _courses = geometry.legs([(point.latitude, point.longitude) for point in line.points])
        for place, length in enumerate(lengths):
            start, end = line.points[place], line.points[place + 1]
            if length < _SAME_PLACE and start.height == end.height:
                yield Advice(
                    "identical_points",
                    "warn",
                    _("Waypoints %(first)s and %(second)s are the same place."),
                    {"first": start.index + 1, "second": end.index + 1},
                )
                break


def _areas(
    lines: Sequence[Wayline], home: Sequence[float] | None, no_fly: Sequence[Any], facts: Facts
) -> Iterator[Advice]:
    flown = [line for line in lines if line.points]
    ways = no_fly_areas.joined([[(point.latitude, point.longitude) for point in line.points] for line in flown])
    if home is not None and ways:
        ways.append([home[:2], ways[0][0]])
        if facts.finish_action == "goHome":
            ways.append([ways[len(flown) - 1][-1], home[:2]])
    crossed, unreadable = no_fly_areas.crossings(ways, no_fly) if no_fly else ([], [])
    for crossing in crossed:
        if crossing.way < len(flown):
            index = flown[crossing.way].points[crossing.leg].index
            yield Advice(
                "no_fly_area",
                "block",
                _("The route crosses the no-fly area %(area)s after waypoint %(index)s."),
                {"area": crossing.area, "index": index + 1, "wayline": flown[crossing.way].id},
            )
        else:
            yield Advice(
                "no_fly_area_on_the_way",
                "warn",
                _("The straight way between the dock and the route crosses the no-fly area %(area)s."),
                {"area": crossing.area},
            )
    for area in unreadable:
        yield Advice(
            "no_fly_area_unreadable",
            "warn",
            _("The no-fly area %(area)s cannot be read and was not checked."),
            {"area": area},
        )
