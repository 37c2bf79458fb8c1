"""The shared map for Pilot 2: each documented request, what is pushed, what is refused, and nothing of a neighbour's."""

from __future__ import annotations

import math
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from fleet.models import MapElement, MapGroup, Role
from fleet.services import broadcast, tokens
from fleet.services.map_elements import geometry, groups
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


class Remote:
    """A remote with somebody's token."""

    def __init__(self, workspace: Any, role: Role = Role.PILOT) -> None:
        self.workspace = workspace
        self.user = make_user(workspace, role)
        _token, key = tokens.issue(self.user, workspace)
        self.headers = {"x-auth-token": key}
        self.base = f"/map/api/v1/workspaces/{workspace.pk}"

    def groups(self, query: str = "", base: str = "") -> Any:
        return Client().get(f"{base or self.base}/element-groups{query}", headers=self.headers)

    def shared(self) -> str:
        return str(next(group["id"] for group in self.groups().json()["data"] if group["type"] == 2))

    def draw(self, content: Any = None, *, type_: Any = 1, group: str = "", base: str = "", **fields: Any) -> Any:
        body = {
            "id": str(uuid.uuid4()),
            "name": "PILOT 1",
            "resource": {"type": type_, "content": content if content is not None else feature("LineString", LINE)},
            **fields,
        }
        path = f"{base or self.base}/element-groups/{group or self.shared()}/elements"
        return Client().post(path, body, content_type="application/json", headers=self.headers)

    def change(self, element: str, body: Any, base: str = "") -> Any:
        path = f"{base or self.base}/elements/{element}"
        return Client().put(path, body, content_type="application/json", headers=self.headers)

    def delete(self, element: str, base: str = "") -> Any:
        return Client().delete(f"{base or self.base}/elements/{element}", headers=self.headers)


LINE = [[8.0, 47.0], [8.001, 47.001, 500.5]]
SQUARE = [[[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.01]]]


def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"color": "#19BE6B", "clampToGround": True, "is3d": False, **properties},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


@pytest.fixture
def remote(workspace: Any) -> Remote:
    return Remote(workspace)


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What went to the workspace's remotes."""
    found: list[tuple[str, Any]] = []
    send = broadcast._send

    def record(workspace_id: Any, message: dict[str, Any]) -> None:
        if message["type"] == "workspace.message":
            found.append((message["biz_code"], message["data"]))
        send(workspace_id, message)

    monkeypatch.setattr(broadcast, "_send", record)
    return found


def test_every_workspace_has_a_default_and_a_shared_group_once(remote: Remote) -> None:
    for _again in range(2):
        shown = remote.groups().json()["data"]
        assert sorted(group["type"] for group in shown) == [1, 2]
        assert set(shown[0]) == {"id", "name", "type", "is_lock", "create_time", "elements"}


@pytest.mark.parametrize(
    ("type_", "kind", "coordinates"),
    [
        (0, "Point", [8.0, 47.0]),
        (1, "LineString", LINE),
        (2, "Polygon", SQUARE),
        (3, "Point", [8.0, 47.0]),
        (9, "Point", [8, 47]),
    ],
)
def test_what_is_drawn_is_there_for_all(remote: Remote, pushed: Any, type_: int, kind: str, coordinates: Any) -> None:
    number = str(uuid.uuid4())
    answer = remote.draw(feature(kind, coordinates, kept="yes"), type_=type_, id=number, name="Landing spot")
    assert answer.json() == {"code": 0, "message": "success", "data": {"id": number}}
    group = next(group for group in remote.groups().json()["data"] if group["type"] == 2)
    (element,) = group["elements"]
    assert (element["id"], element["name"], element["resource"]["type"]) == (number, "Landing spot", type_)
    assert element["resource"]["user_name"] == remote.user.get_username()
    assert element["resource"]["content"]["properties"]["kept"] == "yes"
    assert element["create_time"] > 1_700_000_000_000
    ((code, data),) = pushed
    assert code == "map_element_create"
    assert set(data) == {"id", "group_id", "name", "resource", "create_time", "update_time"}
    assert (data["id"], data["group_id"]) == (number, group["id"])


def test_it_is_changed_and_deleted(remote: Remote, pushed: Any) -> None:
    number = remote.draw().json()["data"]["id"]
    body = {"name": "Fence", "content": feature("LineString", [[8, 47], [8.2, 47.2]], color="#E23C39")}
    assert remote.change(number, body).json()["data"] == {"id": number}
    element = MapElement.objects.get(pk=number)
    assert element.name == "Fence"
    assert element.content["properties"]["color"] == "#E23C39"
    assert remote.delete(number).json()["data"] == {"id": number}
    assert not MapElement.objects.exists()
    assert [code for code, _data in pushed] == ["map_element_create", "map_element_update", "map_element_delete"]
    assert set(pushed[2][1]) == {"id", "group_id"}
    assert remote.delete(number).status_code == 404


def test_the_same_drawing_again_is_the_one_that_is_there(remote: Remote, pushed: Any) -> None:
    number = str(uuid.uuid4())
    for _again in range(2):
        assert remote.draw(id=number).json()["data"] == {"id": number}
    assert MapElement.objects.count() == 1
    assert len(pushed) == 1


def test_a_neighbours_id_is_neither_taken_nor_told(remote: Remote, other_workspace: Any) -> None:
    theirs = Remote(other_workspace)
    number = theirs.draw(name="Secret").json()["data"]["id"]
    answer = remote.draw(id=number, name="Mine")
    assert answer.json()["code"] != 0
    assert "Secret" not in answer.content.decode()
    element = MapElement.objects.get(pk=number)
    assert (element.name, element.workspace_id) == ("Secret", other_workspace.pk)
    for response in (
        remote.change(number, {"name": "x"}),
        remote.delete(number),
        remote.draw(group=theirs.shared()),
    ):
        assert response.status_code == 404
    assert remote.groups(f"?group_id={theirs.shared()}").json()["data"] == []
    for response in (
        remote.groups(base=theirs.base),
        remote.draw(base=theirs.base, group=theirs.shared()),
        remote.change(number, {"name": "x"}, base=theirs.base),
        remote.delete(number, base=theirs.base),
    ):
        assert response.status_code == 403
    assert "Secret" not in remote.groups().content.decode()
    assert MapElement.objects.get(pk=number).name == "Secret"


def test_a_group_that_is_gone_is_an_empty_list(remote: Remote) -> None:
    remote.draw()
    assert len(remote.groups(f"?group_id={remote.shared()}").json()["data"]) == 1
    for gone in (uuid.uuid4(), "nonsense"):
        answer = remote.groups(f"?group_id={gone}")
        assert (answer.status_code, answer.json()["data"]) == (200, [])


def test_viewers_look_and_do_not_draw(workspace: Any) -> None:
    pilot, viewer = Remote(workspace), Remote(workspace, Role.VIEWER)
    number = pilot.draw().json()["data"]["id"]
    assert viewer.groups().status_code == 200
    assert viewer.draw().status_code == 403
    assert viewer.change(number, {"name": "x"}).status_code == 403
    assert viewer.delete(number).status_code == 403
    assert Client().get(f"{pilot.base}/element-groups").status_code == 401


def test_a_locked_group_is_looked_at_only(remote: Remote) -> None:
    number = remote.draw().json()["data"]["id"]
    MapGroup.objects.filter(type=2).update(is_lock=True)
    assert remote.groups().json()["data"][-1]["is_lock"] is True
    for answer in (remote.draw(), remote.change(number, {"name": "x"}), remote.delete(number)):
        assert answer.json()["code"] != 0
        assert "locked" in answer.json()["message"]
    assert MapElement.objects.count() == 1


@pytest.mark.parametrize(
    ("type_", "content", "words"),
    [
        (2, feature("Polygon", [[[0, 0], [1, 1], [1, 0], [0, 1]]]), "crosses itself"),
        (0, feature("Point", [200, 47]), "not on Earth"),
        (0, feature("Point", [47.0, 147.0]), "longitude comes first"),
        (0, feature("Point", ["east", 47]), "number"),
        (0, feature("Point", [8]), "A point is"),
        (1, feature("LineString", [[8, 47]]), "two points"),
        (1, feature("LineString", [[8 + n / 1e6, 47] for n in range(100_000)]), "at most"),
        (2, feature("Polygon", [[[8, 47], [8, 47], [8, 47]]]), "three"),
        (2, feature("Point", [8, 47]), "Polygon"),
        (1, feature("LineString", [[8, 47, 1e9], [8, 48]]), "height"),
        (1, {"type": "Feature"}, "no geometry"),
        (1, "text", "GeoJSON"),
        ("line", feature("LineString", LINE), "number"),
        (5, feature("MultiPolygon", []), "Points, lines and polygons"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(remote: Remote, type_: Any, content: Any, words: str) -> None:
    answer = remote.draw(content, type_=type_)
    assert answer.status_code == 400, answer.content
    assert words in answer.json()["message"]
    assert not MapElement.objects.exists()


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null", "{}"])
def test_nonsense_is_no_fault_of_ours(remote: Remote, body: str) -> None:
    path = f"{remote.base}/element-groups/{remote.shared()}/elements"
    answer = Client().post(path, body, content_type="application/json", headers=remote.headers)
    assert answer.status_code in (200, 400)
    assert answer.json()["code"] != 0


def test_names_are_kept_whatever_they_are(remote: Remote) -> None:
    for name in ("<script>alert(1)</script>", "ä" * 300, "", None, 7):
        assert remote.draw(name=name).json()["code"] == 0
    assert MapElement.objects.filter(name="<script>alert(1)</script>").exists()


def test_rings_are_closed_and_numbers_as_text_are_numbers(remote: Remote) -> None:
    number = remote.draw(feature("Polygon", [[["8.0", "47.0"], ["8.1", "47.0"], ["8.1", "47.1"]]]), type_="2").json()[
        "data"
    ]["id"]
    (ring,) = MapElement.objects.get(pk=number).content["geometry"]["coordinates"]
    assert ring[0] == ring[-1] == [8.0, 47.0]


def test_the_list_takes_as_many_queries_with_many_elements(remote: Remote) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert remote.groups().status_code == 200
        return len(queries)

    remote.draw()
    few = count()
    for _more in range(20):
        remote.draw()
    assert count() == few


def test_two_that_need_the_groups_at_once_make_them_once(workspace: Any) -> None:
    groups.ensure(workspace)
    MapGroup.objects.filter(workspace=workspace, type=1).update(name="Renamed")
    groups.ensure(workspace)
    assert MapGroup.objects.filter(workspace=workspace).count() == 2


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(
    type_=st.sampled_from([0, 1, 2, 3, 7]),
    kind=st.sampled_from(["Point", "LineString", "Polygon", "x"]),
    value=anything,
)
def test_any_coordinates_are_drawn_or_refused_and_never_break_anything(type_: int, kind: str, value: Any) -> None:
    try:
        kept = geometry.checked(type_, feature(kind, value))
    except geometry.BadGeometry:
        return

    def numbers(part: Any) -> list[float]:
        return [part] if isinstance(part, float) else [found for inner in part for found in numbers(inner)]

    assert all(math.isfinite(found) for found in numbers(kept["geometry"]["coordinates"]))
