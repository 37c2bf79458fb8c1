"""Is the object really in the bucket? Looked for again and again, further and further apart; then it is missing."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.services import broadcast
from media.models import MediaFile, Status
from media.services import storage
from media.services.library import groups

logger = logging.getLogger(__name__)

#: Seconds to the next look after the first, the second, … that found nothing.
PATIENCE = (2, 10, 30, 120, 600)
#: While the storage does not answer at all, nobody is to blame: looked again after so many seconds, for ever.
STORAGE_AWAY = 60
#: What the sweep has handed over may wait behind a thousand others; so long it is not handed over again.
IN_QUEUE = 600
#: A task that was handed over may get lost; the sweep does its work after so many seconds more.
GRACE = 20
_BATCH = 500


def confirm(file_id: int) -> None:
    """Look for an announced file's object once, and say what came of it."""
    file = MediaFile.objects.filter(pk=file_id, status=Status.ANNOUNCED).first()
    if file is None:
        return
    try:
        found = storage.head(file.object_key)
    except storage.StorageError as error:
        _later(file, STORAGE_AWAY, _("The storage does not answer: %(error)s") % {"error": error})
        return
    if found is None:
        _not_there(file)
    elif found.size == 0:
        _settle(file, Status.BROKEN, _("The file is empty (0 bytes)."), size=0)
    else:
        _settle(file, Status.CONFIRMED, "", size=found.size)


def _not_there(file: MediaFile) -> None:
    if file.attempts < len(PATIENCE):
        _later(file, PATIENCE[file.attempts], "", attempts=F("attempts") + 1)
        return
    why = _("A device announced it, but it is not in the bucket; looked %(times)d times.") % {
        "times": file.attempts + 1
    }
    _settle(file, Status.MISSING, why)


def _later(file: MediaFile, seconds: int, reason: str, **changes: object) -> None:
    from media.tasks import hand_over

    due = timezone.now() + timedelta(seconds=seconds + GRACE)
    if _same(file).update(check_at=due, reason=reason[:300], **changes):
        hand_over("confirm", file.pk, after=seconds)


def _settle(file: MediaFile, status: Status, reason: str, **changes: object) -> None:
    """Take it out of doubt, unless it was announced anew meanwhile. A stored one is read next."""
    from media.tasks import hand_over

    stored = status == Status.CONFIRMED
    with transaction.atomic():
        moved = _same(file).update(
            status=status,
            reason=reason[:300],
            attempts=0,
            check_at=timezone.now() + timedelta(seconds=GRACE) if stored else None,
            **changes,
        )
        if not moved:
            return
        groups.look_at(file.group_id)
        broadcast.changed(file.workspace_id, "media", id=file.pk)
        if stored:
            transaction.on_commit(lambda: hand_over("read", file.pk))


def _same(file: MediaFile) -> QuerySet[MediaFile]:
    return MediaFile.objects.filter(pk=file.pk, status=Status.ANNOUNCED, object_key=file.object_key)


def look_again(file: MediaFile) -> None:
    """Somebody asks to look for a missing one once more."""
    from media.tasks import hand_over

    if MediaFile.objects.filter(pk=file.pk, status=Status.MISSING).update(
        status=Status.ANNOUNCED, attempts=0, reason="", check_at=timezone.now() + timedelta(seconds=GRACE)
    ):
        hand_over("confirm", file.pk)
        broadcast.changed(file.workspace_id, "media", id=file.pk)


def due() -> list[tuple[str, int]]:
    """What should have been done by now and was not: task and file. Put off, so that nobody else takes it at once."""
    now = timezone.now()
    rows = list(MediaFile.objects.filter(check_at__lte=now).order_by("check_at").values_list("pk", "status")[:_BATCH])
    MediaFile.objects.filter(pk__in=[pk for pk, _status in rows], check_at__lte=now).update(
        check_at=now + timedelta(seconds=IN_QUEUE)
    )
    return [("confirm" if status == Status.ANNOUNCED else "read", pk) for pk, status in rows]


def drop_duplicate(file_id: int, object_key: str) -> None:
    """The same bytes were put under a second key: keep one object. The second is taken where the first is not there."""
    file = MediaFile.objects.filter(pk=file_id).first()
    if file is None or not storage.belongs(file.workspace_id, object_key, "media"):
        return
    if MediaFile.objects.filter(workspace_id=file.workspace_id, object_key=object_key).exists():
        return
    second = storage.head(object_key)
    if second is None:
        return
    first = storage.head(file.object_key)
    if first is None:
        MediaFile.objects.filter(pk=file.pk, object_key=file.object_key).update(
            object_key=object_key, status=Status.ANNOUNCED, attempts=0, check_at=timezone.now()
        )
        confirm(file.pk)
    elif first.size == second.size:
        storage.delete(object_key)
        logger.info("%s lay in the bucket twice; %s was deleted", file.object_key, object_key)
