"""The bucket of the tests: the embedded S3 server, one for a session, empty for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers import S3Server, s3_server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def storage(s3: S3Server, settings: Any) -> Any:
    """`media.services.storage` on a real server; what earlier tests left is in other workspaces."""
    from media.services import storage

    settings.S3_ENDPOINT = settings.S3_PUBLIC_ENDPOINT = settings.STS_ENDPOINT = s3.url
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = s3.key
    settings.STS = "embedded"
    return storage
