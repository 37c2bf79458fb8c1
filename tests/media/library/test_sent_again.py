"""A file that came broken, empty or in the wrong order, and comes once more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from fleet.models import User, Workspace
from fleet.services import broadcast
from media.models import DoomedObject, MediaFile, MediaGroup, Status
from media.services.library import confirm, deletion, groups, known
from media.services.library.announce import Sender, announced
from media.services.reading import reader, xmp
from tests.factories import make_aircraft, make_dock
from tests.media.library.files import announce, body, jpeg, key_of, make_flight, stored

pytestmark = pytest.mark.django_db


def arrives(sender: Sender, said: dict[str, Any], content: bytes, storage: Any) -> MediaFile:
    """Put, announced, looked for and read."""
    storage.put(said["object_key"], content)
    file = announced(sender, said)
    confirm.confirm(file.pk)
    reader.read(file.pk)
    file.refresh_from_db()
    return file


def test_an_empty_file_is_taken_when_it_comes_whole(workspace: Workspace, storage: Any) -> None:
    said = body(workspace)
    assert arrives(Sender(workspace), said, b"", storage).status == Status.BROKEN
    file = arrives(Sender(workspace), said, jpeg(), storage)
    assert (file.status, file.size) == (Status.CONFIRMED, len(jpeg()))
    assert known.has(workspace.pk, said["fingerprint"])


def test_under_another_name_too_and_the_empty_object_goes(workspace: Workspace, storage: Any) -> None:
    said = body(workspace)
    arrives(Sender(workspace), said, b"", storage)
    again = {**said, "object_key": key_of(workspace, "again/" + said["name"])}
    file = arrives(Sender(workspace), again, jpeg(), storage)
    assert (file.status, file.object_key) == (Status.CONFIRMED, again["object_key"])
    assert MediaFile.objects.count() == 1
    deletion.delete_objects()
    assert storage.head(said["object_key"]) is None
    assert storage.head(again["object_key"]) is not None


def test_a_dock_s_cut_file_is_taken_when_it_comes_whole(workspace: Workspace, storage: Any) -> None:
    dock = make_dock(workspace)
    said = body(workspace, fingerprint="")
    assert arrives(Sender(workspace, dock, dock.sn), said, jpeg()[:3000], storage).status == Status.BROKEN
    assert arrives(Sender(workspace, dock, dock.sn), said, jpeg(), storage).status == Status.CONFIRMED


def test_an_empty_file_that_was_deleted_may_still_come(workspace: Workspace, operator: User, storage: Any) -> None:
    said = body(workspace)
    file = arrives(Sender(workspace), said, b"", storage)
    deletion.delete(workspace, [file.pk], user=operator)
    assert not known.has(workspace.pk, said["fingerprint"])


def test_other_bytes_under_the_same_name_leave_nothing_of_the_first(workspace: Workspace, storage: Any) -> None:
    said = body(workspace)
    first = arrives(Sender(workspace), said, jpeg(), storage)
    assert first.thumbnail_key
    MediaFile.objects.update(gimbal_pitch=-90.0)
    second = announced(Sender(workspace), {**said, "fingerprint": "other"})
    second.refresh_from_db()
    assert (second.thumbnail_key, second.gimbal_pitch) == ("", None)
    assert DoomedObject.objects.filter(object_key=first.thumbnail_key).exists()


def test_who_failed_before_it_had_a_place_joins_the_others_of_its_shot(workspace: Workspace, storage: Any) -> None:
    names = [f"DJI_20260920101010_0001_{lens}.JPG" for lens in "VTZ"]
    failed = [
        announced(Sender(workspace), body(workspace, name, object_key="", fingerprint=name, result=1))
        for name in names[:2]
    ]
    assert [file.lead for file in failed] == [True, False]
    third = announced(Sender(workspace), body(workspace, names[2], fingerprint=names[2]))
    first = announced(Sender(workspace), body(workspace, names[0], fingerprint=names[0]))
    first.refresh_from_db()
    assert (first.pk, first.stack, first.lead) == (failed[0].pk, third.stack, False)
    failed[1].refresh_from_db()
    assert failed[1].lead, "nobody else stands for what has failed"


def test_a_failure_under_another_name_says_nothing_of_what_is_there(workspace: Workspace, storage: Any) -> None:
    said = body(workspace)
    storage.put(said["object_key"], jpeg())
    file = announced(Sender(workspace), said)
    announced(Sender(workspace), {**said, "result": 5, "object_key": key_of(workspace, "retry.JPG")})
    confirm.confirm(file.pk)
    file.refresh_from_db()
    assert file.status == Status.CONFIRMED


def test_a_fingerprint_named_late_that_another_file_has(workspace: Workspace) -> None:
    first = announce(workspace, "a.JPG", fingerprint="one")
    second = announce(workspace, "b.JPG", fingerprint="")
    assert announce(workspace, "b.JPG", fingerprint="one").pk == second.pk
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.fingerprint, second.fingerprint) == ("one", "")


def test_a_time_put_right_puts_the_flight_right(workspace: Workspace, storage: Any) -> None:
    """The device writes its clock without a zone; the photo names the moment."""
    bird = make_aircraft(workspace)
    taken = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    hour, minutes = timedelta(hours=1), timedelta(minutes=10)
    right = make_flight(workspace, bird, started_at=taken - minutes, ended_at=taken + minutes)
    make_flight(workspace, bird, started_at=taken + 2 * hour - minutes, ended_at=taken + 2 * hour + minutes)
    said = body(workspace)
    said["ext"]["sn"] = bird.sn
    said["metadata"]["created_time"] = "2026-09-21 16:13:20"
    file = arrives(Sender(workspace), said, jpeg(), storage)
    assert (file.taken_at, file.flight) == (taken, right)


def test_a_tiff_that_says_what_is_in_it_at_its_end(workspace: Workspace, storage: Any) -> None:
    out = BytesIO()
    noise = Image.effect_noise((1200, 900), 90)
    noise.save(out, "TIFF", compression="tiff_lzw")
    content = out.getvalue()
    assert int.from_bytes(content[4:8], "little") > reader.HEAD, "or it proves nothing"
    file = arrives(Sender(workspace), body(workspace, "DJI_20260921133320_0009_MS_G.TIF"), content, storage)
    assert (file.status, file.width, file.height) == (Status.CONFIRMED, 1200, 900)


@pytest.mark.timeout(10)
def test_beginnings_without_an_end_hold_nobody_up() -> None:
    assert xmp.properties(b"<x:xmpmeta " * 47_000) == {}


def test_who_stands_for_a_stack_next_is_announced(
    workspace: Workspace, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, zoom = (announce(workspace, f"DJI_20260921133320_0001_{lens}.JPG") for lens in "WZ")
    assert (wide.lead, zoom.lead) == (True, False)
    told: list[Any] = []
    monkeypatch.setattr(broadcast, "changed", lambda _workspace, kind, **what: told.append((kind, what.get("id"))))
    deletion.delete(workspace, [wide.pk], user=operator)
    assert ("media", zoom.pk) in told


def test_one_object_that_may_not_go_holds_up_no_other(
    workspace: Workspace, other_workspace: Workspace, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a bucket refuses what is under legal hold; ours refuses nothing, so it is said for it."""
    held, free = stored(workspace), stored(other_workspace)
    for file in (held, free):
        storage.put(file.object_key, b"x")
        DoomedObject.objects.create(workspace=file.workspace, object_key=file.object_key)
        file.delete()
    delete = storage.delete

    def refusing(key: str) -> None:
        if key == held.object_key:
            raise storage.Refusal("AccessDenied")
        delete(key)

    monkeypatch.setattr(storage, "delete", refusing)
    assert deletion.delete_objects() == 1
    assert storage.head(free.object_key) is None
    assert list(DoomedObject.objects.values_list("object_key", flat=True)) == [held.object_key]


def test_an_alarm_ends_when_the_device_expects_less(workspace: Workspace) -> None:
    group = MediaGroup.objects.create(
        workspace=workspace, origin="pilot", key="g", expected=2, changed_at=datetime.now(UTC), alarm_at=datetime.now(UTC)
    )  # fmt: skip
    stored(workspace, group=group)
    assert groups.alarms(workspace.pk)
    groups.counted(group, expected=1, reported=1, extra={})
    assert groups.alarms(workspace.pk) == []
