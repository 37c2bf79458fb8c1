"""Pilot 2's media addresses: what it asks before an upload, and what it says afterwards."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from fleet.models import Role
from media.models import ForgottenFile, MediaFile, MediaGroup, RefusedUpload, Status

MEDIA = "/media/api/v1/workspaces"


def post(person: Any, path: str, body: Any, workspace: Any = None) -> Any:
    pk = (workspace or person.workspace).pk if not isinstance(workspace, str) else workspace
    return person.api.post(f"{MEDIA}/{pk}/{path}", body, format="json")


def upload(person: Any, name: str = "DJI_20260921133320_0001_V.JPG", **fields: Any) -> dict[str, Any]:
    """The documented body."""
    return {
        "result": 0,
        "object_key": f"{person.workspace.pk}/media/{name}",
        "name": name,
        "path": "DJI_202609211333_001_Fence",
        "fingerprint": f"f-{name}",
        "sub_file_type": 0,
        "ext": {
            "drone_model_key": "0-100-1",
            "payload_model_key": "1-99-0",
            "is_original": True,
            "tinny_fingerprint": f"t-{name}",
            "sn": "BIRD1",
            "file_group_id": "group-1",
        },
        "metadata": {
            "absolute_altitude": 512.5,
            "relative_altitude": 60.25,
            "gimbal_yaw_degree": -91.4,
            "created_time": "2026-09-21T15:33:20+02:00",
            "shoot_position": {"lat": 47.05, "lng": 8.31},
        },
        **fields,
    }


def confirmed(person: Any, **fields: Any) -> MediaFile:
    assert post(person, "upload-callback", upload(person, **fields)).json()["code"] == 0
    file = MediaFile.objects.latest("pk")
    MediaFile.objects.filter(pk=file.pk).update(status=Status.CONFIRMED, size=10)
    return file


# --- Do you have this file? ----------------------------------------------------------------------------------------


def fast(person: Any, fingerprint: Any = "f-a.JPG", **kwargs: Any) -> Any:
    body = {
        "fingerprint": fingerprint,
        "name": "a.JPG",
        "path": "",
        "ext": {"drone_model_key": "0-100-1", "is_original": True, "tinny_fingerprint": "t", "sn": "BIRD1"},
    }
    answer = post(person, "fast-upload", body, **kwargs)
    assert answer.status_code == 200
    return answer.json()


def test_a_file_that_is_stored_need_not_be_sent(pilot: Any) -> None:
    assert fast(pilot)["code"] != 0
    assert fast(pilot)["message"]
    confirmed(pilot, name="a.JPG")
    assert fast(pilot) == {"code": 0, "message": "success", "data": {}}


@pytest.mark.parametrize(
    ("status", "size", "there"),
    [
        (Status.ANNOUNCED, None, False),
        (Status.FAILED, None, False),
        (Status.MISSING, None, False),
        (Status.BROKEN, 0, False),
        (Status.BROKEN, 10, True),
        (Status.CONFIRMED, 10, True),
    ],
)
def test_only_what_lies_in_the_bucket_counts(pilot: Any, status: str, size: int | None, there: bool) -> None:
    confirmed(pilot, name="a.JPG")
    MediaFile.objects.update(status=status, size=size)
    assert (fast(pilot)["code"] == 0) is there
    found = post(pilot, "files/tiny-fingerprints", {"tiny_fingerprints": ["t-a.JPG"]}).json()["data"]
    assert found == {"tiny_fingerprints": ["t-a.JPG"] if there else []}


@pytest.mark.parametrize("fingerprint", [None, "", 7, [], {}, "x" * 5000, "nul\x00"])
def test_a_fingerprint_that_is_none_is_not_there(pilot: Any, fingerprint: Any) -> None:
    MediaFile.objects.create(
        workspace=pilot.workspace, object_key="k", moment="2026-01-01T00:00:00Z", status=Status.CONFIRMED
    )
    assert fast(pilot, fingerprint)["code"] != 0


def test_many_at_once_in_the_order_asked(pilot: Any) -> None:
    for number in range(5):
        confirmed(pilot, name=f"{number}.JPG")
    ForgottenFile.objects.create(workspace=pilot.workspace, tiny_fingerprint="t-deleted")
    asked = ["t-9.JPG", "t-3.JPG", "t-deleted", "t-1.JPG", "t-3.JPG", "", 7, None, {"a": 1}] + [
        f"no-{n}" for n in range(2000)
    ]
    found = post(pilot, "files/tiny-fingerprints", {"tiny_fingerprints": asked}).json()
    assert found == {
        "code": 0,
        "message": "success",
        "data": {"tiny_fingerprints": ["t-3.JPG", "t-deleted", "t-1.JPG"]},
    }


def test_many_at_once_are_a_few_statements(pilot: Any, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(10):
        post(pilot, "files/tiny-fingerprints", {"tiny_fingerprints": [f"{n}" for n in range(1000)]})


@pytest.mark.parametrize(
    "body",
    [{}, {"tiny_fingerprints": "a"}, {"tiny_fingerprints": None}, [], "text", {"tiny_fingerprints": ["a"] * 20_001}],
)
def test_what_is_no_list_is_bad_input(pilot: Any, body: Any) -> None:
    assert post(pilot, "files/tiny-fingerprints", body).status_code == 400


# --- It was uploaded -------------------------------------------------------------------------------------------------


def test_an_upload_is_recorded_with_all_that_is_said(pilot: Any) -> None:
    answer = post(pilot, "upload-callback", upload(pilot)).json()
    key = f"{pilot.workspace.pk}/media/DJI_20260921133320_0001_V.JPG"
    assert answer == {"code": 0, "message": "success", "data": {"object_key": key}}
    file = MediaFile.objects.get()
    assert (file.workspace, file.object_key, file.status) == (pilot.workspace, key, Status.ANNOUNCED)
    assert (file.tiny_fingerprint, file.device_sn, file.lens) == ("t-DJI_20260921133320_0001_V.JPG", "BIRD1", "V")
    assert file.taken_at is not None
    assert file.taken_at.isoformat() == "2026-09-21T13:33:20+00:00"
    assert file.group is not None
    assert (file.group.origin, file.group.key) == ("pilot", "group-1")


def test_the_same_news_twice_is_one_file(pilot: Any) -> None:
    answers = [post(pilot, "upload-callback", upload(pilot)).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert MediaFile.objects.count() == 1


def test_a_failed_upload_is_recorded(pilot: Any) -> None:
    assert post(pilot, "upload-callback", {"result": 3, "fingerprint": "f"}).json()["code"] == 0
    assert MediaFile.objects.get().status == Status.FAILED
    assert fast(pilot, "f")["code"] != 0


def test_without_a_result_it_went_well(pilot: Any) -> None:
    body = {"object_key": f"{pilot.workspace.pk}/media/a.JPG"}
    assert post(pilot, "upload-callback", body).json()["code"] == 0
    assert MediaFile.objects.get().status == Status.ANNOUNCED


def test_an_object_elsewhere_is_refused_with_the_reason(pilot: Any, other: Any) -> None:
    for key in (f"{other.pk}/media/a.JPG", f"{pilot.workspace.pk}/wayline/a.kmz", "", None):
        answer = post(pilot, "upload-callback", upload(pilot, object_key=key))
        assert answer.status_code == 200
        assert answer.json()["code"] != 0
        assert answer.json()["message"]
    assert not MediaFile.objects.exists()
    assert RefusedUpload.objects.filter(workspace=pilot.workspace, sender=pilot.user.username).count() == 3


@pytest.mark.parametrize("body", [[], "text", 7])
def test_a_body_that_is_no_object_is_bad_input(pilot: Any, body: Any) -> None:
    for path in ("upload-callback", "fast-upload", "group-upload-callback"):
        assert post(pilot, path, body).status_code == 400


def test_nonsense_costs_only_its_field(pilot: Any) -> None:
    body = upload(pilot, ext="x", metadata=[1], sub_file_type="pano", path={"a": 1}, fingerprint=12)
    assert post(pilot, "upload-callback", body).json()["code"] == 0
    assert MediaFile.objects.get().fingerprint == "12"


# --- Groups ----------------------------------------------------------------------------------------------------------


def test_the_progress_of_a_group(pilot: Any) -> None:
    body = {"file_group_id": "group-1", "file_count": 3, "file_uploaded_count": 1}
    assert post(pilot, "group-upload-callback", body).json() == {"code": 0, "message": "success", "data": {}}
    post(pilot, "group-upload-callback", {**body, "file_uploaded_count": 2})
    group = MediaGroup.objects.get()
    assert (group.workspace, group.expected, group.reported) == (pilot.workspace, 3, 2)
    post(pilot, "group-upload-callback", {"file_group_id": "group-1", "file_count": "many"})
    group.refresh_from_db()
    assert group.expected == 3


def test_a_group_without_an_id_is_bad_input(pilot: Any) -> None:
    assert post(pilot, "group-upload-callback", {"file_count": 3}).status_code == 400


# --- Who may ---------------------------------------------------------------------------------------------------------

BODIES = {
    "fast-upload": {"fingerprint": "f-a.JPG"},
    "files/tiny-fingerprints": {"tiny_fingerprints": ["t-a.JPG"]},
    "upload-callback": {"object_key": "x"},
    "group-upload-callback": {"file_group_id": "g", "file_count": 1},
}


@pytest.mark.parametrize("path", BODIES)
def test_another_workspace_is_closed(pilot: Any, stranger: Any, path: str) -> None:
    confirmed(pilot, name="a.JPG")
    before = MediaFile.objects.count(), MediaGroup.objects.count()
    for where in (pilot.workspace, str(uuid.uuid4()), "nonsense"):
        assert post(stranger, path, BODIES[path], workspace=where).status_code == 403
    assert (MediaFile.objects.count(), MediaGroup.objects.count()) == before


def test_what_is_stored_elsewhere_is_not_known_here(pilot: Any, stranger: Any) -> None:
    confirmed(pilot, name="a.JPG")
    assert fast(stranger)["code"] != 0
    found = post(stranger, "files/tiny-fingerprints", BODIES["files/tiny-fingerprints"]).json()["data"]
    assert found == {"tiny_fingerprints": []}


@pytest.mark.parametrize("path", BODIES)
def test_viewers_and_the_nameless_do_not_upload(viewer: Any, anonymous: Any, path: str) -> None:
    assert post(viewer, path, BODIES[path]).status_code == 403
    nameless = anonymous.post(f"{MEDIA}/{viewer.workspace.pk}/{path}", BODIES[path], format="json")
    assert (nameless.status_code, nameless.content) == (401, b"")


def test_operators_upload_too(join: Any, workspace: Any) -> None:
    person = join(workspace, Role.OPERATOR)
    assert post(person, "upload-callback", upload(person)).json()["code"] == 0
