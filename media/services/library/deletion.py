"""Deleting files: by hand, and by the workspace's rules. The row goes first, its objects right after the commit."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from fleet.models import Role, User, Workspace
from fleet.services import access, audit, broadcast
from media.models import DoomedObject, ForgottenFile, MediaFile, MediaGroup, MediaPolicy, RefusedUpload
from media.services import storage
from media.services.library import stacks
from media.services.library.policy import policy_of

logger = logging.getLogger(__name__)

_BATCH = 500
#: At most so many files a run go by the rules; the rest waits for the next one.
PRUNE_LIMIT = 20_000
#: For so long a remote that still has a deleted file on its card is told not to send it again.
FORGOTTEN_DAYS = 730
#: Refused uploads that are kept of one workspace, whatever its rules say.
REFUSED_LIMIT = 5_000


def delete(workspace: Workspace, ids: Iterable[int], *, user: User) -> int:
    """Delete these files of the workspace. Returns how many there were. Raises `Forbidden` below operators."""
    access.require(user, workspace, Role.OPERATOR)
    gone = 0
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _BATCH):
        part = wanted[start : start + _BATCH]
        gone += _delete(workspace.pk, part, actor=user.get_username(), user=user)
    return gone


def _delete(workspace_id: UUID, ids: list[int], *, actor: str, user: User | None = None, why: str = "") -> int:
    from media.tasks import hand_over

    with transaction.atomic():
        files = list(MediaFile.objects.select_for_update().filter(workspace_id=workspace_id, pk__in=ids).order_by("pk"))
        if not files:
            return 0
        DoomedObject.objects.bulk_create(
            DoomedObject(workspace_id=workspace_id, object_key=key)
            for file in files
            for key in (file.object_key, file.thumbnail_key)
            if key
        )
        ForgottenFile.objects.bulk_create(
            ForgottenFile(
                workspace_id=workspace_id, fingerprint=file.fingerprint, tiny_fingerprint=file.tiny_fingerprint
            )
            for file in files
            if file.is_there and file.size and (file.fingerprint or file.tiny_fingerprint)
        )
        arrived = Counter(file.group_id for file in files if file.group_id and file.is_there)
        for group_id, number in sorted(arrived.items()):
            MediaGroup.objects.filter(pk=group_id).update(deleted=F("deleted") + number)
        MediaFile.objects.filter(pk__in=[file.pk for file in files]).delete()
        stacks.pass_on(workspace_id, {file.stack for file in files if file.lead and file.stack})
        audit.record(
            "media.deleted",
            workspace=Workspace.objects.get(pk=workspace_id),
            user=user,
            actor=actor,
            target=files[0].name if len(files) == 1 else f"{len(files)}",
            reason=why,
            files=[{"name": file.name[:100], "taken": file.moment.isoformat(), "size": file.size} for file in files],
        )
        for file in files:
            broadcast.changed(workspace_id, "media", id=file.pk)
        transaction.on_commit(lambda: hand_over("delete_objects"))
    return len(files)


def delete_objects() -> int:
    """Delete from the bucket what has no row any more. Returns how many. What fails is tried again by the sweep."""
    done = 0
    for doomed in DoomedObject.objects.all()[:_BATCH]:
        again = MediaFile.objects.filter(workspace_id=doomed.workspace_id, object_key=doomed.object_key)
        if not again.exists():  # else it was uploaded anew since, under the same name
            try:
                storage.delete(doomed.object_key)
            except storage.NoSuchObject:
                pass
            except storage.Refusal as error:
                logger.warning("%s could not be deleted yet: %s", doomed.object_key, error)
                continue
            except storage.StorageError as error:
                logger.warning("nothing could be deleted yet: %s", error)
                return done
        doomed.delete()
        done += 1
    return done


def prune() -> int:
    """Delete what each workspace's rules no longer keep. Returns how many files."""
    gone = 0
    now = timezone.now()
    for policy in MediaPolicy.objects.filter(keep_days__isnull=False):
        rows = MediaFile.objects.filter(
            workspace_id=policy.workspace_id, moment__lt=now - timedelta(days=policy.keep_days or 0)
        )
        if policy.keep_favorites:
            rows = rows.filter(favorite=False)
        while gone < PRUNE_LIMIT:
            ids = list(rows.order_by("moment").values_list("pk", flat=True)[:_BATCH])
            if not ids:
                break
            gone += _delete(policy.workspace_id, ids, actor="system", why=f"older than {policy.keep_days} days")
    ForgottenFile.objects.filter(deleted_at__lt=now - timedelta(days=FORGOTTEN_DAYS)).delete()
    for workspace_id in RefusedUpload.objects.order_by().values_list("workspace_id", flat=True).distinct():
        refused = RefusedUpload.objects.filter(workspace_id=workspace_id)
        refused.filter(last_at__lt=now - timedelta(days=policy_of(workspace_id).problem_days)).delete()
        edge = refused.order_by("-last_at").values_list("last_at", flat=True)[REFUSED_LIMIT:].first()
        if edge is not None:
            refused.filter(last_at__lte=edge).delete()
    return gone
