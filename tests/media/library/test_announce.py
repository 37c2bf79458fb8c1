"""A device announces files: once, twice, wrongly, and of somebody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fleet.models import Workspace
from media.models import ForgottenFile, MediaFile, RefusedUpload, Status
from media.services.library.announce import Refused, Sender, announced
from tests.factories import make_aircraft, make_dock, make_remote
from tests.media.library.files import announce, body, key_of, stored

pytestmark = pytest.mark.django_db


def test_a_file_and_what_is_known_of_it(workspace: Workspace) -> None:
    file = announce(workspace, "DJI_20260921133320_0001_T.JPG")
    assert (file.status, file.kind, file.lens) == (Status.ANNOUNCED, "photo", "T")
    assert (file.latitude, file.longitude, file.gimbal_yaw) == (47.05, 8.31, -91.4)
    assert (file.absolute_height, file.relative_height) == (512.5, 60.25)
    assert file.taken_at is not None and file.taken_at.isoformat() == "2026-09-21T13:33:20+00:00"
    assert file.moment == file.taken_at
    assert file.check_at is not None
    assert file.metadata["callback"]["name"] == "DJI_20260921133320_0001_T.JPG"


def test_the_same_news_twice_is_one_file(workspace: Workspace) -> None:
    said = body(workspace)
    sender = Sender(workspace)
    assert announced(sender, said).pk == announced(sender, said).pk
    assert MediaFile.objects.count() == 1


def test_a_confirmed_file_is_not_doubted_again(workspace: Workspace) -> None:
    said = body(workspace)
    file = announced(Sender(workspace), said)
    MediaFile.objects.update(status=Status.CONFIRMED, check_at=None)
    announced(Sender(workspace), said)
    announced(Sender(workspace), {**said, "result": 5})
    file.refresh_from_db()
    assert (file.status, file.check_at) == (Status.CONFIRMED, None)


def test_a_dock_names_no_fingerprint_and_its_files_are_known_by_their_object(workspace: Workspace) -> None:
    dock = make_dock(workspace)
    one, two = (announce(workspace, name, gateway=dock, fingerprint=None) for name in ("a.JPG", "b.JPG"))
    assert one.pk != two.pk
    assert announce(workspace, "a.JPG", gateway=dock, fingerprint="").pk == one.pk


def test_who_names_the_fingerprint_later_completes_it(workspace: Workspace) -> None:
    file = announce(workspace, "a.JPG", fingerprint="")
    announce(workspace, "a.JPG", fingerprint="late")
    file.refresh_from_db()
    assert file.fingerprint == "late"


def test_a_failed_upload_is_recorded_and_then_goes_well(workspace: Workspace) -> None:
    said = body(workspace)
    file = announced(Sender(workspace), {**said, "result": 7})
    assert (file.status, file.check_at) == (Status.FAILED, None)
    assert "code 7" in file.reason
    again = announced(Sender(workspace), said)
    assert (again.pk, again.status, again.reason) == (file.pk, Status.ANNOUNCED, "")


def test_a_failure_that_names_nothing_but_the_fingerprint(workspace: Workspace) -> None:
    file = announced(Sender(workspace), {"result": 1, "fingerprint": "f"})
    assert (file.status, file.object_key) == (Status.FAILED, "")
    later = announced(Sender(workspace), body(workspace, "x.JPG", fingerprint="f"))
    assert (later.pk, later.object_key, later.status) == (file.pk, key_of(workspace, "x.JPG"), Status.ANNOUNCED)


def test_a_failure_that_names_nothing_at_all_is_in_the_list(workspace: Workspace) -> None:
    with pytest.raises(Refused):
        announced(Sender(workspace, name="ada"), {"result": 1})
    refused = RefusedUpload.objects.get()
    assert (refused.why, refused.sender) == ("failed", "ada")


def test_an_object_of_somebody_else_is_refused_and_recorded(workspace: Workspace, other_workspace: Workspace) -> None:
    for key in (
        key_of(other_workspace, "a.JPG"),
        f"{workspace.pk}/wayline/route.kmz",
        f"{workspace.pk}/thumbnails/1.webp",
        f"{workspace.pk}/media/../../{other_workspace.pk}/media/a.JPG",
        "a.JPG",
    ):
        for result in (0, 3):
            with pytest.raises(Refused):
                announce(workspace, object_key=key, name="a.JPG", result=result)
    assert MediaFile.objects.count() == 0
    rows = RefusedUpload.objects.filter(workspace=workspace, why="elsewhere")
    assert rows.count() == 5
    assert set(rows.values_list("count", flat=True)) == {2}


def test_without_an_object_there_is_nothing_to_store(workspace: Workspace) -> None:
    for key in (None, "", 7, {"a": 1}, "x" * 2000):
        with pytest.raises(Refused):
            announce(workspace, object_key=key)
    assert MediaFile.objects.count() == 0
    assert RefusedUpload.objects.filter(why="no_object").count() >= 1


def test_every_field_but_the_object_may_be_missing(workspace: Workspace) -> None:
    file = announced(Sender(workspace), {"object_key": key_of(workspace, "only.jpg")})
    assert (file.name, file.kind, file.status) == ("only.jpg", "photo", Status.ANNOUNCED)
    assert abs(timezone.now() - file.moment) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.jpg", "a\\b\\c.jpg", "Übersicht 空中 📷.jpg", "x" * 300 + ".jpg", "x" * 3000, "<b>bold</b>.jpg", "nul\x00.jpg"],
)  # fmt: skip
def test_names_are_kept_and_never_a_place(workspace: Workspace, name: str) -> None:
    file = announce(workspace, object_key=key_of(workspace, "fixed.jpg"), name=name)
    file.refresh_from_db()
    assert file.object_key == key_of(workspace, "fixed.jpg")
    assert file.name == name.replace("\x00", "\ufffd")[:500]


def test_other_bytes_under_the_same_key_are_looked_at_anew(workspace: Workspace) -> None:
    file = announce(workspace, "DJI_0001.JPG", fingerprint="one")
    MediaFile.objects.update(status=Status.CONFIRMED, thumbnail_key="old", check_at=None)
    announce(workspace, "DJI_0001.JPG", fingerprint="two")
    file.refresh_from_db()
    assert (file.fingerprint, file.status, file.thumbnail_key) == ("two", Status.ANNOUNCED, "")
    assert MediaFile.objects.count() == 1


def test_the_same_bytes_under_another_key_are_one_file(workspace: Workspace) -> None:
    file = announce(workspace, "a.JPG", fingerprint="same")
    MediaFile.objects.update(status=Status.CONFIRMED)
    again = announce(workspace, "b.JPG", fingerprint="same")
    assert (again.pk, again.object_key) == (file.pk, key_of(workspace, "a.JPG"))


def test_two_workspaces_may_have_the_same_fingerprint(workspace: Workspace, other_workspace: Workspace) -> None:
    announce(workspace, fingerprint="same")
    announce(other_workspace, fingerprint="same")
    assert MediaFile.objects.count() == 2


def test_one_of_a_stack_stands_for_it(workspace: Workspace) -> None:
    files = [announce(workspace, f"f/DJI_20260921133320_0001_{lens}.JPG") for lens in "VTZ"]
    assert [file.lead for file in files] == [True, False, False]
    assert len({file.stack for file in files}) == 1


def test_what_was_deleted_and_comes_all_the_same_is_a_file_again(workspace: Workspace) -> None:
    ForgottenFile.objects.create(workspace=workspace, fingerprint="f")
    announce(workspace, fingerprint="f")
    assert not ForgottenFile.objects.exists()


def test_aircraft_and_gateway_as_far_as_they_are_known(workspace: Workspace, other_workspace: Workspace) -> None:
    remote = make_remote(workspace)
    bird = make_aircraft(workspace, remote)
    ext: dict[str, Any] = {"sn": bird.sn}
    file = announce(workspace, ext=ext)
    assert (file.aircraft, file.gateway) == (bird, remote)
    dock = make_dock(workspace)
    docked = make_aircraft(workspace, dock)
    assert announce(workspace, gateway=dock).aircraft == docked
    make_aircraft(workspace, dock)
    assert announce(workspace, gateway=dock).aircraft is None  # one of two: nobody knows which
    foreign = make_aircraft(other_workspace)
    file = announce(workspace, ext={"sn": foreign.sn})
    assert (file.aircraft, file.device_sn) == (None, foreign.sn)


def test_a_stored_row_needs_no_callback_to_be_known(workspace: Workspace) -> None:
    file = stored(workspace, fingerprint="known")
    assert announce(workspace, "other.JPG", fingerprint="known").pk == file.pk
