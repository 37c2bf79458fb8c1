"""Points, lines and polygons of a workspace, drawn by remotes and by operators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.models import MapElement, MapGroup, Role, User, Workspace
from fleet.services import access, audit, broadcast
from fleet.services.map_elements import geometry
from fleet.services.map_elements.groups import MapRefused, Outdated

Json = dict[str, Any]
#: So many elements a workspace may hold: every remote loads them all.
MOST_ELEMENTS = 20_000


def milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000)


def resource(element: MapElement) -> Json:
    """The element's `resource`, as pages print it."""
    return {"type": element.type, "user_name": element.user_name, "content": element.content}


def as_pushed(element: MapElement) -> Json:
    """The data of `map_element_create` and `map_element_update`."""
    return {
        "id": str(element.pk),
        "group_id": str(element.group_id),
        "name": element.name,
        "resource": resource(element),
        "create_time": milliseconds(element.created_at),
        "update_time": milliseconds(element.updated_at),
    }


def find(workspace: Workspace, element_id: Any) -> MapElement:
    """An element of this workspace. Raises `MapRefused`."""
    wanted = identity(element_id)
    found = MapElement.objects.select_related("group", "workspace").filter(workspace=workspace, pk=wanted).first()
    if found is None:
        raise _no_such()
    return found


def identity(element_id: Any) -> UUID:
    """Raises `MapRefused` for what is no UUID."""
    try:
        return UUID(str(element_id))
    except ValueError:
        raise MapRefused(_("The id of an element is a UUID.")) from None


def create(
    workspace: Workspace, group: MapGroup, *, element_id: Any, name: Any, type_: Any, content: Any, user: User,
    from_pilot: bool = False,
) -> MapElement:  # fmt: skip
    """Draw. The same element again is the one that is there; a remote that says it twice may have drawn on since, and
    is not told off. Raises `MapRefused`, `BadGeometry`, `Forbidden`.
    """
    require_open(group, user, from_pilot)
    number = identity(element_id)
    kind = geometry.type_of(type_)
    found = geometry.checked(kind, content)
    require_room(workspace, 1)
    try:
        with transaction.atomic():
            element = MapElement.objects.create(
                id=number,
                workspace=workspace,
                group=group,
                name=label(name),
                type=kind,
                content=found,
                user=user,
                user_name=user.get_username(),
            )
            _tell(element, "map_element_create", as_pushed(element))
    except IntegrityError:
        present = MapElement.objects.select_related("group", "workspace").filter(pk=number, workspace=workspace).first()
        if present is None:
            # It is another workspace's; who asks learns no more than that the id is not free.
            raise MapRefused(_("This id is taken; draw it again.")) from None
        drawn = (label(name), kind, found, group.pk)
        if not from_pilot and drawn != (present.name, present.type, present.content, present.group_id):
            # Nobody may believe that this was saved.
            raise MapRefused(_("It is on the map already, and looks otherwise there.")) from None
        return present
    return element


def update(
    element: MapElement, *, user: User, name: Any = None, content: Any = None, group: MapGroup | None = None,
    hidden: bool | None = None, seen: int | None = None, from_pilot: bool = False,
) -> MapElement:  # fmt: skip
    """Redraw, rename, move to another group, hide on the console.

    `seen` is the time of the last change (ms) that whoever changes it knows of; when there was another one since,
    nothing is done. Raises `MapRefused`, `Outdated`, `BadGeometry`, `Forbidden`.
    """
    require_open(element.group, user, from_pilot)
    if seen is not None and seen != milliseconds(element.updated_at):
        raise Outdated
    changes: Json = {}
    if name is not None:
        changes["name"] = label(name)
    if content is not None:
        sent = geometry.without_redrawing(element.content, content) if from_pilot else content
        changes["content"] = geometry.checked(element.type, sent)
    if hidden is not None:
        changes["hidden"] = hidden
    moved = group is not None and group.pk != element.group_id
    if group is not None and moved:
        if group.workspace_id != element.workspace_id:
            raise MapRefused(_("There is no such group in this workspace."), missing=True)
        require_open(group, user, from_pilot)
        changes["group"] = group
    if not changes:
        return element
    rows = MapElement.objects.filter(pk=element.pk)
    if seen is not None:
        rows = rows.filter(updated_at=element.updated_at)
    with transaction.atomic():
        before = _held(element, user, from_pilot).group
        if not rows.update(**changes, updated_at=timezone.now()):
            raise Outdated
        element.refresh_from_db()
        if set(changes) == {"hidden"}:
            broadcast.changed(element.workspace_id, "map", id=str(element.pk), group=str(element.group_id))
            return element
        if moved:
            _tell_of_move(element, before)
        else:
            _tell(element, "map_element_update", as_pushed(element))
    return element


def _tell_of_move(element: MapElement, before: MapGroup) -> None:
    """A remote looks for an element in the group it knows it in: both are read anew."""
    if before.is_distributed and not element.group.is_distributed:
        gone = {"id": str(element.pk), "group_id": str(before.pk)}
        broadcast.to_workspace(element.workspace_id, "map_element_delete", gone)
    _tell(element, "map_element_update" if before.is_distributed else "map_element_create", as_pushed(element))
    ids = [str(before.pk), str(element.group_id)]
    broadcast.to_workspace(element.workspace_id, "map_group_refresh", {"ids": ids})


def delete(element: MapElement, *, user: User, from_pilot: bool = False) -> None:
    """Take it off the map. Raises `MapRefused`, `Forbidden`."""
    number = element.pk
    with transaction.atomic():
        element = _held(element, user, from_pilot)
        MapElement.objects.filter(pk=number).delete()
        audit.record("map.deleted", workspace=element.workspace, user=user, target=element.name, element=str(number))
        _tell(element, "map_element_delete", {"id": str(number), "group_id": str(element.group_id)})


def _held(element: MapElement, user: User, from_pilot: bool) -> MapElement:
    """The row as it is now, held until the end of the transaction: somebody may have moved it, or locked its group."""
    rows = MapElement.objects.select_for_update(of=("self",)).select_related("group", "workspace")
    found = rows.filter(pk=element.pk).first()
    if found is None:
        raise _no_such()
    require_open(found.group, user, from_pilot)
    return found


def label(name: Any) -> str:
    """A name is any text, kept as it is and escaped wherever it is shown."""
    return geometry.text(name if name is not None else "").strip()[:200] or str(_("Unnamed"))


def require_open(group: MapGroup, user: User, from_pilot: bool = False) -> None:
    """What is in a locked group is changed by operators, in the console. Raises `MapRefused`, `Forbidden`."""
    access.require(user, group.workspace_id, Role.PILOT)
    if group.is_lock and (from_pilot or not access.may(user, group.workspace_id, Role.OPERATOR)):
        raise MapRefused(_("This group is locked; ask an operator of the workspace."))


def require_room(workspace: Workspace, more: int) -> None:
    """Raises `MapRefused` when so many more do not fit on the map."""
    if MapElement.objects.filter(workspace=workspace).count() + more > MOST_ELEMENTS:
        raise MapRefused(_("The map is full: %(most)s elements. Delete some first.") % {"most": MOST_ELEMENTS})


def _no_such() -> MapRefused:
    return MapRefused(_("There is no such element in this workspace."), missing=True)


def _tell(element: MapElement, biz_code: str, data: Json) -> None:
    if element.group.is_distributed:
        broadcast.to_workspace(element.workspace_id, biz_code, data)
    broadcast.changed(element.workspace_id, "map", id=str(element.pk), group=str(element.group_id))
