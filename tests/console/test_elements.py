"""The shared map's page and what its script asks for: who may, what is stored, and nothing of a neighbour's."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fleet.models import AuditEntry, MapElement, MapGroup, Role
from fleet.services.map_elements import circles, elements, groups
from tests.console.pages import Login, text
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

LINE = {"type": "LineString", "coordinates": [[8.0, 47.0], [8.001, 47.001]]}


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"color": "#19BE6B", **properties}, "geometry": geometry or LINE}


def group_of(workspace: Any, type_: int = 1) -> MapGroup:
    groups.ensure(workspace)
    return MapGroup.objects.get(workspace=workspace, type=type_)


def drawn(workspace: Any, name: str = "Fence", **fields: Any) -> MapElement:
    values = {"element_id": uuid.uuid4(), "name": name, "type_": 1, "content": feature(), **fields}
    group = values.pop("group", None) or group_of(workspace)
    return elements.create(workspace, group, user=make_user(workspace), **values)


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/admin/elements/{path}", body or {}, content_type="application/json")


@pytest.fixture
def client(login: Login) -> Client:
    return login(Role.OPERATOR)


def test_the_page_brings_its_groups_along(client: Client, workspace: Any) -> None:
    page = text(client.get(reverse("console:elements")))
    assert f"/ws/console/elements/?workspace={workspace.pk}" in page
    assert "elements-import" in page
    assert MapGroup.objects.filter(workspace=workspace).count() == 2
    for _again in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("console:elements"))
        assert len(queries) <= 8


def test_an_element_is_drawn_changed_moved_hidden_and_deleted(client: Client, workspace: Any) -> None:
    group, number = group_of(workspace), str(uuid.uuid4())
    body = {"id": number, "group": str(group.pk), "name": "Fence", "type": 1, "content": feature(note="kept")}
    for _again in range(2):  # an answer that was lost on the way is asked for again
        assert post(client, "new/", body).json()["id"] == number
    element = MapElement.objects.get()
    assert element.content["properties"] == {"color": "#19BE6B", "note": "kept"}
    other = group_of(workspace, 2)
    answer = post(client, f"{number}/", {"name": "Wall", "group": str(other.pk), "content": feature(x=1)})
    element.refresh_from_db()
    assert (element.name, element.group_id, element.content["properties"]["x"]) == ("Wall", other.pk, 1)
    assert answer.json()["at"] == elements.milliseconds(element.updated_at)
    post(client, f"{number}/", {"hidden": True})
    assert MapElement.objects.get().hidden is True
    assert post(client, f"{number}/delete/").status_code == 200
    assert post(client, f"{number}/delete/").status_code == 404
    assert AuditEntry.objects.filter(action="map.deleted", target="Wall").count() == 1


def test_who_did_not_see_the_last_change_overwrites_nothing(client: Client, workspace: Any) -> None:
    element = drawn(workspace)
    seen = elements.milliseconds(element.updated_at)
    assert post(client, f"{element.pk}/", {"name": "First", "seen": seen}).status_code == 200
    answer = post(client, f"{element.pk}/", {"name": "Second", "seen": seen})
    assert answer.status_code == 409
    assert answer.json()["outdated"] is True
    assert MapElement.objects.get().name == "First"
    assert post(client, f"{element.pk}/", {"name": "Second"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"type": 2, "content": feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1]]]})}, 400, "crosses itself, near 0.50000, 0.50000"),
        ({"content": feature({"type": "LineString", "coordinates": [[8, 47]]})}, 400, "two points"),
        ({"content": feature({"type": "LineString", "coordinates": [[n / 1e5, 47] for n in range(10_001)]})}, 400, "at most 10000"),
        ({"content": feature(deep=json.loads("[" * 30 + "]" * 30))}, 400, "nested"),
        ({"content": feature(text="x" * 900_000)}, 400, "kB"),
        ({"content": feature(number=2**70)}, 400, "too large"),
        ({"type": "1e999"}, 400, "number"),
        ({"group": str(uuid.uuid4())}, 404, "no such group"),
        ({"group": "nonsense"}, 404, "no such group"),
        ({"id": "nonsense"}, 409, "UUID"),
    ],
    ids=["crossing", "short", "long", "deep", "heavy", "huge", "type", "no group", "nonsense", "id"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_words(
    client: Client, workspace: Any, body: Any, status: int, words: str
) -> None:
    whole = {"group": str(group_of(workspace).pk), "name": "x", "type": 1, "content": feature(), **body}
    answer = post(client, "new/", whole)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.json()
    assert not MapElement.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "[" * 100_000])
def test_nonsense_is_no_fault_of_ours(client: Client, workspace: Any, body: str) -> None:
    for path in ("new/", "groups/", f"{drawn(workspace).pk}/"):
        answer = client.post(f"/admin/elements/{path}", body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_names_no_database_could_keep_are_put_right(client: Client, workspace: Any) -> None:
    body = {"group": str(group_of(workspace).pk), "name": "a\x00b\ud800", "type": 1, "content": feature(k="\x00\udfff")}
    assert post(client, "new/", body).status_code == 200
    element = MapElement.objects.get()
    assert (element.name, element.content["properties"]["k"]) == ("ab?", "?")


def test_groups(client: Client, workspace: Any) -> None:
    number = post(client, "groups/", {"name": "  Hazards \n here "}).json()["id"]
    group = MapGroup.objects.get(pk=number)
    assert (group.name, group.type) == ("Hazards here", 0)
    assert post(client, "groups/", {"name": "Hazards here"}).status_code == 409
    assert post(client, "groups/", {"name": " "}).status_code == 409
    assert post(client, f"groups/{number}/", {"name": "Masts", "locked": True, "distributed": False}).status_code == 200
    group.refresh_from_db()
    assert (group.name, group.is_lock, group.is_distributed) == ("Masts", True, False)
    drawn(workspace, group=group)
    assert post(client, f"groups/{number}/delete/").status_code == 200
    assert not MapElement.objects.exists()
    shared = group_of(workspace, 2)
    assert "stays" in post(client, f"groups/{shared.pk}/delete/").json()["error"]
    assert "have to see it" in post(client, f"groups/{shared.pk}/", {"distributed": False}).json()["error"]


def test_in_a_locked_group_only_operators_draw(login: Login, workspace: Any) -> None:
    group, open_group = group_of(workspace), group_of(workspace, 2)
    inside, outside = drawn(workspace), drawn(workspace, group=open_group)
    MapGroup.objects.filter(pk=group.pk).update(is_lock=True)
    body = {"group": str(group.pk), "name": "x", "type": 1, "content": feature()}
    pilot = login(Role.PILOT)
    for answer in (
        post(pilot, "new/", body),
        post(pilot, f"{inside.pk}/", {"name": "x"}),
        post(pilot, f"{inside.pk}/delete/"),
        post(pilot, f"{outside.pk}/", {"group": str(group.pk)}),
    ):
        assert "locked" in answer.json()["error"]
    assert post(login(Role.OPERATOR), f"{inside.pk}/", {"name": "By an operator"}).status_code == 200


def test_roles(login: Login, workspace: Any) -> None:
    element, group = drawn(workspace), group_of(workspace)
    custom = groups.create(workspace, "Custom", user=make_user(workspace))
    body = {"group": str(group.pk), "name": "x", "type": 1, "content": feature()}
    for_pilots = [("new/", body), (f"{element.pk}/", {"name": "y"})]
    for_operators = [("groups/", {"name": "G"}), (f"groups/{custom.pk}/", {"name": "H"}), (f"groups/{custom.pk}/delete/", {}), ("import/", {})]  # fmt: skip
    viewer, pilot = login(Role.VIEWER), login(Role.PILOT)
    assert viewer.get(reverse("console:elements")).status_code == 200
    assert "elements-tools" not in text(viewer.get(reverse("console:elements")))
    assert "elements-import" not in text(pilot.get(reverse("console:elements")))
    for path, wanted in [*for_pilots, (f"{element.pk}/delete/", {}), *for_operators]:
        assert post(viewer, path, wanted).status_code == 403, path
    for path, wanted in for_operators:
        assert post(pilot, path, wanted).status_code == 403, path
    for path, wanted in for_pilots:
        assert post(pilot, path, wanted).status_code == 200, path
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user(workspace, Role.OPERATOR))
    assert post(strict, "new/", body).status_code == 403
    assert Client().get(reverse("console:elements")).status_code == 302
    assert post(Client(), "new/", body).status_code == 302
    assert MapElement.objects.count() == 2


def test_a_neighbours_map_is_not_there(client: Client, workspace: Any, other_workspace: Any) -> None:
    theirs = drawn(other_workspace, "Secret")
    group = group_of(workspace)
    custom = groups.create(other_workspace, "Secret group", user=make_user(other_workspace))
    ours = drawn(workspace)
    new = {"group": str(group.pk), "name": "x", "type": 1, "content": feature()}
    taken = post(client, "new/", {**new, "id": str(theirs.pk)})
    assert taken.status_code == 409
    for answer in (
        post(client, f"{theirs.pk}/", {"name": "x"}),
        post(client, f"{theirs.pk}/delete/"),
        post(client, "new/", {**new, "group": str(custom.pk)}),
        post(client, f"{ours.pk}/", {"group": str(custom.pk)}),
        post(client, f"groups/{custom.pk}/", {"name": "x"}),
        post(client, f"groups/{custom.pk}/delete/"),
        client.get(f"/admin/elements/export/?group={custom.pk}"),
    ):
        assert answer.status_code == 404
    for page in ("", "export/?format=geojson", "export/?format=kml"):
        assert "Secret" not in client.get(f"/admin/elements/{page}").content.decode()
    assert "Secret" not in taken.content.decode()
    theirs.refresh_from_db()
    assert (theirs.name, theirs.group.workspace_id) == ("Secret", other_workspace.pk)


def test_a_circle_stays_one_until_somebody_moves_a_corner(client: Client, workspace: Any) -> None:
    circle = {"longitude": 8.0, "latitude": 47.0, "radius": 250}
    ring = circles.ring(8.0, 47.0, 250)
    content = feature({"type": "Polygon", "coordinates": [ring]}, circle=circle)
    element = drawn(workspace, type_=2, content=content)
    assert element.content["properties"]["circle"] == circle
    ring[10] = [8.02, 47.01]
    post(client, f"{element.pk}/", {"content": feature({"type": "Polygon", "coordinates": [ring]}, circle=circle)})
    element.refresh_from_db()
    assert "circle" not in element.content["properties"]
    for odd in ("x", {"radius": 1}, {"longitude": "a", "latitude": 1, "radius": 1}, {**circle, "radius": -1}, [1]):
        assert not circles.fits(odd, [circles.ring(8, 47, 250)])


def test_what_is_drawn_again_and_looks_otherwise_is_not_called_saved(client: Client, workspace: Any) -> None:
    row = drawn(workspace)
    body = {"id": str(row.pk), "group": str(row.group_id), "name": row.name, "type": row.type, "content": row.content}
    assert post(client, "new/", body).status_code == 200, "the same once more"
    answer = post(client, "new/", {**body, "name": "Another"})
    assert answer.status_code == 409
    row.refresh_from_db()
    assert row.name == "Fence"


def test_what_was_moved_meanwhile_is_deleted_where_it_is(client: Client, workspace: Any) -> None:
    stale = drawn(workspace)
    other = groups.create(workspace, "Other", user=make_user(workspace, Role.OPERATOR))
    MapElement.objects.filter(pk=stale.pk).update(group=other)
    MapGroup.objects.filter(pk=other.pk).update(is_lock=True)
    with pytest.raises(elements.MapRefused):
        elements.delete(stale, user=make_user(workspace, Role.PILOT))
    assert MapElement.objects.filter(pk=stale.pk).exists()
    elements.delete(stale, user=make_user(workspace, Role.OPERATOR))
    assert not MapElement.objects.exists()
