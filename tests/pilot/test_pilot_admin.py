"""The console's pages about remotes: who may change what, and what stays in one workspace."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from devices.models.device import Domain
from fleet.models import AuditEntry, Icon, ModelIcon, PilotSettings, Role, ThirdPartyApp
from tests.pilot.pictures import png

SETTINGS = {
    "auto_upload_photo": "on", "photo_type": "1", "download_owner": "1", "live_mode": "video-by-manual",
    "live_url": "rtmp://v.example/{sn}", "element_prefix": "TEAM", "log_public_key": "KEY",
}  # fmt: skip
LISTS = ["thirdpartyapp", "icon", "modelicon"]


def url(name, *args):
    return reverse(f"admin:fleet_{name}", args=args)


@pytest.fixture
def enter(make_user):
    def log_in(workspace, role):
        client = Client()
        client.force_login(make_user((workspace, role)))
        return client

    return log_in


@pytest.fixture
def boss(enter, workspace):
    return enter(workspace, Role.ADMIN)


def picture(data=None, name="i.png"):
    return SimpleUploadedFile(name, png() if data is None else data, "image/png")


def test_an_administrator_sets_how_the_parts_start(boss, workspace, other):
    page = boss.get(url("pilotsettings_changelist"), follow=True)
    assert page.status_code == 200
    assert url("thirdpartyapp_changelist") in page.content.decode()
    where = url("pilotsettings_change", workspace.pk)
    assert boss.post(where, SETTINGS).status_code == 302
    kept = PilotSettings.objects.get(workspace=workspace)
    assert (kept.auto_upload_photo, kept.auto_upload_video, kept.photo_type) == (True, False, 1)
    assert (kept.element_prefix, kept.live_url) == ("TEAM", "rtmp://v.example/{sn}")
    entry = AuditEntry.objects.get(action="pilot_settings.changed")
    assert entry.workspace == workspace
    assert "KEY" not in str(entry.detail)
    assert not PilotSettings.objects.filter(workspace=other).exists()


@pytest.mark.parametrize("wrong", [{"live_url": "http://x"}, {"element_prefix": "<b>"}, {"photo_type": "7"}])
def test_what_makes_no_sense_is_refused_at_its_field(boss, workspace, wrong):
    boss.get(url("pilotsettings_changelist"))
    answer = boss.post(url("pilotsettings_change", workspace.pk), SETTINGS | wrong)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == list(wrong)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT, Role.OPERATOR])
def test_others_read_and_change_nothing(enter, workspace, role):
    PilotSettings.objects.create(workspace=workspace)
    client = enter(workspace, role)
    assert client.get(url("pilotsettings_changelist"), follow=True).status_code == 200
    assert client.post(url("pilotsettings_change", workspace.pk), SETTINGS).status_code == 403
    for name in LISTS:
        assert client.get(url(f"{name}_changelist")).status_code == 200
        assert client.post(url(f"{name}_add"), {}).status_code == 403
    assert PilotSettings.objects.get().element_prefix == "PILOT"


def test_another_workspaces_rows_are_not_there(boss, other):
    PilotSettings.objects.create(workspace=other)
    icon = Icon.objects.create(workspace=other, name="Theirs", image=png())
    rows = {
        "pilotsettings": other.pk,
        "thirdpartyapp": ThirdPartyApp.objects.create(workspace=other, name="Theirs", url="x://y").pk,
        "icon": icon.pk,
        "modelicon": ModelIcon.objects.create(workspace=other, model_key="0-1-0", normal=icon).pk,
    }
    for name, pk in rows.items():
        assert boss.get(url(f"{name}_change", pk)).status_code == 404
        assert boss.post(url(f"{name}_change", pk), SETTINGS).status_code == 404
    for name in LISTS:
        assert "Theirs" not in boss.get(url(f"{name}_changelist")).content.decode()
        assert boss.post(url(f"{name}_delete", rows[name]), {"post": "yes"}).status_code == 404
    offered = boss.get(url("thirdpartyapp_add")).content.decode()
    assert str(icon.pk) not in offered
    answer = boss.post(url("thirdpartyapp_add"), {"name": "X", "url": "x://y", "icon": str(icon.pk), "position": "0"})
    assert "icon" in answer.context["adminform"].form.errors


def test_an_icon_is_uploaded_and_its_address_shown(boss, workspace):
    assert boss.post(url("icon_add"), {"name": "Red", "file": picture()}).status_code == 302
    icon = Icon.objects.get()
    assert (icon.workspace, bytes(icon.image)) == (workspace, png())
    page = boss.get(url("icon_change", icon.pk)).content.decode()
    assert icon.path in page
    assert 'type="file"' not in page
    boss.post(url("icon_change", icon.pk), {"name": "Blue"})
    icon.refresh_from_db()
    assert (icon.name, bytes(icon.image)) == ("Blue", png())


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", png(600, 600), png() + b"x" * 100_000])
def test_what_is_no_icon_is_refused(boss, data):
    answer = boss.post(url("icon_add"), {"name": "Red", "file": picture(data)})
    assert "file" in answer.context["adminform"].form.errors
    assert not Icon.objects.exists()


def test_a_model_of_this_workspace_gets_an_icon_once(boss, workspace, other, add_device):
    add_device(workspace, Domain.DOCK, "3-3-0")
    add_device(other, Domain.DOCK, "3-1-0")
    page = boss.get(url("modelicon_add")).content.decode()
    assert "3-3-0" in page
    assert "3-1-0" not in page
    given = {"model_key": "3-3-0", "normal_url": "/static/x.png"}
    assert boss.post(url("modelicon_add"), given).status_code == 302
    assert ModelIcon.objects.get().workspace == workspace
    again = boss.post(url("modelicon_add"), given)
    assert "model_key" in again.context["adminform"].form.errors
    assert boss.get(url("modelicon_changelist")).status_code == 200
    for wrong in ({"model_key": "3-1-0", "normal_url": "/x.png"}, {"model_key": "3-3-0"}, given | {"normal_url": "x"}):
        assert boss.post(url("modelicon_add"), wrong).status_code == 200
    assert ModelIcon.objects.count() == 1


@pytest.mark.parametrize("address", ["javascript:alert(1)", "intent://x", "radio"])
def test_an_app_whose_address_could_run_in_the_page_is_refused(boss, address):
    answer = boss.post(url("thirdpartyapp_add"), {"name": "X", "url": address, "position": "0"})
    assert "url" in answer.context["adminform"].form.errors
    assert not ThirdPartyApp.objects.exists()


def test_apps_are_added_and_taken_away_and_the_audit_knows(boss, workspace):
    boss.post(url("thirdpartyapp_add"), {"name": "Radio", "url": "radio://x", "position": "0"})
    app = ThirdPartyApp.objects.get()
    assert app.workspace == workspace
    boss.post(url("thirdpartyapp_delete", app.pk), {"post": "yes"})
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["pilot_app.added", "pilot_app.deleted"]
