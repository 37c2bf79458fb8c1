"""How remotes and docks come to their credentials, and how often."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.test import Client
from django.utils import timezone

from devices.models import LoggedMessage
from fleet.models import AuditEntry, Role
from fleet.services import tokens
from media.models import StorageGrant
from media.services import storage as objects
from media.services.credentials import devices
from tests.factories import make_dock, make_user, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


def ask(workspace: Any, role: Role = Role.PILOT, path_workspace: Any = None) -> Any:
    user = make_user(workspace, role)
    _token, key = tokens.issue(user, workspace)
    path = f"/storage/api/v1/workspaces/{(path_workspace or workspace).pk}/sts"
    return Client().post(path, headers={"x-auth-token": key}, content_type="application/json")


def put(said: dict[str, Any], name: str) -> str:
    """Upload as a device does."""
    key = f"{said['object_key_prefix']}/{name}"
    client: Any = boto3.client(
        "s3",
        endpoint_url=said["endpoint"],
        aws_access_key_id=said["credentials"]["access_key_id"],
        aws_secret_access_key=said["credentials"]["access_key_secret"],
        aws_session_token=said["credentials"]["security_token"],
        region_name=said["region"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    client.put_object(Bucket=said["bucket"], Key=key, Body=b"x")
    return key


def test_a_remote_uploads_routes_and_media_with_what_it_is_given(storage: Any, workspace: Any) -> None:
    said = ask(workspace).json()
    assert said["code"] == 0
    data = said["data"]
    assert set(data) == {"bucket", "endpoint", "provider", "region", "object_key_prefix", "credentials"}
    assert set(data["credentials"]) == {"access_key_id", "access_key_secret", "expire", "security_token"}
    assert 0 < data["credentials"]["expire"] <= 3600 - 120
    for kind in ("wayline", "media"):
        key = put(data, f"{kind}/x")
        assert objects.belongs(workspace.pk, key)
        assert objects.head(key) is not None


def test_viewers_and_other_workspaces_get_none(storage: Any, workspace: Any, other_workspace: Any) -> None:
    assert ask(workspace, Role.VIEWER).status_code == 403
    assert ask(workspace, path_workspace=other_workspace).status_code == 403
    assert Client().post(f"/storage/api/v1/workspaces/{workspace.pk}/sts").status_code == 401


def test_whoever_asks_for_ever_is_told_to_wait_and_somebody_hears_of_it(
    storage: Any, workspace: Any, settings: Any
) -> None:
    settings.STS_PER_MINUTE = 3
    user = make_user(workspace, Role.PILOT)
    _token, key = tokens.issue(user, workspace)
    path = f"/storage/api/v1/workspaces/{workspace.pk}/sts"
    codes = [Client().post(path, headers={"x-auth-token": key}).status_code for _try in range(6)]
    assert codes == [200, 200, 200, 429, 429, 429]
    assert AuditEntry.objects.filter(action="storage.too_often", workspace=workspace).count() == 1
    assert ask(workspace).status_code == 200, "another remote is not punished for it"


def test_without_a_storage_it_says_so(workspace: Any, settings: Any) -> None:
    settings.S3_ENDPOINT = ""
    answer = ask(workspace)
    assert answer.status_code == 200
    assert answer.json()["code"] != 0
    assert "FLEET_S3" in answer.json()["message"]


@pytest.mark.parametrize("module", [0, 1])
def test_a_dock_uploads_with_what_it_is_given(storage: Any, workspace: Any, wire: Any, module: int) -> None:
    dock = make_dock(workspace, online=True)
    wire.deliver(f"thing/product/{dock.sn}/requests", method="storage_config_get", data={"module": module})
    said = wire.answers(f"thing/product/{dock.sn}/requests_reply")[-1]["data"]
    assert said["result"] == 0
    assert said["output"]["credentials"] == said["credentials"]
    key = put(said["output"], "flight/DJI_0001_V.JPG")
    assert objects.belongs(workspace.pk, key, "media")
    told = StorageGrant.objects.get(device=dock)
    assert told.prefix == objects.prefix(workspace.pk, "media")
    assert told.expires_at > timezone.now()


def test_no_log_holds_a_secret(storage: Any, workspace: Any, wire: Any, caplog: pytest.LogCaptureFixture) -> None:
    from devices.services import message_log
    from devices.services.masking import masked

    dock = make_dock(workspace, online=True)
    wire.deliver(f"thing/product/{dock.sn}/requests", method="storage_config_get", data={"module": 0})
    said = wire.answers(f"thing/product/{dock.sn}/requests_reply")[-1]["data"]
    message_log.flush()
    secret = said["output"]["credentials"]["access_key_secret"]
    assert secret not in caplog.text
    for row in LoggedMessage.objects.filter(device=dock):
        assert secret not in str(masked(row.payload))


def test_a_dock_of_nobody_gets_none(storage: Any, wire: Any, db: None) -> None:
    wire.deliver("thing/product/STRANGER/requests", method="storage_config_get", data={"module": 0})
    assert wire.answers("thing/product/STRANGER/requests_reply")[-1]["data"]["result"] != 0
    assert not StorageGrant.objects.exists()


def test_a_dock_that_was_told_of_another_storage_has_to_be_restarted(
    storage: Any, workspace: Any, wire: Any, settings: Any
) -> None:
    dock = make_dock(workspace, online=True)
    assert devices.needs_restart(dock) == ""
    wire.deliver(f"thing/product/{dock.sn}/requests", method="storage_config_get", data={"module": 0})
    assert devices.needs_restart(dock) == ""
    settings.S3_BUCKET = "elsewhere"
    assert "Restart this dock" in devices.needs_restart(dock)


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        ("{ws}/media/a.jpg", True),
        ("{ws}/media/flight one/ä.jpg", True),
        ("{ws}/wayline/a.kmz", True),
        ("/{ws}/media/a.jpg", False),
        ("{ws}/media/../../other/media/a.jpg", False),
        ("{ws}/media//a.jpg", False),
        ("{ws}/media/", False),
        ("{ws}/mediation/a.jpg", False),
        ("{ws}\\media\\a.jpg", False),
        ("{ws}/media/a\u0000.jpg", False),
        ("{other}/media/a.jpg", False),
        ("{ws}/media/" + "x" * 2000, False),
        ("", False),
    ],
)
def test_a_key_belongs_to_one_workspace_however_it_is_read(db: None, key: str, ours: bool) -> None:
    mine, other = make_workspace(), make_workspace()
    assert objects.belongs(mine.pk, key.format(ws=mine.pk, other=other.pk)) is ours
