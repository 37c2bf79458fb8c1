"""What the page inside Pilot 2 asks of the server beyond logging in."""

from __future__ import annotations

import pytest
from django.utils import timezone

from fleet.models import AccessToken, Icon, PilotSettings, ThirdPartyApp
from fleet.services import pilot_page, pilot_presence, tokens
from tests.pilot.pictures import png

SETTINGS, TOKEN, REPORT = ("/manage/api/v1/pilot/settings", "/manage/api/v1/pilot/token", "/manage/api/v1/pilot/report")


def data(answer):
    assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.content
    return answer.json()["data"]


def test_a_workspace_that_set_nothing_has_defaults(pilot, settings):
    found = data(pilot.api.get(SETTINGS))
    lifetime = settings.TOKEN_LIFETIME.total_seconds()
    assert lifetime - 60 < found.pop("token_seconds") <= lifetime
    assert found == {
        "workspace_id": str(pilot.workspace.pk),
        "version": settings.VERSION,
        "media": {"autoUploadPhoto": True, "autoUploadPhotoType": 0, "autoUploadVideo": True, "downloadOwner": 0},
        "live": {"mode": "video-demand-aux-manual", "url": ""},
        "map": {"userName": "Ada Pilot", "elementPreName": "PILOT"},
        "log_key": "",
        "apps": [],
    }


def test_each_workspace_has_its_own(pilot, stranger):
    icon = Icon.objects.create(workspace=pilot.workspace, name="Radio", image=png())
    PilotSettings.objects.create(workspace=pilot.workspace, live_url="rtmp://v.example/{sn}", log_public_key="KEY")
    ThirdPartyApp.objects.create(workspace=pilot.workspace, name="B", url="b://x", position=2)
    ThirdPartyApp.objects.create(workspace=pilot.workspace, name="A", url="a://x", position=1, icon=icon)
    ours = data(pilot.api.get(f"{SETTINGS}?device_sn=RC-1"))
    assert ours["live"]["url"] == "rtmp://v.example/RC-1"
    assert ours["log_key"] == "KEY"
    assert [app["name"] for app in ours["apps"]] == ["A", "B"]
    assert ours["apps"][0]["icon"] == f"/pilot/icons/{icon.pk}.png"
    theirs = data(stranger.api.get(f"{SETTINGS}?device_sn=RC-1"))
    assert (theirs["live"]["url"], theirs["log_key"], theirs["apps"]) == ("", "", [])


@pytest.mark.parametrize("method, path", [("get", SETTINGS), ("post", TOKEN), ("post", REPORT)])
def test_nobody_asks_without_a_token(anonymous, db, method, path):
    answer = getattr(anonymous, method)(path, {}, format="json")
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_renewed_token_takes_over_within_a_minute(pilot):
    found = data(pilot.api.post(TOKEN, {"device_sn": "RC-1"}, format="json"))
    fresh = tokens.find(found["access_token"])
    assert fresh is not None
    assert (fresh.user, fresh.workspace) == (pilot.user, pilot.workspace)
    old = tokens.find(pilot.key)
    assert old is not None, "Pilot's modules still work with it for a moment"
    assert old.expires_at <= timezone.now() + pilot_page.GRACE


def test_renewing_makes_no_old_token_live_longer(pilot):
    soon = timezone.now() + pilot_page.GRACE / 2
    AccessToken.objects.update(expires_at=soon)
    data(pilot.api.post(TOKEN, {}, format="json"))
    assert tokens.find(pilot.key).expires_at == soon


@pytest.mark.parametrize("spoil", [{"expires_at": timezone.now()}, {"revoked_at": timezone.now()}])
def test_a_token_that_is_over_is_not_renewed(pilot, spoil):
    AccessToken.objects.update(**spoil)
    assert pilot.api.post(TOKEN, {}, format="json").status_code == 401


def report(**fields):
    module = {"name": "ws", "state": "bad", "reason": "no way through"}
    return {"device_sn": "RC-1", "version": "10.1", "modules": [module], **fields}


def test_what_a_remote_reports_is_kept_for_its_own_workspace(pilot, stranger):
    data(pilot.api.post(REPORT, report(), format="json"))
    kept = pilot_presence.report_of(pilot.workspace.pk, "RC-1")
    assert kept is not None
    assert (kept.user, kept.version) == (pilot.user.username, "10.1")
    assert kept.modules == {"ws": {"state": "bad", "reason": "no way through"}}
    assert pilot_presence.report_of(stranger.workspace.pk, "RC-1") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"device_sn": "x" * 65},
        {"device_sn": ""},
        {"modules": "all"},
        {"modules": [{"name": "ws", "state": "wonderful"}]},
        {"modules": [{"name": "<b>", "state": "bad"}]},
        {"modules": [{"name": "ws", "state": "bad", "reason": "x" * 501}]},
        {"modules": [{"name": "ws", "state": "bad"}] * 21},
    ],
)
def test_a_report_that_is_none_is_refused(pilot, wrong):
    answer = pilot.api.post(REPORT, report(**wrong), format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_an_icon_is_loaded_without_a_token_and_runs_nothing(client, pilot):
    icon = Icon.objects.create(workspace=pilot.workspace, name="Radio", image=png())
    answer = client.get(icon.path)
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "image/png", png())
    assert "immutable" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.post(icon.path).status_code == 405
    assert client.get("/pilot/icons/b0e5a2ad-0000-4000-8000-000000000000.png").status_code == 404
