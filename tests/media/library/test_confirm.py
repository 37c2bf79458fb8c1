"""Is it really there? With a real bucket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fleet.embedded import ports
from fleet.models import Workspace
from media import tasks
from media.models import MediaFile, Status
from media.services.library import confirm, groups
from tests.media.library.files import announce, jpeg, key_of, stored

pytestmark = pytest.mark.django_db


def test_what_is_there_counts(workspace: Workspace, storage: Any) -> None:
    content = jpeg()
    file = announce(workspace, "a.JPG", ext={"file_group_id": "g"})
    groups.counted(file.group, expected=1, reported=1, extra={})  # type: ignore[arg-type]
    storage.put(file.object_key, content)
    confirm.confirm(file.pk)
    file.refresh_from_db()
    assert (file.status, file.size) == (Status.CONFIRMED, len(content))
    assert file.check_at is not None  # it is to be read
    assert file.group is not None and file.group.completed_at is not None


def test_an_empty_file_is_broken(workspace: Workspace, storage: Any) -> None:
    file = announce(workspace)
    storage.put(file.object_key, b"")
    confirm.confirm(file.pk)
    file.refresh_from_db()
    assert (file.status, file.size, file.check_at) == (Status.BROKEN, 0, None)
    assert "empty" in file.reason


def test_what_is_late_is_looked_for_again_and_then_missing(workspace: Workspace, storage: Any) -> None:
    file = announce(workspace)
    dues = []
    for _look in range(len(confirm.PATIENCE)):
        confirm.confirm(file.pk)
        file.refresh_from_db()
        assert file.status == Status.ANNOUNCED
        assert file.check_at is not None
        dues.append(file.check_at)
    assert dues == sorted(dues)
    confirm.confirm(file.pk)
    file.refresh_from_db()
    assert (file.status, file.check_at) == (Status.MISSING, None)
    assert "not in the bucket" in file.reason
    storage.put(file.object_key, jpeg())
    confirm.look_again(file)
    confirm.confirm(file.pk)
    file.refresh_from_db()
    assert file.status == Status.CONFIRMED


def test_a_storage_that_is_away_is_nobodys_fault(workspace: Workspace, settings: Any) -> None:
    settings.S3_ENDPOINT = f"http://127.0.0.1:{ports.free_port()}"
    settings.S3_ACCESS_KEY = settings.S3_SECRET_KEY = "nobody"
    file = announce(workspace)
    confirm.confirm(file.pk)
    file.refresh_from_db()
    assert (file.status, file.attempts) == (Status.ANNOUNCED, 0)
    assert "storage" in file.reason
    assert file.check_at is not None and file.check_at > timezone.now()


def test_the_sweep_finds_what_got_lost(workspace: Workspace, storage: Any) -> None:
    late = announce(workspace)
    fresh = announce(workspace)
    unread = stored(workspace, check_at=timezone.now() - timedelta(seconds=1))
    MediaFile.objects.filter(pk=late.pk).update(check_at=timezone.now() - timedelta(seconds=1))
    assert sorted(confirm.due()) == sorted([("confirm", late.pk), ("read", unread.pk)])
    assert confirm.due() == []  # handed over; not twice at once
    assert fresh.check_at is not None and fresh.check_at > timezone.now()


def test_the_sweep_goes_on_while_redis_is_away(workspace: Workspace, storage: Any, settings: Any) -> None:
    from fleet.celery import app

    before = app.conf.broker_url
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    try:
        tasks.hand_over("confirm", 1)
    finally:
        app.conf.broker_url = before


def test_the_second_copy_of_the_same_bytes_goes(workspace: Workspace, storage: Any) -> None:
    content = jpeg()
    file = stored(workspace, object_key=key_of(workspace, "a.JPG"), fingerprint="same", size=len(content))
    for name in ("a.JPG", "b.JPG"):
        storage.put(key_of(workspace, name), content)
    confirm.drop_duplicate(file.pk, key_of(workspace, "b.JPG"))
    assert storage.head(key_of(workspace, "b.JPG")) is None
    assert storage.head(key_of(workspace, "a.JPG")) is not None


def test_the_second_copy_is_taken_where_the_first_is_not_there(workspace: Workspace, storage: Any) -> None:
    file = announce(workspace, "a.JPG", fingerprint="same")
    storage.put(key_of(workspace, "b.JPG"), jpeg())
    confirm.drop_duplicate(file.pk, key_of(workspace, "b.JPG"))
    file.refresh_from_db()
    assert (file.object_key, file.status) == (key_of(workspace, "b.JPG"), Status.CONFIRMED)


def test_no_copy_with_a_row_or_other_content_or_elsewhere_is_dropped(
    workspace: Workspace, other_workspace: Workspace, storage: Any
) -> None:
    file = stored(workspace, object_key=key_of(workspace, "a.JPG"), size=3)
    storage.put(file.object_key, b"one")
    taken = stored(workspace, object_key=key_of(workspace, "b.JPG"))
    elsewhere = key_of(other_workspace, "c.JPG")
    different = key_of(workspace, "d.JPG")
    for key, content in ((taken.object_key, b"two"), (elsewhere, b"one"), (different, b"three")):
        storage.put(key, content)
        confirm.drop_duplicate(file.pk, key)
        assert storage.head(key) is not None
