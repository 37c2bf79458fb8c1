"""What an answer looks like, and which status it has: 401 makes Pilot leave the cloud."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.test import APIClient

from fleet.api.envelope import exception_handler
from fleet.models import AccessToken

CURRENT = "/manage/api/v1/workspaces/current"
GUARDED = [
    ("get", CURRENT),
    ("get", "/manage/api/v1/workspaces"),
    ("get", "/manage/api/v1/users/current"),
    ("post", "/manage/api/v1/token/refresh"),
    ("post", "/manage/api/v1/logout"),
    ("post", "/manage/api/v1/workspaces/choice"),
    ("get", "/manage/api/v1/workspaces/{workspace}/devices/topologies"),
    ("get", "/manage/api/v1/devices/{workspace}/devices/SN1"),
    ("post", "/manage/api/v1/devices/SN1/binding"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("spoil", ["missing", "wrong", "expired", "revoked", "closed account"])
def test_only_a_token_that_is_no_good_is_a_401_and_it_has_no_body(pilot, method, path, spoil):
    api = pilot.api
    if spoil == "missing":
        api = APIClient()
    elif spoil == "wrong":
        api = APIClient(HTTP_X_AUTH_TOKEN="flt_" + "x" * 40)
    elif spoil == "expired":
        AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif spoil == "revoked":
        AccessToken.objects.update(revoked_at=timezone.now())
    else:
        type(pilot.user).objects.update(is_active=False)
    answer = getattr(api, method)(path.format(workspace=pilot.workspace.pk))
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_session_cookie_is_no_token(pilot):
    browser = APIClient()
    browser.force_login(pilot.user)
    assert browser.get(CURRENT).status_code == 401


def test_what_is_not_json_is_a_400(pilot):
    answer = pilot.api.post("/manage/api/v1/workspaces/choice", b"{nope", content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == 400


def test_a_missing_field_is_named(pilot):
    answer = pilot.api.post("/manage/api/v1/workspaces/choice", {}, format="json")
    assert answer.status_code == 400
    assert "workspace_id" in answer.json()["message"]


def test_a_wrong_method_is_no_401(pilot):
    answer = pilot.api.delete(CURRENT)
    assert (answer.status_code, answer.json()["code"]) == (405, 405)


def test_a_failure_inside_is_a_500_that_tells_nothing_of_the_inside(caplog):
    answer = exception_handler(RuntimeError("secret table fleet_token at /srv/fleet"), {})
    assert answer.status_code == 500
    assert answer.data["code"] == 500
    assert "secret" not in str(answer.data)
    assert "secret table" in caplog.text, "the operator does not find it in the log"


def test_a_database_that_is_away_is_a_503_and_nobody_is_logged_out():
    answer = exception_handler(OperationalError("connection refused by 10.0.0.9"), {})
    assert answer.status_code == 503
    assert "10.0.0.9" not in str(answer.data)


def test_too_often_says_when_to_come_back():
    answer = exception_handler(exceptions.Throttled(wait=7.2), {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "8")


def test_the_schema_is_for_staff_who_are_logged_in_and_shows_the_envelope(pilot, make_user):
    path = "/manage/api/v1/schema?format=json"
    assert pilot.api.get(path).status_code == 403
    outsider = APIClient()
    outsider.force_login(pilot.user)
    assert outsider.get(path).status_code == 403
    staff = APIClient()
    staff.force_login(make_user(is_staff=True))
    schema = staff.get(path)
    assert schema.status_code == 200
    operation = schema.json()["paths"]["/manage/api/v1/workspaces/{workspace_id}/devices/topologies"]["get"]
    body = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"code", "message", "data"}
    assert operation["security"] == [{"token": []}]


def test_a_body_that_is_nested_without_end_is_a_bad_request(client: Client, db: None) -> None:
    answer = client.post("/manage/api/v1/login", b"[" * 100_000, content_type="application/json")
    assert answer.status_code == 400
