"""Fetching a route file: over HTTP, checked against its fingerprint, read."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import urllib.request
from collections.abc import Mapping
from typing import Any

from fleet.simulator.plan import Unflyable
from fleet.simulator.route import LARGEST, Route, RouteError, read

NO_FILE, WRONG_FORMAT, WRONG_FINGERPRINT = 314013, 314003, 314016
TIMEOUT = 30.0


async def fetch(file: Mapping[str, Any] | None) -> Route:
    """The route that {url, fingerprint (MD5 in hexadecimal)} names; old firmware gets `sign` for the fingerprint.

    Raises Unflyable: no file there, not the file that was promised, or none that can be flown.
    """
    url = str((file or {}).get("url") or "")
    promised = str((file or {}).get("fingerprint") or (file or {}).get("sign") or "")
    content = await asyncio.to_thread(_download, url)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != promised.lower():
        raise Unflyable(WRONG_FINGERPRINT, f"the file at {url} is not the one with fingerprint {promised!r}")
    try:
        return await asyncio.to_thread(read, content)
    except RouteError as error:
        raise Unflyable(WRONG_FORMAT, str(error)) from error


def _download(url: str) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise Unflyable(NO_FILE, f"no address to fetch a route from: {url!r}")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310  the scheme is looked at above
            content = bytes(answer.read(LARGEST + 1))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unflyable(NO_FILE, f"{url}: {error}") from error
    if len(content) > LARGEST:
        raise Unflyable(WRONG_FORMAT, f"{url}: larger than {LARGEST} bytes")
    return content
