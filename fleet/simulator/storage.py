"""Putting files into a bucket with the temporary credentials that the cloud gave."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MARGIN = 60.0
MULTIPART_FROM = 5 * 1024 * 1024
CONTENT_TYPES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "mp4": "video/mp4", "kmz": "application/zip"}


def content_type(name: str) -> str:
    """What a file of that name is, for the bucket."""
    return CONTENT_TYPES.get(name.rsplit(".", 1)[-1].lower(), "application/octet-stream")


class UploadFailed(Exception):
    """The bucket did not take a file; the text says why."""


@dataclass
class Storage:
    """What storage_config_get and Pilot's sts answer with: a bucket, where it is, and a key for a while."""

    bucket: str
    endpoint: str
    provider: str
    region: str
    prefix: str
    credentials: Mapping[str, Any]
    until: float = 0.0
    _client: Any = field(default=None, repr=False)

    @classmethod
    def read(cls, output: Mapping[str, Any]) -> Storage:
        """Read such an answer; KeyError or TypeError when a field is missing."""
        credentials = output["credentials"]
        return cls(
            bucket=str(output["bucket"]),
            endpoint=str(output["endpoint"]),
            provider=str(output["provider"]),
            region=str(output.get("region") or ""),
            prefix=str(output.get("object_key_prefix") or ""),
            credentials={name: str(credentials[name]) for name in ("access_key_id", "access_key_secret")}
            | {"security_token": str(credentials.get("security_token") or "")},
            until=time.monotonic() + float(credentials["expire"]) - MARGIN,
        )

    @property
    def over(self) -> bool:
        """Whether the credentials end soon or have ended."""
        return time.monotonic() > self.until

    def key(self, *parts: str) -> str:
        """The object key of a file: the prefix and the parts, one slash between each two."""
        return "/".join(part for part in (self.prefix.strip("/"), *parts) if part)

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object, in parts when it is large. Raises UploadFailed."""
        await asyncio.to_thread(self.put_now, key, content, content_type)

    def put_now(self, key: str, content: bytes, content_type: str) -> None:
        """The same for those who may wait."""
        from boto3.exceptions import Boto3Error
        from boto3.s3.transfer import TransferConfig
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._connect().upload_fileobj(
                io.BytesIO(content),
                self.bucket,
                key,
                ExtraArgs={"ContentType": content_type},
                Config=TransferConfig(multipart_threshold=MULTIPART_FROM, use_threads=False),
            )
        except (Boto3Error, BotoCoreError, ClientError, ValueError) as error:
            raise UploadFailed(f"{self.endpoint}/{self.bucket}/{key}: {error}") from error

    def _connect(self) -> Any:
        if self._client is None:
            import boto3
            from botocore.config import Config

            self._client = boto3.session.Session().client(
                "s3",
                endpoint_url=self.endpoint if "://" in self.endpoint else f"https://{self.endpoint}",
                region_name=self.region or "us-east-1",
                aws_access_key_id=self.credentials["access_key_id"],
                aws_secret_access_key=self.credentials["access_key_secret"],
                aws_session_token=self.credentials["security_token"] or None,
                config=Config(
                    signature_version="s3v4",
                    s3={"addressing_style": "virtual" if self.provider == "ali" else "path"},
                    connect_timeout=5,
                    read_timeout=30,
                    retries={"max_attempts": 1},
                    # Newer checksums are unknown to many servers that speak S3.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        return self._client
