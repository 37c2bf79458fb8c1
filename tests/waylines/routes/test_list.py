"""The list of routes in the console: what it shows, how it is narrowed down, what is done with many at once."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse

from fleet.models import AuditEntry, Role, Workspace
from tests.console.pages import words
from tests.factories import make_dock, make_user
from tests.waylines.routes import kmz
from waylines.models import Route, RouteFavorite, Schedule
from waylines.services.routes import library

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/waylines/route/"


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def add(workspace: Workspace, name: str, data: bytes | None = None) -> Route:
    content = kmz.waypoints() if data is None else data
    return library.store(workspace, content, name=name, user=None, source=Route.Source.EDITOR)


@pytest.fixture
def shelf(workspace: Workspace, other_workspace: Workspace, storage: Any) -> dict[str, Route]:
    add(other_workspace, "Theirs")
    return {
        "Roof": add(workspace, "Roof"),
        "Field": add(workspace, "Field", kmz.survey()),
        "Mast": add(workspace, "Mast", kmz.waypoints(drone_model_key="0-67-0")),
    }


def shown(client: Client, **query: Any) -> set[str]:
    page = words(client.get(LIST, query))
    return {name for name in ("Roof", "Field", "Mast", "Theirs") if f'aria-label="{name}"' in page}


def act(client: Client, action: str, *routes: Route, **fields: Any) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [str(route.pk) for route in routes], **fields})


def content(answer: Any) -> bytes:
    async def whole() -> bytes:
        return b"".join([piece async for piece in answer])

    return async_to_sync(whole)()


def test_a_line_says_what_matters(person: Any, shelf: dict[str, Route]) -> None:
    page = words(client_of(person).get(LIST))
    for said in ("<polyline", "Matrice 4TD", "Matrice 30", "Area survey", " min ", "☆"):
        assert said in page
    assert "Theirs" not in page


def test_an_empty_list_says_what_to_do(person: Any, storage: Any) -> None:
    page = words(client_of(person).get(LIST))
    assert "Import a KMZ of Pilot 2 or FlightHub 2, or draw a route on the map." in page
    assert reverse("console:route_import") in page
    assert reverse("console:route_new") in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"Roof", "Field", "Mast"}),
        ({"q": "oo"}, {"Roof"}),
        ({"model": "0-67-0"}, {"Mast"}),
        ({"kind": "1"}, {"Field"}),
        ({"kind": "0"}, {"Roof", "Mast"}),
        ({"kind": "%"}, {"Roof", "Field", "Mast"}),
        ({"source": "pilot"}, set()),
        ({"star": "1"}, {"Roof"}),
    ],
)
def test_it_is_narrowed_down(person: Any, shelf: dict[str, Route], query: dict[str, str], names: set[str]) -> None:
    RouteFavorite.objects.create(route=shelf["Roof"], user=person)
    RouteFavorite.objects.create(route=shelf["Mast"], user=make_user(shelf["Mast"].workspace))
    assert shown(client_of(person), **query) == names


def test_a_long_list_costs_as_much_as_a_short_one(
    person: Any, workspace: Workspace, shelf: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        add(workspace, f"Route {number}")
    client = client_of(person)
    client.get(LIST)
    with django_assert_max_num_queries(12):
        client.get(LIST)


def test_the_star_is_a_button_of_the_list(person: Any, shelf: dict[str, Route]) -> None:
    client = client_of(person)
    address = reverse("console:route_change", args=[shelf["Roof"].pk, "star"])
    assert f'formaction="{address}"' in words(client.get(LIST))
    assert client.post(address, {"back": "list"}).headers["Location"] == LIST
    assert "★" in words(client.get(LIST))
    client.post(address.replace("/star/", "/unstar/"), {"back": "list"})
    assert "★" not in words(client.get(LIST))


def test_many_are_downloaded_as_one_archive(person: Any, shelf: dict[str, Route]) -> None:
    answer = act(client_of(person), "download_them", *shelf.values())
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(content(answer))) as archive:
        assert set(archive.namelist()) == {"Roof.kmz", "Field.kmz", "Mast.kmz"}
        with zipfile.ZipFile(io.BytesIO(archive.read("Roof.kmz"))) as inner:
            assert "wpmz/waylines.wpml" in inner.namelist()


def test_a_route_whose_file_is_gone_is_named_in_the_archive(person: Any, shelf: dict[str, Route], storage: Any) -> None:
    storage.delete(shelf["Roof"].file.object_key)
    answer = act(client_of(person), "download_them", *shelf.values())
    with zipfile.ZipFile(io.BytesIO(content(answer))) as archive:
        assert set(archive.namelist()) == {"Field.kmz", "Mast.kmz", "NOT-INCLUDED.txt"}
        assert b"Roof.kmz" in archive.read("NOT-INCLUDED.txt")


def test_routes_of_a_neighbour_are_in_no_archive(person: Any, shelf: dict[str, Route]) -> None:
    theirs = Route.objects.get(name="Theirs")
    answer = act(client_of(person), "download_them", shelf["Roof"], theirs)
    with zipfile.ZipFile(io.BytesIO(content(answer))) as archive:
        assert archive.namelist() == ["Roof.kmz"]


def test_many_get_a_star(person: Any, shelf: dict[str, Route]) -> None:
    act(client_of(person), "star_them", shelf["Roof"], shelf["Mast"], Route.objects.get(name="Theirs"))
    assert set(RouteFavorite.objects.values_list("route__name", "user")) == {("Roof", person.pk), ("Mast", person.pk)}


def test_many_are_deleted_after_a_second_look(person: Any, shelf: dict[str, Route], storage: Any) -> None:
    client, keys = client_of(person), [shelf[name].file.object_key for name in ("Roof", "Field")]
    first = act(client, "delete_selected", shelf["Roof"], shelf["Field"])
    assert "Are you sure" in words(first)
    assert Route.objects.filter(workspace=shelf["Roof"].workspace).count() == 3
    act(client, "delete_selected", shelf["Roof"], shelf["Field"], Route.objects.get(name="Theirs"), post="yes")
    assert set(Route.objects.values_list("name", flat=True)) == {"Mast", "Theirs"}
    assert [storage.head(key) for key in keys] == [None, None]
    assert AuditEntry.objects.filter(action="route.deleted", user=person).count() == 2


def test_one_that_a_schedule_flies_stays(person: Any, shelf: dict[str, Route], workspace: Workspace) -> None:
    dock = make_dock(workspace)
    Schedule.objects.create(
        workspace=workspace, name="Nightly", route=shelf["Roof"], dock=dock, times=["22:00"], starts_on=date(2026, 1, 1)
    )
    client = client_of(person)
    act(client, "delete_selected", shelf["Roof"], post="yes")
    assert Route.objects.filter(name="Roof").exists()
    client.post(reverse("console:route_change", args=[shelf["Roof"].pk, "delete"]))
    assert Route.objects.filter(name="Roof").exists()
    assert "Nightly" in words(client.get(reverse("admin:waylines_route_change", args=[shelf["Roof"].pk])))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT])
def test_who_may_not_delete_is_not_offered_it(workspace: Workspace, shelf: dict[str, Route], role: Role) -> None:
    client = client_of(make_user(workspace, role))
    assert "delete_selected" not in words(client.get(LIST))
    act(client, "delete_selected", shelf["Roof"], post="yes")
    assert client.post(f"{LIST}{shelf['Roof'].pk}/delete/", {"post": "yes"}).status_code == 403
    assert Route.objects.filter(name="Roof").exists()


def test_a_viewer_gives_no_stars(workspace: Workspace, shelf: dict[str, Route]) -> None:
    client = client_of(make_user(workspace, Role.VIEWER))
    assert "star_them" not in words(client.get(LIST))
    act(client, "star_them", shelf["Roof"])
    assert client.post(reverse("console:route_change", args=[shelf["Roof"].pk, "star"])).status_code == 403
    assert not RouteFavorite.objects.exists()
