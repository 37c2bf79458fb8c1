"""The map as a whole, read in one go: for remotes as the page "Map elements" prints it, for the console with more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q

from fleet.models import MapElement, MapGroup, Workspace
from fleet.services.map_elements.elements import milliseconds
from fleet.services.map_elements.groups import ensure

Json = dict[str, Any]


def for_pilot(workspace: Workspace, *, group_id: UUID | None = None, distributed: bool = True) -> list[Json]:
    """Groups with their elements; times in ms. Without `group_id` all that are sent to remotes."""
    ensure(workspace)
    rows = MapGroup.objects.filter(workspace=workspace, is_distributed=distributed)
    if group_id is not None:
        rows = rows.filter(pk=group_id)
    found_groups = list(rows)
    inside: defaultdict[UUID, list[Json]] = defaultdict(list)
    fields = ("id", "group_id", "name", "created_at", "updated_at", "type", "user_name", "content")
    found = MapElement.objects.filter(workspace=workspace, group__in=found_groups).order_by("created_at")
    for pk, group, name, created, updated, type_, user_name, content in found.values_list(*fields):
        inside[group].append(
            {
                "id": str(pk),
                "name": name,
                "create_time": milliseconds(created),
                "update_time": milliseconds(updated),
                "resource": {"type": type_, "user_name": user_name, "content": content},
            }
        )
    return [
        {
            "id": str(group.pk),
            "name": group.name,
            "type": group.type,
            "is_lock": group.is_lock,
            "create_time": milliseconds(group.created_at),
            "elements": inside[group.pk],
        }
        for group in found_groups
    ]


def groups(workspace_id: UUID) -> list[Json]:
    """The groups as the console shows them."""
    return [
        {
            "id": str(group.pk),
            "name": group.name,
            "type": group.type,
            "locked": group.is_lock,
            "distributed": group.is_distributed,
            "no_fly": group.no_fly,
        }
        for group in MapGroup.objects.filter(workspace_id=workspace_id)
    ]


def elements(workspace_id: UUID, *, only: Iterable[Any] | None = None, group_id: str = "") -> list[Json]:
    """Elements as the console shows them: all, some of them, or those of a group. `at` is the last change, in ms."""
    wanted = Q(workspace_id=workspace_id)
    if only is not None:
        wanted &= Q(pk__in=list(only))
    if group_id:
        wanted &= Q(group_id=group_id)
    fields = ("id", "group_id", "name", "updated_at", "type", "user_name", "hidden", "content")
    return [
        {
            "id": str(pk),
            "group": str(group),
            "name": name,
            "type": type_,
            "by": user_name,
            "hidden": hidden,
            "at": milliseconds(updated),
            "content": content,
        }
        for pk, group, name, updated, type_, user_name, hidden, content in MapElement.objects.filter(wanted)
        .order_by("created_at")
        .values_list(*fields)
    ]


def no_fly_areas(workspace_id: UUID) -> list[Json]:
    """GeoJSON features of what missions of the workspace must not cross, each with its `name`; hidden ones too."""
    shapes = (MapElement.Type.POLYGON, MapElement.Type.CIRCLE)
    rows = MapElement.objects.filter(workspace_id=workspace_id, group__no_fly=True, type__in=shapes)
    return [
        {**content, "name": name, "properties": {**(content.get("properties") or {}), "name": name}}
        for name, content in rows.order_by("created_at").values_list("name", "content")
    ]


def stamps(workspace_id: UUID) -> dict[str, int]:
    """When each element was last changed, in ms: what a page compares its own with."""
    rows = MapElement.objects.filter(workspace_id=workspace_id).values_list("id", "updated_at")
    return {str(pk): milliseconds(updated) for pk, updated in rows}
