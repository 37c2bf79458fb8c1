"""The route library in the console: import, look, change, draw; and nothing of a neighbour's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from fleet.models import Role
from tests.factories import make_dock, make_user
from tests.waylines.missions.conftest import IDLE, say
from waylines import wpml
from waylines.models import Route
from waylines.services.routes import library

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = [{"latitude": 47.0 + 0.001 * n, "longitude": 8.0, "height": 60 + n} for n in range(4)]
PLAN = {"name": "Fence", "drone_model_key": "0-100-1", "speed": 8, "points": POINTS}
AREA = {
    "kind": "survey", "name": "Field", "polygon": [[47.0, 8.0], [47.002, 8.0], [47.002, 8.003], [47.0, 8.003]],
    "camera": "1-98-0", "height": 80,
}  # fmt: skip


def kmz(**fields: Any) -> bytes:
    return wpml.write(wpml.WaypointPlan.from_json({**PLAN, **fields}))


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator(workspace: Any, storage: Any) -> Client:
    return client_of(make_user(workspace, Role.OPERATOR))


def send(client: Client, *files: tuple[str, bytes], **fields: Any) -> Any:
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post("/admin/routes/import/", {"files": uploads, **fields})


def test_files_are_imported_each_with_its_own_outcome(operator: Client, workspace: Any) -> None:
    answer = send(operator, ("Fence.kmz", kmz()), ("broken.kmz", b"PK\x03\x04nothing"), ("Other.kmz", kmz(speed=5)))
    page = answer.content.decode()
    assert set(Route.objects.values_list("name", flat=True)) == {"Fence", "Other"}
    assert "broken.kmz" in page
    again = send(operator, ("Fence.kmz", kmz()))
    assert again.status_code == 400
    assert Route.objects.count() == 2
    send(operator, ("Fence.kmz", kmz(speed=3)), taken="keep")
    assert Route.objects.count() == 3
    assert send(operator).status_code == 400


def test_the_page_shows_what_is_in_it_and_what_speaks_against_it(operator: Client, workspace: Any) -> None:
    send(operator, ("Fence.kmz", kmz()))
    route = Route.objects.get()
    address = reverse("admin:waylines_route_change", args=[route.pk])
    page = operator.get(address).content.decode()
    for words in ("Matrice 4TD", "Waypoints", "above take-off", 'id="profile"', 'data-point="3"'):
        assert words in page
    far = make_dock(workspace, online=True)
    say(far, **{**IDLE, "latitude": 48.0})
    page = operator.get(address, {"dock": far.pk}).content.decode()
    assert "the range is" in page
    assert "Fence" in operator.get("/admin/waylines/route/").content.decode()


def test_it_is_renamed_copied_starred_downloaded_and_deleted(operator: Client, workspace: Any) -> None:
    send(operator, ("Fence.kmz", kmz()))
    route = Route.objects.get()

    def act(action: str, **fields: Any) -> Any:
        return operator.post(reverse("console:route_change", args=[route.pk, action]), fields)

    act("rename", name="Wall")
    route.refresh_from_db()
    assert route.name == "Wall"
    act("star")
    assert route.favorites.count() == 1
    act("copy")
    assert Route.objects.count() == 2
    found = operator.get(reverse("console:route_file", args=[route.pk]))
    assert found.status_code == 302
    assert "X-Amz-Signature" in found.headers["Location"]
    act("delete")
    assert not Route.objects.filter(pk=route.pk).exists()
    assert operator.get(reverse("console:route_change", args=[Route.objects.get().pk, "delete"])).status_code == 404


def test_a_drawn_route_is_saved_opened_and_saved_again(operator: Client) -> None:
    made = operator.post("/admin/routes/new/", json.dumps(PLAN), content_type="application/json")
    route = Route.objects.get()
    assert made.json() == {"url": reverse("admin:waylines_route_change", args=[route.pk])}
    edit = reverse("console:route_edit", args=[route.pk])
    page = operator.get(edit).content.decode()
    assert '"height": 63' in page
    changed = {
        **PLAN,
        "points": [*POINTS, {"latitude": 47.01, "longitude": 8.01, "height": 90, "actions": [{"name": "takePhoto"}]}],
    }
    assert operator.post(edit, json.dumps(changed), content_type="application/json").status_code == 200
    route.refresh_from_db()
    assert route.file.facts["point_count"] == 5
    assert route.file.facts["photo_count"] == 1
    assert Route.objects.count() == 1


def test_an_area_is_looked_at_and_saved_as_a_survey(operator: Client) -> None:
    said = operator.post("/admin/routes/look/", json.dumps(AREA), content_type="application/json").json()
    assert said["photos"] > 10
    assert len(said["path"]) >= 4
    assert not Route.objects.exists()
    operator.post("/admin/routes/new/", json.dumps(AREA), content_type="application/json")
    assert Route.objects.get().template_types == [1]


@pytest.mark.parametrize(
    "plan",
    [b"[]", b"{", b"{}", json.dumps({**PLAN, "points": POINTS[:1]}).encode(), json.dumps({**PLAN, "name": ""}).encode(),
     json.dumps({**PLAN, "points": [{"latitude": 91, "longitude": 8, "height": 1}, *POINTS]}).encode(),
     json.dumps({**AREA, "polygon": [[0, 0], [1, 1]]}).encode()],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused_in_words(operator: Client, plan: bytes) -> None:
    answer = operator.post("/admin/routes/new/", plan, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert not Route.objects.exists()


def test_viewers_look_and_pilots_star(operator: Client, workspace: Any) -> None:
    send(operator, ("Fence.kmz", kmz()))
    route = Route.objects.get()
    viewer, pilot = client_of(make_user(workspace, Role.VIEWER)), client_of(make_user(workspace, Role.PILOT))
    assert viewer.get(reverse("admin:waylines_route_change", args=[route.pk])).status_code == 200
    assert send(viewer, ("x.kmz", kmz(speed=2))).status_code == 403
    for person, action, code in (
        (viewer, "star", 403),
        (pilot, "star", 302),
        (pilot, "delete", 403),
        (pilot, "rename", 403),
    ):
        assert person.post(reverse("console:route_change", args=[route.pk, action]), {"name": "x"}).status_code == code
    assert pilot.post("/admin/routes/new/", json.dumps(PLAN), content_type="application/json").status_code == 403
    assert Route.objects.count() == 1


def test_another_workspaces_routes_are_not_there(operator: Client, workspace: Any, other_workspace: Any) -> None:
    theirs = library.store(other_workspace, kmz(), name="Theirs", user=None, source="editor")
    for address in (
        reverse("admin:waylines_route_change", args=[theirs.pk]),
        reverse("console:route_file", args=[theirs.pk]),
        reverse("console:route_edit", args=[theirs.pk]),
    ):
        assert operator.get(address).status_code == 404
    for action in ("rename", "copy", "star", "delete"):
        assert (
            operator.post(reverse("console:route_change", args=[theirs.pk, action]), {"name": "x"}).status_code == 404
        )
    edit = reverse("console:route_edit", args=[theirs.pk])
    assert operator.post(edit, json.dumps(PLAN), content_type="application/json").status_code == 404
    assert "Theirs" not in operator.get("/admin/waylines/route/").content.decode()
    theirs.refresh_from_db()
    assert theirs.name == "Theirs"
