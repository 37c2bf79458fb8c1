"""Does the storage do what devices need of it? Tried for real, a step at a time."""

from __future__ import annotations

import contextlib
import secrets
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils.translation import gettext as _

from fleet.models import Workspace
from media.services import storage
from media.services.credentials import CredentialsError, issue
from media.services.storage.clients import configuration
from media.services.storage.errors import StorageError

_BODY = b"Fleet looks whether its storage works."


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried. `detail` says what happened, `advice` what to do when it did not work."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


def examine(workspace: Workspace) -> list[Step]:
    """Store, look, read, hand out, and do what a device does; what was stored is removed.

    Stops where nothing can follow.
    """
    steps: list[Step] = []
    key = f"{storage.prefix(workspace.pk, 'media')}doctor/{secrets.token_hex(8)}.txt"
    inside = f"{key}.device"

    def attempt(name: str, work: Callable[[], str], advice: str) -> bool:
        try:
            steps.append(Step(name, True, work()))
        except (StorageError, CredentialsError, BotoCoreError, ClientError, OSError) as error:
            steps.append(Step(name, False, str(error), advice))
        return steps[-1].ok

    try:
        advice = _(
            "Check FLEET_S3_ENDPOINT, FLEET_S3_BUCKET and the server's own key; `storage_bucket` makes the bucket."
        )
        if attempt(_("Store"), lambda: _stored(key), advice):
            attempt(_("Read"), lambda: _read(key), _("The key may write and not read; give it both."))
            advice = _("Browsers and docks come through FLEET_S3_PUBLIC_ENDPOINT; it must lead to the same bucket.")
            attempt(_("Hand out"), lambda: _handed_out(key), advice)
            advice = _("Check FLEET_STS, FLEET_STS_ENDPOINT and FLEET_STS_ROLE_ARN.")
            # Refused for another reason, a device without rights would look like one that is held back.
            if attempt(_("Upload as a device"), lambda: _as_device(workspace, inside), advice):
                advice = _("The token service ignores session policies: every device could reach everything.")
                attempt(_("Nothing else as a device"), lambda: _nothing_else(workspace), advice)
    finally:
        for name in (key, inside):
            with contextlib.suppress(StorageError):
                storage.delete(name)
    return steps


def _stored(key: str) -> str:
    found = storage.put(key, _BODY, content_type="text/plain")
    return _("%(size)s bytes at %(endpoint)s.") % {"size": found.size, "endpoint": settings.S3_ENDPOINT}


def _read(key: str) -> str:
    if storage.read(key) != _BODY:
        raise StorageError(_("What came back is not what was stored."))
    return _("It came back as it was stored.")


def _handed_out(key: str) -> str:
    with urllib.request.urlopen(storage.presigned_url(key, ttl=60), timeout=10) as answer:  # noqa: S310 - an operator's setting
        if answer.read(1000) != _BODY:
            raise StorageError(_("The address leads to something else."))
    return _("Its address works: %(endpoint)s") % {"endpoint": settings.S3_PUBLIC_ENDPOINT or settings.S3_ENDPOINT}


def _device(workspace: Workspace) -> Any:
    given = issue(workspace, storage.prefix(workspace.pk, "media"), 900)
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.S3_PUBLIC_ENDPOINT or settings.S3_ENDPOINT,
        aws_access_key_id=given.access_key_id,
        aws_secret_access_key=given.access_key_secret,
        aws_session_token=given.security_token,
        region_name=settings.S3_REGION,
        config=configuration(),
    )


def _as_device(workspace: Workspace, key: str) -> str:
    _device(workspace).put_object(Bucket=settings.S3_BUCKET, Key=key, Body=_BODY)
    if storage.head(key) is None:
        raise StorageError(_("The upload was taken and is not there."))
    return _("Temporary credentials work.")


def _nothing_else(workspace: Workspace) -> str:
    outside = f"doctor/{secrets.token_hex(8)}.txt"
    try:
        _device(workspace).put_object(Bucket=settings.S3_BUCKET, Key=outside, Body=_BODY)
    except ClientError:
        return _("Outside of the workspace's prefix they are refused.")
    storage.delete(outside)
    raise StorageError(_("A device could write outside of its workspace's prefix."))
