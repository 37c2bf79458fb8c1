"""One way to ask for credentials, whoever makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from fleet.models import Workspace
from media.services import storage
from media.services.credentials import aliyun, assume_role, embedded
from media.services.credentials.shape import Credentials, CredentialsError, NoAnswer

#: For so many seconds a token service that did not answer is not asked again: every question keeps others waiting.
SILENCE = 10

Provider = Callable[[str, str, int], Credentials]
_PROVIDERS: dict[str, Provider] = {
    "aws": assume_role.issue,
    "ceph": assume_role.issue,
    "minio": assume_role.issue,
    "ali": aliyun.issue,
    "embedded": embedded.issue,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """Where a device may put its files and with what (pages "Obtain temporary credentials").

    Devices are told that the key ends `STS_MARGIN` seconds before it does: clocks differ, and what was begun must end.
    """

    bucket: str
    endpoint: str
    provider: str
    region: str
    prefix: str
    credentials: Credentials

    def as_json(self) -> dict[str, Any]:
        """The documented shape, the same for Pilot and docks; `expire` in seconds."""
        return {
            "bucket": self.bucket,
            "endpoint": self.endpoint,
            "provider": self.provider,
            "region": self.region,
            "object_key_prefix": self.prefix.strip("/"),
            "credentials": {
                "access_key_id": self.credentials.access_key_id,
                "access_key_secret": self.credentials.access_key_secret,
                "expire": max(1, self.credentials.seconds - settings.STS_MARGIN),
                "security_token": self.credentials.security_token,
            },
        }


def issue(workspace: Workspace, prefix: str, ttl: int) -> Credentials:
    """Credentials for writing under `prefix`, which must be the workspace's own, for `ttl` seconds.

    Raises `CredentialsError` with a sentence for people.
    """
    if not storage.available():
        raise CredentialsError(_("No storage is set up; see the settings that begin with FLEET_S3."))
    if not prefix.startswith(f"{workspace.pk}/"):
        raise CredentialsError(_("That prefix belongs to nobody or to another workspace."))
    provider = _PROVIDERS.get(settings.STS)
    if provider is None:
        raise CredentialsError(_("Nobody hands out temporary credentials; set FLEET_STS."))
    silent = f"sts-silent:{settings.STS}:{settings.STS_ENDPOINT}"
    if said := cache.get(silent):
        raise NoAnswer(said)
    try:
        return provider(settings.S3_BUCKET, prefix, ttl)
    except NoAnswer as error:
        cache.set(silent, str(error), SILENCE)
        raise


def grant(workspace: Workspace, kind: storage.Kind = "media") -> Grant:
    """Everything a device has to know to upload.

    Pilot asks once for routes and media and appends to the prefix what it likes; a route is moved to `wayline` when it
    was read. So no device can change a route that docks are going to fly.
    """
    prefix = storage.prefix(workspace.pk, kind)
    return Grant(
        bucket=settings.S3_BUCKET,
        endpoint=settings.S3_PUBLIC_ENDPOINT or settings.S3_ENDPOINT,
        provider=settings.S3_PROVIDER,
        region=settings.S3_REGION,
        prefix=prefix,
        credentials=issue(workspace, prefix, settings.STS_SECONDS),
    )
