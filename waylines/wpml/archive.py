"""The ZIP around a route: opened as what it is, a stranger's file.

What the archive says of itself is checked first, for that costs nothing; then every entry is inflated with a counter
running, because an archive may lie about its sizes. Names are only ever names here: nothing is written to disk, yet
whoever unpacks such a file elsewhere must not be hurt by one we passed on.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from waylines.wpml.errors import WpmlError
from waylines.wpml.errors import gettext_noop as _

_CENTRAL_ENTRY = b"PK\x01\x02"
_LOCAL_ENTRY = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
#: A route of straight lines packs well; only above this size is a high ratio suspicious.
_RATIO_MATTERS_FROM = 8 * 1024 * 1024
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a stranger's file we are ready to take. Sizes in bytes."""

    compressed: int = 64 * _MEGABYTE
    total: int = 128 * _MEGABYTE
    entry: int = 96 * _MEGABYTE
    markup: int = 32 * _MEGABYTE
    files: int = 512
    ratio: int = 120
    tags: int = 1_200_000
    depth: int = 32
    waylines: int = 500
    points: int = 100_000
    actions: int = 300_000


def take(data: bytes | bytearray | memoryview | BinaryIO, limits: Limits) -> bytes:
    """The bytes of a file, not more than allowed. Raises WpmlError("empty" or "too_big")."""
    content = bytes(data) if isinstance(data, (bytes, bytearray, memoryview)) else data.read(limits.compressed + 1)
    if not content:
        raise WpmlError("empty", _("The file is empty."))
    if len(content) > limits.compressed:
        raise WpmlError(
            "too_big",
            _("The file is larger than %(limit)s MB."),
            limit=limits.compressed // _MEGABYTE,
        )
    return content


def unpack(content: bytes, limits: Limits) -> dict[str, bytes]:
    """All files of the archive, name to bytes, in the archive's order.

    Raises WpmlError with one of the reasons not_a_zip, damaged, too_many_files, encrypted, unsupported_compression,
    symlink, unsafe_path, duplicate_name, too_big, zip_bomb.
    """
    listed = _directory(content, limits)
    entries: dict[str, bytes] = {}
    left = limits.total
    for info in listed:
        body = _inflate(content, info, min(limits.entry, left), limits.ratio)
        left -= len(body)
        entries[info.filename] = body
    return entries


def _directory(content: bytes, limits: Limits) -> list[zipfile.ZipInfo]:
    # The directory's own count may lie, and reading a million forged entries takes seconds: count signatures first.
    if content.count(_CENTRAL_ENTRY) > limits.files:
        raise WpmlError("too_many_files", _("The archive holds more than %(limit)s files."), limit=limits.files)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, struct.error, ValueError, OSError, EOFError, OverflowError, NotImplementedError) as bad:
        raise WpmlError("not_a_zip", _("The file is no KMZ (it is not a readable ZIP archive).")) from bad
    names: set[str] = set()
    files = []
    for info in listed:
        _check_name(info)
        if info.is_dir():
            continue
        folded = unicodedata.normalize("NFC", info.filename).casefold()
        if folded in names:
            raise WpmlError("duplicate_name", _("The archive holds “%(name)s” twice."), name=_shown(info.filename))
        names.add(folded)
        _check_kind(info)
        files.append(info)
    _check_sizes(files, len(content), limits)
    return files


def _check_name(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    parts = name.rstrip("/").split("/")
    if (
        not name.strip("/")
        or name.startswith("/")
        or "\\" in name
        or re.match(r"[A-Za-z]:", name)
        or any(unicodedata.category(char) in ("Cc", "Cs") for char in name)
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise WpmlError(
            "unsafe_path", _("The archive holds a file with a dangerous name: “%(name)s”."), name=_shown(name)
        )


def _check_kind(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise WpmlError(
            "symlink", _("The archive holds a link instead of a file: “%(name)s”."), name=_shown(info.filename)
        )
    if info.flag_bits & _ENCRYPTED:
        raise WpmlError("encrypted", _("The archive is protected by a password."))
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise WpmlError(
            "unsupported_compression",
            _("“%(name)s” is packed in a way that aircraft cannot read."),
            name=_shown(info.filename),
        )


def _check_sizes(files: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    total = sum(info.file_size for info in files)
    largest = max((info.file_size for info in files), default=0)
    if total > limits.total or largest > limits.entry:
        raise _bomb()
    if total > _RATIO_MATTERS_FROM and total > size * limits.ratio:
        raise _bomb()


def _inflate(content: bytes, info: zipfile.ZipInfo, allowed: int, ratio: int) -> bytes:
    body = b"".join(_pieces(content, info, allowed, ratio))
    if len(body) != info.file_size or zlib.crc32(body) != info.CRC:
        raise _damaged(info.filename)
    return body


def _pieces(content: bytes, info: zipfile.ZipInfo, allowed: int, ratio: int) -> Iterator[bytes]:
    """The entry in pieces; more bytes than the directory promised, or than its packed bytes explain, end it at once."""
    start = _data_start(content, info)
    packed = memoryview(content)[start : start + info.compress_size]
    if len(packed) != info.compress_size:
        raise _damaged(info.filename)
    promised = min(info.file_size, allowed)
    if info.compress_type == zipfile.ZIP_STORED:
        if len(packed) > promised:
            raise _bomb()
        yield bytes(packed)
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    taken = 0
    pending: bytes | memoryview = packed
    while not inflater.eof:
        try:
            piece = inflater.decompress(pending, min(_MEGABYTE, promised - taken + 1))
        except zlib.error as bad:
            raise _damaged(info.filename) from bad
        taken += len(piece)
        pending = inflater.unconsumed_tail
        used = len(packed) - len(pending)
        if taken > promised or (taken > _RATIO_MATTERS_FROM and taken > used * 2 * ratio):
            raise _bomb()
        if not piece and not pending and not inflater.eof:
            raise _damaged(info.filename)
        yield piece


def _data_start(content: bytes, info: zipfile.ZipInfo) -> int:
    """Behind the entry's local header, whose name must be the directory's: readers differ in which one they believe."""
    try:
        signature, name_length, extra_length = _LOCAL_ENTRY.unpack_from(content, info.header_offset)
    except (struct.error, OverflowError) as bad:
        raise _damaged(info.filename) from bad
    begin = info.header_offset + _LOCAL_ENTRY.size
    encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
    name = content[begin : begin + name_length].decode(encoding, "replace")
    if signature != b"PK\x03\x04" or name != info.orig_filename:
        raise _damaged(info.filename)
    return int(begin + name_length + extra_length)


def _bomb() -> WpmlError:
    return WpmlError("zip_bomb", _("The archive would unpack to far more than a route needs."))


def _damaged(name: str) -> WpmlError:
    return WpmlError("damaged", _("“%(name)s” in the archive is damaged."), name=_shown(name))


def _shown(name: str) -> str:
    """A name that can be put into a sentence: short and without control characters."""
    return "".join(char if char.isprintable() else "?" for char in name)[:80]
