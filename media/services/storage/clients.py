"""boto3's clients: one for each server and key in a process, shared by its threads, for making one takes a while."""

from __future__ import annotations

import os
import threading
from typing import Any

import boto3
from botocore.config import Config
from django.conf import settings

_clients: dict[tuple[object, ...], Any] = {}
_lock = threading.Lock()


def configuration() -> Config:
    """For S3: path style, for own servers rarely have a name for each bucket; short waits, for somebody is waiting."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual" if settings.S3_PROVIDER == "ali" else "path"},
        connect_timeout=3,
        read_timeout=15,
        max_pool_connections=20,
        retries={"max_attempts": 2, "mode": "standard"},
        # Newer checksums are unknown to many servers that speak S3.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def client(service: str, endpoint: str, config: Config) -> Any:
    """The client with the server's own key for the settings as they are now; `endpoint` "" is the service's own."""
    # A process that was forked must not use the connections of its parent.
    wanted = (
        os.getpid(), service, endpoint, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY, settings.S3_REGION,
        settings.S3_PROVIDER,
    )  # fmt: skip
    with _lock:
        if wanted not in _clients:
            _clients[wanted] = boto3.session.Session().client(
                service,
                endpoint_url=endpoint or None,
                aws_access_key_id=settings.S3_ACCESS_KEY,
                aws_secret_access_key=settings.S3_SECRET_KEY,
                region_name=settings.S3_REGION,
                config=config,
            )
        return _clients[wanted]
