"""Logging in, staying in, leaving."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from devices.services import gateways
from fleet.models import AccessToken, AuditEntry, Membership, Role, Workspace
from fleet.services import lockout, tokens
from tests.factories import make_user
from tests.pilot.people import PASSWORD, unique

LOGIN = "/manage/api/v1/login"
REFRESH = "/manage/api/v1/token/refresh"
LOGOUT = "/manage/api/v1/logout"
CHOICE = "/manage/api/v1/workspaces/choice"
CURRENT = "/manage/api/v1/workspaces/current"


def log_in(api, user, **more):
    body = {"username": user.username, "password": PASSWORD, "flag": 2} | more
    return api.post(LOGIN, body, format="json")


def with_token(key: str) -> APIClient:
    return APIClient(HTTP_X_AUTH_TOKEN=key)


def test_a_login_hands_out_token_workspace_and_broker(anonymous, make_user, workspace, settings):
    settings.MQTT_PUBLIC_URL = "tcp://192.168.7.7:1883"
    user = make_user((workspace, Role.PILOT))
    answer = log_in(anonymous, user)
    assert answer.status_code == 200
    assert answer.json()["code"] == 0
    assert answer.json()["message"] == "success"
    data = answer.json()["data"]
    assert data["user_id"] == str(user.pk)
    assert data["username"] == user.username
    assert data["workspace_id"] == str(workspace.pk)
    assert data["user_type"] == 2
    assert data["mqtt_addr"] == "tcp://192.168.7.7:1883"
    assert (data["mqtt_username"], data["mqtt_password"]) == ("", "")
    assert data["workspaces"] == [{"workspace_id": str(workspace.pk), "workspace_name": workspace.name}]
    current = with_token(data["access_token"]).get(CURRENT).json()
    assert current["data"]["workspace_id"] == str(workspace.pk)


def test_a_login_on_a_known_remote_hands_out_that_remotes_own_account(anonymous, make_user, workspace, add_remote):
    remote, password = add_remote(workspace)
    add_remote(workspace)
    data = log_in(anonymous, make_user((workspace, Role.PILOT)), device_sn=remote.sn).json()["data"]
    assert (data["mqtt_username"], data["mqtt_password"]) == (remote.credential.username, password)


def test_a_login_never_hands_out_the_account_of_another_workspaces_remote(
    anonymous, make_user, workspace, other, add_remote
):
    foreign, password = add_remote(other)
    unknown = log_in(anonymous, make_user((workspace, Role.PILOT)), device_sn=unique("RC")).json()["data"]
    answer = log_in(anonymous, make_user((workspace, Role.ADMIN)), device_sn=foreign.sn)
    assert password not in answer.content.decode()
    assert answer.json()["data"]["mqtt_username"] == ""
    assert answer.json()["data"]["mqtt_note"] == unknown["mqtt_note"], "tells that somebody else has it"


def test_a_viewer_gets_no_account(anonymous, make_user, workspace, add_remote):
    remote, password = add_remote(workspace)
    answer = log_in(anonymous, make_user((workspace, Role.VIEWER)), device_sn=remote.sn)
    assert password not in answer.content.decode()
    assert "viewer" in answer.json()["data"]["mqtt_note"].lower()


def test_a_withdrawn_remote_gets_no_account(anonymous, make_user, workspace, add_remote):
    remote, password = add_remote(workspace)
    gateways.withdraw(remote)
    answer = log_in(anonymous, make_user((workspace, Role.PILOT)), device_sn=remote.sn)
    assert password not in answer.content.decode()
    assert "withdrawn" in answer.json()["data"]["mqtt_note"]


def test_a_dock_account_is_not_for_pilots(anonymous, make_user, workspace):
    dock, password = gateways.add(workspace, unique("DOCK"), kind=3)
    answer = log_in(anonymous, make_user((workspace, Role.ADMIN)), device_sn=dock.sn)
    assert password not in answer.content.decode()


def test_wrong_password_unknown_name_and_closed_account_sound_the_same(anonymous, make_user, workspace):
    known, closed = make_user((workspace, Role.PILOT)), make_user((workspace, Role.PILOT), is_active=False)
    answers = [
        anonymous.post(LOGIN, {"username": name, "password": password}, format="json")
        for name, password in [
            (known.username, "wrong"),
            (unique("nobody"), PASSWORD),
            (closed.username, PASSWORD),
        ]
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] != 0
    assert "wrong" in answers[0].json()["message"]
    assert AccessToken.objects.count() == 0


def test_guessing_is_locked_out_with_a_time(anonymous, make_user, workspace):
    user = make_user((workspace, Role.PILOT))
    for _ in range(lockout.PER_NAME_AND_ADDRESS):
        assert log_in(anonymous, user, password="wrong").json()["code"] == 1001
    locked = log_in(anonymous, user).json()
    assert locked["code"] == 1002, "the right password opens a door that is shut"
    assert "minutes" in locked["message"]
    assert 0 < locked["data"]["retry_after"] <= lockout.WINDOW
    elsewhere = APIClient(REMOTE_ADDR="192.0.2.77")
    assert log_in(elsewhere, user).json()["code"] == 0, "a stranger keeps the owner out"


def test_an_address_that_tries_many_names_is_locked_out(anonymous, db):
    def guess() -> int:
        return anonymous.post(LOGIN, {"username": unique("name"), "password": "x"}, format="json").json()["code"]

    for _ in range(lockout.PER_ADDRESS):
        assert guess() == 1001
    assert guess() == 1002


def test_a_name_guessed_from_many_addresses_is_locked_out(make_user, workspace):
    user = make_user((workspace, Role.PILOT))
    clients = [APIClient(REMOTE_ADDR=f"{unique('host')}") for _ in range(lockout.PER_NAME + 1)]
    codes = [log_in(api, user, password="wrong").json()["code"] for api in clients]
    assert codes == [1001] * lockout.PER_NAME + [1002]


def test_a_success_forgives_the_failures_before_it(anonymous, make_user, workspace):
    user = make_user((workspace, Role.PILOT))
    for _ in range(3):
        for _ in range(lockout.PER_NAME_AND_ADDRESS - 1):
            assert log_in(anonymous, user, password="wrong").json()["code"] == 1001
        assert log_in(anonymous, user).json()["code"] == 0


def test_success_failure_and_lockout_are_in_the_audit_without_secrets(
    anonymous, make_user, workspace, add_remote, address
):
    user = make_user((workspace, Role.PILOT))
    remote, mqtt_password = add_remote(workspace)
    log_in(anonymous, user, password="Sesame-open-1")
    key = log_in(anonymous, user, device_sn=remote.sn).json()["data"]["access_token"]
    for _ in range(lockout.PER_NAME_AND_ADDRESS + 3):
        log_in(anonymous, user, password="Sesame-open-1")
    with_token(key).post(LOGOUT)
    entries = list(AuditEntry.objects.filter(actor=user.username))
    assert {"login", "login.failed", "login.locked", "logout"} <= {entry.action for entry in entries}
    assert [entry.action for entry in entries].count("login.locked") == 1, "a guesser fills the audit"
    success = next(entry for entry in entries if entry.action == "login")
    assert (success.workspace, success.user, success.target) == (workspace, user, remote.sn)
    assert success.detail["address"] == address
    text = "".join(f"{entry.target}{entry.detail}" for entry in entries)
    for secret in ("Sesame-open-1", PASSWORD, key, mqtt_password):
        assert secret not in text


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "text",
        None,
        {"username": "a"},
        {"username": "a" * 200, "password": "b"},
        {"username": "a", "password": "b" * 2000},
        {"username": {"$gt": ""}, "password": "b"},
        {"username": "a\x00b", "password": "b"},
    ],
)
def test_bad_input_is_a_400_with_a_sentence(anonymous, db, body):
    answer = anonymous.post(LOGIN, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] == 400
    assert answer.json()["message"]


def test_somebody_with_two_workspaces_gets_the_first_by_name_or_the_one_they_ask_for(
    anonymous, make_user, workspace, other
):
    user = make_user((other, Role.VIEWER), (workspace, Role.PILOT))
    data = log_in(anonymous, user).json()["data"]
    assert data["workspace_id"] == str(workspace.pk)
    assert [found["workspace_name"] for found in data["workspaces"]] == [workspace.name, other.name]
    asked = log_in(anonymous, user, workspace_id=str(other.pk)).json()["data"]
    assert asked["workspace_id"] == str(other.pk)


def test_a_foreign_and_an_unknown_workspace_are_refused_alike(anonymous, make_user, workspace, other):
    user = make_user((workspace, Role.PILOT))
    foreign = log_in(anonymous, user, workspace_id=str(other.pk))
    unknown = log_in(anonymous, user, workspace_id="b0e5a2ad-0000-4000-8000-000000000000")
    nonsense = log_in(anonymous, user, workspace_id="nonsense")
    assert foreign.json()["code"] == 1003
    assert foreign.content == unknown.content == nonsense.content
    assert AccessToken.objects.count() == 0


def test_somebody_without_a_workspace_is_told_what_to_do(anonymous, make_user, db):
    answer = log_in(anonymous, make_user()).json()
    assert answer["code"] == 1003
    assert "administrator" in answer["message"]


def test_choosing_another_workspace_ends_the_token_of_the_first(anonymous, make_user, workspace, other):
    user = make_user((workspace, Role.PILOT), (other, Role.PILOT))
    old = log_in(anonymous, user).json()["data"]["access_token"]
    chosen = with_token(old).post(CHOICE, {"workspace_id": str(other.pk)}, format="json").json()["data"]
    assert chosen["workspace_id"] == str(other.pk)
    new = with_token(chosen["access_token"]).get(CURRENT).json()["data"]
    assert new["workspace_id"] == str(other.pk)
    assert with_token(old).get(CURRENT).status_code == 401


def test_nobody_chooses_a_workspace_they_have_no_part_in(pilot, other):
    answer = pilot.api.post(CHOICE, {"workspace_id": str(other.pk)}, format="json").json()
    assert answer["code"] == 1003
    assert pilot.api.get(CURRENT).status_code == 200, "a refused choice logged them out"


def test_refreshing_gives_a_new_token_and_ends_the_old(pilot):
    fresh = pilot.api.post(REFRESH, {}, format="json").json()["data"]
    assert fresh["workspace_id"] == str(pilot.workspace.pk)
    assert fresh["access_token"] != pilot.key
    assert with_token(fresh["access_token"]).get(CURRENT).status_code == 200
    again = pilot.api.post(REFRESH, {}, format="json")
    assert (again.status_code, again.content) == (401, b"")


def test_an_expired_token_is_not_refreshed(pilot):
    AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = pilot.api.post(REFRESH, {}, format="json")
    assert (answer.status_code, answer.content) == (401, b"")


def test_logging_out_ends_the_token(pilot):
    assert pilot.api.post(LOGOUT).json() == {"code": 0, "message": "success", "data": {}}
    assert pilot.api.get(CURRENT).status_code == 401


def test_somebody_who_left_the_workspace_gets_nothing_more(pilot):
    Membership.objects.all().delete()
    answer = pilot.api.get(CURRENT)
    assert answer.status_code in (401, 403)
    assert str(pilot.workspace.pk) not in answer.content.decode()


def test_a_superuser_may_enter_every_workspace(anonymous, make_user, workspace, other):
    user = make_user(is_superuser=True)
    names = {found["workspace_name"] for found in log_in(anonymous, user).json()["data"]["workspaces"]}
    assert names == set(Workspace.objects.values_list("name", flat=True))


def test_tokens_that_ended_long_ago_are_removed(workspace: Workspace) -> None:
    user = make_user(workspace, Role.PILOT)
    made = [tokens.issue(user, workspace)[0] for _each in range(4)]
    now = timezone.now()
    AccessToken.objects.filter(pk=made[0].pk).update(expires_at=now - timedelta(days=31))
    AccessToken.objects.filter(pk=made[1].pk).update(revoked_at=now - timedelta(days=31))
    AccessToken.objects.filter(pk=made[2].pk).update(expires_at=now - timedelta(days=29))
    assert tokens.prune() == 2
    assert set(AccessToken.objects.values_list("pk", flat=True)) == {made[2].pk, made[3].pk}
