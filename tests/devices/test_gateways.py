"""Adding docks and remotes, their passwords, and what the installer is shown."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from devices.models import Device, GatewayCredential
from devices.models.device import Domain
from devices.services import gateways, secrets
from devices.services.gateways import GatewayExists, GatewayRefused, GatewayWithdrawn
from fleet.models import AuditEntry, Role, Workspace
from fleet.services.access import Forbidden
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def dock(workspace: Workspace, sn: str = "8UUXTEST01") -> Device:
    return gateways.add(workspace, sn, kind=Domain.DOCK)[0]


def test_a_new_gateway_has_an_account_of_its_own(workspace: Workspace) -> None:
    device, password = gateways.add(workspace, " 8UUXTEST01 ", kind=Domain.DOCK, callsign="Pier", model_key="3-3-0")
    assert (device.sn, device.domain, device.callsign, device.model_id) == (
        "8UUXTEST01",
        Domain.DOCK,
        "Pier",
        "3-3-0",
    )
    assert device.credential.username == "8UUXTEST01"
    assert gateways.password(device) == password
    assert len(password) >= 20
    assert not set(password) & set("0O1lIo")


def test_each_password_is_another_one(workspace: Workspace) -> None:
    passwords = {gateways.add(workspace, f"SN{n}", kind=Domain.DOCK)[1] for n in range(20)}
    assert len(passwords) == 20


def test_the_password_does_not_lie_in_the_database_in_plain_text(workspace: Workspace) -> None:
    device, password = gateways.add(workspace, "8UUXTEST01", kind=Domain.DOCK)
    stored = bytes(GatewayCredential.objects.get(device=device).secret)
    assert password.encode() not in stored


def test_the_serial_of_another_workspace_is_refused_in_the_same_words(
    workspace: Workspace, other_workspace: Workspace
) -> None:
    dock(workspace)
    with pytest.raises(GatewayExists) as here:
        gateways.add(workspace, "8UUXTEST01", kind=Domain.DOCK)
    with pytest.raises(GatewayExists) as there:
        gateways.add(other_workspace, "8UUXTEST01", kind=Domain.DOCK)
    assert str(here.value) == str(there.value)
    assert workspace.name not in str(there.value)
    assert Device.objects.get(sn="8UUXTEST01").workspace == workspace


def test_an_aircraft_s_serial_is_taken_too(workspace: Workspace) -> None:
    Device.objects.create(workspace=workspace, sn="1581F1", domain=Domain.AIRCRAFT)
    with pytest.raises(GatewayExists):
        gateways.add(workspace, "1581F1", kind=Domain.DOCK)
    assert not GatewayCredential.objects.exists()


def test_a_known_gateway_without_an_account_is_given_one(workspace: Workspace, other_workspace: Workspace) -> None:
    known = Device.objects.create(workspace=workspace, sn="9N9C1", domain=Domain.REMOTE, callsign="Old")
    with pytest.raises(GatewayExists):
        gateways.add(other_workspace, "9N9C1", kind=Domain.REMOTE)
    device, _password = gateways.add(workspace, "9N9C1", kind=Domain.REMOTE)
    assert (device.pk, device.callsign) == (known.pk, "Old")


@pytest.mark.parametrize("sn", ["", "a/b", "a+b", "#", "$SYS", "a b", "x" * 65, "é", "a\nb", "fleet-bridge", "admin"])
def test_what_cannot_be_a_serial_is_refused(workspace: Workspace, sn: str) -> None:
    with pytest.raises(GatewayRefused):
        gateways.add(workspace, sn, kind=Domain.DOCK)
    assert not Device.objects.exists()


def test_the_server_s_own_account_cannot_be_taken(workspace: Workspace, settings: Any) -> None:
    settings.MQTT_URL = "mqtt://spine:secret@127.0.0.1:1883"
    with pytest.raises(GatewayRefused):
        gateways.add(workspace, "spine", kind=Domain.DOCK)


def test_an_aircraft_is_no_gateway(workspace: Workspace) -> None:
    with pytest.raises(GatewayRefused):
        gateways.add(workspace, "1581F1", kind=Domain.AIRCRAFT)


@pytest.mark.parametrize(("role", "allowed"), [(Role.PILOT, False), (Role.OPERATOR, True), (Role.ADMIN, True)])
def test_adding_and_rotating_need_an_operator(workspace: Workspace, role: Role, allowed: bool) -> None:
    device = dock(workspace)
    before = gateways.password(device)
    user = make_user(workspace, role)
    if allowed:
        gateways.add(workspace, "8UUXTEST02", kind=Domain.DOCK, user=user)
        assert gateways.rotate(device, user=user) != before
        assert gateways.access_sheet(device, user=user).password == gateways.password(device)
        return
    for act in (
        lambda: gateways.add(workspace, "8UUXTEST02", kind=Domain.DOCK, user=user),
        lambda: gateways.rotate(device, user=user),
        lambda: gateways.access_sheet(device, user=user),
    ):
        with pytest.raises(Forbidden):
            act()
    assert gateways.password(device) == before
    assert not Device.objects.filter(sn="8UUXTEST02").exists()


def test_a_pilot_s_login_may_register_a_remote(workspace: Workspace) -> None:
    pilot = make_user(workspace, Role.PILOT)
    device, _password = gateways.add(workspace, "9N9C1", kind=Domain.REMOTE, user=pilot, role=Role.PILOT)
    assert AuditEntry.objects.get(action="gateway.added", target=device.sn).user == pilot


def test_the_role_counts_in_that_workspace_only(workspace: Workspace, other_workspace: Workspace) -> None:
    device = dock(workspace)
    stranger = make_user(other_workspace, Role.ADMIN)
    for act in (gateways.rotate, gateways.withdraw, gateways.restore, gateways.access_sheet):
        with pytest.raises(Forbidden):
            act(device, user=stranger)
    assert GatewayCredential.objects.get(device=device).is_active


def test_withdrawing_needs_an_administrator(workspace: Workspace) -> None:
    device = dock(workspace)
    with pytest.raises(Forbidden):
        gateways.withdraw(device, user=make_user(workspace, Role.OPERATOR))
    gateways.withdraw(device, user=make_user(workspace, Role.ADMIN))
    assert not GatewayCredential.objects.get(device=device).is_active


def test_a_withdrawn_gateway_has_no_password_until_it_is_restored(workspace: Workspace) -> None:
    device = dock(workspace)
    before = gateways.password(device)
    gateways.withdraw(device)
    gateways.withdraw(device)
    for act in (gateways.password, gateways.rotate, gateways.access_sheet):
        with pytest.raises(GatewayWithdrawn):
            act(device)
    with pytest.raises(GatewayExists):
        gateways.add(workspace, device.sn, kind=Domain.DOCK)
    assert gateways.restore(device) == gateways.password(device) != before
    with pytest.raises(GatewayRefused):
        gateways.restore(device)
    actions = list(AuditEntry.objects.filter(target=device.sn).order_by("id").values_list("action", flat=True))
    assert actions == ["gateway.added", "gateway.withdrawn", "gateway.restored"]


def test_each_change_is_another_state_for_the_broker(workspace: Workspace) -> None:
    device = dock(workspace)
    stamps = [GatewayCredential.objects.get().changed_at]
    for act in (gateways.rotate, gateways.withdraw, gateways.restore):
        act(device)
        stamps.append(GatewayCredential.objects.get().changed_at)
    assert stamps == sorted(set(stamps))


def test_no_secret_is_in_the_audit(workspace: Workspace) -> None:
    device, password = gateways.add(workspace, "8UUXTEST01", kind=Domain.DOCK)
    again = gateways.rotate(device)
    written = json.dumps(list(AuditEntry.objects.values("action", "target", "actor", "detail")))
    assert "gateway.rotated" in written
    assert password not in written
    assert again not in written


def test_another_secret_key_makes_the_password_unreadable(workspace: Workspace, settings: Any) -> None:
    device, password = gateways.add(workspace, "8UUXTEST01", kind=Domain.DOCK)
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another key of this server, which is long enough"
    with pytest.raises(secrets.SecretUnreadable, match="Rotate"):
        gateways.password(device)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert gateways.password(device) == password
    settings.SECRET_KEY_FALLBACKS = []
    assert gateways.rotate(device) == gateways.password(device)


def test_damaged_secrets_are_said_to_be_unreadable() -> None:
    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(b"nonsense")
    assert secrets.decrypt(memoryview(secrets.encrypt("héllo"))) == "héllo"
    assert secrets.encrypt("same") != secrets.encrypt("same")


def test_the_command_prints_what_to_type_in(workspace: Workspace, settings: Any) -> None:
    settings.MQTT_PUBLIC_URL = "tcp://192.0.2.5:1883"
    settings.PUBLIC_URL = "https://fleet.example.org"
    out = StringIO()
    call_command("add_gateway", "8UUXTEST01", workspace=str(workspace.pk), json=True, stdout=out)
    sheet = json.loads(out.getvalue())
    assert sheet == {
        "sn": "8UUXTEST01",
        "callsign": "",
        "mqtt": "tcp://192.0.2.5:1883",
        "username": "8UUXTEST01",
        "password": gateways.password(Device.objects.get(sn="8UUXTEST01")),
        "organization_id": str(workspace.pk),
        "organization_name": workspace.name,
        "bind_code": workspace.bind_code,
        "web": "https://fleet.example.org/pilot/",
    }


def test_the_command_takes_a_name_and_a_kind_and_prints_text(workspace: Workspace) -> None:
    out = StringIO()
    call_command("add_gateway", "9N9C1", workspace=workspace.name, kind="remote", callsign="Van", stdout=out)
    device = Device.objects.get(sn="9N9C1")
    assert (device.domain, device.callsign) == (Domain.REMOTE, "Van")
    for value in (gateways.password(device), str(workspace.pk), workspace.bind_code):
        assert value in out.getvalue()


@pytest.mark.parametrize(
    ("sn", "where", "sentence"),
    [
        ("8UUXTEST02", "Nowhere", "There is no workspace 'Nowhere'."),
        ("8UUXTEST02", "00000000-0000-4000-8000-000000000000", "There is no workspace"),
        ("8UUXTEST01", "Harbour police", "already registered here or elsewhere"),
        ("a/b", "Harbour police", "serial number"),
    ],
)
def test_the_command_refuses_with_one_sentence(
    workspace: Workspace, other_workspace: Workspace, sn: str, where: str, sentence: str
) -> None:
    dock(workspace)
    with pytest.raises(CommandError, match=sentence) as refused:
        call_command("add_gateway", sn, workspace=where)
    assert "\n" not in str(refused.value)
    assert refused.value.returncode != 0


def test_rotating_and_withdrawing_by_command(workspace: Workspace) -> None:
    device, before = gateways.add(workspace, "8UUXTEST01", kind=Domain.DOCK)
    out = StringIO()
    call_command("rotate_gateway", device.sn, json=True, stdout=out)
    assert json.loads(out.getvalue())["password"] == gateways.password(device) != before
    call_command("withdraw_gateway", device.sn, stdout=out)
    assert not GatewayCredential.objects.get(device=device).is_active
    with pytest.raises(CommandError):
        call_command("rotate_gateway", device.sn)
    call_command("rotate_gateway", device.sn, restore=True, stdout=out)
    assert GatewayCredential.objects.get(device=device).is_active
    for command in ("rotate_gateway", "withdraw_gateway"):
        with pytest.raises(CommandError, match="no gateway"):
            call_command(command, "UNKNOWN")
