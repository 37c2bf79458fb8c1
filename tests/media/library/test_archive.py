"""Many files as one zip: whole, with names that fit anywhere, and never in memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from fleet.models import AuditEntry, User, Workspace
from media.models import Status
from media.services.library import gallery
from media.services.library.archive import contents
from media.services.storage import archive
from tests.media.library.files import key_of, make_mission, stored

pytestmark = pytest.mark.django_db


def opened(files: Any) -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(b"".join(archive.pieces(files))))
    assert found.testzip() is None
    return found


def test_every_file_is_in_it_whole(workspace: Workspace, operator: User, storage: Any) -> None:
    mission = make_mission(workspace, name="North fence")
    files = [stored(workspace, name=f"DJI_{n}.JPG", mission=mission) for n in range(3)]
    for number, file in enumerate(files):
        storage.put(file.object_key, bytes([number]) * (archive.PIECE + number if number == 2 else 100))
    found = opened(contents(workspace, [file.pk for file in files], user=operator))
    assert sorted(name.split("/")[1] for name in found.namelist()) == ["DJI_0.JPG", "DJI_1.JPG", "DJI_2.JPG"]
    assert all("North fence" in name for name in found.namelist())
    large = next(name for name in found.namelist() if name.endswith("2.JPG"))
    assert found.read(large) == b"\x02" * (archive.PIECE + 2)
    assert AuditEntry.objects.get(action="media.downloaded").user == operator


def test_names_fit_every_file_system_and_no_two_are_alike(workspace: Workspace, storage: Any) -> None:
    names = [
        "../../etc/passwd",
        "a:b*c?.JPG",
        "same.JPG",
        "SAME.JPG",
        "same.JPG",
        "",
        "ü" * 300 + ".JPG",
        ".",
        "con\x00.JPG",
    ]
    key = key_of(workspace, "x.JPG")
    storage.put(key, b"x")
    found = opened([(n, "day", name, key) for n, name in enumerate(names)]).namelist()
    assert len({name.lower() for name in found}) == len(names)
    for name in found:
        assert ".." not in name.split("/")
        assert name.startswith("day/")
        assert not set(name) & set('\x00:*?"<>|\\')
        assert len(name) < 200


def test_what_is_gone_is_named_and_the_rest_is_whole(workspace: Workspace, storage: Any) -> None:
    key = key_of(workspace, "there.JPG")
    storage.put(key, b"here")
    found = opened([(1, "", "gone.JPG", key_of(workspace, "gone.JPG")), (2, "", "there.JPG", key)])
    assert found.read("there.JPG") == b"here"
    assert b"gone.JPG" in found.read("NOT-INCLUDED.txt")


def test_only_what_is_stored_here_goes_in(workspace: Workspace, other_workspace: Workspace, operator: User) -> None:
    there = stored(workspace)
    ids = [
        there.pk,
        stored(workspace, status=Status.MISSING).pk,
        stored(workspace, size=0).pk,
        stored(other_workspace).pk,
    ]
    assert [line[0] for line in contents(workspace, ids, user=operator)] == [there.pk]


def test_a_hundred_megabytes_need_a_few(workspace: Workspace, storage: Any) -> None:
    key = key_of(workspace, "large.MP4")
    storage.put(key, bytes(25_000_000))
    tracemalloc.start()
    try:
        total = sum(len(piece) for piece in archive.pieces([(n, "", f"{n}.MP4", key) for n in range(4)]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 100_000_000
    assert peak < 30_000_000


def test_of_more_than_fit_the_newest_are_taken_and_it_is_said(
    workspace: Workspace, storage: Any, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "MOST_AT_ONCE", 4)
    now = timezone.now()
    for age in (4, 3, 2, 1):
        for lens in "WZ":
            file = stored(
                workspace, name=f"S{age}_{lens}.JPG", stack=f"s{age}", lead=lens == "W", lens=lens,
                moment=now - timedelta(hours=age),
            )  # fmt: skip
            storage.put(file.object_key, b"x")
    client = login()
    answer = client.post("/admin/gallery/zip/", {"all": "1", "kind": "photo"})

    async def whole() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    found = zipfile.ZipFile(io.BytesIO(async_to_sync(whole)())).namelist()
    assert sorted(name.rsplit("/", 1)[1] for name in found) == ["S1_W.JPG", "S1_Z.JPG", "S2_W.JPG", "S2_Z.JPG"]
    assert "the newest 4 files" in client.get("/admin/gallery/").content.decode()
