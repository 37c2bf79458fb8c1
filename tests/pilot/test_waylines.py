"""The route library as Pilot 2 asks for it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from django.utils import timezone

from fleet.models import Role
from tests.waylines.routes import kmz
from waylines.models import Route, RouteFavorite
from waylines.services.routes import library

FIELDS = {
    "id",
    "name",
    "drone_model_key",
    "payload_model_keys",
    "template_types",
    "action_type",
    "favorited",
    "update_time",
    "create_time",
    "user_name",
    "sign",
    "object_key",
    "start_wayline_point",
}


def address(workspace: Any, tail: str) -> str:
    return f"/wayline/api/v1/workspaces/{workspace.pk}/{tail}"


def asked(person: Any, **query: Any) -> list[str]:
    """The names that a filtered list holds."""
    answer = person.api.get(address(person.workspace, "waylines"), query)
    assert answer.status_code == 200, answer.content
    return [route["name"] for route in answer.json()["data"]["list"]]


def add(person: Any, name: str, data: bytes | None = None, **fields: Any) -> Route:
    content = kmz.waypoints(author=name) if data is None else data
    route = library.store(person.workspace, content, name=name, user=None, source=Route.Source.EDITOR)
    if fields:
        Route.objects.filter(pk=route.pk).update(**fields)
    return route


@pytest.fixture
def route(pilot, storage):
    found = add(pilot, "Roof")
    Route.objects.filter(pk=found.pk).update(user=pilot.user, user_name=str(pilot.user))
    return found


def test_a_route_has_the_documented_fields_and_both_spellings(pilot, route):
    answer = pilot.api.get(address(pilot.workspace, "waylines"), {"order_by": "update_time desc", "page": 1})
    data = answer.json()["data"]
    assert data["pagination"] == {"page": 1, "page_size": 10, "total": 1}
    (found,) = data["list"]
    assert set(found) == FIELDS
    assert found["id"] == str(route.pk)
    assert found["drone_model_key"] == "0-100-1"
    assert found["payload_model_keys"] == ["1-99-0"]
    assert found["template_types"] == [0]
    assert found["action_type"] == 0
    assert found["favorited"] is False
    assert found["user_name"] == "Ada Pilot"
    assert abs(found["update_time"] - timezone.now().timestamp() * 1000) < 60_000
    assert found["sign"] == route.file.sign
    assert found["start_wayline_point"] == {"start_latitude": 47.001, "start_lontitude": 8.0, "start_longitude": 8.0}


def test_a_viewer_reads_and_cannot_upload_or_star(viewer, pilot, storage):
    add(pilot, "Roof")
    assert asked(viewer) == ["Roof"]
    callback = {"object_key": f"{viewer.workspace.pk}/wayline/x.kmz", "name": "x"}
    for call in (
        viewer.api.post(address(viewer.workspace, "upload-callback"), callback, format="json"),
        viewer.api.post(address(viewer.workspace, f"favorites?id={uuid.UUID(int=7)}")),
        viewer.api.delete(address(viewer.workspace, f"favorites?id={uuid.UUID(int=7)}")),
    ):
        assert call.status_code == 403
        assert call.json()["message"]


@pytest.mark.parametrize("tail", ["waylines", "waylines/duplicate-names?name=Roof", "waylines/{}/url"])
def test_another_workspace_is_closed(pilot, stranger, route, tail):
    assert stranger.api.get(address(pilot.workspace, tail.format(route.pk))).status_code == 403
    assert pilot.api.get(address(pilot.workspace, tail.format(route.pk))).status_code in (200, 302)


def test_nothing_of_another_workspace_leaks_through_ones_own_path(stranger, route):
    assert asked(stranger) == []
    assert stranger.api.get(address(stranger.workspace, f"waylines/{route.pk}/url")).status_code == 404
    names = stranger.api.get(address(stranger.workspace, "waylines/duplicate-names"), {"name": "Roof"})
    assert names.json()["data"] == []
    stranger.api.post(address(stranger.workspace, f"favorites?id={route.pk}"))
    assert not RouteFavorite.objects.exists()


def test_without_a_token_everything_is_401(anonymous, workspace):
    for tail in ("waylines", "waylines/duplicate-names", f"waylines/{uuid.UUID(int=7)}/url"):
        assert anonymous.get(address(workspace, tail)).status_code == 401
    assert anonymous.post(address(workspace, "upload-callback")).status_code == 401
    assert anonymous.post(address(workspace, "favorites")).status_code == 401
    assert anonymous.delete(address(workspace, "favorites")).status_code == 401


# --- filters ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(pilot, storage):
    """Three routes for different machines, the oldest first."""
    now = timezone.now()
    add(
        pilot,
        "Alpha",
        kmz.waypoints(drone_model_key="0-67-0", payload_model_key="1-52-0"),
        updated_at=now - timedelta(3),
    )
    add(pilot, "beta", kmz.survey(), updated_at=now - timedelta(2))
    spot = kmz.with_action("orientedShoot", accurateFrameValid="1")
    add(pilot, "Gamma, spot", spot, updated_at=now - timedelta(1))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Gamma, spot", "beta", "Alpha"]),
        ({"order_by": "update_time asc"}, ["Alpha", "beta", "Gamma, spot"]),
        ({"order_by": "name desc"}, ["Gamma, spot", "beta", "Alpha"]),
        ({"order_by": "name"}, ["Alpha", "beta", "Gamma, spot"]),
        ({"order_by": "create_time asc"}, ["Alpha", "beta", "Gamma, spot"]),
        ({"order_by": "name; drop table asc"}, ["Gamma, spot", "beta", "Alpha"]),
        ({"template_type": "1"}, ["beta"]),
        ({"template_type": ["0", "1"], "order_by": "name"}, ["Alpha", "beta", "Gamma, spot"]),
        ({"template_type": "0,1", "order_by": "name"}, ["Alpha", "beta", "Gamma, spot"]),
        ({"template_type[]": "1"}, ["beta"]),
        ({"template_type": "[1]"}, ["beta"]),
        ({"template_type": "2"}, []),
        ({"action_type": "1"}, ["Gamma, spot"]),
        ({"action_type": "0"}, ["Gamma, spot", "beta", "Alpha"]),
        ({"drone_model_keys": "0-67-0"}, ["Alpha"]),
        ({"drone_model_keys": "67"}, ["Alpha"]),
        ({"drone_model_keys": ["0-67-0", "0-100-0"], "order_by": "name"}, ["Alpha", "beta"]),
        ({"drone_model_keys": "0-67"}, []),
        ({"drone_model_keys": "%"}, []),
        ({"payload_model_key": "1-52-0"}, ["Alpha"]),
        ({"payload_model_key": "52"}, ["Alpha"]),
        ({"payload_model_keys": '["1-52-0","1-98-0"]', "order_by": "name"}, ["Alpha", "beta"]),
        ({"payload_model_key": "1-5"}, []),
        ({"payload_model_key": "%"}, []),
        ({"key": "ET"}, ["beta"]),
        ({"key": "%"}, []),
        ({"favorited": "false"}, ["Gamma, spot", "beta", "Alpha"]),
        ({"favorited": "true"}, []),
    ],
)
def test_filters_and_order(pilot, shelf, query, names):
    assert asked(pilot, **query) == names


def test_stars_are_a_persons_own(pilot, join, shelf):
    other = join(pilot.workspace, Role.PILOT)
    beta = Route.objects.get(name="beta")
    pilot.api.post(address(pilot.workspace, f"favorites?id={beta.pk}"))
    assert asked(pilot, favorited="true") == ["beta"]
    assert asked(other, favorited="true") == []
    answer = pilot.api.get(address(pilot.workspace, "waylines")).json()["data"]["list"]
    assert {route["name"]: route["favorited"] for route in answer} == {
        "Alpha": False,
        "beta": True,
        "Gamma, spot": False,
    }


def test_pages_are_bounded(pilot, shelf):
    assert asked(pilot, page=2, page_size=2) == ["Alpha"]
    assert asked(pilot, page=9) == []
    assert asked(pilot, page=10**30) == []
    answer = pilot.api.get(address(pilot.workspace, "waylines"), {"page": 0, "page_size": 100_000}).json()["data"]
    assert answer["pagination"] == {"page": 1, "page_size": 100, "total": 3}
    for query in ({"page": "x"}, {"page_size": "many"}, {"template_type": "wayp"}, {"action_type": "y"}):
        answer = pilot.api.get(address(pilot.workspace, "waylines"), query)
        assert answer.status_code == 400
        assert answer.json()["message"]


def test_a_list_of_many_costs_as_much_as_one_of_few(pilot, storage, django_assert_max_num_queries):
    for number in range(12):
        add(pilot, f"Route {number}")
    # Token, membership, count, rows.
    with django_assert_max_num_queries(5):
        assert len(asked(pilot, page_size=100)) == 12


# --- download and names ------------------------------------------------------------------------------------------


def test_the_address_redirects_to_the_very_file(pilot, route):
    answer = pilot.api.get(address(pilot.workspace, f"waylines/{route.pk}/url"))
    assert answer.status_code == 302
    with urlopen(answer["Location"]) as found:
        assert found.read() == kmz.waypoints(author="Roof")


@pytest.mark.parametrize("number", ["nonsense", "0", str(uuid.UUID(int=7))])
def test_the_address_of_nothing_is_404(pilot, storage, number):
    assert pilot.api.get(address(pilot.workspace, f"waylines/{number}/url")).status_code == 404


def test_without_storage_it_is_our_fault(pilot, route, settings):
    settings.S3_ENDPOINT = settings.S3_PUBLIC_ENDPOINT = ""
    answer = pilot.api.get(address(pilot.workspace, f"waylines/{route.pk}/url"))
    assert answer.status_code == 503


def test_names_that_are_taken(pilot, shelf):
    def taken(query: str) -> Any:
        return pilot.api.get(address(pilot.workspace, f"waylines/duplicate-names?{query}")).json()["data"]

    assert taken("name=beta&name=Delta&name=Alpha") == ["beta", "Alpha"]
    assert taken("name=Gamma, spot") == ["Gamma, spot"]
    assert taken("name=Alpha.kmz") == ["Alpha.kmz"]
    assert taken("") == []


# --- stars -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["repeated", "commas", "body", "list"])
def test_stars_are_set_and_taken_back_however_ids_are_given(pilot, shelf, way):
    ids = [str(pk) for pk in Route.objects.filter(name__in=["Alpha", "beta"]).values_list("pk", flat=True)]
    tail, body = {
        "repeated": ("favorites?" + "&".join(f"id={pk}" for pk in ids), None),
        "commas": (f"favorites?id={','.join(ids)}", None),
        "body": ("favorites", {"id": ids}),
        "list": ("favorites", ids),
    }[way]
    for _twice in range(2):
        answer = pilot.api.post(address(pilot.workspace, tail), body, format="json")
        assert answer.json() == {"code": 0, "message": "success", "data": {}}
    assert RouteFavorite.objects.filter(user=pilot.user).count() == 2
    for _twice in range(2):
        answer = pilot.api.delete(address(pilot.workspace, tail), body, format="json")
        assert answer.json() == {"code": 0, "message": "success", "data": {}}
    assert not RouteFavorite.objects.exists()


def test_what_is_no_route_gets_no_star(pilot, route):
    tail = f"favorites?id={route.pk}&id=nonsense&id={uuid.UUID(int=7)}"
    assert pilot.api.post(address(pilot.workspace, tail)).status_code == 200
    assert list(RouteFavorite.objects.values_list("route_id", flat=True)) == [route.pk]
    assert pilot.api.post(address(pilot.workspace, "favorites")).status_code == 400
