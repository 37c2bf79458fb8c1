"""The storage's doctor tells a storage that works from one that does not."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from media.services import storage as objects
from media.services.storage import doctor

pytestmark = pytest.mark.django_db


def test_a_storage_that_works(storage: Any, workspace: Any) -> None:
    steps = doctor.examine(workspace)
    assert [step.ok for step in steps] == [True] * 5, steps
    assert not list(objects.list(f"{objects.prefix(workspace.pk, 'media')}doctor/")), "it leaves nothing behind"
    out = StringIO()
    call_command("storage_check", stdout=out)
    assert out.getvalue().count("ok  ") == 5


def test_a_wrong_key_a_dead_server_and_no_token_service(storage: Any, workspace: Any, settings: Any) -> None:
    settings.STS = "none"
    steps = {step.name: step for step in doctor.examine(workspace)}
    assert steps["Store"].ok
    assert not steps["Upload as a device"].ok
    assert "FLEET_STS" in steps["Upload as a device"].advice
    settings.S3_SECRET_KEY = "wrong"
    (only,) = doctor.examine(workspace)
    assert not only.ok
    assert "own key" in only.advice
    settings.S3_ENDPOINT = "http://127.0.0.1:9"
    (only,) = doctor.examine(workspace)
    assert "does not answer" in only.detail
    with pytest.raises(CommandError):
        call_command("storage_check", stdout=StringIO())
