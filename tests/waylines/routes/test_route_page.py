"""The page of a route: everything in the file is shown, also what nobody here knows, and what could not be checked."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from devices.models.device import Domain
from fleet.models import Workspace
from tests.factories import make_aircraft, make_device, make_dock
from tests.waylines.missions.conftest import IDLE, say
from tests.waylines.routes import kmz
from waylines import wpml
from waylines.models import Route
from waylines.services.routes import library, page

pytestmark = pytest.mark.django_db(transaction=True)


def stored(workspace: Workspace, data: bytes, source: str = Route.Source.EDITOR, name: str = "Roof") -> Route:
    return library.store(workspace, data, name=name, user=None, source=source)


def text(client: Client, route: Route, **query: Any) -> str:
    answer = client.get(reverse("admin:waylines_route_change", args=[route.pk]), query)
    assert answer.status_code == 200
    found: str = answer.content.decode()
    return found


def drawn(found: str) -> Any:
    script = re.search(r'id="route-drawing" type="application/json">(.*?)</script>', found, re.DOTALL)
    assert script
    return json.loads(script[1])


def altered(**further: bytes) -> bytes:
    """A route with an element of tomorrow and a file that travels along."""
    entries = {
        name: body.replace(b"<wpml:missionConfig>", b"<wpml:missionConfig><wpml:warpDrive>9</wpml:warpDrive>")
        for name, body in wpml.read(kmz.waypoints()).entries.items()
    }
    return kmz.packed(**{**entries, "wpmz/res/dsm/terrain.tif": b"II*" * 1000})


def test_what_nobody_knows_and_what_travels_along_is_listed(client: Client, workspace: Workspace) -> None:
    found = text(client, stored(workspace, altered()))
    assert "wpmz/res/dsm/terrain.tif" in found
    assert "warpDrive" in found
    assert 'id="not-editable"' in found


def test_actions_are_told_with_what_they_do(client: Client, workspace: Workspace) -> None:
    points = kmz.plan()["points"]
    points[2]["actions"] = [
        {"name": "hover", "parameters": {"hoverTime": 7}},
        {"name": "gimbalRotate", "parameters": {"gimbalPitchRotateAngle": -45}},
    ]
    found = text(
        client, stored(workspace, kmz.waypoints(points=points, interval_photos=[{"first_index": 0, "distance": 12}]))
    )
    for said in ("Hover", "7 s", "pitch -45°", "every 12 m"):
        assert said in found
    drawing = drawn(found)
    assert drawing["actions"][2] == ["hover", "gimbalRotate"]
    assert drawing["labels"]["hover"] == "Hover"
    assert drawing["spots"][3][3] == 60


def test_every_kind_is_drawn(client: Client, workspace: Workspace) -> None:
    found = text(client, stored(workspace, kmz.survey()))
    drawing = drawn(found)
    assert len(drawing["lines"][0]["polygon"]) == 4
    assert len(drawing["lines"][0]["points"]) > 4
    assert "Area survey" in found


def test_a_dock_says_what_speaks_against_it(client: Client, workspace: Workspace) -> None:
    route = stored(workspace, kmz.waypoints(drone_model_key="0-67-0"))
    dock = make_dock(workspace, online=True, callsign="North dock")
    make_dock(workspace, callsign="South dock")
    make_aircraft(workspace, dock)
    say(dock, **IDLE)
    assert "cannot be flown by a Matrice 4TD" not in text(client, route)
    found = text(client, route, dock=dock.pk)
    assert "cannot be flown by a Matrice 4TD" in found


def test_silence_is_not_taken_for_consent(client: Client, workspace: Workspace) -> None:
    route = stored(workspace, kmz.waypoints())
    make_dock(workspace, callsign="Mute dock")
    found = text(client, route)
    assert "Mute dock has not said where it stands" in found
    assert "whether the route fits it was not checked" in found


def test_a_neighbours_dock_is_not_offered(client: Client, workspace: Workspace, other_workspace: Workspace) -> None:
    theirs = make_device(other_workspace, Domain.DOCK, "3-3-0", callsign="Foreign dock")
    assert "Foreign dock" not in text(client, stored(workspace, kmz.waypoints()), dock=theirs.pk)


def test_without_storage_the_page_shows_what_was_kept(client: Client, workspace: Workspace, settings: Any) -> None:
    route = stored(workspace, kmz.waypoints())
    settings.S3_ENDPOINT = "http://127.0.0.1:9"
    found = text(client, route)
    assert "The storage does not answer" in found
    assert len(drawn(found)["lines"][0]["points"]) == 4
    assert "Take a photo" in found


def test_a_file_that_nobody_understood_says_why(client: Client, workspace: Workspace) -> None:
    route = stored(workspace, kmz.packed(waylines="<kml><Document/></kml>"), Route.Source.PILOT)
    found = text(client, route)
    assert route.file.problem in found
    assert drawn(found)["lines"] == []


def test_two_thousand_points_are_listed_and_more_are_thinned(client: Client, workspace: Workspace) -> None:
    route = stored(workspace, kmz.waypoints(points=kmz.spiral(2000)))
    found = text(client, route)
    assert found.count("data-point=") == 2000
    assert len(drawn(found)["spots"]) == 2000
    long = stored(workspace, kmz.waypoints(points=kmz.spiral(page.SHOWN + 50, actions=[])), name="Long")
    found = text(client, long)
    assert found.count("data-point=") <= page.SHOWN
    assert "There are more points than are shown" in found


def test_the_page_asks_few_questions(client: Client, workspace: Workspace, django_assert_max_num_queries: Any) -> None:
    route = stored(workspace, kmz.waypoints())
    for number in range(5):
        make_dock(workspace, callsign=f"Dock {number}")
    text(client, route)
    with django_assert_max_num_queries(16):
        text(client, route)
