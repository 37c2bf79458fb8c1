"""The console's device pages: who sees what, and who lets a gateway in."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Command, CommandStatus, Device, DeviceModel, LoggedMessage, RejectedMessage
from devices.services import gateways, live_device
from fleet.models import AuditEntry, Role
from fleet.protocol import methods
from tests.console.pages import Login, ask, log, say, text, url
from tests.factories import make_aircraft, make_dock, make_remote

pytestmark = pytest.mark.django_db


def test_the_list_shows_what_one_looks_for(login: Login, dock: Device) -> None:
    page = text(login(Role.VIEWER).get(url("device_changelist")))
    for word in ("North dock", dock.sn, "Online", "Dock 3", "81 %", "Idle"):
        assert word in page


def test_the_page_shows_the_state_in_words(login: Login, dock: Device, workspace: Any) -> None:
    aircraft = make_aircraft(workspace, dock, callsign="Falcon", online=True)
    ask(dock)
    log(dock, method="some_event")
    page = text(login(Role.VIEWER).get(url("device_change", dock.pk)))
    assert f'data-live="/ws/console/devices/{dock.pk}/"' in page
    for target in live_device.PARTIALS:
        assert f'id="{target}"' in page
    for word in (
        "Idle",
        "nobody_knows",
        aircraft.callsign,
        "some_event",
        methods.find("services", "debug_mode_open").label,
        "81",
    ):
        assert word.lower() in page.lower(), word


@pytest.mark.parametrize("target", list(live_device.PARTIALS))
def test_the_live_connection_paints_what_the_page_paints(login: Login, dock: Device, target: str) -> None:
    from django.template.loader import render_to_string

    ask(dock)
    log(dock)
    template, context = live_device.PARTIALS[target]
    device = Device.objects.select_related("workspace", "model", "gateway__model").get(pk=dock.pk)
    with timezone.override(dock.workspace.time_zone):
        alone = render_to_string(template, context(device)).strip()
    assert alone
    assert " ".join(alone.split()) in " ".join(text(login().get(url("device_change", dock.pk))).split())


@pytest.mark.parametrize("kind", ["aircraft", "lonely", "remote", "unknown"])
def test_every_kind_of_device_has_a_page(login: Login, dock: Device, workspace: Any, kind: str) -> None:
    device = {
        "aircraft": lambda: make_aircraft(workspace, dock),
        "lonely": lambda: make_aircraft(workspace),
        "remote": lambda: make_remote(workspace, online=True),
        "unknown": lambda: make_dock(workspace, model_key="3-99-7"),
    }[kind]()
    assert device.sn in text(login().get(url("device_change", device.pk)))


def test_the_secret_of_the_radio_link_is_shown_to_nobody(login: Login, dock: Device) -> None:
    say(dock, wireless_link_topo={"secret_code": "s3cr3t-link", "center_node": {"sdr_id": 5}})
    log(dock, payload={"data": {"wireless_link_topo": {"secret_code": "s3cr3t-link"}}})
    client = login(Role.ADMIN)
    assert "s3cr3t-link" not in text(client.get(url("device_change", dock.pk)))
    message = LoggedMessage.objects.get()
    page = text(client.get(url("loggedmessage_change", message.pk)))
    assert "s3cr3t-link" not in page
    assert "secret_code" in page


def test_what_a_device_or_person_wrote_is_text(login: Login, workspace: Any) -> None:
    bad = "<script>alert(1)</script>"
    dock = make_dock(workspace, callsign=bad, online=True)
    say(dock, **{"mode_code": bad, bad: bad, "acc_time": {bad: bad}})
    log(dock, method=bad, payload={bad: bad})
    command = ask(dock)
    Command.objects.filter(pk=command.pk).update(result_text=bad, step=bad, output={"x": bad}, progress=3)
    RejectedMessage.objects.create(workspace=workspace, topic=bad, reason=bad, head=bad, at=timezone.now())
    client = login(Role.ADMIN)
    for page in (
        url("device_changelist"), url("device_change", dock.pk), url("device_command", dock.pk, "cover_open"),
        url("command_changelist"), url("command_change", command.pk), url("loggedmessage_changelist"),
        url("loggedmessage_change", LoggedMessage.objects.get().pk), url("rejectedmessage_changelist"),
        url("rejectedmessage_change", RejectedMessage.objects.get().pk),
    ):  # fmt: skip
        shown = text(client.get(page))
        assert bad not in shown, page
        assert "&lt;script&gt;alert" in shown, page


def test_hundreds_of_lists_in_one_another_are_shown_as_far_as_one_reads(login: Login, dock: Device) -> None:
    deep: Any = "bottom"
    for _level in range(300):
        deep = [deep]
    say(dock, nobody_knows=deep, nobody_knows_too={"x": deep})
    message = log(dock, payload={"data": deep})
    client = login(Role.VIEWER)
    assert "nobody_knows_too" in text(client.get(url("device_change", dock.pk)))
    assert "…" in text(client.get(url("loggedmessage_change", message.pk)))


def test_nobody_sees_another_workspace(login: Login, dock: Device, foreign: Device) -> None:
    command, message = ask(foreign), log(foreign, tid="foreign-tid")
    rejected = RejectedMessage.objects.create(
        workspace=foreign.workspace, topic="foreign/topic", reason="not_json", at=timezone.now()
    )
    client = login(Role.ADMIN)
    for name in ("device", "command", "loggedmessage", "rejectedmessage"):
        page = text(client.get(url(f"{name}_changelist")))
        for word in (foreign.sn, "Foreign dock", "foreign-tid", "foreign/topic"):
            assert word not in page
    rows = {"device": foreign, "command": command, "loggedmessage": message, "rejectedmessage": rejected}
    for name, row in rows.items():
        response = client.get(url(f"{name}_change", row.pk))
        assert response.status_code == 404
        assert "Foreign" not in response.content.decode()
    pages = [url("device_property", foreign.pk), url("device_access", foreign.pk)]
    for page in [*pages, url("device_command", foreign.pk, "cover_open")]:
        assert client.get(page).status_code == 404
        assert client.post(page, {"action": "rotate", "sure": "1"}).status_code == 404


def test_history_is_read_only(login: Login, dock: Device) -> None:
    command, message = ask(dock), log(dock)
    client = login(Role.ADMIN)
    for name, row in (("command", command), ("loggedmessage", message), ("device", dock)):
        assert client.post(url(f"{name}_delete", row.pk), {"post": "yes"}).status_code == 403
    for name in ("command", "loggedmessage", "rejectedmessage", "devicemodel"):
        assert client.get(url(f"{name}_add")).status_code == 403
    client.post(url("command_change", command.pk), {"status": "ok"})
    client.post(url("loggedmessage_change", message.pk), {"method": "forged"})
    message.refresh_from_db()
    assert message.method == "hms"
    assert Command.objects.get().status == CommandStatus.PENDING


@pytest.mark.parametrize("name", ["device", "command", "loggedmessage", "rejectedmessage", "devicemodel"])
def test_lists_do_not_grow_in_queries(login: Login, workspace: Any, name: str) -> None:
    client = login(Role.ADMIN)

    def more(count: int) -> None:
        for number in range(count):
            dock = make_dock(workspace, online=True, model_key=f"3-7{Device.objects.count()}-0")
            aircraft = make_aircraft(workspace, dock)
            for device in (dock, aircraft):
                say(device, mode_code=number)
                log(device)
            ask(dock)
            RejectedMessage.objects.create(workspace=workspace, topic="x", reason="not_json", at=timezone.now())

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            text(client.get(url(f"{name}_changelist")))
        return len(found)

    more(3)
    count()
    few = count()
    more(27)
    assert count() == few


def test_the_page_of_a_device_does_not_grow_in_queries(login: Login, dock: Device, workspace: Any) -> None:
    client = login(Role.OPERATOR)

    def more(count: int) -> None:
        for _number in range(count):
            say(make_aircraft(workspace, dock), mode_code=3)
            log(dock)
            ask(dock)

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            text(client.get(url("device_change", dock.pk)))
        return len(found)

    more(3)
    count()
    few = count()
    more(27)
    assert count() == few
    assert few < 25


def test_a_conversation_is_followed_by_its_tid_or_bid(login: Login, dock: Device) -> None:
    log(dock, tid="tid-wanted", method="alpha_event")
    log(dock, tid="tid-other", bid="bid-wanted", method="omega_event")
    client = login(Role.VIEWER)
    page = text(client.get(url("loggedmessage_changelist") + "?q=tid-wanted"))
    assert "alpha_event" in page and "omega_event" not in page
    page = text(client.get(url("loggedmessage_changelist") + "?q=bid-wanted"))
    assert "omega_event" in page and "alpha_event" not in page


def test_an_unknown_model_is_named_by_those_whose_alone_it_is(login: Login, workspace: Any, foreign: Device) -> None:
    make_dock(workspace, model_key="3-99-7")
    make_dock(workspace)
    client = login(Role.ADMIN)
    assert client.post(url("devicemodel_change", "3-99-7"), {"name": "Dock 9"}).status_code == 302
    assert DeviceModel.objects.get(key="3-99-7").name == "Dock 9"
    shared = foreign.model_id
    assert client.post(url("devicemodel_change", shared), {"name": "Mine now"}).status_code == 403
    assert login(Role.OPERATOR).post(url("devicemodel_change", "3-99-7"), {"name": "No"}).status_code == 403


def test_a_gateway_is_added_and_says_what_to_type(login: Login, workspace: Any) -> None:
    client = login()
    assert client.get(url("device_add")).status_code == 200
    response = client.post(url("device_add"), {"sn": "7CTDM00NEW", "kind": "3", "callsign": "New"}, follow=True)
    page = text(response)
    device = Device.objects.get(sn="7CTDM00NEW")
    assert device.workspace == workspace
    for word in (gateways.password(device), str(workspace.pk), workspace.bind_code, "7CTDM00NEW"):
        assert word in page
    assert "no-store" in response["Cache-Control"]
    again = client.post(url("device_add"), {"sn": "7CTDM00NEW", "kind": "3"})
    assert "already registered" in text(again)
    assert Device.objects.count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT])
def test_only_operators_add_gateways_and_see_passwords(login: Login, workspace: Any, role: Role) -> None:
    device, password = gateways.add(workspace, "7CTDM00ABC", kind=3)
    client = login(role)
    assert client.get(url("device_add")).status_code == 403
    assert client.post(url("device_add"), {"sn": "7CTDM00NEW", "kind": "3"}).status_code == 403
    assert client.get(url("device_access", device.pk)).status_code == 403
    assert client.post(url("device_access", device.pk), {"action": "rotate", "sure": "1"}).status_code == 403
    page = text(client.get(url("device_change", device.pk)))
    assert password not in page and "#access" not in page
    assert gateways.password(device) == password


def test_access_is_renewed_withdrawn_and_restored(login: Login, workspace: Any) -> None:
    device, first = gateways.add(workspace, "7CTDM00ABC", kind=3)
    page = url("device_access", device.pk)
    operator, admin = login(Role.OPERATOR), login(Role.ADMIN)
    assert first in text(operator.get(page))
    operator.post(page, {"action": "rotate"})
    assert gateways.password(device) == first
    operator.post(page, {"action": "rotate", "sure": "1"})
    second = gateways.password(device)
    assert second != first
    assert operator.post(page, {"action": "withdraw", "sure": "1"}).status_code == 403
    admin.post(page, {"action": "withdraw", "sure": "1"})
    device.credential.refresh_from_db()
    assert not device.credential.is_active
    assert "Withdrawn" in text(operator.get(url("device_change", device.pk)))
    assert operator.get(page).status_code == 302
    admin.post(page, {"action": "restore", "sure": "1"})
    assert gateways.password(device) not in (first, second)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"gateway.sheet_shown", "gateway.rotated", "gateway.withdrawn", "gateway.restored"} <= actions


def test_the_callsign_is_edited_and_nothing_else_is_overwritten(login: Login, dock: Device) -> None:
    values = {"callsign": "South dock", "icon_normal": "", "icon_selected": "", "sn": "FORGED", "online": ""}
    assert login(Role.VIEWER).post(url("device_change", dock.pk), values).status_code == 403
    assert login().post(url("device_change", dock.pk), values).status_code == 302
    present = Device.objects.get(pk=dock.pk)
    assert (present.callsign, present.sn, present.online) == ("South dock", dock.sn, True)
    assert AuditEntry.objects.filter(action="device.edited", target=dock.sn).exists()


def test_what_could_not_be_read_is_not_for_viewers(login: Login, workspace: Any) -> None:
    """Nothing in a reject is masked."""
    RejectedMessage.objects.create(
        workspace=workspace, topic="t", reason="json", head="bind code: X", at=timezone.now()
    )
    page = "/admin/devices/rejectedmessage/"
    assert login(Role.VIEWER).get(page).status_code == 403
    assert login(Role.OPERATOR).get(page).status_code == 200
