"""Action groups: what is done where, when and how often (page "Common elements")."""

from __future__ import annotations

from dataclasses import replace

from waylines.wpml.errors import WpmlError
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.markup import Node, integer_of, node_of, nodes, number, number_of, text_of, values
from waylines.wpml.route import Action, ActionGroup, Waypoint

#: Triggers whose actions are done at every single point of the group's range.
AT_POINTS = frozenset({"reachPoint", ""})
BY_DISTANCE = "multipleDistance"
BY_TIME = "multipleTiming"


class ActionReader:
    """Reads groups and counts what it reads, so that no file makes us hold millions of actions."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def groups(self, folder: Node, marks: list[Node]) -> tuple[ActionGroup, ...]:
        """The groups of a folder: in their placemarks, as the pages say, or beside them, as some writers do.

        Raises WpmlError("too_many_actions" or "bad_number").
        """
        found: list[ActionGroup] = []
        for place, mark in enumerate(marks):
            if "actionGroup" in mark:
                given = integer_of(mark, "index")
                index = place if given is None else given
                found.extend(self._group(group, index) for group in nodes(mark, "actionGroup"))
        found.extend(self._group(group, 0) for group in nodes(folder, "actionGroup"))
        return tuple(found)

    def start_actions(self, folder: Node) -> tuple[Action, ...]:
        """What is done before the wayline begins. Raises WpmlError("too_many_actions" or "bad_number")."""
        return tuple(
            replace(action, trigger="")
            for group in nodes(folder, "startActionGroup")
            for action in self._group(group, 0).actions
        )

    def attach(self, points: tuple[Waypoint, ...], groups: tuple[ActionGroup, ...]) -> tuple[Waypoint, ...]:
        """The points with their actions. Raises WpmlError("too_many_actions")."""
        if not groups:
            return points
        by_index: dict[int, list[Action]] = {}
        known = {point.index for point in points}
        highest = max(known, default=0)
        for group in groups:
            if not group.actions:
                continue
            covered = range(group.first_index, group.first_index + 1)
            if group.trigger in AT_POINTS:
                last = min(group.last_index, highest)
                covered = range(group.first_index, last + 1)
                self._count(max(0, len(covered) - 1) * len(group.actions))
            for index in covered:
                if index in known:
                    by_index.setdefault(index, []).extend(group.actions)
        return tuple(
            replace(point, actions=tuple(by_index[point.index])) if point.index in by_index else point
            for point in points
        )

    def _group(self, node: Node, index: int) -> ActionGroup:
        trigger = node_of(node, "actionTrigger")
        kind = text_of(trigger, "actionTriggerType")
        interval = _interval(trigger)
        given_first = integer_of(node, "actionGroupStartIndex")
        first = index if given_first is None else given_first
        given_last = integer_of(node, "actionGroupEndIndex")
        last = max(first, first if given_last is None else given_last)
        group_id = integer_of(node, "actionGroupId") or 0
        listed = list(nodes(node, "action"))
        self._count(len(listed))
        return ActionGroup(
            id=group_id,
            first_index=first,
            last_index=last,
            mode=text_of(node, "actionGroupMode"),
            trigger=kind,
            interval=interval,
            actions=tuple(
                _action(action, place, kind, interval, group_id, first, last) for place, action in enumerate(listed)
            ),
        )

    def _count(self, actions: int) -> None:
        self._left -= actions
        if self._left < 0:
            raise WpmlError("too_many_actions", _("The route has more than %(limit)s actions."), limit=self._limit)


def _action(
    node: Node, place: int, trigger: str, interval: float | None, group_id: int, first: int, last: int
) -> Action:
    given = integer_of(node, "actionId")
    return Action(
        id=place if given is None else given,
        name=text_of(node, "actionActuatorFunc"),
        trigger=trigger,
        interval=interval,
        parameters=node_of(node, "actionActuatorFuncParam"),
        group_id=group_id,
        first_index=first,
        last_index=last,
    )


def _interval(trigger: Node) -> float | None:
    """Seconds or metres; some writers wrap the number in an element of its own."""
    given = number_of(trigger, "actionTriggerParam")
    if given is not None:
        return given
    for wrapped in nodes(trigger, "actionTriggerParam"):
        for key in wrapped:
            for value in values(wrapped, key):
                if isinstance(value, str) and (found := number(value, key)) is not None:
                    return found
    return None


def amount(action: Action, name: str) -> float:
    """A parameter's number; 0 for a missing, unreadable or negative one."""
    try:
        return max(0.0, number_of(action.parameters, name) or 0.0)
    except WpmlError:
        return 0.0
