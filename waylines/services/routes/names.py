"""What a route may be called: Pilot 2 knows no two routes of one name and none with the marks of a path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from waylines.models import Route
from waylines.services.routes.refused import RouteRefused

LONGEST = 200
#: What Pilot 2 does not take in a name.
FORBIDDEN = '<>:"/|?*._\\'
_FORBIDDEN = re.compile(f"[{re.escape(FORBIDDEN)}]+")
_ENDING = re.compile(r"\.(kmz|kml|wpml)$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(?P<stem>.*?) \((?P<number>\d{1,6})\)$", re.DOTALL)


def of_file(filename: str) -> str:
    """A file's name as a route's: without ending, without what Pilot 2 does not take."""
    bare = _ENDING.sub("", filename.replace("\\", "/").rsplit("/", 1)[-1])
    return _FORBIDDEN.sub("-", fitting(bare, or_else=_("Route"))).strip("- ") or _("Route")


def fitting(name: str, or_else: str = "") -> str:
    """A name on one line that fits; an ending goes. Raises `RouteRefused("bad_name")` when nothing is left of it."""
    printable = "".join(char if char.isprintable() else " " for char in str(name))
    found = " ".join(_ENDING.sub("", printable.strip()).split())[:LONGEST].strip() or or_else
    if not found:
        raise RouteRefused("bad_name", _("A route needs a name."), field="name")
    return found


def strict(name: str) -> str:
    """A name that somebody typed. Raises `RouteRefused("bad_name")` for one that Pilot 2 would not take."""
    found = fitting(name)
    if _FORBIDDEN.search(found):
        text = _("A route's name cannot hold any of these: %(marks)s")
        raise RouteRefused("bad_name", text % {"marks": " ".join(FORBIDDEN)}, field="name")
    return found


def free(workspace_id: UUID, name: str) -> str:
    """The name, or with the first number behind it that nobody has: “Roof (2)”."""
    if not Route.objects.filter(workspace=workspace_id, name=name).exists():
        return name
    numbered = _NUMBERED.match(name)
    stem = (numbered["stem"] if numbered else name)[: LONGEST - 9]
    there = set(
        Route.objects.filter(workspace=workspace_id, name__startswith=f"{stem} (").values_list("name", flat=True)
    )
    return next(wanted for number in range(2, len(there) + 3) if (wanted := f"{stem} ({number})") not in there)


def taken(workspace_id: UUID, asked: Iterable[str]) -> list[str]:
    """Which of these names are taken, in the order they were asked."""
    wanted = list(dict.fromkeys(asked))
    bare = {name: _ENDING.sub("", name.strip()) for name in wanted}
    there = set(Route.objects.filter(workspace=workspace_id, name__in=bare.values()).values_list("name", flat=True))
    return [name for name in wanted if bare[name] in there]
