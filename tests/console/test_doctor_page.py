"""The connection doctor's page: painted at once, each part by itself, and nothing of another workspace."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from devices.models import Device, RejectedMessage
from devices.models.device import Domain
from devices.services import gateways
from devices.services.doctor import knocking, server
from fleet.models import Role, Workspace
from tests.console.pages import Login, text, words
from tests.factories import make_aircraft, make_user


@pytest.fixture(autouse=True)
def nobody_there(settings: Any) -> None:
    """Neither broker nor web server: the page must not wait for them."""
    settings.MQTT_PUBLIC_URL = "tcp://127.0.0.1:1"
    settings.PUBLIC_URL = "http://127.0.0.1:1"


@pytest.fixture
def dock(workspace: Workspace) -> Device:
    return gateways.add(workspace, "DOCK-1", kind=Domain.DOCK, callsign="Roof <b>")[0]


@pytest.fixture
def theirs(other_workspace: Workspace) -> Device:
    return gateways.add(other_workspace, "DOCK-9", kind=Domain.DOCK, callsign="Foreign dock")[0]


def doctor(name: str = "", *args: Any) -> str:
    return reverse(f"console:doctor{name}", args=args)


def stranger(sn: str, **fields: Any) -> None:
    values = {"topic": f"thing/product/{sn}/osd", "reason": "unregistered", "at": timezone.now(), **fields}
    RejectedMessage.objects.create(sn=sn, **values)


def test_the_page_is_painted_without_looking_at_anything(login: Login, dock: Device, theirs: Device, django_assert_max_num_queries: Any) -> None:  # fmt: skip
    client = login()
    with django_assert_max_num_queries(12):
        page = text(client.get(doctor()))
    for part in server.parts():
        assert doctor("-part", part.key) in page
    assert doctor("-gateway", dock.pk) in page
    assert "Roof &lt;b&gt;" in page
    assert "Foreign dock" not in page
    assert "All well" not in page


def test_each_gateway_tells_its_steps(login: Login, dock: Device) -> None:
    page = text(login(Role.VIEWER).get(doctor("-gateway", dock.pk)))
    assert 'data-step="bind-code" data-state="waiting"' in page
    assert '<template data-slot="sign">' in page


@pytest.mark.parametrize("key", ["web", "licence", "broker", "processes"])
def test_each_part_tells_its_steps(login: Login, key: str) -> None:
    assert "data-step=" in text(login().get(doctor("-part", key)))


def test_another_workspaces_gateway_looks_like_none(login: Login, theirs: Device) -> None:
    client = login(Role.ADMIN)
    assert client.get(doctor("-gateway", theirs.pk)).status_code == 404
    assert client.get(doctor("-gateway", 999_999)).status_code == 404


def test_an_aircraft_and_an_unknown_part_are_not_there(login: Login, dock: Device) -> None:
    client = login()
    assert client.get(doctor("-gateway", make_aircraft(dock.workspace, dock).pk)).status_code == 404
    assert client.get(doctor("-part", "nonsense")).status_code == 404


def test_nobody_looks_without_a_login(dock: Device) -> None:
    for url in (doctor(), doctor("-gateway", dock.pk), doctor("-part", "web"), doctor("-strangers")):
        assert Client().get(url).status_code == 302


def test_looking_is_all_one_can_do(login: Login, dock: Device) -> None:
    assert login().post(doctor("-gateway", dock.pk)).status_code == 405


def test_an_empty_workspace_says_what_to_do(login: Login) -> None:
    page = text(login().get(doctor()))
    assert reverse("admin:devices_device_add") in page
    assert reverse("admin:devices_device_add") not in text(login(Role.VIEWER).get(doctor()))


def test_many_gateways_come_in_pages_those_that_are_away_first(login: Login, workspace: Workspace) -> None:
    for number in range(60):
        Device.objects.create(workspace=workspace, sn=f"D{number:02}", domain=Domain.DOCK, online=number < 50)
    first, second = (text(login().get(doctor() + query)) for query in ("", "?p=2"))
    assert first.count('id="gateway-') == 50
    assert second.count('id="gateway-') == 10
    assert all(f"D{number}" in first for number in range(50, 60))


def test_strangers_are_listed_once_and_only_while_nobody_knows_them(login: Login, dock: Device) -> None:
    for _ in range(3):
        stranger("KNOCKER <i>")
    stranger(dock.sn)
    stranger("OTHER", reason="not_json")
    page = text(login().get(doctor("-strangers")))
    assert "KNOCKER &lt;i&gt;" in page
    assert "3 messages" in page
    assert dock.sn not in page
    assert "OTHER" not in page


def test_refused_logins_of_unknown_names_are_listed(login: Login, db: None) -> None:
    for name in ("DOCK-77", "DOCK-77", "doctor-abc", "fleet-x", "no serial!"):
        knocking.note_refused_login(name)
    page = text(login().get(doctor("-strangers")))
    assert "DOCK-77" in page
    assert "2 logins" in page
    assert "doctor-abc" not in page
    assert "no serial" not in page


def test_strangers_belong_to_no_workspace(login: Login, other_workspace: Workspace) -> None:
    stranger("KNOCKER")
    client = login(Role.ADMIN)
    assert client.get(doctor("-strangers")).status_code == 403
    assert doctor("-strangers") not in text(client.get(doctor()))
    owner = Client()
    owner.force_login(make_user(is_superuser=True))
    assert "KNOCKER" in words(owner.get(doctor("-strangers")))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT])
def test_strangers_are_for_those_who_may_add_devices(login: Login, role: Role) -> None:
    assert login(role).get(doctor("-strangers")).status_code == 403


def test_in_german(login: Login, dock: Device) -> None:
    with translation.override("en"):  # a request leaves its language behind in the tests' thread
        page = text(login().get(doctor("-gateway", dock.pk), HTTP_ACCEPT_LANGUAGE="de"))
    assert "MQTT-Konto" in page


def run(*arguments: str) -> tuple[str, bool]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_the_same_and_ends_badly_when_something_is_bad(
    workspace: Workspace, dock: Device, theirs: Device
) -> None:
    stranger("KNOCKER")
    said, well = run(workspace.name)
    assert not well
    assert "DOCK-1" in said
    assert "BAD" in said
    assert "KNOCKER" in said
    assert "Foreign" not in said
    assert dock.sn in run(str(workspace.pk), "--sn", dock.sn)[0]


def test_the_command_knows_whom_it_is_about(workspace: Workspace, theirs: Device) -> None:
    with pytest.raises(CommandError, match="no workspace"):
        call_command("doctor", "nowhere")
    with pytest.raises(CommandError, match="no dock"):
        call_command("doctor", workspace.name, "--sn", theirs.sn)
