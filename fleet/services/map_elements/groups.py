"""Groups of elements: one default and one that remotes draw into in every workspace, and as many as people like."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fleet.models import MapGroup, Role, User, Workspace
from fleet.services import access, audit, broadcast
from fleet.services.map_elements import geometry


class MapRefused(Exception):
    """It was not done; the text is a sentence for people. `missing`: what was named is not there."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class Outdated(MapRefused):
    """Somebody else changed it in the meantime."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else has changed it in the meantime."))


def ensure(workspace: Workspace) -> None:
    """Make the two groups that every workspace has. Two at once make them once."""
    present = set(MapGroup.objects.filter(workspace=workspace).exclude(type=0).values_list("type", flat=True))
    for type_, name in ((MapGroup.Type.DEFAULT, "Default"), (MapGroup.Type.SHARED, "Pilot")):
        if type_ not in present:
            MapGroup.objects.bulk_create(
                [MapGroup(workspace=workspace, type=type_, name=_free(workspace, name))], ignore_conflicts=True
            )


def _free(workspace: Workspace, name: str) -> str:
    taken = set(MapGroup.objects.filter(workspace=workspace, name__startswith=name).values_list("name", flat=True))
    return next(found for found in (name, *(f"{name} {n}" for n in range(2, 1000))) if found not in taken)


def find(workspace: Workspace, group_id: Any) -> MapGroup:
    """A group of this workspace. Raises `MapRefused`."""
    try:
        wanted = UUID(str(group_id))
    except ValueError:
        wanted = None
    found = MapGroup.objects.filter(workspace=workspace, pk=wanted).first() if wanted else None
    if found is None:
        raise no_such()
    return found


def no_such() -> MapRefused:
    return MapRefused(_("There is no such group in this workspace."), missing=True)


def create(workspace: Workspace, name: str, *, user: User) -> MapGroup:
    """A group of one's own. Raises `MapRefused`."""
    access.require(user, workspace, Role.OPERATOR)
    try:
        with transaction.atomic():
            group = MapGroup.objects.create(workspace=workspace, name=_name(name))
            audit.record("map.group_made", workspace=workspace, user=user, target=group.name)
            _changed(group)
    except IntegrityError:
        raise MapRefused(_("There is a group of this name already.")) from None
    return group


def change(
    group: MapGroup,
    *,
    user: User,
    name: str | None = None,
    locked: bool | None = None,
    distributed: bool | None = None,
    no_fly: bool | None = None,
) -> None:
    """Rename it, lock it, keep it from remotes, make its areas no-fly areas. Raises `MapRefused`, `Forbidden`."""
    access.require(user, group.workspace_id, Role.OPERATOR)
    if distributed is False and group.type == MapGroup.Type.SHARED:
        raise MapRefused(_("Remotes draw into this group, so they have to see it."))
    changes: dict[str, Any] = {"is_lock": locked, "is_distributed": distributed, "no_fly": no_fly}
    changes = {field: value for field, value in changes.items() if value is not None}
    if name is not None:
        changes["name"] = _name(name)
    try:
        with transaction.atomic():
            if not MapGroup.objects.filter(pk=group.pk).update(**changes):
                raise no_such()
            group.refresh_from_db()
            audit.record("map.group_changed", workspace=group.workspace, user=user, target=group.name, **changes)
            _changed(group)
    except IntegrityError:
        raise MapRefused(_("There is a group of this name already.")) from None


def delete(group: MapGroup, *, user: User) -> None:
    """Delete it with what is in it. Raises `MapRefused` for the two that a workspace always has."""
    access.require(user, group.workspace, Role.OPERATOR)
    if group.type != MapGroup.Type.CUSTOM:
        raise MapRefused(_("This group belongs to every workspace and stays."))
    with transaction.atomic():
        audit.record(
            "map.group_deleted",
            workspace=group.workspace,
            user=user,
            target=group.name,
            elements=group.elements.count(),
        )
        kept = group.pk
        group.delete()
        group.pk = kept
        _changed(group)


def refresh(group: MapGroup) -> None:
    """Tell everybody that much of it has changed: remotes read it anew, and so does the console."""
    _changed(group, whole=True)


def _changed(group: MapGroup, *, whole: bool = False) -> None:
    broadcast.to_workspace(group.workspace_id, "map_group_refresh", {"ids": [str(group.pk)]})
    broadcast.changed(group.workspace_id, "map", id="", group=str(group.pk), whole=whole)


def _name(name: Any) -> str:
    text = " ".join(geometry.text(name or "").split())[:100]
    if not text:
        raise MapRefused(_("A group needs a name."))
    return text
