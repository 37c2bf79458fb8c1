"""The gallery, its files and the map of shots, as people see them; and nothing of another workspace on any of them."""

from __future__ import annotations

import asyncio
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from fleet.models import AuditEntry, Role, Workspace
from media.models import MediaFile, MediaGroup, MediaPolicy, RefusedUpload, Status
from tests.factories import make_aircraft
from tests.media.library.conftest import Login
from tests.media.library.files import make_flight, make_mission, stored

pytestmark = pytest.mark.django_db

EVIL = "<img src=x onerror=alert(1)>.JPG"


def ids(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<article class="shot" data-id="(\d+)"', page)]


async def whole(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer])


def text(answer: Any) -> str:
    assert answer.status_code == 200, (answer.status_code, answer.content[:300])
    return str(answer.content.decode())


@pytest.fixture
def gallery(login: Login) -> Callable[..., list[int]]:
    client = login()

    def look(**query: Any) -> list[int]:
        return ids(text(client.get("/admin/gallery/?" + urlencode(query))))

    return look


# --- What is shown -------------------------------------------------------------------------------------------------


def test_an_empty_gallery_says_what_to_do(login: Login) -> None:
    page = text(login().get("/admin/gallery/"))
    assert "No photos or videos yet" in page
    assert "Pilot 2" in page


def test_the_newest_come_first_and_pages_go_on_where_the_last_ended(login: Login, workspace: Workspace) -> None:
    now = timezone.now()
    # Many at the same moment: the place between two pages must not lose any of them.
    files = [stored(workspace, moment=now - timedelta(seconds=n // 40)) for n in range(150)]
    wanted = [file.pk for file in sorted(files, key=lambda file: (file.moment, file.pk), reverse=True)]
    client = login()
    page = text(client.get("/admin/gallery/"))
    found, after = ids(page), re.findall(r'data-after="([^"]*)"', page)[0]
    while after:
        more = client.get("/admin/gallery/more/", {"after": after}).json()
        found, after = found + ids(more["html"]), more["after"]
    assert found == wanted


def test_nonsense_in_the_address_filters_nothing(gallery: Callable[..., list[int]], workspace: Workspace) -> None:
    file = stored(workspace)
    bad = {
        "flight": "x",
        "aircraft": "²",
        "since": "yesterday",
        "area": "1,2",
        "status": "x",
        "kind": "x",
        "group": "9" * 30,
    }
    assert gallery(**bad) == [file.pk]


def test_each_filter(gallery: Callable[..., list[int]], workspace: Workspace) -> None:
    bird = make_aircraft(workspace)
    mission, flight = make_mission(workspace), make_flight(workspace)
    group = MediaGroup.objects.create(workspace=workspace, origin="pilot", key="g", changed_at=timezone.now())
    day = timezone.now() - timedelta(days=10)
    by = {
        "flight": stored(workspace, flight=flight),
        "mission": stored(workspace, mission=mission),
        "aircraft": stored(workspace, aircraft=bird),
        "group": stored(workspace, group=group),
        "lens": stored(workspace, lens="T", stack="s", lead=False),
        "kind": stored(workspace, kind="audio"),
        "favorite": stored(workspace, favorite=True),
        "status": stored(workspace, status=Status.MISSING),
        "day": stored(workspace, moment=day),
        "area": stored(workspace, latitude=47.05, longitude=8.31),
    }
    values = {"flight": flight.pk, "mission": mission.pk, "aircraft": bird.pk, "group": group.pk, "lens": "t",
              "kind": "audio", "favorite": 1, "status": "trouble", "area": "8.3,47.0,8.4,47.1"}  # fmt: skip
    for name, value in values.items():
        assert gallery(**{name: value}) == [by[name].pk], name
    assert gallery(since=day.date(), until=day.date()) == [by["day"].pk]
    assert gallery(area="9,47,9.1,47.1") == []
    assert by["lens"].pk not in gallery()  # another of its stack stands for it


def test_an_area_across_the_antimeridian(gallery: Callable[..., list[int]], workspace: Workspace) -> None:
    east, west = stored(workspace, latitude=-17, longitude=179.9), stored(workspace, latitude=-17, longitude=-179.9)
    stored(workspace, latitude=-17, longitude=0)
    assert set(gallery(area="179,-18,181,-16")) == {east.pk, west.pk}


def test_days_are_those_of_the_workspace(login: Login, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Pacific/Auckland")
    moment = timezone.now().replace(year=2026, month=6, day=1, hour=23)  # the 2nd, at the other end of the world
    file = stored(workspace, moment=moment)
    client = login()
    assert ids(text(client.get("/admin/gallery/?since=2026-06-02&until=2026-06-02"))) == [file.pk]
    assert ids(text(client.get("/admin/gallery/?since=2026-06-01&until=2026-06-01"))) == []


def test_a_stack_is_one_card_that_counts(login: Login, workspace: Workspace) -> None:
    stored(workspace, stack="s", lens="V")
    stored(workspace, stack="s", lens="T", lead=False)
    stored(workspace, stack="p", is_panorama=True)
    stored(workspace, stack="p", is_panorama=True, lead=False)
    page = text(login().get("/admin/gallery/"))
    assert len(ids(page)) == 2
    assert "T V" in page
    assert "Panorama 2" in page


def test_what_devices_say_is_escaped(login: Login, workspace: Workspace) -> None:
    file = stored(
        workspace, name=EVIL, status=Status.BROKEN, reason=EVIL, metadata={"xmp": {"a": EVIL}}, latitude=1, longitude=1
    )
    client = login(Role.OPERATOR)
    for path in ("gallery/", f"gallery/{file.pk}/", f"shots/{file.pk}/"):
        page = text(client.get(f"/admin/{path}"))
        assert "onerror=alert(1)&gt;" in page
        assert EVIL not in page


def test_queries_do_not_grow_with_the_files(
    login: Login, workspace: Workspace, django_assert_max_num_queries: Any
) -> None:
    mission, bird = make_mission(workspace), make_aircraft(workspace)
    for n in range(40):
        stored(workspace, stack=f"{n}", mission=mission, aircraft=bird)
    client = login()
    client.get("/admin/gallery/")
    with django_assert_max_num_queries(16):
        client.get("/admin/gallery/")


def test_the_large_view(login: Login, workspace: Workspace) -> None:
    visible = stored(workspace, stack="s", lens="V", payload_model_key="1-99-0", relative_height=60.2, gimbal_yaw=-91.4)
    thermal = stored(workspace, stack="s", lens="T", lead=False)
    page = text(login().get(f"/admin/gallery/{visible.pk}/"))
    assert "Matrice 4TD camera" in page
    assert "60.2 m" in page
    assert f'data-src="/admin/gallery/{thermal.pk}/view/"' in page  # side by side
    assert "data-delete" not in page  # viewers do not delete
    assert "data-delete" in text(login(Role.OPERATOR).get(f"/admin/gallery/{visible.pk}/"))


def test_incomplete_flights_stand_on_top(login: Login, workspace: Workspace, other_workspace: Workspace) -> None:
    for where, name in ((workspace, "Ours"), (other_workspace, "Theirs")):
        mission = make_mission(where, name=name, media_count=5)
        MediaGroup.objects.create(
            workspace=where, origin="mission", key=f"{mission.pk}", mission=mission, expected=5,
            changed_at=timezone.now(), alarm_at=timezone.now(),
        )  # fmt: skip
    page = text(login().get("/admin/gallery/"))
    assert "0 of 5 files have arrived" in page
    assert "Ours" in page
    assert "Theirs" not in page
    assert "data-post" not in page
    assert "data-post" in text(login(Role.OPERATOR).get("/admin/gallery/"))


# --- The bytes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["thumbnail", "view", "download"])
def test_bytes_come_by_a_short_lived_address(login: Login, workspace: Workspace, storage: Any, kind: str) -> None:
    import urllib.request

    file = stored(workspace, name='Übersicht "1".JPG', thumbnail_key=f"{workspace.pk}/thumbnails/1.webp")
    storage.put(file.object_key, b"large", content_type="image/jpeg")
    storage.put(file.thumbnail_key, b"small", content_type="image/webp")
    answer = login().get(f"/admin/gallery/{file.pk}/{kind}/")
    assert answer.status_code == 302
    address = answer["Location"]
    assert "X-Amz-Expires" in address
    assert int(re.findall(r"X-Amz-Expires=(\d+)", address)[0]) <= 3600
    assert workspace.pk.hex not in address.replace("-", "") or "Signature" in address
    with urllib.request.urlopen(address) as reply:
        assert reply.read() == (b"small" if kind == "thumbnail" else b"large")


def test_a_download_is_in_the_audit(login: Login, workspace: Workspace, storage: Any) -> None:
    file = stored(workspace)
    login().get(f"/admin/gallery/{file.pk}/download/")
    assert AuditEntry.objects.get(action="media.downloaded").target == file.name


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "a.DNG", "noending"])
def test_what_a_browser_might_run_is_never_shown_inline(
    login: Login, workspace: Workspace, storage: Any, name: str
) -> None:
    file = stored(workspace, name=name, kind="photo" if name.endswith("DNG") else "other")
    assert login().get(f"/admin/gallery/{file.pk}/view/").status_code == 404


@pytest.mark.parametrize("status", [Status.ANNOUNCED, Status.MISSING, Status.FAILED])
def test_what_is_not_there_has_no_address(login: Login, workspace: Workspace, storage: Any, status: str) -> None:
    file = stored(workspace, status=status)
    for kind in ("thumbnail", "view", "download"):
        assert login().get(f"/admin/gallery/{file.pk}/{kind}/").status_code == 404


def test_many_files_as_a_zip(login: Login, workspace: Workspace, storage: Any) -> None:
    lead, tile = stored(workspace, stack="s", name="a.JPG"), stored(workspace, stack="s", lead=False, name="b.JPG")
    other = stored(workspace, name="c.JPG", kind="video")
    for file in (lead, tile, other):
        storage.put(file.object_key, b"x" * 100)
    client = login()

    def names(**form: Any) -> list[str]:
        answer = client.post("/admin/gallery/zip/", form)
        assert answer["Content-Type"] == "application/zip"
        return sorted(name.split("/")[1] for name in zipfile.ZipFile(BytesIO(asyncio.run(whole(answer)))).namelist())

    assert names(ids=f"{lead.pk}") == ["a.JPG", "b.JPG"]
    assert names(all=1, kind="video") == ["c.JPG"]
    assert names(ids=f"{lead.pk}", single=1) == ["a.JPG"]
    assert client.post("/admin/gallery/zip/", {"ids": "1e9,-1,x"}).status_code == 302
    assert client.get("/admin/gallery/zip/").status_code == 405


# --- What is done --------------------------------------------------------------------------------------------------


def test_deleting_asks_first(login: Login, workspace: Workspace) -> None:
    lead, tile = stored(workspace, stack="s"), stored(workspace, stack="s", lead=False)
    stored(workspace)
    client = login(Role.OPERATOR)
    page = text(client.post("/admin/gallery/delete/", {"ids": f"{lead.pk}"}))
    assert "Delete 2 files?" in page
    assert MediaFile.objects.count() == 3
    told = re.findall(r'name="ids" value="([^"]+)"', page)[0]
    answer = client.post("/admin/gallery/delete/", {"ids": told, "single": 1, "sure": 1})
    assert answer.status_code == 302
    assert not MediaFile.objects.filter(pk__in=[lead.pk, tile.pk]).exists()
    assert MediaFile.objects.count() == 1


def test_stars_are_for_pilots(login: Login, workspace: Workspace) -> None:
    file = stored(workspace)
    assert login(Role.VIEWER).post("/admin/gallery/star/", {"ids": file.pk}).status_code == 403
    client = login(Role.PILOT)
    assert client.post("/admin/gallery/star/", {"ids": file.pk}).json() == {"changed": 1}
    file.refresh_from_db()
    assert file.favorite
    client.post("/admin/gallery/star/", {"ids": file.pk, "favorite": 0})
    file.refresh_from_db()
    assert not file.favorite


def test_what_needs_which_role(login: Login, workspace: Workspace) -> None:
    file = stored(workspace, status=Status.MISSING)
    group = MediaGroup.objects.create(workspace=workspace, origin="pilot", key="g", changed_at=timezone.now())
    posts = [
        ("/admin/gallery/delete/", Role.OPERATOR),
        (f"/admin/gallery/{file.pk}/again/", Role.OPERATOR),
        (f"/admin/gallery/uploads/{group.pk}/accept/", Role.OPERATOR),
    ]
    for path, least in posts:
        for role in Role:
            answer = login(role).post(path, {"ids": ""})
            assert (answer.status_code != 403) == role.covers(least), (path, role)
    for role in Role:
        answer = login(role).get("/admin/gallery/rules/")
        assert (answer.status_code == 302) == (role == Role.ADMIN)


def test_the_rules_are_a_form_and_in_the_audit(login: Login, workspace: Workspace) -> None:
    client = login(Role.ADMIN)
    form = client.get("/admin/gallery/rules/")["Location"]
    assert "Save" in text(client.get(form))
    values = {"keep_days": 30, "keep_favorites": "on", "incomplete_after": 45, "problem_days": 7}
    assert client.post(form, values).status_code == 302
    policy = MediaPolicy.objects.get(workspace=workspace)
    assert (policy.keep_days, policy.incomplete_after) == (30, 45)
    assert AuditEntry.objects.get(action="media.rules_changed").detail["fields"]["keep_days"] == 30
    assert login(Role.PILOT).post(form, values).status_code == 403


def test_refused_uploads_are_listed_for_operators(
    login: Login, workspace: Workspace, other_workspace: Workspace
) -> None:
    for where, name in ((workspace, "ours.JPG"), (other_workspace, "theirs.JPG")):
        RefusedUpload.objects.create(
            workspace=where, why="elsewhere", name=name, said={"k": EVIL}, last_at=timezone.now()
        )
    page = text(login(Role.OPERATOR).get("/admin/media/refusedupload/"))
    assert "ours.JPG" in page
    assert "theirs.JPG" not in page
    row = RefusedUpload.objects.get(workspace=workspace)
    assert EVIL not in text(login(Role.OPERATOR).get(f"/admin/media/refusedupload/{row.pk}/change/"))
    assert login(Role.PILOT).get("/admin/media/refusedupload/").status_code == 403


# --- The map of shots ------------------------------------------------------------------------------------------------


def test_few_shots_are_single_and_many_are_cells(login: Login, workspace: Workspace, monkeypatch: Any) -> None:
    from media.services.library import shots

    for n in range(6):
        stored(workspace, latitude=47.0 + n / 1000, longitude=8.0, gimbal_yaw=90.0, gimbal_pitch=-30.0)
    client = login()
    query = {"box": "7,46,9,48", "zoom": "8"}
    found = client.get("/admin/shots/data/", query).json()
    assert len(found["shots"]) == 6
    assert found["shots"][0]["yaw"] == 90.0
    monkeypatch.setattr(shots, "MOST", 5)
    cells = client.get("/admin/shots/data/", query).json()["clusters"]
    assert sum(number for _lat, _lon, number in cells) == 6
    assert client.get("/admin/shots/data/", {"box": "100,46,101,48", "zoom": "8"}).json() == {"shots": []}
    for bad in ({"box": "x", "zoom": "3"}, {"box": "7,46,9,48", "zoom": "99"}, {}):
        assert client.get("/admin/shots/data/", bad).status_code == 400


def test_the_map_begins_where_the_newest_were_taken(login: Login, workspace: Workspace) -> None:
    assert '"extent": null' in text(login().get("/admin/shots/"))
    file = stored(workspace, latitude=47.0, longitude=8.0)
    stored(workspace, latitude=-33.0, longitude=151.0)
    assert '"extent": [[-33.0, 8.0], [47.0, 151.0]]' in text(login().get("/admin/shots/"))
    assert '"extent": [[47.0, 8.0], [47.0, 8.0]]' in text(login().get(f"/admin/shots/?shot={file.pk}"))


# --- The flight's page -----------------------------------------------------------------------------------------------


def test_a_flights_page_shows_its_files_and_what_is_missing(login: Login, workspace: Workspace) -> None:
    mission = make_mission(workspace, media_count=3)
    flight = make_flight(workspace, make_aircraft(workspace), mission=mission)
    file = stored(workspace, flight=flight, mission=mission)
    MediaGroup.objects.create(
        workspace=workspace, origin="mission", key=f"{mission.pk}", mission=mission, changed_at=timezone.now(),
        alarm_at=timezone.now(),
    )  # fmt: skip
    page = text(login().get(f"/admin/waylines/flight/{flight.pk}/change/"))
    assert ids(page) == [file.pk]
    assert "Files are missing." in page


# --- Another workspace -----------------------------------------------------------------------------------------------


def test_nothing_of_another_workspace_anywhere(
    login: Login, workspace: Workspace, other_workspace: Workspace, storage: Any
) -> None:
    mine = stored(workspace)
    theirs = stored(
        other_workspace,
        name="Foreign.JPG",
        latitude=47.0,
        longitude=8.0,
        thumbnail_key=f"{other_workspace.pk}/thumbnails/1.webp",
    )
    missing = stored(other_workspace, status=Status.MISSING)
    group = MediaGroup.objects.create(
        workspace=other_workspace,
        origin="pilot",
        key="g",
        expected=3,
        changed_at=timezone.now(),
        alarm_at=timezone.now(),
    )
    MediaFile.objects.filter(pk=theirs.pk).update(group=group)
    client: Client = login(Role.ADMIN)
    for path in (
        "gallery/",
        f"gallery/?group={group.pk}",
        "gallery/more/",
        "shots/",
        "shots/data/?box=7,46,9,48&zoom=8",
    ):
        page = text(client.get(f"/admin/{path}"))
        assert "Foreign.JPG" not in page
        assert f'data-id="{theirs.pk}"' not in page
        assert f'"id": {theirs.pk}' not in page
    assert "[[47.0, 8.0]" not in text(client.get(f"/admin/shots/?shot={theirs.pk}"))
    for path in ("", "thumbnail/", "view/", "download/"):
        assert client.get(f"/admin/gallery/{theirs.pk}/{path}").status_code == 404, path
    assert client.get(f"/admin/shots/{theirs.pk}/").status_code == 404
    assert client.post(f"/admin/gallery/{missing.pk}/again/").status_code == 404
    for action in ("accept", "first"):
        assert client.post(f"/admin/gallery/uploads/{group.pk}/{action}/").status_code == 404
    both = {"ids": f"{mine.pk},{theirs.pk}", "sure": 1}
    client.post("/admin/gallery/star/", both)
    client.post("/admin/gallery/delete/", both)
    theirs.refresh_from_db()
    assert not theirs.favorite
    storage.put(theirs.object_key, b"x")
    assert client.post("/admin/gallery/zip/", {"ids": f"{theirs.pk}"}).status_code == 302
    policy = MediaPolicy.objects.create(workspace=other_workspace)
    assert client.get(f"/admin/media/mediapolicy/{policy.pk}/change/").status_code == 404


@pytest.mark.parametrize(
    "path", ["gallery/", "gallery/more/", "shots/", "shots/data/", "gallery/1/", "gallery/1/view/"]
)
def test_strangers_are_sent_to_the_login(db: None, path: str) -> None:
    answer = Client().get(f"/admin/{path}")
    assert (answer.status_code, "/admin/login/" in answer["Location"]) == (302, True)


def test_a_filter_without_a_field_is_said(login: Login, workspace: Workspace, other_workspace: Workspace) -> None:
    mine, foreign = make_mission(workspace, name="North fence"), make_mission(other_workspace, name="Foreign fence")
    assert "Mission: North fence" in text(login().get(f"/admin/gallery/?mission={mine.pk}"))
    assert "Foreign fence" not in text(login().get(f"/admin/gallery/?mission={foreign.pk}"))


def test_an_old_flight_stays_chosen(login: Login, workspace: Workspace) -> None:
    old = make_flight(
        workspace, started_at=timezone.now() - timedelta(days=900), ended_at=timezone.now() - timedelta(days=899)
    )
    for _number in range(101):
        make_flight(workspace)
    assert f'<option value="{old.pk}" selected>' in text(login().get(f"/admin/gallery/?flight={old.pk}"))
