"""Pilot 2 put a route into the bucket and says so."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest
from django.core.cache import cache

from fleet.models import AuditEntry, Role
from tests.factories import make_dock
from tests.waylines.routes import kmz
from waylines import wpml
from waylines.models import Route, RouteFile, Schedule
from waylines.services.routes import reading


class Uploads:
    """A remote's part: put a file somewhere, then tell."""

    def __init__(self, storage: Any, person: Any) -> None:
        self.storage = storage
        self.person = person

    def key(self, name: str) -> str:
        return f"{self.person.workspace.pk}/wayline/{name}.kmz"

    def put(self, name: str, data: bytes) -> str:
        self.storage.put(self.key(name), data)
        return self.key(name)

    def tell(self, key: str, person: Any = None, **body: Any) -> Any:
        caller = person or self.person
        path = f"/wayline/api/v1/workspaces/{caller.workspace.pk}/upload-callback"
        return caller.api.post(path, {"object_key": key, **body}, format="json")


@pytest.fixture
def uploads(storage, pilot):
    return Uploads(storage, pilot)


# What is removed is removed after the commit.
pytestmark = pytest.mark.django_db(transaction=True)

METADATA = {"drone_model_key": "0-67-0", "payload_model_keys": ["1-52-0"], "template_types": [0]}


def test_an_upload_becomes_a_route_at_a_place_of_ours(uploads, pilot, storage):
    key = uploads.put("New wayline 1", kmz.waypoints())
    answer = uploads.tell(key, name="New wayline 1", metadata=METADATA)
    assert answer.json() == {"code": 0, "message": "success", "data": {}}
    route = Route.objects.get()
    assert (route.workspace, route.name, route.source, route.user) == (
        pilot.workspace,
        "New wayline 1",
        "pilot",
        pilot.user,
    )
    assert route.drone_model_key == "0-100-1", "the file knows better than the remote"
    assert route.file.object_key == f"{pilot.workspace.pk}/wayline/{route.pk}/{route.file.sign}.kmz"
    assert storage.read(route.file.object_key) == kmz.waypoints()
    assert route.file.facts["point_count"] == 4
    assert route.distance and route.duration
    assert storage.head(key) is None, "the remote could still write there"
    entry = AuditEntry.objects.get(action="route.added")
    assert (entry.user, entry.target, entry.detail["sign"]) == (pilot.user, "New wayline 1", route.file.sign)


def test_said_twice_it_is_one_upload(uploads):
    key = uploads.put("Roof", kmz.waypoints())
    for _twice in range(3):
        assert uploads.tell(key, name="Roof").json()["code"] == 0
    assert Route.objects.count() == RouteFile.objects.count() == 1
    assert AuditEntry.objects.filter(action__startswith="route.").count() == 1


def test_uploaded_twice_unchanged_it_is_one_route(uploads):
    for _twice in range(2):
        key = uploads.put("Roof", kmz.waypoints())
        assert uploads.tell(key, name="Roof").json()["code"] == 0
    assert Route.objects.count() == RouteFile.objects.count() == 1


def test_the_same_name_again_is_a_new_version_of_that_route(uploads, storage):
    uploads.tell(uploads.put("Roof", kmz.waypoints()), name="Roof")
    first = Route.objects.select_related("file").get()
    changed = kmz.waypoints(speed=8)
    assert uploads.tell(uploads.put("Roof", changed), name="Roof").json()["code"] == 0
    route = Route.objects.get()
    assert route.pk == first.pk
    assert route.file.sign != first.file.sign
    stored = storage.read(route.file.object_key)
    assert hashlib.md5(stored, usedforsecurity=False).hexdigest() == route.file.sign
    assert wpml.read(stored).waylines == wpml.read(changed).waylines
    assert storage.head(first.file.object_key) is None, "nobody needs the old file"
    assert RouteFile.objects.count() == 1


def test_a_name_with_an_ending_loses_it(uploads):
    uploads.tell(uploads.put("a", kmz.waypoints()), name="Roof.kmz")
    assert Route.objects.get().name == "Roof"


def test_without_a_name_the_key_gives_one(uploads):
    uploads.tell(uploads.put("New wayline 7", kmz.waypoints()))
    assert Route.objects.get().name == "New wayline 7"


def test_what_a_scheduled_dock_flies_is_changed_by_operators_only(uploads, join, pilot):
    uploads.tell(uploads.put("Roof", kmz.waypoints()), name="Roof")
    route = Route.objects.get()
    Schedule.objects.create(
        workspace=pilot.workspace,
        name="Nightly",
        route=route,
        dock=make_dock(pilot.workspace),
        times=["22:00"],
        starts_on=date(2026, 1, 1),
    )
    other = kmz.waypoints(speed=9)
    answer = uploads.tell(uploads.put("Roof", other), name="Roof")
    assert answer.json()["code"] != 0
    assert "Nightly" in answer.json()["message"]
    assert Route.objects.get().file.sign == route.file.sign
    operator = join(pilot.workspace, Role.OPERATOR)
    assert uploads.tell(uploads.put("Roof", other), operator, name="Roof").json()["code"] == 0
    assert Route.objects.get().file.sign != route.file.sign


# --- what is refused -------------------------------------------------------------------------------------------


def test_a_file_of_another_workspace_is_not_taken(uploads, stranger, storage):
    mine = uploads.put("Roof", kmz.waypoints())
    answer = uploads.tell(mine, stranger, name="Roof")
    assert answer.status_code == 403
    assert storage.head(mine) is not None
    foreign = f"{uploads.person.workspace.pk}/wayline/../../{stranger.workspace.pk}/wayline/x.kmz"
    assert uploads.tell(foreign, name="x").status_code == 403
    assert not Route.objects.exists()


@pytest.mark.parametrize("key", ["", None, 7, ["x"]])
def test_a_key_is_needed(uploads, key):
    assert uploads.tell(key, name="x").status_code == 400


@pytest.mark.parametrize("key", ["x", "/", "wayline/x.kmz"])
def test_a_key_outside_is_forbidden(uploads, key):
    assert uploads.tell(key, name="x").status_code == 403


def test_a_body_that_is_no_object(uploads, pilot):
    path = f"/wayline/api/v1/workspaces/{pilot.workspace.pk}/upload-callback"
    assert pilot.api.post(path, [1], format="json").status_code == 400
    assert pilot.api.post(path, "{", content_type="application/json").status_code == 400


def test_a_file_that_is_not_there(uploads):
    answer = uploads.tell(uploads.key("missing"), name="x")
    assert answer.status_code == 200
    assert answer.json()["code"] != 0
    assert answer.json()["data"]["reason"] == "not_there"
    assert "upload it again" in answer.json()["message"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0 a photo", "not_a_zip"),
        (kmz.packed(**{"../evil": "x", "waylines": "<kml/>"}), "unsafe_path"),
        (
            kmz.packed(waylines='<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>'),
            "entities",
        ),
        (kmz.bomb(), "zip_bomb"),
    ],
    ids=["empty", "photo", "path", "entity", "bomb"],
)
def test_what_could_hurt_is_refused_and_touches_nothing(uploads, storage, data, reason):
    key = uploads.put("Roof", data)
    answer = uploads.tell(key, name="Roof")
    assert answer.json()["code"] != 0
    assert answer.json()["data"]["reason"] == reason
    assert answer.json()["message"]
    assert not Route.objects.exists() and not RouteFile.objects.exists()
    assert storage.head(key) is not None, "whoever names a photo as a route must not lose it"


def test_one_that_is_too_large_is_not_even_read(uploads, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    answer = uploads.tell(uploads.put("Roof", kmz.waypoints()), name="Roof")
    assert answer.json()["data"]["reason"] == "too_big"


def test_one_that_we_do_not_understand_is_kept_for_other_remotes(uploads, storage):
    data = kmz.packed(waylines="<kml><Document><future/></Document></kml>")
    assert uploads.tell(uploads.put("Roof", data), name="Roof", metadata=METADATA).json()["code"] == 0
    route = Route.objects.get()
    assert route.file.problem
    assert route.drone_model_key == "0-67-0", "said by the remote, for the file is silent"
    assert route.payload_model_keys == ["1-52-0"]
    assert route.template_types == [0]
    assert storage.read(route.file.object_key) == data


def test_metadata_of_any_kind_breaks_nothing(uploads):
    data = kmz.packed(waylines="<kml><Document><future/></Document></kml>")
    odd = {"drone_model_key": {"a": 1}, "payload_model_keys": "x", "template_types": ["y", True, 3]}
    assert uploads.tell(uploads.put("Roof", data), name="Roof", metadata=odd).json()["code"] == 0
    assert Route.objects.get().template_types == [3]
    assert uploads.tell(uploads.put("B", kmz.waypoints()), name=["x"], metadata=[1]).json()["code"] == 0


def test_a_forgotten_answer_is_not_taken_for_another_upload(uploads):
    key = uploads.put("Roof", kmz.waypoints())
    uploads.tell(key, name="Roof")
    cache.clear()
    assert uploads.tell(key, name="Roof").json()["data"]["reason"] == "not_there"
    assert Route.objects.count() == 1


def test_a_route_comes_back_as_it_was_written(uploads, pilot):
    uploads.tell(uploads.put("Roof", kmz.survey()), name="Area")
    found = pilot.api.get(f"/wayline/api/v1/workspaces/{pilot.workspace.pk}/waylines").json()["data"]["list"][0]
    assert found["template_types"] == [1]
    assert wpml.read(reading.content(Route.objects.get().file)).executable
