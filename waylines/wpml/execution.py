"""From a plan to what the aircraft flies: every point with its own speed, heading, turn and actions."""

from __future__ import annotations

from waylines.wpml import geometry, timing
from waylines.wpml.actions import BY_DISTANCE, BY_TIME
from waylines.wpml.plan import STOP, IntervalPhotos, PlanPoint, WaypointPlan
from waylines.wpml.plan_actions import PlanAction, shortest, written
from waylines.wpml.route import Action, ActionGroup, Wayline, Waypoint

#: How early a turn may begin (m), and the least the format accepts.
_EARLIEST_TURN, _LEAST_TURN = 10.0, 0.2


def wayline_of(plan: WaypointPlan) -> Wayline:
    """The wayline of a checked plan, with its length and estimated time.

    The aircraft stops at the first and last point and wherever something is done, whatever the turn mode says: an
    action on a point that is cut short would be lost.
    """
    groups = _Groups(plan)
    dampings = _dampings(plan.points)
    points = tuple(
        _waypoint(plan, place, point, dampings[place], groups.starting_at(place))
        for place, point in enumerate(plan.points)
    )
    along = timing.profile_of(points, plan.speed)
    return Wayline(
        id=0,
        template_id=0,
        distance=round(along.distance, 2),
        duration=round(along.duration, 2),
        execute_height_mode=plan.height_mode,
        auto_flight_speed=plan.speed,
        points=points,
        action_groups=groups.all,
    )


def _waypoint(
    plan: WaypointPlan, place: int, point: PlanPoint, damping: float, actions: tuple[Action, ...]
) -> Waypoint:
    turn_mode = point.turn_mode or plan.turn_mode
    stands = any(action.trigger == "reachPoint" for action in actions)
    if place in (0, len(plan.points) - 1) or stands or damping < _LEAST_TURN:
        turn_mode = STOP
    own = point.heading is not None
    mode = "smoothTransition" if own else plan.heading_mode
    passes = "Stop" not in turn_mode
    return Waypoint(
        index=place,
        latitude=point.latitude,
        longitude=point.longitude,
        height=point.height,
        speed=plan.speed if point.speed is None else point.speed,
        heading_mode=mode,
        heading=(point.heading if own else plan.heading) or 0.0,
        poi=plan.poi if mode == "towardPOI" else None,
        turn_mode=turn_mode,
        turn_damping=damping if passes else 0.0,
        straight=True,
        gimbal_pitch=point.gimbal_pitch or 0.0,
        is_risky=point.is_risky,
        actions=actions,
    )


def _dampings(points: tuple[PlanPoint, ...]) -> list[float]:
    """How far before each point a turn may begin: two neighbours together need less than the leg between them."""
    lengths, _courses = geometry.legs([(point.latitude, point.longitude) for point in points])
    return [
        round(min(_EARLIEST_TURN, 0.4 * before, 0.4 * after), 2)
        for before, after in zip([0.0, *lengths], [*lengths, 0.0], strict=True)
    ]


class _Groups:
    """The action groups of a plan: at points, of the camera's pitch between points, and of photos at intervals."""

    def __init__(self, plan: WaypointPlan) -> None:
        self._position = plan.payload_position
        self._found: list[ActionGroup] = []
        pitched = [place for place, point in enumerate(plan.points) if point.gimbal_pitch is not None]
        for place, point in enumerate(plan.points):
            actions = list(point.actions)
            if pitched and place == pitched[0]:
                actions.insert(0, _pitch(point.gimbal_pitch or 0.0))
            if actions:
                self.add(place, place, "reachPoint", None, [(a.name, written(a, self._position)) for a in actions])
            following = plan.points[place + 1].gimbal_pitch if place + 1 < len(plan.points) else None
            if following is not None and place + 1 != pitched[0]:
                self.add(
                    place, place + 1, "betweenAdjacentPoints", None, [("gimbalEvenlyRotate", self._evenly(following))]
                )
            for photos in plan.interval_photos:
                if photos.first_index == place:
                    self._found.append(interval_group(len(self._found), photos, self._position))

    @property
    def all(self) -> tuple[ActionGroup, ...]:
        return tuple(self._found)

    def starting_at(self, place: int) -> tuple[Action, ...]:
        return tuple(action for group in self._found if group.first_index == place for action in group.actions)

    def add(
        self, first: int, last: int, trigger: str, interval: float | None, actions: list[tuple[str, dict[str, str]]]
    ) -> None:
        self._found.append(group_of(len(self._found), first, last, trigger, interval, actions))

    def _evenly(self, pitch: float) -> dict[str, str]:
        return {
            "gimbalPitchRotateAngle": shortest(pitch),
            "gimbalRollRotateAngle": "0",
            "payloadPositionIndex": str(self._position),
        }


def _pitch(angle: float) -> PlanAction:
    return PlanAction("gimbalRotate", {"gimbalPitchRotateAngle": angle, "gimbalHeadingYawBase": "aircraft"})


def group_of(
    number: int, first: int, last: int, trigger: str, interval: float | None, actions: list[tuple[str, dict[str, str]]]
) -> ActionGroup:
    """An action group out of names and parameters."""
    return ActionGroup(
        id=number,
        first_index=first,
        last_index=last,
        mode="sequence",
        trigger=trigger,
        interval=interval,
        actions=tuple(
            Action(place, name, trigger, interval, dict(parameters), number, first, last)
            for place, (name, parameters) in enumerate(actions)
        ),
    )


def interval_group(number: int, photos: IntervalPhotos, position: int) -> ActionGroup:
    """The action group of photos taken in flight; `position` is the payload's gimbal."""
    trigger, interval = (BY_TIME, photos.seconds) if photos.distance is None else (BY_DISTANCE, photos.distance)
    listed = [("takePhoto", written(PlanAction("takePhoto"), position))]
    return group_of(number, photos.first_index, photos.last_index, trigger, interval, listed)
