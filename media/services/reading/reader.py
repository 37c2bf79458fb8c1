"""Read a stored file once: what it says of itself, its small picture, or why there is none. Errors stay in here.

Photos are read by range first (`HEAD`), then streamed once for the picture if they are not too large; of videos only
the describing boxes and the first pictures are fetched. So a file of any size costs a bounded amount of memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.services import broadcast
from media.models import DoomedObject, Kind, MediaFile, Status
from media.services import storage
from media.services.library import cells, names, places, said
from media.services.library.flights import flight_of
from media.services.reading import mp4, photo, poster
from media.services.reading.facts import Facts, NoPicture, Unreadable

logger = logging.getLogger(__name__)

HEAD = 512 * 1024
#: A larger photo gets no picture: it would have to be fetched as a whole.
LARGEST_PHOTO = 120_000_000
#: A file whose reading ended the worker so often is left alone.
MOST_ATTEMPTS = 3
#: A worker that took a file and has not finished by then is taken for dead.
PATIENCE = timedelta(minutes=12)
#: No photo, but no damage either: formats whose pictures we do not make.
_NO_PICTURE = {"dng", "heic"}
_TIFF = (b"II*\x00", b"MM\x00*")
_FILM_ENDINGS = {"mp4", "mov", "m4v"}


def read(file_id: int) -> None:
    """Read a file and keep what was found. Does nothing for one that is not stored or was read already."""
    file = _take(file_id)
    if file is None:
        return
    if file.attempts > MOST_ATTEMPTS:
        _keep(file, Facts(note=_("Reading it was given up after %(times)d times.") % {"times": MOST_ATTEMPTS}))
        return
    try:
        _keep(file, _READERS.get(Kind(file.kind), _nothing)(file))
    except Unreadable as error:
        _keep(file, Facts(note=str(error)), broken=True)
    except storage.NoSuchObject:
        _gone(file)
    except storage.StorageError as error:
        MediaFile.objects.filter(pk=file.pk, status=Status.CONFIRMED).update(
            attempts=F("attempts") - 1, check_at=timezone.now() + timedelta(minutes=1), reason=str(error)[:300]
        )
    except Exception as error:  # the file is somebody else's work: whatever it does to us is its property
        logger.exception("%s could not be read", file.object_key)
        _keep(
            file,
            Facts(note=_("It cannot be read: %(error)s") % {"error": f"{type(error).__name__}: {error}"}),
            broken=True,
        )


def _take(file_id: int) -> MediaFile | None:
    """Claim a file; counted before it is touched, so that one which ends the worker is not tried for ever."""
    won = MediaFile.objects.filter(pk=file_id, status=Status.CONFIRMED, check_at__isnull=False).update(
        attempts=F("attempts") + 1, check_at=timezone.now() + PATIENCE
    )
    return (
        MediaFile.objects.select_related("workspace", "mission", "aircraft", "flight").get(pk=file_id) if won else None
    )


def _nothing(file: MediaFile) -> Facts:
    return Facts()


def _photo(file: MediaFile) -> Facts:
    head = storage.read_range(file.object_key, 0, HEAD)
    ending = names.ending(file.name) or names.ending(file.object_key)
    try:
        facts = photo.facts_of(head)
    except Unreadable:
        if ending in _NO_PICTURE:
            return Facts(note=_("No preview is made of such files."))
        if head[:4] not in _TIFF or not HEAD < (file.size or 0) <= LARGEST_PHOTO:
            raise
        # A TIFF may say what is in it at its end.
        facts = photo.facts_of(storage.read(file.object_key))
    if ending in _NO_PICTURE:
        facts.note = _("No preview is made of such files.")
    elif (file.size or 0) > LARGEST_PHOTO:
        facts.note = _("It is too large for a preview.")
    else:
        with storage.open(file.object_key) as stream:
            _fetch(stream)
            try:
                facts.picture = photo.small(stream)
            except NoPicture as why:
                facts.note = str(why)
            except Unreadable:
                _keep(file, facts)
                raise
    return facts


def _fetch(stream: BinaryIO) -> None:
    """The library fetches the whole object when it is first read; what goes wrong then is not the photo's fault."""
    try:
        stream.read(1)
        stream.seek(0)
    except Exception as error:
        raise storage.StorageError(str(error)) from error


def _video(file: MediaFile) -> Facts:
    if (names.ending(file.name) or names.ending(file.object_key)) not in _FILM_ENDINGS:
        return Facts(note=_("No preview is made of such files."))
    size = file.size or 0

    def ranges(start: int, length: int) -> bytes:
        return storage.read_range(file.object_key, start, length) if length > 0 else b""

    film = mp4.look(ranges, size)
    facts = film.facts
    try:
        facts.picture = poster.poster(film, ranges, size)
    except NoPicture as why:
        facts.note = str(why)
    return facts


_READERS: dict[Kind, Callable[[MediaFile], Facts]] = {Kind.PHOTO: _photo, Kind.VIDEO: _video}

#: What the file itself says goes before what the device said of it, unless it says nothing.
_FIELDS = (
    "latitude",
    "longitude",
    "absolute_height",
    "relative_height",
    "gimbal_yaw",
    "gimbal_pitch",
    "field_of_view",
    "width",
    "height",
    "duration",
)


def _keep(file: MediaFile, facts: Facts, *, broken: bool = False) -> None:
    """Write what was found, unless the file was announced anew meanwhile."""
    changes: dict[str, Any] = {name: value for name in _FIELDS if (value := getattr(facts, name)) is not None}
    if file.latitude is not None and "latitude" not in changes:
        changes["latitude"], changes["longitude"] = file.latitude, file.longitude
    if changes.get("latitude") is not None:
        changes["cell"] = cells.cell_of(changes["latitude"], changes["longitude"])
    if facts.metadata:
        changes["metadata"] = {**file.metadata, **said.plain(facts.metadata)}
    changes |= _when(file, facts)
    if facts.picture:
        changes["thumbnail_key"] = places.new_thumbnail(file.workspace_id, file.pk)
        storage.put(changes["thumbnail_key"], facts.picture, content_type="image/webp")
    with transaction.atomic():
        kept = MediaFile.objects.filter(pk=file.pk, status=Status.CONFIRMED, object_key=file.object_key).update(
            **changes,
            status=Status.BROKEN if broken else Status.CONFIRMED,
            reason=facts.note[:300],
            check_at=None,
            attempts=0,
        )
        useless = file.thumbnail_key if kept else changes.get("thumbnail_key")
        if useless:
            DoomedObject.objects.create(workspace_id=file.workspace_id, object_key=useless)
        broadcast.changed(file.workspace_id, "media", id=file.pk)


def _when(file: MediaFile, facts: Facts) -> dict[str, Any]:
    """When it was taken: a photo's own word counts if it names a zone, and any word if the device said nothing."""
    taken_at = file.taken_at
    if facts.taken and (taken_at is None or (file.kind == Kind.PHOTO and said.has_zone(facts.taken))):
        taken_at = said.moment(facts.taken, said.zone_of(file.workspace.time_zone)) or taken_at
    if taken_at is None:
        return {}
    changes: dict[str, Any] = {"taken_at": taken_at, "moment": taken_at}
    if file.flight is None or taken_at != file.taken_at:
        changes["flight"] = flight_of(file.workspace_id, file.mission, file.aircraft, taken_at)
    return changes


def _gone(file: MediaFile) -> None:
    MediaFile.objects.filter(pk=file.pk, status=Status.CONFIRMED, object_key=file.object_key).update(
        status=Status.MISSING, reason=_("It was in the bucket and is not any more."), check_at=None, attempts=0
    )
    broadcast.changed(file.workspace_id, "media", id=file.pk)
