"""What docks and remotes are given, how often, and what a dock still believes."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from fleet.models import User, Workspace
from fleet.mqtt.messages import Json, Message
from fleet.services import audit
from media.models import StorageGrant
from media.services import storage
from media.services.credentials.issuing import Grant, grant
from media.services.credentials.shape import CredentialsError

logger = logging.getLogger(__name__)

#: The answer to a device when there are no credentials now.
NOT_NOW = 1


class TooOften(CredentialsError):
    """The same device asks again and again; `wait` is how many seconds it should let pass."""

    wait = 60


def for_dock(message: Message) -> Json:
    """`storage_config_get` of a dock, whatever module it asks for: photos and videos, or resources of payloads.

    Some pages put the fields under `output`, some beside `result`: both are there.
    """
    device = Device.objects.select_related("workspace").filter(sn=message.sn).first()
    if device is None:
        return {"result": NOT_NOW, "output": {}}
    try:
        _count(device.workspace, device.sn)
        given = grant(device.workspace)
    except CredentialsError as error:
        logger.warning("%s gets no storage credentials: %s", device.sn, error)
        return {"result": NOT_NOW, "output": {}}
    now = timezone.now()
    StorageGrant.objects.update_or_create(
        device=device,
        defaults={
            "workspace": device.workspace,
            "bucket": given.bucket,
            "endpoint": given.endpoint,
            "prefix": given.prefix,
            "provider": given.provider,
            "issued_at": now,
            "expires_at": now + timedelta(seconds=given.credentials.seconds),
        },
    )
    said = given.as_json()
    return {"result": 0, "output": said, **said}


def for_pilot(workspace: Workspace, user: User, who: str) -> Grant:
    """What a remote gets for routes and media. Raises `CredentialsError`, `TooOften`."""
    _count(workspace, who, user)
    return grant(workspace)


def _count(workspace: Workspace, who: str, user: User | None = None) -> None:
    """Refuse what asks too often: with a wrong setting Pilot asks for ever, and every dock after every photo."""
    key = f"sts:{workspace.pk}:{who}"
    cache.add(key, 0, timeout=60)
    try:
        asked = cache.incr(key)
    except ValueError:  # it ran out between the two
        return
    if asked <= settings.STS_PER_MINUTE:
        return
    if asked == settings.STS_PER_MINUTE + 1:
        logger.warning("%s asks for storage credentials again and again; the storage settings may be wrong", who)
        audit.record("storage.too_often", workspace=workspace, user=user, target=who)
    raise TooOften(_("Too many requests for storage credentials; the storage's settings may be wrong."))


def needs_restart(device: Device) -> str:
    """Why a dock has to be restarted before its uploads arrive, "" when it has not: it keeps what it was told once."""
    told = StorageGrant.objects.filter(device=device).first()
    if told is None or not storage.available():
        return ""
    now = (
        settings.S3_BUCKET,
        settings.S3_PUBLIC_ENDPOINT or settings.S3_ENDPOINT,
        storage.prefix(device.workspace_id, "media"),
        settings.S3_PROVIDER,
    )
    if (told.bucket, told.endpoint, told.prefix, told.provider) == now:
        return ""
    return _("The storage was changed since this dock was told of it. Restart this dock, or its uploads go astray.")
