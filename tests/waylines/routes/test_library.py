"""The library itself: nothing is lost that somebody needs, nothing stays that nobody does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from fleet.models import Role, User, Workspace
from fleet.services.access import Forbidden
from tests.factories import make_dock, make_user
from tests.waylines.routes import kmz
from waylines import wpml
from waylines.models import Mission, MissionStatus, Route, RouteFile
from waylines.services.routes import library, names, page, reading, uploads
from waylines.services.routes.library import RouteRefused, Taken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def add(workspace: Workspace, person: User, storage: Any) -> Callable[..., Route]:
    def store(name: str = "Roof", data: bytes = b"", **fields: Any) -> Route:
        values = {"user": person, "source": Route.Source.IMPORT, **fields}
        return library.store(workspace, data or kmz.waypoints(), name=name, **values)

    return store


def fly(route: Route) -> Mission:
    return Mission.objects.create(
        workspace=route.workspace,
        name="Tonight",
        dock=make_dock(route.workspace),
        route=route,
        file=route.file,
        execute_at=timezone.now(),
        status=MissionStatus.PLANNED,
    )


def reason(call: Callable[[], Any]) -> str:
    with pytest.raises(RouteRefused) as refused:
        call()
    assert refused.value.message
    return refused.value.reason


def test_a_deleted_routes_file_stays_while_a_mission_needs_it(add: Any, person: User, storage: Any) -> None:
    route = add()
    key = route.file.object_key
    mission = fly(route)
    assert library.planned(route) == 1
    library.delete(route, user=person)
    mission.refresh_from_db()
    assert mission.route is None
    assert storage.head(mission.file.object_key) is not None
    other = add("Wall", kmz.waypoints(speed=3))
    gone = other.file.object_key
    library.delete(other, user=person)
    assert storage.head(gone) is None
    assert list(RouteFile.objects.values_list("object_key", flat=True)) == [key]


def test_a_replaced_file_stays_while_a_mission_needs_it(add: Any, storage: Any) -> None:
    first = add()
    mission = fly(first)
    second = add(data=kmz.waypoints(speed=3), taken=Taken.REPLACE)
    assert second.pk == first.pk
    assert second.file_id != mission.file_id
    assert storage.head(mission.file.object_key) is not None


def test_a_change_that_comes_too_late_takes_nothing_from_a_mission(add: Any, person: User, storage: Any) -> None:
    route = add()
    mission = fly(route)
    late = Route.objects.get(pk=route.pk)
    library.delete(route, user=person)
    assert reason(lambda: add(route=late)) == "gone"
    assert storage.head(mission.file.object_key) is not None
    changed = kmz.waypoints(speed=3)
    assert reason(lambda: add(data=changed, route=late)) == "gone"
    assert RouteFile.objects.count() == 1


def test_a_copy_shares_the_file_until_the_last_one_goes(add: Any, person: User, storage: Any) -> None:
    route = add()
    twin = library.copy(route, user=person)
    assert (twin.name, twin.file_id) == ("Roof (2)", route.file_id)
    assert library.copy(twin, user=person).name == "Roof (3)"
    for each in Route.objects.all():
        assert storage.head(route.file.object_key) is not None
        library.delete(each, user=person)
    assert storage.head(route.file.object_key) is None


def test_the_very_same_file_is_asked_about(add: Any) -> None:
    data = kmz.waypoints()
    first = add(data=data)
    assert reason(lambda: add("Other name", data)) == "same_file"
    assert add("Other name", data, taken=Taken.KEEP_BOTH).file_id != first.file_id


def test_a_taken_name_is_asked_about(add: Any) -> None:
    add()
    assert reason(lambda: add(data=kmz.waypoints(speed=3))) == "name_taken"
    assert add(data=kmz.waypoints(speed=3), taken=Taken.KEEP_BOTH).name == "Roof (2)"
    assert add(data=kmz.waypoints(speed=4), taken=Taken.KEEP_BOTH).name == "Roof (3)"
    assert Route.objects.count() == 3


def test_the_same_name_elsewhere_is_nobodys_business(add: Any, other_workspace: Workspace) -> None:
    add()
    theirs = library.store(other_workspace, kmz.waypoints(), name="Roof", user=None, source=Route.Source.IMPORT)
    assert theirs.name == "Roof"


def test_two_at_once_get_two_names(add: Any, workspace: Workspace) -> None:
    found: list[Any] = []
    together = threading.Barrier(2)

    def bring(speed: int) -> None:
        together.wait()
        try:
            route = library.store(
                workspace,
                kmz.waypoints(speed=speed),
                name="Race",
                user=None,
                source=Route.Source.IMPORT,
                taken=Taken.KEEP_BOTH,
            )
            found.append(route.name)
        except Exception as error:
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=bring, args=(speed,)) for speed in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, found)) == ["Race", "Race (2)"]


def test_a_bare_wpml_becomes_a_kmz(add: Any, storage: Any) -> None:
    bare = wpml.read(kmz.waypoints()).entries["wpmz/waylines.wpml"]
    route = add(data=bare)
    assert storage.read(route.file.object_key).startswith(b"PK")
    assert reading.content(route.file)


def test_a_file_that_was_exchanged_in_the_bucket_is_not_believed(add: Any, storage: Any) -> None:
    route = add()
    storage.put(route.file.object_key, kmz.waypoints(speed=9))
    assert reason(lambda: reading.content(route.file)) == "changed"
    storage.delete(route.file.object_key)
    assert reason(lambda: reading.content(route.file)) == "gone"


def test_without_storage_nothing_is_recorded(add: Any, settings: Any) -> None:
    settings.S3_ENDPOINT = "http://127.0.0.1:9"
    assert reason(add) == "storage"
    assert not Route.objects.exists() and not RouteFile.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT])
def test_who_may_not_import(add: Any, workspace: Workspace, role: Role) -> None:
    with pytest.raises(Forbidden):
        add(user=make_user(workspace, role))


def test_an_operator_of_another_workspace_may_nothing(add: Any, other_workspace: Workspace) -> None:
    route, stranger = add(), make_user(other_workspace, Role.ADMIN)
    for call in (
        lambda: add("x", user=stranger),
        lambda: library.rename(route, "x", user=stranger),
        lambda: library.copy(route, user=stranger),
        lambda: library.delete(route, user=stranger),
        lambda: library.star(route.workspace, [route.pk], user=stranger),
    ):
        with pytest.raises(Forbidden):
            call()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Roof.kmz", "Roof"),
        ("C:\\Routes\\Roof.KMZ", "Roof"),
        ("../../etc/passwd.kmz", "passwd"),
        ("DJI_2024.v2.kmz", "DJI-2024-v2"),
        ("a<b>|c?.kmz", "a-b-c"),
        (".kmz", "Route"),
        ("Über den Dächern.kmz", "Über den Dächern"),
        ("x" * 300, "x" * 200),
        ("line\nbreak.kmz", "line break"),
    ],
)
def test_a_files_name_becomes_one_that_pilot_takes(given: str, name: str) -> None:
    assert names.of_file(given) == name


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a_b", "v1.2", "what?"])
def test_a_name_that_pilot_does_not_take_is_refused(add: Any, person: User, name: str) -> None:
    route = add()
    assert reason(lambda: library.rename(route, name, user=person)) == "bad_name"


def test_a_rename_to_a_taken_name_is_refused(add: Any, person: User) -> None:
    route = add()
    add("Wall", kmz.waypoints(speed=3))
    assert reason(lambda: library.rename(route, "Wall", user=person)) == "name_taken"
    library.rename(route, "Roof, north", user=person)
    assert Route.objects.get(pk=route.pk).name == "Roof, north"


def test_free_names_have_room_for_their_number(add: Any, workspace: Workspace) -> None:
    add("x" * 200)
    assert len(names.free(workspace.pk, "x" * 200)) <= 200


def test_a_photo_s_place_is_no_route_s(workspace: Workspace, storage: Any) -> None:
    key = f"{workspace.pk}/media/flight/notes.zip"
    storage.put(key, kmz.waypoints())
    user = make_user(workspace, Role.PILOT)
    assert reason(lambda: uploads.came(workspace, key, name="x", claims={}, user=user)) == "not_yours"
    assert storage.head(key) is not None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("exitOnRCLost>executeLostAction", "exitOnRCLost>goContinue", "Fly the route to its end"),
        ("executeRCLostAction>goBack", "executeRCLostAction>landing", "Land"),
        ("exitOnRCLost>executeLostAction", "exitOnRCLost>somethingNew", "somethingNew"),
        ("<wpml:exitOnRCLost>executeLostAction</wpml:exitOnRCLost>", "", "—"),
    ],
)
def test_the_page_does_not_make_up_what_happens_without_a_link(add: Any, old: str, new: str, said: str) -> None:
    entries = {name: body.decode() for name, body in wpml.read(kmz.waypoints()).entries.items()}
    assert all(old in body for body in entries.values())
    changed = {name.split("/")[1].split(".")[0]: body.replace(old, new) for name, body in entries.items()}
    rows = dict(page.rows(add(data=kmz.packed(**changed))))
    assert said in rows["When the link is lost"]
