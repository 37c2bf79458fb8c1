"""Import through the page's script: file by file, and what is there already is asked about."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from fleet.models import AuditEntry, Role, User, Workspace
from tests.factories import make_user
from tests.waylines.routes import kmz
from waylines.models import Route
from waylines.services.routes import library, reading

pytestmark = pytest.mark.django_db(transaction=True)


def send(client: Client, name: str, data: bytes, taken: str = "ask") -> dict[str, Any]:
    body = {"files": SimpleUploadedFile(name, data), "taken": taken}
    answer = client.post("/admin/routes/import/", body, headers={"accept": "application/json"})
    assert answer.status_code == 200, answer.content
    (result,) = answer.json()["results"]
    return dict(result)


def test_a_file_becomes_a_route(client: Client, person: User) -> None:
    result = send(client, "DJI_roof.kmz", kmz.waypoints())
    route = Route.objects.get()
    address = reverse("admin:waylines_route_change", args=[route.pk])
    assert result["route"] == {"name": "DJI-roof", "url": address}
    assert (route.user, route.source, route.user_name) == (person, "import", str(person))
    assert route.file.object_key == f"{route.workspace_id}/wayline/{route.pk}/{route.file.sign}.kmz"
    assert AuditEntry.objects.get(action="route.added").user == person


def test_a_taken_name_is_asked_about_and_answered(client: Client) -> None:
    first = send(client, "Roof.kmz", kmz.waypoints())["route"]
    asked = send(client, "Roof.kmz", kmz.waypoints(speed=3))
    assert (asked["route"], asked["reason"], asked["there"]) == (None, "name_taken", first)
    assert send(client, "Roof.kmz", kmz.waypoints(speed=3), "replace")["route"] == first
    assert send(client, "Roof.kmz", kmz.waypoints(speed=4), "keep")["route"]["name"] == "Roof (2)"
    assert Route.objects.count() == 2


def test_the_same_file_is_asked_about(client: Client) -> None:
    data = kmz.waypoints()
    first = send(client, "Roof.kmz", data)["route"]
    asked = send(client, "Wall.kmz", data)
    assert (asked["reason"], asked["there"]) == ("same_file", first)
    assert send(client, "Wall.kmz", data, "keep")["route"]["name"] == "Wall"


def test_an_answer_that_is_none_asks_again(client: Client) -> None:
    send(client, "Roof.kmz", kmz.waypoints())
    assert send(client, "Roof.kmz", kmz.waypoints(speed=3), "whatever")["reason"] == "name_taken"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"GIF89a", "not_a_zip"),
        (kmz.waypoints()[:200], "damaged"),
        (kmz.packed(**{"doc.kml": "<kml/>"}), "no_wayline"),
        (kmz.packed(**{"/etc/passwd": "x"}), "unsafe_path"),
        (kmz.packed(waylines="<kml>"), "bad_xml"),
        (kmz.packed(waylines='<!DOCTYPE a [<!ENTITY b "c">]><kml>&b;</kml>'), "entities"),
        (kmz.bomb(), "zip_bomb"),
    ],
    ids=["empty", "gif", "cut", "map", "path", "xml", "entity", "bomb"],
)
def test_what_is_no_route_is_refused_in_words(client: Client, data: bytes, reason: str) -> None:
    result = send(client, "Roof.kmz", data)
    assert result["route"] is None and result["there"] is None
    assert result["error"]
    assert result["reason"] == reason or (reason == "damaged" and result["reason"] == "not_a_zip")
    assert not Route.objects.exists()


def test_one_that_is_too_large_is_not_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from waylines import route_views

    monkeypatch.setattr(route_views, "MOST_BYTES", 100)
    assert "larger than" in send(client, "Roof.kmz", kmz.waypoints())["error"]


def test_a_name_with_markup_stays_text(client: Client, workspace: Workspace) -> None:
    send(client, "ok.kmz", kmz.waypoints())
    Route.objects.update(name="<script>alert(1)</script>")
    for address in ("/admin/waylines/route/", reverse("admin:waylines_route_change", args=[Route.objects.get().pk])):
        page = client.get(address).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_file_of_a_neighbour_is_not_found_as_the_same(client: Client, other_workspace: Workspace) -> None:
    data = kmz.waypoints()
    library.store(other_workspace, data, name="Theirs", user=None, source=Route.Source.IMPORT)
    result = send(client, "Theirs.kmz", data)
    assert result["route"]["name"] == "Theirs"
    mine = Route.objects.get(pk=result["route"]["url"].split("/")[-3])
    assert reading.content(mine.file) == data


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT])
def test_who_may_not_import(workspace: Workspace, storage: Any, role: Role) -> None:
    client = Client()
    client.force_login(make_user(workspace, role))
    body = {"files": SimpleUploadedFile("Roof.kmz", kmz.waypoints())}
    assert client.post("/admin/routes/import/", body, headers={"accept": "application/json"}).status_code == 403
    assert "disabled" in client.get("/admin/routes/import/").content.decode()
    assert not Route.objects.exists()
