"""The bucket itself. Reads go through django-storages, what it does not offer through the same library's client."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, ParamSpec, TypeVar
from urllib.parse import quote

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils.translation import gettext as _
from storages.backends.s3 import S3Storage

from media.services.storage import clients
from media.services.storage.errors import NoSuchObject, Refusal, StorageError

P = ParamSpec("P")
T = TypeVar("T")

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as the bucket knows it; `size` in bytes."""

    key: str
    size: int
    etag: str
    modified: datetime
    content_type: str


def available() -> bool:
    """Whether a bucket is set up at all."""
    return bool(settings.S3_ENDPOINT and settings.S3_ACCESS_KEY and settings.S3_SECRET_KEY)


def _client(endpoint: str = "") -> Any:
    """Raises `StorageError` when nothing is set up."""
    if not available():
        raise StorageError(_("No storage is set up; see the settings that begin with FLEET_S3."))
    return clients.client("s3", endpoint or settings.S3_ENDPOINT, clients.configuration())


def _explained(function: Callable[P, T]) -> Callable[P, T]:
    """Whatever the library throws becomes one sentence."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _ABSENT:
                raise NoSuchObject(_("There is no such object in the storage.")) from error
            raise Refusal(_("The storage refused: %(code)s.") % {"code": code or error}) from error
        except (BotoCoreError, Boto3Error, OSError) as error:
            raise StorageError(_("The storage does not answer: %(error)s") % {"error": error}) from error

    return wrapped


@_explained
def make_bucket() -> bool:
    """Make the bucket; False when it is there already. Raises `StorageError`."""
    service = _client()
    try:
        service.head_bucket(Bucket=settings.S3_BUCKET)
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code", "")) not in _ABSENT:
            raise
    else:
        return False
    elsewhere = settings.S3_PROVIDER == "aws" and settings.S3_REGION != "us-east-1"
    place = {"CreateBucketConfiguration": {"LocationConstraint": settings.S3_REGION}} if elsewhere else {}
    service.create_bucket(Bucket=settings.S3_BUCKET, **place)
    return True


class ObjectStorage(S3Storage):
    """django-storages on the bucket, with the settings as they are when it is used."""

    def get_default_settings(self) -> dict[str, Any]:
        defaults: dict[str, Any] = super().get_default_settings()
        return defaults | {
            "access_key": settings.S3_ACCESS_KEY,
            "secret_key": settings.S3_SECRET_KEY,
            "bucket_name": settings.S3_BUCKET,
            "endpoint_url": settings.S3_ENDPOINT,
            "region_name": settings.S3_REGION,
            "client_config": clients.configuration(),
            "file_overwrite": True,
            "default_acl": None,
            "max_memory_size": 1_000_000,
        }


@functools.lru_cache(maxsize=4)
def _files(process: int, *wanted: str) -> ObjectStorage:
    """Kept, for making one takes a while; it gives each thread a connection of its own."""
    return ObjectStorage()


@_explained
def put(key: str, data: bytes | BinaryIO, *, content_type: str = "application/octet-stream") -> ObjectInfo:
    """Store an object, in place of one that is there. Raises `StorageError`."""
    client = _client()
    if isinstance(data, bytes):
        client.put_object(Bucket=settings.S3_BUCKET, Key=key, Body=data, ContentType=content_type)
    else:
        client.upload_fileobj(data, settings.S3_BUCKET, key, ExtraArgs={"ContentType": content_type})
    found = head(key)
    if found is None:
        raise StorageError(_("The storage took the object and does not have it."))
    return found


def head(key: str) -> ObjectInfo | None:
    """What is known of an object, None when there is none. Raises `StorageError`."""
    try:
        return _head(key)
    except NoSuchObject:
        return None


@_explained
def _head(key: str) -> ObjectInfo:
    said = _client().head_object(Bucket=settings.S3_BUCKET, Key=key)
    return ObjectInfo(
        key, int(said["ContentLength"]), str(said["ETag"]).strip('"'), said["LastModified"], said.get("ContentType", "")
    )


@_explained
def read(key: str, *, limit: int | None = None) -> bytes:
    """An object's content, at most `limit` bytes of it. Raises `NoSuchObject`, `StorageError`."""
    body = _client().get_object(Bucket=settings.S3_BUCKET, Key=key)["Body"]
    with body:
        return bytes(body.read(limit) if limit is not None else body.read())


@_explained
def read_range(key: str, start: int, length: int) -> bytes:
    """`length` bytes from `start` on, fewer at the end, none behind it. Raises `NoSuchObject`, `StorageError`."""
    wanted = f"bytes={start}-{start + length - 1}"
    try:
        body = _client().get_object(Bucket=settings.S3_BUCKET, Key=key, Range=wanted)["Body"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "InvalidRange":
            return b""
        raise
    with body:
        return bytes(body.read(length))


@_explained
def open_object(key: str) -> BinaryIO:
    """A file to read from, fetched when it is read. Raises `StorageError`, `NoSuchObject` when there is none."""
    if not available():
        raise StorageError(_("No storage is set up; see the settings that begin with FLEET_S3."))
    try:
        files = _files(
            os.getpid(), settings.S3_ENDPOINT, settings.S3_BUCKET, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY
        )
        opened: BinaryIO = files.open(key, "rb")
    except FileNotFoundError as error:
        raise NoSuchObject(_("There is no such object in the storage.")) from error
    return opened


@_explained
def delete(key: str) -> None:
    """Remove an object; one that is not there is removed already. Raises `StorageError`."""
    try:
        _client().delete_object(Bucket=settings.S3_BUCKET, Key=key)
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code", "")) not in _ABSENT:
            raise


def list_objects(prefix: str) -> Iterator[ObjectInfo]:
    """Every object whose key begins so, by key. Raises `StorageError`."""
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=settings.S3_BUCKET, Prefix=prefix)
    turned: Iterator[dict[str, Any]] = iter(pages)

    @_explained
    def following() -> dict[str, Any] | None:
        return next(turned, None)

    while (page := following()) is not None:
        for row in page.get("Contents", []):
            yield ObjectInfo(row["Key"], int(row["Size"]), str(row["ETag"]).strip('"'), row["LastModified"], "")


@_explained
def presigned_url(key: str, *, ttl: int = 900, filename: str | None = None, inline: bool = False) -> str:
    """An address that gives this one object to whoever has it, for `ttl` seconds. Raises `StorageError`.

    `filename` is what a browser saves it as; `inline` lets it show it instead.
    """
    parameters = {"Bucket": settings.S3_BUCKET, "Key": key}
    if filename or inline:
        kind = "inline" if inline else "attachment"
        name = f"; filename*=UTF-8''{quote(filename, safe='')}" if filename else ""
        parameters["ResponseContentDisposition"] = kind + name
    client = _client(settings.S3_PUBLIC_ENDPOINT or settings.S3_ENDPOINT)
    return str(client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=ttl))
