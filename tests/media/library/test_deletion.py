"""Files are deleted by hand or by rule, from the database and from the bucket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fleet.models import AuditEntry, Role, User, Workspace
from fleet.services.access import Forbidden
from media.models import DoomedObject, ForgottenFile, MediaFile, MediaPolicy, RefusedUpload, Status
from media.services.library import deletion, known
from tests.factories import make_user
from tests.media.library.files import stored

pytestmark = pytest.mark.django_db


def test_row_object_and_small_picture_go_and_the_audit_stays(
    workspace: Workspace, operator: User, storage: Any
) -> None:
    file = stored(workspace, thumbnail_key=f"{workspace.pk}/thumbnails/1.webp")
    for key in (file.object_key, file.thumbnail_key):
        storage.put(key, b"x")
    assert deletion.delete(workspace, [file.pk], user=operator) == 1
    assert deletion.delete_objects() == 2
    assert [storage.head(key) for key in (file.object_key, file.thumbnail_key)] == [None, None]
    assert not MediaFile.objects.exists()
    entry = AuditEntry.objects.get(action="media.deleted")
    assert (entry.user, entry.target) == (operator, file.name)
    assert entry.detail["files"][0]["name"] == file.name


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT])
def test_operators_delete_and_nobody_below(workspace: Workspace, role: Role) -> None:
    file = stored(workspace)
    with pytest.raises(Forbidden):
        deletion.delete(workspace, [file.pk], user=make_user(workspace, role))
    assert MediaFile.objects.exists()


def test_nobody_elses_files_go(workspace: Workspace, other_workspace: Workspace, operator: User) -> None:
    foreign = stored(other_workspace)
    assert deletion.delete(workspace, [foreign.pk], user=operator) == 0
    assert MediaFile.objects.filter(pk=foreign.pk).exists()
    assert not DoomedObject.objects.exists()


def test_another_stands_for_the_stack(workspace: Workspace, operator: User) -> None:
    first = stored(workspace, stack="s")
    rest = [stored(workspace, stack="s", lead=False) for _ in range(2)]
    deletion.delete(workspace, [first.pk], user=operator)
    assert list(MediaFile.objects.filter(lead=True).values_list("pk", flat=True)) == [rest[0].pk]


def test_a_remote_need_not_send_it_again(workspace: Workspace, operator: User) -> None:
    file = stored(workspace, fingerprint="f", tiny_fingerprint="t")
    failed = stored(workspace, fingerprint="g", status=Status.FAILED)
    deletion.delete(workspace, [file.pk, failed.pk], user=operator)
    assert known.has(workspace.pk, "f")
    assert known.known(workspace.pk, ["t", "u"]) == ["t"]
    assert not known.has(workspace.pk, "g")  # it never came


def test_an_object_that_was_uploaded_anew_since_is_kept(workspace: Workspace, operator: User, storage: Any) -> None:
    file = stored(workspace)
    storage.put(file.object_key, b"new")
    deletion.delete(workspace, [file.pk], user=operator)
    stored(workspace, object_key=file.object_key)
    deletion.delete_objects()
    assert storage.head(file.object_key) is not None
    assert not DoomedObject.objects.exists()


def test_what_the_storage_does_not_delete_now_it_deletes_later(
    workspace: Workspace, operator: User, storage: Any, settings: Any
) -> None:
    file = stored(workspace)
    storage.put(file.object_key, b"x")
    deletion.delete(workspace, [file.pk], user=operator)
    endpoint, settings.S3_ENDPOINT = settings.S3_ENDPOINT, "http://127.0.0.1:1"
    assert deletion.delete_objects() == 0
    settings.S3_ENDPOINT = endpoint
    assert deletion.delete_objects() == 1
    assert storage.head(file.object_key) is None


def test_the_rules_say_what_is_kept(workspace: Workspace, other_workspace: Workspace) -> None:
    old = timezone.now() - timedelta(days=31)
    gone, favorite = stored(workspace, moment=old), stored(workspace, moment=old, favorite=True)
    young, foreign = stored(workspace), stored(other_workspace, moment=old)
    policy = MediaPolicy.objects.create(workspace=workspace)
    assert deletion.prune() == 0
    policy.keep_days = 30
    policy.save()
    assert deletion.prune() == 1
    assert set(MediaFile.objects.values_list("pk", flat=True)) == {favorite.pk, young.pk, foreign.pk}
    assert AuditEntry.objects.get(action="media.deleted").detail["files"][0]["name"] == gone.name
    policy.keep_favorites = False
    policy.save()
    assert deletion.prune() == 1


def test_what_is_remembered_is_bounded(workspace: Workspace) -> None:
    now = timezone.now()
    for days in (1, 40):
        row = RefusedUpload.objects.create(workspace=workspace, why="no_object", name=f"{days}", last_at=now)
        RefusedUpload.objects.filter(pk=row.pk).update(last_at=now - timedelta(days=days))
    forgotten = ForgottenFile.objects.create(workspace=workspace, fingerprint="f")
    ForgottenFile.objects.filter(pk=forgotten.pk).update(deleted_at=now - timedelta(days=800))
    deletion.prune()
    assert list(RefusedUpload.objects.values_list("name", flat=True)) == ["1"]
    assert not ForgottenFile.objects.exists()
