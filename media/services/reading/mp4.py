"""MP4 and MOV without reading them whole: the few boxes that describe the film are fetched by range.

ISO/IEC 14496-12: a file is a row of boxes, each with its size and four letters. `moov` describes, `mdat` holds the
pictures; either may come first, and `mdat` may be larger than any memory.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from media.services.reading.facts import Facts, Unreadable

#: (first byte, how many) -> bytes
Ranges = Callable[[int, int], bytes]
LARGEST_MOOV = 64_000_000
_MOST_BOXES = 64
_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_KNOWN = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"pnot", b"meta", b"moof", b"sidx", b"styp"}
_PLACE = re.compile(rb"\xa9xyz.{4}([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Box:
    kind: bytes
    start: int
    header: int
    size: int

    @property
    def body(self) -> int:
        return self.start + self.header


@dataclass(frozen=True, slots=True)
class Film:
    """Where things are in the file, and what it says of itself."""

    boxes: list[Box]
    moov: bytes
    facts: Facts


def look(ranges: Ranges, size: int) -> Film:
    """Walk along a file of `size` bytes. Raises `Unreadable` for what is no film or was cut off."""
    boxes = list(_walk(ranges, size))
    moov = next((box for box in boxes if box.kind == b"moov"), None)
    if moov is None:
        raise Unreadable(_("The video has no description; it was not finished or was cut off."))
    if moov.size > LARGEST_MOOV or moov.start + moov.size > size:
        raise Unreadable(_("The video's description is damaged."))
    content = ranges(moov.body, moov.size - moov.header)
    return Film(boxes, content, _facts(content))


def _walk(ranges: Ranges, size: int) -> Iterator[Box]:
    start = 0
    for number in range(_MOST_BOXES):
        if start + 8 > size:
            return
        header = ranges(start, min(16, size - start))
        length, kind = struct.unpack_from(">I4s", header)
        if number == 0 and kind not in _KNOWN:
            raise Unreadable(_("It is no video that can be read."))
        used = 8
        if length == 1 and len(header) == 16:
            length, used = struct.unpack_from(">Q", header, 8)[0], 16
        elif length == 0:
            length = size - start
        if length < used:
            raise Unreadable(_("The video is damaged."))
        yield Box(kind, start, used, length)
        start += length


def _inside(content: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """The boxes within a box: kind, first and last byte of what they hold."""
    end = len(content) if end is None else end
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", content, start)
        used = 8
        if length == 1 and start + 16 <= end:
            length, used = struct.unpack_from(">Q", content, start + 8)[0], 16
        if length < used or start + length > end:
            return
        yield kind, start + used, start + length
        start += length


def _facts(moov: bytes) -> Facts:
    facts = Facts()
    try:
        for kind, start, end in _inside(moov):
            if kind == b"mvhd":
                _header(facts, moov[start:end])
            elif kind == b"trak":
                _track(facts, moov, start, end)
            elif kind == b"udta":
                _place(facts, moov, start, end)
    except (struct.error, ValueError, OverflowError) as error:
        raise Unreadable(_("The video's description is damaged.")) from error
    return facts


def _place(facts: Facts, moov: bytes, start: int, end: int) -> None:
    """Where it was filmed: QuickTime's `\xa9xyz` (ISO 6709 text) or 3GPP's `loci` (26.244, fixed point)."""
    latitude = longitude = 0.0
    if found := _PLACE.search(moov, start, end):
        latitude, longitude = float(found[1]), float(found[2])
    else:
        for kind, first, last in _inside(moov, start, end):
            if kind == b"loci":
                named = moov.find(b"\x00", first + 6, last)
                longitude, latitude = (value / 65536 for value in struct.unpack_from(">ii", moov, named + 2))
    if abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude or longitude):
        facts.latitude, facts.longitude = latitude, longitude


def _header(facts: Facts, body: bytes) -> None:
    long = body[0] == 1
    made, _changed, scale, length = struct.unpack_from(">QQIQ" if long else ">IIII", body, 4)
    if scale and length not in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF):
        facts.duration = round(min(length / scale, 1e6), 3)
    if 0 < made < 6_000_000_000:
        facts.taken = (_EPOCH + timedelta(seconds=made)).isoformat()


def _track(facts: Facts, moov: bytes, start: int, end: int) -> None:
    for kind, first, last in _inside(moov, start, end):
        if kind == b"tkhd" and last - first >= 8:
            width, height = (value >> 16 for value in struct.unpack(">II", moov[last - 8 : last]))
            if width and height and width * height > (facts.width or 0) * (facts.height or 0):
                facts.width, facts.height = width, height
