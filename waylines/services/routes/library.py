"""Routes come in, are renamed, copied and deleted. A file in the bucket is never changed: a new version is a new file.

What a person calls a route and what it is called in the bucket have nothing to do with each other: keys are
`<workspace>/wayline/<route id>/<md5>.kmz`.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.models import Role, User, Workspace
from fleet.services import access, audit, broadcast
from media.services import storage
from media.services.storage import StorageError
from waylines.models import Mission, Route, RouteFavorite, RouteFile, Schedule
from waylines.models.mission import OPEN
from waylines.services.routes import names, reading
from waylines.services.routes.reading import Reading
from waylines.services.routes.refused import RouteRefused

__all__ = ["RouteRefused", "Taken", "copy", "delete", "rename", "star", "store", "unstar", "url"]

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/vnd.google-earth.kmz"
#: How often somebody else may take the name that we just found free.
_ATTEMPTS = 5


class Taken(StrEnum):
    """What to do when a route of that name (or, with ASK, the very same file) is there already."""

    ASK = "ask"
    KEEP_BOTH = "keep"
    REPLACE = "replace"


def store(
    workspace: Workspace,
    data: bytes,
    *,
    name: str,
    user: User | None,
    source: str,
    taken: Taken = Taken.ASK,
    route: Route | None = None,
    claims: Mapping[str, Any] | None = None,
    opened: str = "",
) -> Route:
    """Puts a route file into the library: checked, read, stored, recorded. Returns the route.

    `source` is one of `Route.Source`. With `route`, that one gets the new file and the name. `claims` is what a remote
    says of the file (`drone_model_key`, `payload_model_keys`, `template_types`), used where the file is silent.
    `opened` is the `sign` of the file that `route` is to have still. Raises `RouteRefused` (reasons of `wpml.read`,
    `name_taken`, `same_file`, `bad_name`, `in_use`, `changed_meanwhile`, `storage`) and `access.Forbidden`. No `user`
    is the server itself.
    """
    if user is not None:
        access.require(user, workspace, Role.PILOT if source == Route.Source.PILOT else Role.OPERATOR)
    found = reading.read(data, keep=source == Route.Source.PILOT)
    name = names.fitting(name)
    if source == Route.Source.IMPORT and taken is Taken.ASK and route is None:
        _ask_about_twins(workspace, found.sign)
    for attempt in range(_ATTEMPTS):
        target, chosen = _place(workspace, name, taken, route)
        if target is not None:
            _may_replace(target, user)
        number = target.pk if target else uuid.uuid4()
        key = f"{storage.prefix(workspace.pk, 'wayline')}{number}/{found.sign}.kmz"
        try:
            storage.put(key, found.data, content_type=CONTENT_TYPE)
        except StorageError as error:
            raise RouteRefused("storage", str(error)) from error
        try:
            with transaction.atomic():
                return _record(workspace, found, key, number, chosen, user, source, claims or {}, target, opened)
        except IntegrityError:
            _remove_object(key)
            if attempt == _ATTEMPTS - 1:
                raise
        except BaseException:
            _remove_object(key)
            raise
    raise AssertionError("unreachable")


def _ask_about_twins(workspace: Workspace, sign: str) -> None:
    twin = Route.objects.filter(workspace=workspace, file__sign=sign).first()
    if twin is not None:
        text = _("This very file is here already, as “%(name)s”.") % {"name": twin}
        raise RouteRefused("same_file", text, route=twin)


def _place(workspace: Workspace, name: str, taken: Taken, route: Route | None) -> tuple[Route | None, str]:
    """The route to change, if any, and the name that the result gets."""
    there = Route.objects.filter(workspace=workspace, name=name).first()
    if there is None or (route is not None and there.pk == route.pk):
        return route, name
    if taken is Taken.KEEP_BOTH:
        return route, names.free(workspace.pk, name)
    if taken is Taken.REPLACE and route is None:
        return there, name
    raise RouteRefused("name_taken", _("There is a route called “%(name)s” already.") % {"name": name}, route=there)


def _may_replace(route: Route, user: User | None) -> None:
    """Who may not plan flights must not change what a dock flies tonight either."""
    if user is None or access.may(user, route.workspace_id, Role.OPERATOR):
        return
    used = Schedule.objects.filter(route=route, active=True).first()
    if used is not None:
        text = _("The schedule “%(schedule)s” flies this route: only an operator may change it. Choose another name.")
        raise RouteRefused("in_use", text % {"schedule": used}, route=route)


def _record(
    workspace: Workspace,
    found: Reading,
    key: str,
    number: uuid.UUID,
    name: str,
    user: User | None,
    source: str,
    claims: Mapping[str, Any],
    target: Route | None,
    opened: str,
) -> Route:
    file, _new = RouteFile.objects.get_or_create(
        workspace=workspace,
        object_key=key,
        defaults={
            "sign": found.sign,
            "size": len(found.data),
            "facts": found.facts,
            "outline": found.outline,
            "problem": found.problem,
        },
    )
    old = None
    if target is not None:
        target = Route.objects.select_for_update().select_related("file").filter(pk=target.pk).first()
        if target is None:
            raise RouteRefused("gone", _("This route was deleted meanwhile."))
        old = target.file
        refuse_changed(target, opened)
        if old.pk == file.pk and target.name == name:
            return target
    route = target or Route(pk=number, workspace=workspace, source=source)
    route.file, route.name, route.updated_at = file, name, timezone.now()
    route.user, route.user_name = user, str(user)[:150] if user else ""
    _describe(route, found, claims)
    route.save(force_insert=target is None)
    if old is not None and old.pk != file.pk:
        _forget(old)
    action = "route.changed" if target else "route.added"
    audit.record(action, workspace=workspace, user=user, target=name, route=str(route.pk), sign=found.sign, by=source)
    broadcast.changed(workspace.pk, "route", id=str(route.pk))
    return route


def refuse_changed(route: Route, opened: str) -> None:
    """Raises `RouteRefused("changed_meanwhile")` when the route's file is not the one that was opened."""
    if opened and route.file.sign != opened:
        text = _("%(person)s changed this route while you were drawing.")
        raise RouteRefused("changed_meanwhile", text % {"person": route.user_name or _("Somebody")}, route=route)


def _describe(route: Route, found: Reading, claims: Mapping[str, Any]) -> None:
    facts = found.facts
    route.drone_model_key = str(facts.get("drone_model_key") or claims.get("drone_model_key") or "")[:32]
    payloads = facts.get("payload_model_keys") or _listed(claims.get("payload_model_keys"), str)
    route.payload_model_keys = [str(key)[:32] for key in payloads][:20]
    route.template_types = list(facts.get("template_type_codes") or _listed(claims.get("template_types"), int))[:20]
    route.action_type = found.action_type
    route.distance, route.duration = facts.get("distance"), facts.get("duration")
    start = facts.get("start") or [None, None]
    route.start_latitude, route.start_longitude = start


def _listed(value: Any, kind: type[str] | type[int]) -> list[Any]:
    """What of a client's list is of the right kind."""
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, kind) and not isinstance(entry, bool)]


def rename(route: Route, name: str, *, user: User) -> None:
    """Raises `RouteRefused` (`bad_name`, `name_taken`)."""
    access.require(user, route.workspace_id, Role.OPERATOR)
    name, old = names.strict(name), route.name
    if name == old:
        return
    taken = RouteRefused("name_taken", _("There is a route called “%(name)s” already.") % {"name": name})
    if Route.objects.filter(workspace=route.workspace_id, name=name).exists():
        raise taken
    try:
        with transaction.atomic():
            Route.objects.filter(pk=route.pk).update(name=name, updated_at=timezone.now())
            audit.record(
                "route.renamed", workspace=route.workspace, user=user, target=name, route=str(route.pk), old=old
            )
            broadcast.changed(route.workspace_id, "route", id=str(route.pk))
    except IntegrityError:
        raise taken from None
    route.name = name


def copy(route: Route, *, user: User) -> Route:
    """Another route with the same file, to be changed on its own."""
    access.require(user, route.workspace_id, Role.OPERATOR)
    for attempt in range(_ATTEMPTS):
        try:
            return _copy(route, user)
        except IntegrityError:  # somebody else took the name that was free
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _copy(route: Route, user: User) -> Route:
    with transaction.atomic():
        twin = Route.objects.select_related("file").get(pk=route.pk)
        twin.pk, twin.name = uuid.uuid4(), names.free(route.workspace_id, route.name)
        twin.created_at = twin.updated_at = timezone.now()
        twin.user, twin.user_name = user, str(user)[:150]
        twin.save(force_insert=True)
        audit.record(
            "route.added", workspace=route.workspace, user=user, target=twin.name, route=str(twin.pk), of=str(route.pk)
        )
        broadcast.changed(route.workspace_id, "route", id=str(twin.pk))
    return twin


def delete(route: Route, *, user: User) -> None:
    """Takes a route out of the library; missions keep the file that they fly. Raises `RouteRefused` (`in_use`)."""
    access.require(user, route.workspace_id, Role.OPERATOR)
    number = str(route.pk)
    with transaction.atomic():
        file = route.file
        try:
            route.delete()
        except ProtectedError:
            used = ", ".join(str(schedule) for schedule in Schedule.objects.filter(route_id=number)[:5])
            text = _("Schedules fly this route: %(schedules)s. Delete them or give them another route first.")
            raise RouteRefused("in_use", text % {"schedules": used}, route=route) from None
        _forget(file)
        audit.record("route.deleted", workspace=route.workspace, user=user, target=route.name, route=number)
        broadcast.changed(route.workspace_id, "route", id=number)


def planned(route: Route) -> int:
    """How many missions to come fly this very file."""
    return Mission.objects.filter(file=route.file_id, route=route, status__in=OPEN).count()


def _forget(file: RouteFile) -> None:
    """Removes a file that no route and no mission needs, its object after the commit."""
    try:
        with transaction.atomic():
            file.delete()
    except ProtectedError:
        return
    transaction.on_commit(lambda: _remove_object(file.object_key))


def _remove_object(key: str) -> None:
    if RouteFile.objects.filter(object_key=key).exists():
        return
    try:
        storage.delete(key)
    except StorageError as error:
        logger.warning("a route's file that nobody needs stays in the storage, %s: %s", key, error)


def star(workspace: Workspace, ids: Iterable[Any], *, user: User) -> None:
    """Favourites of this person; what is no route of this workspace is left out."""
    _starred(workspace, ids, user, _add_stars)


def unstar(workspace: Workspace, ids: Iterable[Any], *, user: User) -> None:
    """Takes them back."""
    _starred(workspace, ids, user, _remove_stars)


def _starred(
    workspace: Workspace, ids: Iterable[Any], user: User, change: Callable[[Sequence[uuid.UUID], User], None]
) -> None:
    access.require(user, workspace, Role.PILOT)
    wanted = []
    for given in ids:
        try:
            wanted.append(uuid.UUID(str(given)))
        except ValueError:
            continue
    change(list(Route.objects.filter(workspace=workspace, pk__in=wanted).values_list("pk", flat=True)), user)


def _add_stars(routes: Sequence[uuid.UUID], user: User) -> None:
    stars = [RouteFavorite(route_id=route, user=user) for route in routes]
    RouteFavorite.objects.bulk_create(stars, ignore_conflicts=True)


def _remove_stars(routes: Sequence[uuid.UUID], user: User) -> None:
    RouteFavorite.objects.filter(route__in=routes, user=user).delete()


def url(file: RouteFile, ttl: int = 900) -> str:
    """An address that gives the file to whoever has it, for `ttl` seconds. Raises `RouteRefused` (`storage`)."""
    try:
        return storage.presigned_url(file.object_key, ttl=ttl)
    except StorageError as error:
        raise RouteRefused("storage", str(error)) from error
