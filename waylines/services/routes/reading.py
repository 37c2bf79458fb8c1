"""What a route file holds, read once when it is stored: facts for lists and checks, an outline for maps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext as _

from media.services import storage
from media.services.storage import NoSuchObject, StorageError
from waylines import wpml
from waylines.models import RouteFile
from waylines.services.routes.refused import RouteRefused

Json = dict[str, Any]

#: The largest file that is taken, bytes.
MOST_BYTES = wpml.Limits().compressed
#: Points of the small drawing that lists show.
SKETCH_POINTS = 48
#: What a remote made and only we cannot read: other remotes may.
_HARMLESS = frozenset({"no_wayline", "bad_xml", "bad_coordinates", "bad_number"})


class Sentence(Protocol):
    """A `WpmlError` or an `Advice`: an English sentence with places, and what fills them."""

    @property
    def template(self) -> str: ...

    @property
    def params(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A route file, understood. `data` is the KMZ to store, `sign` its MD5 in hexadecimal.

    `facts` are `wpml.Facts` with a `sketch` beside them: [[[latitude, longitude], …] for each wayline]. `problem` says
    why nothing could be read, and then `route` is None and the facts are empty.
    """

    data: bytes = field(repr=False)
    sign: str
    facts: Json = field(repr=False)
    outline: list[Json] = field(repr=False)
    action_type: int | None = None
    problem: str = ""
    route: wpml.RouteFile | None = field(default=None, repr=False)


def in_words(said: Sentence) -> str:
    """The sentence in the reader's language."""
    text = _(said.template)
    return text % said.params if said.params else text.replace("%%", "%")


def read(data: bytes, *, keep: bool = False) -> Reading:
    """Reads a route file. Raises `RouteRefused` with the reasons of `wpml.read`.

    With `keep`, a file that is not understood but hurts nobody comes back with its `problem`.
    """
    try:
        route = wpml.read(data)
    except wpml.WpmlError as error:
        if not (keep and error.reason in _HARMLESS):
            raise RouteRefused(error.reason, in_words(error)) from error
        return Reading(data, _sign(data), {}, [], problem=in_words(error)[:300])
    if not data.startswith(b"PK"):
        # A bare WPML is no file that a dock or a remote would take.
        data = wpml.rewrite(route)
    facts = wpml.facts(route).to_json()
    facts["sketch"] = sketch(route)
    return Reading(data, _sign(data), facts, wpml.outline(route), action_type(route), "", route)


def sketch(route: wpml.RouteFile) -> list[list[list[float]]]:
    """The shape of a route in few points: [latitude, longitude] of each wayline, or of the planned area."""
    lines = wpml.outline(route, max_points=SKETCH_POINTS)
    shapes = [line["points"] or line["polygon"] or line["line"] for line in lines]
    return [[[place[0], place[1]] for place in shape] for shape in shapes if shape]


def action_type(route: wpml.RouteFile) -> int:
    """1 for a route with AI Spot-Check, which Pilot's list filters by, else 0 (element `accurateFrameValid`)."""
    actions = (action for line in route.waylines for point in line.points for action in point.actions)
    return int(
        any(
            action.name in ("accurateShoot", "orientedShoot") and action.parameters.get("accurateFrameValid") == "1"
            for action in actions
        )
    )


def content(file: RouteFile) -> bytes:
    """The file's bytes, as they were stored. Raises `RouteRefused`."""
    try:
        data = storage.read(file.object_key, limit=MOST_BYTES + 1)
    except NoSuchObject as error:
        raise RouteRefused("gone", _("The route's file is not in the storage any more.")) from error
    except StorageError as error:
        raise RouteRefused("storage", str(error)) from error
    if _sign(data) != file.sign:
        raise RouteRefused("changed", _("The route's file in the storage is not the one that was stored."))
    return data


def _sign(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
