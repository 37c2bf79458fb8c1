"""Who may come in by MQTT, at a glance; and what lists say when they are empty."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, GatewayCredential
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import Role, Workspace
from tests.console.pages import Login, say, text, url

pytestmark = pytest.mark.django_db


def gateway(workspace: Workspace, sn: str) -> Device:
    return gateways.add(workspace, sn, kind=Domain.DOCK, callsign=f"Dock <b>{sn}")[0]


def test_each_gateway_stands_there_with_what_the_broker_knows(login: Login, workspace: Workspace) -> None:
    rows = {sn: gateway(workspace, sn) for sn in ("NEW1", "TOLD1", "OUT1", "BAD1")}
    told = GatewayCredential.objects.filter(device=rows["TOLD1"])
    told.update(broker_stamp=F("changed_at"))
    gateways.withdraw(rows["OUT1"])
    GatewayCredential.objects.filter(device=rows["BAD1"]).update(broker_error="<b>no route")
    client = login(Role.OPERATOR)
    page = text(client.get(url("gatewaycredential_changelist")))
    for word in ("Dock &lt;b&gt;NEW1", "Knows it", "Not told yet", "&lt;b&gt;no route", "Withdrawn"):
        assert word in page
    for wanted, found in {"waiting": {"NEW1", "OUT1"}, "error": {"BAD1"}, "withdrawn": {"OUT1"}}.items():
        page = text(client.get(url("gatewaycredential_changelist"), {"access": wanted}))
        assert {sn for sn in rows if f"&gt;{sn}" in page} == found, wanted


def test_no_secret_stands_in_the_list_and_a_row_leads_to_its_device(login: Login, workspace: Workspace) -> None:
    device = gateway(workspace, "NEW1")
    client = login(Role.ADMIN)
    assert gateways.password(device) not in text(client.get(url("gatewaycredential_changelist")))
    answer = client.get(url("gatewaycredential_change", device.pk))
    assert answer["Location"] == url("device_change", device.pk) + "#access"
    assert client.post(url("gatewaycredential_delete", device.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT])
def test_it_is_the_business_of_operators(login: Login, workspace: Workspace, role: Role) -> None:
    gateway(workspace, "NEW1")
    client = login(role)
    assert client.get(url("gatewaycredential_changelist")).status_code == 403
    assert "gatewaycredential" not in text(client.get(url("device_changelist")))
    assert url("gatewaycredential_changelist") in text(login(Role.OPERATOR).get(url("device_changelist")))


def test_another_workspace_has_none_of_it(login: Login, workspace: Workspace, other_workspace: Workspace) -> None:
    device = gateway(workspace, "NEW1")
    stranger = login(Role.ADMIN, other_workspace)
    assert "NEW1" not in text(stranger.get(url("gatewaycredential_changelist")))
    assert stranger.get(url("gatewaycredential_change", device.pk)).status_code == 404


@pytest.mark.parametrize("name", ["gatewaycredential_changelist", "device_changelist"])
def test_a_list_asks_no_more_for_many(login: Login, workspace: Workspace, name: str) -> None:
    client = login(Role.ADMIN)

    def queries(first: int, many: int) -> int:
        for number in range(first, first + many):
            say(gateway(workspace, f"SN{number}"), firmware_version="1.2")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url(name)).status_code == 200
        return len(asked)

    queries(0, 2)
    assert queries(2, 0) == queries(10, 12)


def test_the_list_of_devices_says_the_firmware_and_is_filtered_by_model(login: Login, dock: Device) -> None:
    say(dock, firmware_version="14.03<b>")
    client = login(Role.VIEWER)
    assert "14.03&lt;b&gt;" in text(client.get(url("device_changelist"), {"model": dock.model_id}))
    assert dock.sn not in text(client.get(url("device_changelist"), {"model": "3-1-0"}))
    assert "14.03&lt;b&gt;" in text(client.get(url("device_change", dock.pk)))


def test_the_filter_names_only_models_of_this_workspace(login: Login, dock: Device, foreign: Device) -> None:
    Device.objects.filter(pk=foreign.pk).update(model_id=None)
    page = text(login(Role.VIEWER).get(url("device_changelist")))
    assert "?model=3-3-0" in page
    assert "?model=3-2-0" not in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("device_changelist", "you are shown what to type into it"),
        ("command_changelist", "Commands are asked on a device"),
        ("rejectedmessage_changelist", "That is how it should be"),
        ("loggedmessage_changelist", "telemetry left out"),
        ("gatewaycredential_changelist", "Add a dock or a remote"),
    ],
)
def test_an_empty_list_says_what_to_do_next(login: Login, name: str, words: str) -> None:
    page = text(login(Role.OPERATOR).get(url(name)))
    assert words in page
    assert "Nothing here yet" in page


def test_an_empty_search_offers_the_way_back(login: Login, dock: Device) -> None:
    page = text(login(Role.VIEWER).get(url("device_changelist"), {"q": "no such thing"}))
    assert "Nothing fits this search or filter" in page
    assert "Show all" in page


def test_the_summary_says_wind_and_storage(login: Login, dock: Device) -> None:
    say(dock, wind_speed=3.2, storage={"total": 60_000_000, "used": 3_000_000}, seen=timezone.now().isoformat())
    page = text(login(Role.VIEWER).get(url("device_change", dock.pk)))
    summary = page[page.index('id="live-summary"') : page.index('class="fleet-tabs"')]
    assert "3.2" in summary
    assert "60 GB" in summary
