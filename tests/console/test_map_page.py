"""The map's page: what it hands to the script, and what a person sees before anything is live."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.services import live_map
from fleet.models import Role
from tests.console.pages import Login, text
from tests.factories import make_dock, make_user

pytestmark = pytest.mark.django_db


def configuration(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="fleet-map-configuration" type="application/json">(.*?)</script>', page)
    assert found
    return dict(json.loads(found[1]))


def test_the_map_is_the_start_page(login: Login) -> None:
    answer = login(Role.VIEWER).get(reverse("admin:index"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("console:map"))


def test_a_stranger_is_sent_to_the_login() -> None:
    answer = Client().get(reverse("console:map"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


def test_the_script_is_told_the_chosen_workspaces_socket(login: Login, workspace: Any) -> None:
    found = configuration(text(login(Role.VIEWER).get("/admin/map/")))
    assert found["socket"] == f"/ws/console/map/?workspace={workspace.pk}"
    assert found["atlas"] == "/static/vendor/world-atlas/countries-50m.json"
    assert found["staleAfter"] == 60_000


def test_without_tiles_of_its_own_the_map_is_the_offline_one(login: Login, settings: Any) -> None:
    assert configuration(text(login().get("/admin/map/")))["tiles"] == ""
    settings.MAP_TILES_URL, settings.MAP_TILES_ATTRIBUTION = "https://tiles.example.org/{z}/{x}/{y}.png", "Example"
    found = configuration(text(login().get("/admin/map/")))
    assert (found["tiles"], found["attribution"]) == ("https://tiles.example.org/{z}/{x}/{y}.png", "Example")


def test_modes_have_names_and_colours(login: Login) -> None:
    found = configuration(text(login().get("/admin/map/")))
    assert (found["modes"]["0"]["5"], found["tones"]["0"]["5"]) == ("On route", "flying")
    assert (found["modes"]["0"]["11"], found["tones"]["0"]["11"]) == ("Forced landing", "alarm")
    assert (found["modes"]["3"]["4"], found["tones"]["3"]["4"]) == ("On a mission", "working")
    assert "0" not in found["tones"]["0"]  # standing by is no colour of its own


def test_every_mode_that_has_a_colour_has_a_name() -> None:
    names = live_map.mode_choices()
    assert [(kind, mode) for kind, modes in live_map.tones().items() for mode in modes if mode not in names[kind]] == []


def test_no_script_stands_in_the_page_itself(login: Login) -> None:
    page = text(login().get("/admin/map/"))
    ours = page[page.index('id="fleet-map"') : page.index("console/map.js")]
    scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", ours)
    assert scripts == [' id="fleet-map-configuration" type="application/json"']
    assert not re.search(r"\son[a-z]+=|javascript:|\sstyle=", ours)


def test_who_may_add_a_gateway_is_told_how_and_who_may_not_whom_to_ask(login: Login) -> None:
    operators, viewers = text(login(Role.OPERATOR).get("/admin/map/")), text(login(Role.VIEWER).get("/admin/map/"))
    empty = operators[operators.index('id="fleet-map-empty"') :]
    assert reverse("admin:devices_device_add") in empty
    empty = viewers[viewers.index('id="fleet-map-empty"') :]
    assert reverse("admin:devices_device_add") not in empty
    assert "Ask an operator" in empty


def test_nobody_elses_devices_are_in_the_page(login: Login, other_workspace: Any) -> None:
    foreign = make_dock(other_workspace, callsign="Foreign dock")
    page = text(login(Role.ADMIN).get("/admin/map/"))
    assert foreign.sn not in page
    assert str(other_workspace.pk) not in page


def test_an_administrator_without_any_workspace_is_told_so(db: None) -> None:
    client = Client()
    client.force_login(make_user(is_superuser=True, is_staff=True))
    page = text(client.get("/admin/map/"))
    assert "no part in any workspace" in page
    assert "fleet-map-configuration" not in page


def test_the_pages_queries_do_not_grow_with_the_devices(login: Login, workspace: Any) -> None:
    client = login()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(client.get("/admin/map/"))
        return len(captured)

    queries()
    before = queries()
    for _ in range(20):
        make_dock(workspace)
    assert queries() == before
