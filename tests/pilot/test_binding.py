"""A remote joins the workspace of whoever logs in on it."""

from __future__ import annotations

import pytest

from devices.models import Device
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import Role
from tests.pilot.people import unique


def bind(person, sn, **body):
    return person.api.post(f"/manage/api/v1/devices/{sn}/binding", body, format="json")


def test_a_pilot_registers_a_remote_nobody_has(pilot):
    sn = unique("RC")
    answer = bind(pilot, sn, device_sn=sn, user_id=str(pilot.user.pk), workspace_id=str(pilot.workspace.pk))
    assert answer.json()["code"] == 0
    remote = Device.objects.get(sn=sn)
    assert (remote.workspace, remote.user, remote.domain) == (pilot.workspace, pilot.user, Domain.REMOTE)
    assert remote.bound_at is not None
    account = pilot.api.get("/manage/api/v1/users/current", {"device_sn": sn}).json()["data"]
    assert account["mqtt_password"] == gateways.password(remote)


def test_asking_again_changes_nothing(pilot):
    sn = unique("RC")
    bind(pilot, sn)
    first = Device.objects.get(sn=sn)
    password = gateways.password(first)
    assert bind(pilot, sn).json()["code"] == 0
    second = Device.objects.get(sn=sn)
    assert (second.pk, second.bound_at, second.user) == (first.pk, first.bound_at, first.user)
    assert gateways.password(second) == password


def test_another_pilot_on_the_same_remote_takes_it_over(pilot, join):
    sn = unique("RC")
    bind(pilot, sn)
    colleague = join(pilot.workspace, Role.PILOT)
    bound_at = Device.objects.get(sn=sn).bound_at
    assert bind(colleague, sn).json()["code"] == 0
    remote = Device.objects.get(sn=sn)
    assert (remote.user, remote.bound_at) == (colleague.user, bound_at)


def test_nobody_takes_a_remote_from_another_workspace(pilot, stranger, add_remote):
    remote, _password = add_remote(stranger.workspace)
    answer = bind(pilot, remote.sn)
    assert (answer.status_code, answer.json()["code"]) == (200, 1101)
    for secret in (stranger.workspace.name, str(stranger.workspace.pk), stranger.user.username):
        assert secret not in answer.content.decode()
    remote.refresh_from_db()
    assert (remote.workspace, remote.user, remote.bound_at) == (stranger.workspace, None, None)


def test_a_claim_of_another_workspace_is_forbidden(pilot, other):
    sn = unique("RC")
    answer = bind(pilot, sn, device_sn=sn, workspace_id=str(other.pk))
    assert (answer.status_code, answer.json()["code"]) == (403, 403)
    assert not Device.objects.filter(sn=sn).exists()


def test_nobody_binds_for_somebody_else(pilot, join):
    sn = unique("RC")
    colleague = join(pilot.workspace, Role.PILOT)
    assert bind(pilot, sn, user_id=str(colleague.user.pk)).status_code == 403
    assert not Device.objects.filter(sn=sn).exists()


def test_a_viewer_may_not_bind(viewer):
    sn = unique("RC")
    answer = bind(viewer, sn)
    assert answer.status_code == 403
    assert "Pilot" in answer.json()["message"]
    assert not Device.objects.filter(sn=sn).exists()


def test_a_dock_does_not_join_by_a_login(pilot):
    dock, _password = gateways.add(pilot.workspace, unique("DOCK"), kind=Domain.DOCK)
    assert bind(pilot, dock.sn).json()["code"] == 1103
    dock.refresh_from_db()
    assert (dock.user, dock.bound_at) == (None, None)


def test_a_withdrawn_remote_stays_out(pilot, add_remote):
    remote, _password = add_remote(pilot.workspace)
    gateways.withdraw(remote)
    assert bind(pilot, remote.sn).json()["code"] == 1102


def test_serials_that_differ_are_bad_input(pilot):
    assert bind(pilot, unique("RC"), device_sn=unique("RC")).status_code == 400


@pytest.mark.parametrize("sn", ["with%20space", "plus+", "%23", "a" * 65, "%C3%A9"])
def test_what_could_widen_a_broker_rule_is_no_serial(pilot, sn):
    assert bind(pilot, sn).status_code == 400
    assert not Device.objects.filter(workspace=pilot.workspace).exists()


def test_a_remote_that_came_without_an_account_is_given_one(pilot, add_device):
    remote = add_device(pilot.workspace, Domain.REMOTE)
    assert bind(pilot, remote.sn).json()["code"] == 0
    account = pilot.api.get("/manage/api/v1/users/current", {"device_sn": remote.sn}).json()["data"]
    assert account["mqtt_password"] == gateways.password(remote)


def test_a_secret_key_that_changed_is_explained_and_logs_nobody_in(pilot, add_remote, settings):
    remote, _password = add_remote(pilot.workspace)
    settings.SECRET_KEY = "another one"
    answer = pilot.api.get("/manage/api/v1/users/current", {"device_sn": remote.sn})
    assert answer.status_code == 200
    assert answer.json()["data"]["mqtt_username"] == ""
    assert "secret key" in answer.json()["data"]["mqtt_note"]


def test_a_new_person_on_a_remote_is_told_to_the_others(pilot, django_capture_on_commit_callbacks):
    sn = unique("RC")
    with django_capture_on_commit_callbacks() as first:
        bind(pilot, sn)
    with django_capture_on_commit_callbacks() as again:
        bind(pilot, sn)
    assert len(first) > len(again) == 0
