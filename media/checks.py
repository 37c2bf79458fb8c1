"""Django system checks: a storage that is set up by half, or that devices could not reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@register("fleet")
def storage_is_whole(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every setting that another one asks for is there. Says nothing where no storage is set up at all."""
    needed = {
        "FLEET_S3_ENDPOINT": settings.S3_ENDPOINT,
        "FLEET_S3_ACCESS_KEY": settings.S3_ACCESS_KEY,
        "FLEET_S3_SECRET_KEY": settings.S3_SECRET_KEY,
    }
    empty = [name for name, value in needed.items() if not value]
    if len(empty) == len(needed):
        return []
    if empty:
        found = ", ".join(name for name, value in needed.items() if value)
        return [Error(f"{' and '.join(empty)} must be set, for {found} is.", id="media.E001")]
    return [*_bucket(), *_tokens(), *_reach()]


def _bucket() -> Iterator[CheckMessage]:
    if not _BUCKET.fullmatch(settings.S3_BUCKET):
        yield Error(f"FLEET_S3_BUCKET is no name of a bucket: {settings.S3_BUCKET!r}.", id="media.E002")
    for name in ("S3_ENDPOINT", "S3_PUBLIC_ENDPOINT", "STS_ENDPOINT"):
        address = getattr(settings, name)
        if address and not urlsplit(address).hostname:
            yield Error(f"FLEET_{name} names no machine: {address!r}.", id="media.E003")


def _tokens() -> Iterator[CheckMessage]:
    if settings.STS == "none":
        yield Warning("FLEET_STS is none: no dock and no remote can upload photos, videos and routes.", id="media.W001")
    if settings.STS in ("aws", "ceph", "ali") and not settings.STS_ROLE_ARN:
        yield Error(f"FLEET_STS_ROLE_ARN must be set, for FLEET_STS is {settings.STS}.", id="media.E004")
    if settings.STS == "ali" and not settings.STS_ENDPOINT:
        yield Error("FLEET_STS_ENDPOINT must be set, for FLEET_STS is ali.", id="media.E005")
    if (settings.STS == "ali") != (settings.S3_PROVIDER == "ali") and settings.STS != "none":
        yield Warning(
            f"FLEET_STS is {settings.STS} and FLEET_S3_PROVIDER {settings.S3_PROVIDER}: devices would sign in a way "
            "that the storage does not know.",
            id="media.W002",
        )


def _reach() -> Iterator[CheckMessage]:
    public = settings.S3_PUBLIC_ENDPOINT or settings.S3_ENDPOINT
    if _is_loopback(public) and not _is_loopback(settings.PUBLIC_URL):
        yield Warning(
            f"FLEET_S3_PUBLIC_ENDPOINT is {public}: only this machine gets there, and docks, remotes and browsers "
            "must.",
            id="media.W003",
        )


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
