"""The connection doctor on one dock or remote: each step in each of its states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device, GatewayCredential, RejectedMessage
from devices.models.device import Domain
from devices.services import binding, gateways
from devices.services.doctor import gateway
from devices.services.doctor.steps import State, Step
from fleet.models import AccessToken, Membership, Role, Workspace
from fleet.services import pilot_presence, tokens
from tests.console.pages import log, say
from tests.factories import make_aircraft, make_user
from tests.servers import MosquittoServer

BAD, GOOD, WAITING = State.BAD, State.GOOD, State.WAITING


@pytest.fixture(autouse=True)
def no_broker(settings: Any) -> None:
    """Nobody listens there; tests of the login bring a broker."""
    settings.MQTT_PUBLIC_URL = "tcp://127.0.0.1:1"


@pytest.fixture
def dock(workspace: Workspace) -> Device:
    return gateways.add(workspace, "DOCK-1", kind=Domain.DOCK)[0]


@pytest.fixture
def remote(workspace: Workspace) -> Device:
    return gateways.add(workspace, "RC-1", kind=Domain.REMOTE)[0]


def steps(device: Device) -> dict[str, Step]:
    fresh = Device.objects.select_related("workspace", "user", "model").get(pk=device.pk)
    return {step.key: step for step in gateway.steps_of(fresh)}


def states(device: Device) -> dict[str, State]:
    return {key: step.state for key, step in steps(device).items()}


def update(device: Device, **fields: Any) -> None:
    Device.objects.filter(pk=device.pk).update(**fields)


def test_a_dock_that_nobody_heard_of_yet_waits_at_its_first_word(dock: Device) -> None:
    assert states(dock) == {
        "account": GOOD, "login": WAITING, "first-word": WAITING, "topology": WAITING, "workspace": GOOD,
        "bind-code": WAITING, "first-osd": WAITING, "online": WAITING,
    }  # fmt: skip
    assert "access sheet" in steps(dock)["first-word"].advice


def test_a_remote_that_nobody_logged_in_on_is_told_where(remote: Device, settings: Any) -> None:
    found = steps(remote)
    assert list(found) == [
        "page-login", "account", "login", "first-word", "topology", "workspace", "socket", "modules", "first-osd", "online",
    ]  # fmt: skip
    assert found["page-login"].state is WAITING
    assert f"{settings.PUBLIC_URL}/pilot/" in found["page-login"].advice


def test_a_dock_at_work_is_well(dock: Device) -> None:
    update(dock, topology_stamp=1, bound_at=timezone.now(), online=True, online_changed_at=timezone.now())
    make_aircraft(dock.workspace, dock, callsign="Kestrel")
    say(dock, mode_code=0)
    log(dock)
    found = steps(dock)
    assert {key for key, step in found.items() if step.state is not GOOD} == {"login"}
    assert "Kestrel" in found["topology"].detail


@pytest.mark.parametrize(
    ("change", "state", "word"),
    [
        ({"withdrawn_at": timezone.now()}, BAD, "withdrawn"),
        ({"broker_error": "no control"}, BAD, "no control"),
        ({"broker_stamp": None}, WAITING, "in a moment"),
    ],
)
def test_the_account(dock: Device, settings: Any, change: dict[str, Any], state: State, word: str) -> None:
    settings.BROKER = "mosquitto"
    GatewayCredential.objects.update(**change)
    found = steps(dock)["account"]
    assert found.state is state
    assert word in found.detail


def test_a_gateway_without_an_account(workspace: Workspace) -> None:
    device = Device.objects.create(workspace=workspace, sn="DOCK-2", domain=Domain.DOCK)
    found = steps(device)
    assert (found["account"].state, found["login"].state) == (BAD, WAITING)


def test_the_login_is_tried_for_real(dock: Device, mosquitto: MosquittoServer, settings: Any) -> None:
    from devices.services import secrets
    from devices.services.broker.accounts import of_url

    settings.MQTT_PUBLIC_URL = mosquitto.public_url
    assert steps(dock)["login"].state is BAD, "the broker does not know this account"
    username, password = of_url(mosquitto.url)
    GatewayCredential.objects.update(username=username, secret=secrets.encrypt(password))
    assert steps(dock)["login"].state is GOOD


def test_a_password_that_nobody_can_read_is_named(dock: Device, mosquitto: MosquittoServer, settings: Any) -> None:
    settings.MQTT_PUBLIC_URL = mosquitto.public_url
    GatewayCredential.objects.update(secret=b"nonsense")
    assert "secret key" in steps(dock)["login"].detail


def test_what_could_not_be_used_is_shown(dock: Device) -> None:
    RejectedMessage.objects.create(
        sn=dock.sn, topic="t", reason="not_json", detail="no object", at=timezone.now(), workspace=dock.workspace
    )
    found = steps(dock)["first-word"]
    assert found.state is BAD
    assert "not_json" in found.detail


def bind_answer(dock: Device, result: int, code: int | None = None) -> None:
    errors = [] if code is None else [{"sn": dock.sn, "err_code": code}]
    log(
        dock, direction="down", method="airport_organization_bind",
        payload={"data": {"result": result, "output": {"err_infos": errors}}},
    )  # fmt: skip


def test_a_wrong_bind_code_is_red_until_a_right_one_comes(dock: Device) -> None:
    bind_answer(dock, binding.WRONG_CODE, binding.WRONG_CODE)
    assert states(dock)["bind-code"] is BAD
    assert states(dock)["workspace"] is GOOD
    update(dock, bound_at=timezone.now())
    bind_answer(dock, 0)
    assert states(dock)["bind-code"] is GOOD


def test_another_organisation_is_red_and_says_the_right_one(dock: Device) -> None:
    bind_answer(dock, binding.NO_ORGANISATION, binding.NO_ORGANISATION)
    found = steps(dock)["workspace"]
    assert found.state is BAD
    assert str(dock.workspace_id) in found.advice


def test_an_aircraft_of_another_workspace_is_red_for_a_day(dock: Device) -> None:
    row = RejectedMessage.objects.create(
        sn=dock.sn, topic="t", reason="conflict", detail="Sub-device X belongs elsewhere", at=timezone.now()
    )
    assert "belongs elsewhere" in steps(dock)["workspace"].detail
    row.at = timezone.now() - timedelta(days=2)
    row.save()
    assert states(dock)["workspace"] is GOOD


def test_silence_is_red_after_it_worked(dock: Device) -> None:
    say(dock, mode_code=0)
    update(dock, online=False, online_changed_at=timezone.now())
    assert states(dock)["online"] is BAD


@pytest.fixture
def logged_in(remote: Device) -> tuple[Device, AccessToken]:
    user = make_user(remote.workspace, Role.PILOT, username="ada")
    update(remote, user=user, bound_at=timezone.now())
    token, _key = tokens.issue(user, remote.workspace, "Pilot 2")
    pilot_presence.use(token, remote.sn)
    return remote, token


def test_the_login_on_a_remote(logged_in: tuple[Device, AccessToken]) -> None:
    remote, _token = logged_in
    assert "ada" in steps(remote)["page-login"].detail
    assert states(remote)["workspace"] is GOOD
    AccessToken.objects.update(expires_at=timezone.now())
    assert states(remote)["page-login"] is BAD


def test_somebody_who_left_the_workspace(logged_in: tuple[Device, AccessToken]) -> None:
    remote, _token = logged_in
    Membership.objects.all().delete()
    assert states(remote)["workspace"] is BAD


def test_a_token_of_another_workspace_does_not_count(remote: Device, other_workspace: Workspace) -> None:
    user = make_user(remote.workspace, Role.PILOT)
    Membership.objects.create(user=user, workspace=other_workspace, role=Role.PILOT)
    update(remote, user=user)
    tokens.issue(user, other_workspace, "Pilot 2")
    assert states(remote)["page-login"] is BAD


def test_the_socket_of_a_remote(logged_in: tuple[Device, AccessToken]) -> None:
    remote, token = logged_in
    assert states(remote)["socket"] is WAITING
    pilot_presence.opened(token, "channel-1")
    assert states(remote)["socket"] is GOOD
    pilot_presence.closed(token, "channel-1", 4401)
    found = steps(remote)["socket"]
    assert found.state is WAITING
    assert "login was over" in found.detail


def test_the_parts_on_a_remote(logged_in: tuple[Device, AccessToken]) -> None:
    remote, token = logged_in
    assert states(remote)["modules"] is WAITING

    def report(**modules: tuple[str, str]) -> Step:
        told = {name: {"state": state, "reason": reason} for name, (state, reason) in modules.items()}
        pilot_presence.note_report(token, remote.sn, told, "10.1")
        return steps(remote)["modules"]

    assert report(api=("good", ""), tsa=("bad", "no such component")).state is BAD
    assert "tsa: no such component" in steps(remote)["modules"].detail
    assert report(api=("good", ""), thing=("wait", "")).state is WAITING
    assert report(api=("good", "")).state is GOOD


def test_no_step_is_bad_without_a_reason(
    dock: Device, remote: Device, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for device in (dock, remote):
        for step in steps(device).values():
            assert step.title
            assert step.state is not BAD or step.detail
    fresh = Device.objects.select_related("workspace", "user", "model").get(pk=remote.pk)
    with django_assert_max_num_queries(12):
        gateway.steps_of(fresh)
