"""Routes that a remote put into the bucket itself (page "Report Waypoints Upload Result")."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils.translation import gettext as _

from fleet.models import User, Workspace
from media.services import storage
from media.services.storage import NoSuchObject, StorageError
from waylines.models import Route, RouteFile
from waylines.services.routes import library, reading
from waylines.services.routes.refused import RouteRefused

logger = logging.getLogger(__name__)

#: How long a remote that did not hear our answer may say it again, seconds.
_REMEMBERED = 24 * 3600


def came(workspace: Workspace, object_key: str, *, name: str, claims: Mapping[str, Any], user: User) -> Route:
    """A remote says that its route is in the bucket: checked and moved to a place of ours, where no remote writes.

    A route of that name gets the new file and keeps its id: Pilot asked for taken names first. Said twice, it is one
    upload. Raises `RouteRefused` (`not_yours`, `not_there`, those of `library.store`).
    """
    if not storage.belongs(workspace.pk, object_key, "wayline"):
        raise RouteRefused("not_yours", _("This file does not lie where this workspace's routes belong."))
    try:
        info = storage.head(object_key)
        if info is None:
            return _said_before(workspace, object_key)
        if info.size > reading.MOST_BYTES:
            text = _("The file is larger than %(limit)d MB.") % {"limit": reading.MOST_BYTES // 1_048_576}
            raise RouteRefused("too_big", text)
        data = storage.read(object_key, limit=reading.MOST_BYTES + 1)
    except NoSuchObject:
        return _said_before(workspace, object_key)
    except StorageError as error:
        raise RouteRefused("storage", str(error)) from error
    route = library.store(
        workspace,
        data,
        name=name.strip() or object_key.rsplit("/", 1)[-1],
        user=user,
        source=Route.Source.PILOT,
        taken=library.Taken.REPLACE,
        claims=claims,
    )
    cache.set(_memory(workspace.pk, object_key), str(route.pk), _REMEMBERED)
    _clear_away(object_key)
    return route


def _memory(workspace_id: UUID, object_key: str) -> str:
    # A key may hold anything, and not every cache takes that.
    return f"route-upload:{workspace_id}:{hashlib.sha256(object_key.encode()).hexdigest()}"


def _said_before(workspace: Workspace, object_key: str) -> Route:
    known = cache.get(_memory(workspace.pk, object_key))
    route = Route.objects.filter(workspace=workspace, pk=known).first() if known else None
    if route is None:
        raise RouteRefused("not_there", _("The file is not in the storage: upload it again."))
    return route


def _clear_away(object_key: str) -> None:
    """The remote's own object; ours is stored and recorded by now."""
    if RouteFile.objects.filter(object_key=object_key).exists():
        return
    try:
        storage.delete(object_key)
    except StorageError as error:
        logger.warning("a remote's upload stays in the storage, %s: %s", object_key, error)
