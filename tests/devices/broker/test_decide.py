"""What a broker that asks (EMQX, amqtt) is answered, from the database."""

from __future__ import annotations

from typing import Any

import pytest

from devices.models import Device, GatewayCredential
from devices.models.device import Domain
from devices.services import gateways
from devices.services.broker import accounts, decide, sync
from fleet.models import Workspace
from tests.factories import make_aircraft, make_dock

pytestmark = pytest.mark.django_db

SECRET = {"HTTP_AUTHORIZATION": "Bearer the word"}


@pytest.fixture(autouse=True)
def asking(settings: Any) -> None:
    settings.BROKER = "emqx"
    settings.MQTT_URL = "mqtt://spine:of%20iron@127.0.0.1:1883"
    settings.BROKER_HOOK_SECRET = "the word"
    settings.ROOT_URLCONF = "devices.api.broker"
    decide.forget()


@pytest.fixture
def dock(workspace: Workspace) -> Device:
    return gateways.add(workspace, "DOCK-A", kind=Domain.DOCK)[0]


@pytest.fixture
def rival(other_workspace: Workspace) -> Device:
    return gateways.add(other_workspace, "DOCK-B", kind=Domain.DOCK)[0]


def ask(client: Any, hook: str, headers: dict[str, str] = SECRET, **question: Any) -> dict[str, Any]:
    response = client.post(f"/broker/emqx/{hook}", question, content_type="application/json", **headers)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def test_only_the_present_password_of_that_gateway_lets_in(dock: Device, rival: Device) -> None:
    assert decide.authenticate("DOCK-A", gateways.password(dock), "DOCK-A")
    assert not decide.authenticate("DOCK-A", gateways.password(rival))
    assert not decide.authenticate("DOCK-A", "")
    assert not decide.authenticate("", "")
    assert not decide.authenticate("UNKNOWN", gateways.password(dock))
    before = gateways.password(dock)
    gateways.rotate(dock)
    assert not decide.authenticate("DOCK-A", before)
    gateways.withdraw(dock)
    assert not decide.authenticate("DOCK-A", before)


def test_nobody_takes_another_s_client_id(dock: Device, rival: Device) -> None:
    """A broker throws out whoever is connected with the same id."""
    password = gateways.password(rival)
    assert decide.authenticate("DOCK-B", password, "pilot-4711")
    assert decide.authenticate("DOCK-B", password, "DOCK-B-drc")
    assert not decide.authenticate("DOCK-B", password, "DOCK-A")
    assert not decide.authenticate("DOCK-B", password, "fleet-bridge")
    assert decide.authenticate("spine", "of iron", "fleet-bridge")


def test_the_bridge_has_the_account_of_the_settings() -> None:
    assert decide.authenticate("spine", "of iron")
    assert not decide.authenticate("spine", "of%20iron")
    assert decide.may("spine", "subscribe", "$share/fleet/thing/product/+/osd")
    assert decide.may("spine", "publish", "thing/product/DOCK-A/services")
    assert not decide.may("spine", "subscribe", "#")


def test_a_bridge_without_an_account_lets_nobody_in(settings: Any) -> None:
    settings.MQTT_URL = "mqtt://127.0.0.1:1883"
    assert not decide.authenticate("", "")
    assert not decide.may("", "subscribe", "thing/product/+/osd")


def test_rights_follow_the_topology_at_once(dock: Device, rival: Device) -> None:
    aircraft = make_aircraft(dock.workspace, None, sn="AIR-A")
    topic = "thing/product/AIR-A/osd"
    assert not decide.may("DOCK-A", "publish", topic)
    aircraft.gateway = dock
    aircraft.save()
    assert decide.may("DOCK-A", "publish", topic)
    assert not decide.may("DOCK-B", "publish", topic)


def test_what_was_allowed_is_asked_again_a_second_later(dock: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decide.may("DOCK-A", "publish", "thing/product/DOCK-A/osd")
    gateways.withdraw(dock)
    monkeypatch.setattr(decide, "LIFETIME", 0.0)
    assert not decide.may("DOCK-A", "publish", "thing/product/DOCK-A/osd")


def test_allowed_answers_do_not_ask_the_database_each_time(dock: Device, django_assert_num_queries: Any) -> None:
    decide.may("DOCK-A", "publish", "thing/product/DOCK-A/osd")
    with django_assert_num_queries(0):
        assert decide.may("DOCK-A", "publish", "thing/product/DOCK-A/state")


def test_an_aircraft_claimed_from_another_workspace_opens_nothing(
    dock: Device, rival: Device, other_workspace: Workspace, workspace: Workspace
) -> None:
    make_aircraft(other_workspace, dock, sn="AIR-B")
    make_dock(workspace, sn="DOCK-C", gateway=dock)
    Device.objects.filter(pk=rival.pk).update(gateway=dock)
    for sn in ("AIR-B", "DOCK-B", "DOCK-C"):
        assert not decide.may("DOCK-A", "publish", f"thing/product/{sn}/osd")
        assert not decide.may("DOCK-A", "subscribe", f"thing/product/{sn}/services")


def test_a_session_of_a_rotated_password_may_do_nothing_more(dock: Device) -> None:
    stamp = decide.stamp_of("DOCK-A")
    topic = "thing/product/DOCK-A/osd"
    assert decide.may("DOCK-A", "publish", topic, stamp)
    gateways.rotate(dock)
    decide.forget()
    assert not decide.may("DOCK-A", "publish", topic, stamp)
    assert decide.may("DOCK-A", "publish", topic, decide.stamp_of("DOCK-A"))
    assert decide.stamp_of("UNKNOWN") == ""


def test_reading_all_accounts_takes_the_same_queries_however_many(
    workspace: Workspace, django_assert_num_queries: Any
) -> None:
    for number in range(12):
        device = gateways.add(workspace, f"DOCK-{number}", kind=Domain.DOCK)[0]
        make_aircraft(workspace, device)
    with django_assert_num_queries(2):
        known = accounts.everyone()
    assert len(known) == 12
    assert all(len(account.rules.read) == 3 for account in known)


def test_a_gateway_that_claims_a_crowd_has_bounded_rights(workspace: Workspace, dock: Device) -> None:
    for _number in range(30):
        make_aircraft(workspace, dock)
    account = accounts.of_device(dock.pk)
    assert account is not None
    assert len(account.rules.read) == 2 + 16
    assert decide.may("DOCK-A", "publish", "sys/product/DOCK-A/status")


def test_emqx_asks_who_may_connect(client: Any, dock: Device) -> None:
    answer = ask(client, "auth", username="DOCK-A", password=gateways.password(dock), clientid="DOCK-A")
    assert answer["result"] == "allow"
    assert answer["is_superuser"] is False
    assert answer["client_attrs"] == {"stamp": decide.stamp_of("DOCK-A")}
    assert ask(client, "auth", username="DOCK-A", password="wrong", clientid="DOCK-A") == {"result": "deny"}
    bridge = ask(client, "auth", username="spine", password="of iron", clientid="fleet-bridge")
    assert (bridge["result"], bridge["is_superuser"]) == ("allow", False)


def test_emqx_asks_who_may_do_what(client: Any, dock: Device, rival: Device) -> None:
    def may(username: str, action: str, topic: str, **more: str) -> str:
        return str(ask(client, "acl", username=username, action=action, topic=topic, **more)["result"])

    assert may("DOCK-A", "publish", "thing/product/DOCK-A/osd") == "allow"
    assert may("DOCK-A", "subscribe", "thing/product/DOCK-A/#") == "allow"
    assert may("DOCK-B", "publish", "thing/product/DOCK-A/osd") == "deny"
    assert may("DOCK-B", "subscribe", "thing/product/+/osd") == "deny"
    assert may("DOCK-A", "publish", "thing/product/DOCK-A/services") == "deny"
    stamp = decide.stamp_of("DOCK-A")
    gateways.rotate(dock)
    decide.forget()
    assert may("DOCK-A", "publish", "thing/product/DOCK-A/osd", stamp=stamp) == "deny"
    assert may("spine", "publish", "thing/product/DOCK-A/services") == "allow"


@pytest.mark.parametrize("headers", [{}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "the word"}])
def test_the_hooks_answer_the_broker_only(client: Any, dock: Device, headers: dict[str, str]) -> None:
    question = {"username": "DOCK-A", "password": gateways.password(dock)}
    response = client.post("/broker/emqx/auth", question, content_type="application/json", **headers)
    assert response.status_code == 403
    assert response.content == b""


def test_without_a_secret_or_another_broker_there_are_no_hooks(client: Any, settings: Any) -> None:
    settings.BROKER_HOOK_SECRET = ""
    for headers in (SECRET, {"HTTP_AUTHORIZATION": "Bearer "}):
        assert client.post("/broker/emqx/acl", {}, content_type="application/json", **headers).status_code == 404
    settings.BROKER_HOOK_SECRET, settings.BROKER = "the word", "mosquitto"
    assert client.post("/broker/emqx/acl", {}, content_type="application/json", **SECRET).status_code == 404


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b'"x"', b'{"username": 5, "topic": {}}', b"\xff\xfe"])
def test_a_question_that_cannot_be_read_is_denied(client: Any, body: bytes) -> None:
    for hook in ("auth", "acl"):
        response = client.post(f"/broker/emqx/{hook}", body, content_type="application/json", **SECRET)
        assert (response.status_code, response.json()) == (200, {"result": "deny"})
    assert client.get("/broker/emqx/acl", **SECRET).status_code == 405


def test_a_broker_that_asks_knows_a_change_at_once(
    dock: Device, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        gateways.rotate(dock)
    credential = GatewayCredential.objects.get()
    assert credential.broker_stamp == credential.changed_at
    settings.BROKER = "none"
    with django_capture_on_commit_callbacks(execute=True):
        gateways.rotate(dock)
    credential.refresh_from_db()
    assert credential.broker_stamp != credential.changed_at
    settings.BROKER = "emqx"
    assert sync.reconcile().error == ""
    credential.refresh_from_db()
    assert credential.broker_stamp == credential.changed_at
