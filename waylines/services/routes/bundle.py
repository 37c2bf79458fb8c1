"""Many routes as one ZIP, to be carried elsewhere."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from waylines.models import Route
from waylines.services.routes import names, reading
from waylines.services.routes.refused import RouteRefused

MOST_ROUTES = 200
MOST_BYTES = 500_000_000
_IN_MEMORY = 8_000_000


def packed(routes: Iterable[Route]) -> BinaryIO:
    """An open file with all of them, each under its own name. Raises `RouteRefused` (`too_big`, those of reading)."""
    chosen = list(routes)
    if len(chosen) > MOST_ROUTES or sum(route.file.size for route in chosen) > MOST_BYTES:
        values = {"count": MOST_ROUTES, "size": MOST_BYTES // 1_000_000}
        raise RouteRefused("too_big", _("At most %(count)d routes or %(size)d MB at once.") % values)
    target = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - the answer closes it
    taken: set[str] = set()
    # A KMZ is a ZIP already: packed again it would not get smaller.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for route in chosen:
            archive.writestr(_entry(route.name, taken), reading.content(route.file))
    target.seek(0)
    return target


def _entry(name: str, taken: set[str]) -> str:
    """A name that no file system stumbles over, once in the archive."""
    stem = names.of_file(name)
    wanted, number = f"{stem}.kmz", 1
    while wanted.lower() in taken:
        number += 1
        wanted = f"{stem} ({number}).kmz"
    taken.add(wanted.lower())
    return wanted
