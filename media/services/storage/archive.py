"""Many files as one zip that is made while it is sent: at no time is more than a piece of it in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from zipstream import ZipStream

from media.services import storage

#: Fetched by range: `storage.open` would fetch a film of 10 GB onto our disk before its first byte is sent.
PIECE = 4 * 1024 * 1024
#: What no file system likes in a name.
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_REPORT = "NOT-INCLUDED.txt"


def pieces(files: Sequence[tuple[int, str, str, str]]) -> Iterator[bytes]:
    """The zip of these files (id, folder, name, object key) in pieces of at most `PIECE` and a little.

    Photos and films do not get smaller, so they are stored as they are. A file that cannot be read any more is left
    out and named in a list at the end, for an archive that breaks off is worth nothing.
    """
    archive = ZipStream()
    left_out: list[str] = []
    used: set[str] = set()
    for _pk, folder, name, key in files:
        place = _unique(folder, name, used)
        try:
            first = storage.read_range(key, 0, PIECE)
        except storage.StorageError as error:
            left_out.append(f"{place}: {error}")
            continue
        archive.add(_read(key, first), place)
        yield from archive.file()
    if left_out:
        archive.add("\n".join(left_out) + "\n", _REPORT)
    yield from archive.finalize()


def _read(key: str, piece: bytes) -> Iterator[bytes]:
    """A first piece and the rest. An error breaks the archive off: half a file must not look like a whole one."""
    start = 0
    while piece:
        yield piece
        start += len(piece)
        piece = storage.read_range(key, start, PIECE) if len(piece) == PIECE else b""


def _unique(folder: str, name: str, used: set[str]) -> str:
    """A name that is fit for every file system and not taken yet: what devices say is never a path."""
    base = _fit(name) or "file"
    stem, dot, ending = base.rpartition(".")
    stem, ending = (stem, dot + ending) if stem and len(ending) <= 8 else (base, "")
    stem = stem[: 120 - len(ending)]
    place = f"{_fit(folder)[:80]}/{stem}{ending}".lstrip("/")
    number = 1
    while place.lower() in used or place == _REPORT:
        number += 1
        place = f"{_fit(folder)[:80]}/{stem}-{number}{ending}".lstrip("/")
    used.add(place.lower())
    return place


def _fit(text: str) -> str:
    return _UNFIT.sub("_", text).strip(" .")
