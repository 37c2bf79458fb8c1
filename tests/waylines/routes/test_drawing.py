"""What the editor's page gets and sends: plans in and out, complaints at their place, nobody's work overwritten."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import Workspace
from tests.waylines.routes import kmz
from waylines import wpml
from waylines.models import Route
from waylines.services.routes import drawing, library, reading
from waylines.services.routes.refused import RouteRefused

pytestmark = pytest.mark.django_db(transaction=True)
NEW, LOOK = "/admin/routes/new/", "/admin/routes/look/"
AREA = {"kind": "survey", "name": "Field", "polygon": kmz.AREA, "camera": "1-98-0", "height": 80}


def send(client: Client, address: str, plan: Any) -> Any:
    return client.post(address, json.dumps(plan), content_type="application/json")


def given(client: Client, route: Route) -> Any:
    """The plan and the page that the editor opens with."""
    page = client.get(reverse("console:route_edit", args=[route.pk])).content.decode()
    found = re.search(r'id="editor-plan" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    sign = re.search(r'data-sign="([^"]*)"', page)
    assert sign
    return json.loads(found[1]), sign[1], page


def stored(workspace: Workspace, data: bytes, name: str = "Roof") -> Route:
    return library.store(workspace, data, name=name, user=None, source=Route.Source.IMPORT)


@pytest.mark.parametrize(
    "data",
    [
        kmz.waypoints(),
        kmz.waypoints(
            finish_action="autoLand", exit_on_rc_lost="goContinue", turn_mode="coordinateTurn", rth_height=50
        ),
        kmz.waypoints(height_mode="WGS84", geoid_height=47.5),
        kmz.survey(),
        kmz.survey(angle=33, margin=12, overlap_front=75, overlap_side=60),
        kmz.survey(holes=[[[47.0005, 8.0005], [47.0005, 8.001], [47.001, 8.001]]]),
        kmz.survey(height_mode="realTimeFollowSurface", speed=4),
    ],
    ids=["points", "settings", "ellipsoid", "area", "turned", "hole", "terrain"],
)
def test_what_is_opened_and_saved_unchanged_is_unchanged(client: Client, workspace: Workspace, data: bytes) -> None:
    route = stored(workspace, data)
    plan, sign, _page = given(client, route)
    answer = send(client, reverse("console:route_edit", args=[route.pk]), {**plan, "opened": sign})
    assert answer.status_code == 200, answer.content
    route.refresh_from_db()
    assert wpml.read(reading.content(route.file)).waylines == wpml.read(data).waylines
    assert Route.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [
        kmz.with_action("orientedShoot"),
        kmz.packed(**{**wpml.read(kmz.waypoints()).entries, "wpmz/res/terrain.tif": b"II*"}),
        kmz.packed(
            **{
                name: body.replace(b">80<", b">81<") if name.endswith("kml") else body
                for name, body in wpml.read(kmz.survey()).entries.items()
            }
        ),
    ],
    ids=["action", "terrain", "another survey"],
)
def test_what_the_editor_would_damage_becomes_a_new_route(client: Client, workspace: Workspace, data: bytes) -> None:
    route = stored(workspace, data)
    plan, sign, page = given(client, route)
    assert plan is None and sign == ""
    assert 'data-save="/admin/routes/new/"' in page
    shown = client.get(reverse("admin:waylines_route_change", args=[route.pk])).content.decode()
    assert 'id="not-editable"' in shown
    assert reverse("console:route_edit", args=[route.pk]) not in shown


def test_nobodys_change_is_overwritten_unasked(client: Client, workspace: Workspace) -> None:
    route = stored(workspace, kmz.waypoints())
    plan, sign, _page = given(client, route)
    edit = reverse("console:route_edit", args=[route.pk])
    assert send(client, edit, {**plan, "speed": 7, "opened": sign}).status_code == 200
    late = send(client, edit, {**plan, "speed": 3, "opened": sign})
    assert (late.status_code, late.json()["reason"]) == (409, "changed_meanwhile")
    assert wpml.read(reading.content(Route.objects.get().file)).waylines[0].auto_flight_speed == 7
    assert send(client, edit, {**plan, "speed": 3, "opened": ""}).status_code == 200
    assert wpml.read(reading.content(Route.objects.get().file)).waylines[0].auto_flight_speed == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"points": [*kmz.plan()["points"][:3], {"latitude": 47, "longitude": 8, "height": 99_999}]}, "points[3].height"),
        ({"speed": 900}, "speed"),
        ({"drone_model_key": "x"}, "drone_model_key"),
        ({"points": kmz.plan()["points"][:1]}, "points"),
        ({"points": [{**kmz.plan()["points"][0], "actions": [{"name": "hover"}]}, *kmz.plan()["points"][1:]]},
         "points[0].actions[0].parameters.hoverTime"),
        ({"height_mode": "WGS84"}, "geoid_height"),
        ({"misspelt": 1}, "misspelt"),
    ],
)  # fmt: skip
def test_a_complaint_names_its_field(client: Client, change: dict[str, Any], field: str) -> None:
    plan = kmz.plan(kind="waypoints", name="Roof", **change)
    for address in (LOOK, NEW):
        answer = send(client, address, plan)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert answer.json()["error"]
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"polygon": kmz.AREA[:2]}, "polygon"),
        ({"polygon": [kmz.AREA[0], kmz.AREA[2], kmz.AREA[1], kmz.AREA[3]]}, "polygon"),
        ({"overlap_front": 5}, "overlap_front"),
        ({"speed": 15, "height": 20}, "speed"),
        ({"camera": "1-1-1"}, "camera"),
    ],
)
def test_so_does_one_about_an_area(client: Client, change: dict[str, Any], field: str) -> None:
    answer = send(client, LOOK, {**AREA, **change})
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_route_needs_a_name_that_pilot_takes(client: Client, name: str) -> None:
    answer = send(client, NEW, kmz.plan(kind="waypoints", name=name))
    assert (answer.status_code, answer.json()["field"]) == (400, "name")


def test_a_taken_name_is_said_beside_the_name(client: Client, workspace: Workspace) -> None:
    stored(workspace, kmz.waypoints())
    answer = send(client, NEW, kmz.plan(kind="waypoints", name="Roof", speed=3))
    assert (answer.status_code, answer.json()["field"], answer.json()["reason"]) == (400, "name", "name_taken")


def test_a_look_says_the_same_as_the_file_that_would_be_written(client: Client) -> None:
    for plan, data in ((kmz.plan(kind="waypoints", name="-"), kmz.waypoints()), ({**AREA, "height": 60}, kmz.survey())):
        said, facts = send(client, LOOK, plan).json(), wpml.facts(wpml.read(data))
        assert (said["photos"], said["points"]) == (facts.photo_count, facts.point_count)
        assert said["distance"] == pytest.approx(facts.distance, abs=0.2)
        assert said["duration"] == pytest.approx(facts.duration, abs=0.2)
    assert not Route.objects.exists()


def test_a_look_warns(client: Client) -> None:
    high = [{**point, "height": 300} for point in kmz.plan()["points"]]
    said = send(client, LOOK, kmz.plan(kind="waypoints", name="-", points=high, finish_action="noAction")).json()
    assert ["warn", "The route climbs to 300 m; the limit is 120 m."] in said["advice"]
    assert len(said["advice"]) == 2


def test_the_editor_begins_with_what_the_workspace_flies(client: Client, workspace: Workspace) -> None:
    from tests.factories import make_aircraft, make_dock
    from tests.waylines.missions.conftest import IDLE, say

    dock = make_dock(workspace, online=True, callsign="North dock")
    make_aircraft(workspace, dock, model_key="0-91-0")
    say(dock, **IDLE)
    page = client.get(NEW).content.decode()
    assert '<option value="0-91-0" selected>' in page
    assert '<option value="1-80-0" selected>' in page
    assert '"name": "North dock"' in page


def test_what_another_workspace_flies_is_not_told(client: Client, workspace: Workspace, other_workspace: Any) -> None:
    from tests.factories import make_dock
    from tests.waylines.missions.conftest import IDLE, say

    say(make_dock(other_workspace, online=True, callsign="Foreign dock"), **IDLE)
    assert drawing.docks(workspace) == []
    assert drawing.start(workspace) is None
    assert "Foreign dock" not in client.get(NEW).content.decode()


def test_without_storage_the_editor_says_so(client: Client, workspace: Workspace, settings: Any) -> None:
    route = stored(workspace, kmz.waypoints())
    settings.S3_ENDPOINT = "http://127.0.0.1:9"
    answer = client.get(reverse("console:route_edit", args=[route.pk]), follow=True)
    assert answer.redirect_chain[0][0] == reverse("admin:waylines_route_change", args=[route.pk])
    assert "does not answer" in answer.content.decode()


@pytest.mark.parametrize("address", [LOOK, NEW])
@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b"[" * 100_000, b"\xff"])
def test_a_body_of_any_kind_is_refused_in_words(client: Client, address: str, body: bytes) -> None:
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_look_is_for_members_and_a_post_only(client: Client, other_workspace: Workspace) -> None:
    assert client.get(LOOK).status_code == 405
    assert Client().post(LOOK).status_code == 302


@pytest.mark.parametrize("field", ["rth_height", "take_off_security_height", "speed", "global_transitional_speed"])
def test_what_was_emptied_is_asked_for_and_not_made_up(client: Client, workspace: Workspace, field: str) -> None:
    plan, _sign, _page = given(client, stored(workspace, kmz.waypoints(rth_height=60)))
    answer = send(client, LOOK, {**plan, field: None})
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.usefixtures("storage")
def test_two_who_save_at_once_do_not_both_win(workspace: Workspace) -> None:
    """The second one's file was on its way to the bucket when the first one's was recorded."""
    route = stored(workspace, kmz.waypoints())
    opened = route.file.sign
    theirs = kmz.waypoints(rth_height=61)
    put = library.storage.put

    def slowly(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(library.storage, "put", put)
            library.store(
                workspace, theirs, name="Roof", user=None, source=Route.Source.EDITOR, route=route, opened=opened
            )

    with pytest.MonkeyPatch.context() as patch, pytest.raises(RouteRefused) as refusal:
        patch.setattr(library.storage, "put", slowly)
        library.store(
            workspace, kmz.waypoints(rth_height=62), name="Roof", user=None, source=Route.Source.EDITOR, route=route,
            opened=opened,
        )  # fmt: skip
    assert refusal.value.reason == "changed_meanwhile"
    route = Route.objects.select_related("file").get(pk=route.pk)
    assert reading.content(route.file) == theirs
