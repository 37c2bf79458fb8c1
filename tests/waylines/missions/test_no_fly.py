"""Areas on the shared map that no mission may cross."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import MapGroup, Workspace
from fleet.services.map_elements import circles, elements, groups
from tests.factories import make_dock
from tests.waylines.missions.conftest import Site, say
from tests.waylines.missions.test_life import plan, shift, timed
from waylines.models import Mission, RouteFile
from waylines.services.missions import dispatch, gate
from waylines.services.missions.planning import MissionRefused

pytestmark = pytest.mark.django_db(transaction=True)


def area(site: Site, ring: list[list[float]], workspace: Workspace | None = None, **flags: bool) -> MapGroup:
    """A group with one area in it."""
    owner = workspace or site.workspace
    group = MapGroup.objects.create(workspace=owner, name="Hospital", **flags)
    content = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    made = elements.create(
        site.workspace, MapGroup.objects.create(workspace=site.workspace, name=str(uuid4())), element_id=uuid4(),
        name="Helipad", type_=2, content=content, user=site.user,
    )  # fmt: skip
    type(made).objects.filter(pk=made.pk).update(group=group, workspace=owner)
    return group


def box(south: float, west: float, north: float, east: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


#: Between two waypoints; no waypoint lies in it.
ON_A_LEG = box(47.0018, 8.0004, 47.0022, 8.0006)
BETWEEN_DOCK_AND_ROUTE = box(47.0004, 7.9999, 47.0006, 8.0001)
BESIDE = box(47.01, 8.01, 47.02, 8.02)


def asked(site: Site, **fields: Any) -> list[gate.Check]:
    mission = Mission(workspace=site.workspace, dock=site.dock, route=site.route, file=site.route.file, **fields)
    return [check for check in gate.examine(mission) if check.name == "no_fly"]


def test_a_leg_over_an_area_keeps_the_mission_on_the_ground(site: Site) -> None:
    area(site, ON_A_LEG, no_fly=True)
    [found] = asked(site)
    assert (found.verdict, "Helipad" in found.text) == (gate.Verdict.BLOCK, True)


def test_the_way_from_one_wayline_to_the_next_counts(site: Site) -> None:
    outline = [[[47.001, 8.0, 80.0], [47.001, 8.0002, 80.0]], [[47.003, 8.0002, 80.0], [47.003, 8.0, 80.0]]]
    RouteFile.objects.filter(pk=site.route.file_id).update(outline=outline)
    site.route.refresh_from_db()
    area(site, box(47.0018, 8.0001, 47.0022, 8.0003), no_fly=True)
    assert [check.verdict for check in asked(site)] == [gate.Verdict.BLOCK]


def test_a_route_without_an_outline_is_not_said_to_be_clear(site: Site) -> None:
    RouteFile.objects.filter(pk=site.route.file_id).update(outline=[])
    site.route.refresh_from_db()
    area(site, BESIDE, no_fly=True)
    assert [check.verdict for check in asked(site)] == [gate.Verdict.WARN]


def test_heights_above_the_ellipsoid_are_not_passed_over_in_silence(site: Site) -> None:
    facts = {**site.route.file.facts, "height_mode": "WGS84", "highest": 2000.0}
    RouteFile.objects.filter(pk=site.route.file_id).update(facts=facts)
    site.route.refresh_from_db()
    mission = Mission(workspace=site.workspace, dock=site.dock, route=site.route, file=site.route.file)
    assert any("ellipsoid" in check.text for check in gate.warnings(gate.examine(mission)))


def test_a_circle_counts(site: Site) -> None:
    area(site, circles.ring(8.0, 47.0015, 20), no_fly=True)
    assert [check.verdict for check in asked(site)] == [gate.Verdict.BLOCK]


def test_the_way_to_the_route_is_a_warning(site: Site) -> None:
    area(site, BETWEEN_DOCK_AND_ROUTE, no_fly=True)
    assert [check.verdict for check in asked(site)] == [gate.Verdict.WARN]


def test_what_lies_beside_is_said_to_be_clear(site: Site) -> None:
    area(site, BESIDE, no_fly=True)
    assert [check.verdict for check in asked(site)] == [gate.Verdict.OK]


def test_other_groups_and_other_workspaces_keep_nobody_on_the_ground(site: Site, other_workspace: Workspace) -> None:
    area(site, ON_A_LEG)
    area(site, ON_A_LEG, other_workspace, no_fly=True)
    assert asked(site) == []


def test_an_operator_makes_a_group_one_of_no_fly_areas(site: Site) -> None:
    group = area(site, ON_A_LEG)
    client = Client()
    client.force_login(site.user)
    answer = client.post(
        reverse("console:elements_group", args=[group.pk]), {"no_fly": True}, content_type="application/json"
    )
    assert answer.status_code == 200
    assert [check.verdict for check in asked(site)] == [gate.Verdict.BLOCK]
    groups.change(group, user=site.user, no_fly=False)
    assert asked(site) == []


def test_neither_a_mission_of_now_nor_one_of_tonight_is_planned_over_it(site: Site) -> None:
    area(site, ON_A_LEG, no_fly=True)
    for make in (plan, timed):
        with pytest.raises(MissionRefused) as refused:
            make(site)
        assert ["Helipad" in check.text for check in refused.value.checks] == [True]


def test_an_area_drawn_after_planning_keeps_the_aircraft_in_its_dock(site: Site, answer: Any) -> None:
    mission = timed(site)
    dispatch.tick()
    answer("flighttask_prepare")
    area(site, ON_A_LEG, no_fly=True)
    shift(mission, 1)
    dispatch.tick()
    assert not site.commands("flighttask_execute")
    mission.refresh_from_db()
    assert any("Helipad" in check["text"] for check in mission.gate if check["verdict"] == "block")


def test_the_way_home_is_the_one_to_the_landing_dock(site: Site) -> None:
    there = make_dock(site.workspace, online=True)
    say(there, latitude=47.003, longitude=8.0)
    area(site, box(47.0024, 7.9999, 47.0026, 8.001), no_fly=True)
    assert [check.verdict for check in asked(site)] == [gate.Verdict.OK]
    assert [check.verdict for check in asked(site, landing_dock=there)] == [gate.Verdict.WARN]


def test_what_was_not_looked_at_is_said(site: Site) -> None:
    area(site, BESIDE, no_fly=True)
    say(site.dock, latitude=None, longitude=None)
    assert ["stands" in check.text for check in asked(site) if check.verdict is gate.Verdict.WARN] == [True]
    [points] = site.route.file.outline
    RouteFile.objects.filter(pk=site.route.file_id).update(outline=[{"points": points, "thinned": True}])
    site.route.file.refresh_from_db()
    assert len([check for check in asked(site) if check.verdict is gate.Verdict.WARN]) == 2
