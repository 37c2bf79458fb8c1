"""Places in a route: waypoints, polygons and lines out of KML placemarks."""

from __future__ import annotations

from collections.abc import Iterator

from waylines.wpml.errors import WpmlError
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.markup import Node, flag_of, integer_of, node_of, nodes, number, number_of, text_of
from waylines.wpml.route import Position, Waypoint

#: Metres; no aircraft of these gets as high.
HIGHEST = 100_000.0
MOST_CORNERS = 20_000


def waypoints(folder: Node, marks: list[Node], *, planned: bool) -> tuple[Waypoint, ...]:
    """The waypoints of a folder, without their actions, in the order of their index.

    With `planned` they are a template's, where a point may take the folder's height, speed, heading and turn. Raises
    WpmlError("bad_coordinates" or "bad_number").
    """
    common = _Common(folder, planned)
    points = [_waypoint(mark, place, common) for place, mark in enumerate(marks)]
    points.sort(key=lambda point: point.index)
    return tuple(points)


class _Common:
    """What a folder says for all its points."""

    def __init__(self, folder: Node, planned: bool) -> None:
        self.planned = planned
        self.height = number_of(folder, "globalHeight", HIGHEST)
        self.speed = number_of(folder, "autoFlightSpeed")
        self.heading = node_of(folder, "globalWaypointHeadingParam")
        self.turn_mode = text_of(folder, "globalWaypointTurnMode")
        self.straight = flag_of(folder, "globalUseStraightLine")


def _waypoint(mark: Node, place: int, common: _Common) -> Waypoint:
    given = integer_of(mark, "index")
    index = place if given is None else given
    position = _point(node_of(mark, "Point"), index)
    heading = node_of(mark, "waypointHeadingParam")
    turn = node_of(mark, "waypointTurnParam")
    turn_mode = text_of(turn, "waypointTurnMode")
    straight = flag_of(mark, "useStraightLine")
    speed = number_of(mark, "waypointSpeed")
    pitch = number_of(mark, "gimbalPitchAngle")
    if pitch is None:
        pitch = number_of(node_of(mark, "waypointGimbalHeadingParam"), "waypointGimbalPitchAngle")
    height = number_of(mark, "executeHeight", HIGHEST)
    if common.planned:
        height = number_of(mark, "height", HIGHEST)
        if common.height is not None and (height is None or flag_of(mark, "useGlobalHeight")):
            height = common.height
        if common.speed is not None and (speed is None or flag_of(mark, "useGlobalSpeed")):
            speed = common.speed
        if not heading or flag_of(mark, "useGlobalHeadingParam"):
            heading = common.heading
        if not turn_mode or flag_of(mark, "useGlobalTurnParam"):
            turn_mode = common.turn_mode
        if straight is None:
            straight = common.straight
    mode = text_of(heading, "waypointHeadingMode")
    return Waypoint(
        index=index,
        latitude=position.latitude,
        longitude=position.longitude,
        height=position.height if height is None else height,
        ellipsoid_height=number_of(mark, "ellipsoidHeight", HIGHEST),
        speed=common.speed if speed is None else speed,
        heading_mode=mode,
        heading=number_of(heading, "waypointHeadingAngle"),
        poi=latitude_first(text_of(heading, "waypointPoiPoint")) if mode == "towardPOI" else None,
        turn_mode=turn_mode,
        turn_damping=number_of(turn, "waypointTurnDampingDist"),
        straight=straight,
        gimbal_pitch=pitch,
        is_risky=bool(flag_of(mark, "isRisky")),
    )


def _point(node: Node, index: int) -> Position:
    place = next(_coordinates(text_of(node, "coordinates")), None)
    if place is None:
        raise WpmlError("bad_coordinates", _("Waypoint %(index)s has no usable coordinates."), index=index)
    return place


def shapes(folder: Node) -> tuple[tuple[Position, ...], tuple[Position, ...]]:
    """The first polygon's outer ring, without its closing point, and the first line; each empty where there is none."""
    polygon: tuple[Position, ...] = ()
    line: tuple[Position, ...] = ()
    for mark in nodes(folder, "Placemark"):
        ring = node_of(node_of(node_of(mark, "Polygon"), "outerBoundaryIs"), "LinearRing")
        if not polygon and ring:
            polygon = tuple(_coordinates(text_of(ring, "coordinates")))
            if len(polygon) > 1 and polygon[0][:2] == polygon[-1][:2]:
                polygon = polygon[:-1]
        if not line and (drawn := node_of(mark, "LineString")):
            line = tuple(_coordinates(text_of(drawn, "coordinates")))
    return polygon, line


def _coordinates(text: str) -> Iterator[Position]:
    """KML's "longitude,latitude[,height]" tuples between white space; "longitude, latitude" with a space as well."""
    # Step by step and each step in linear time: a stranger wrote this text.
    parts = " ".join(text.split()).replace(" ,", ",").replace(", ", ",").split(" ")
    if len(parts) > MOST_CORNERS:
        raise WpmlError(
            "too_many_points", _("A shape of the route has more than %(limit)s corners."), limit=MOST_CORNERS
        )
    for part in filter(None, parts):
        numbers = [number(piece, "coordinates", HIGHEST) for piece in part.split(",", 3)[:3]]
        if len(numbers) < 2 or numbers[0] is None or numbers[1] is None:
            raise _unusable(part)
        yield position(numbers[1], numbers[0], numbers[2] if len(numbers) > 2 else None)


def latitude_first(text: str) -> Position | None:
    """The vendor's "latitude,longitude,height" of reference points; None for what is none."""
    numbers = [number(piece.strip(), "coordinates", HIGHEST) for piece in text.split(",", 3)[:3]]
    if len(numbers) < 2 or numbers[0] is None or numbers[1] is None:
        return None
    if abs(numbers[0]) > 90 or abs(numbers[1]) > 180:
        return None
    return Position(numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else None)


def position(latitude: float, longitude: float, height: float | None = None) -> Position:
    """A place on Earth. Raises WpmlError("bad_coordinates")."""
    if not -90 <= latitude <= 90 or not -180 <= longitude <= 180:
        raise _unusable(f"{longitude},{latitude}")
    return Position(latitude, longitude, height)


def _unusable(text: str) -> WpmlError:
    return WpmlError("bad_coordinates", _("“%(text)s” are no coordinates on Earth."), text=text[:60])
