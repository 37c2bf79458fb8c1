"""Temporary keys of the embedded S3 server: good for one prefix until a moment, without a table of them.

A key's id carries prefix and expiry; its secret is a MAC of the id under the root secret, so every process that knows
the root secret agrees on it, also after a restart. As a program this is what `rclone serve s3 --auth-proxy` asks: it
reads `{"user": access key id}` and answers with the secret and with a tree in which only that prefix exists.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

_MARK = "FT"


def make(root_secret: str, bucket: str, prefix: str, expires: int) -> tuple[str, str]:
    """A fresh key for what lies under `bucket/prefix` until `expires` (seconds since 1970): (id, secret)."""
    said = f"{bucket}/{prefix.strip('/')}\n{expires}\n{secrets.token_hex(6)}"
    key_id = _MARK + base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    return key_id, secret_of(root_secret, key_id)


def secret_of(root_secret: str, key_id: str) -> str:
    """The secret that belongs to a key id, valid or not."""
    digest = hmac.new(root_secret.encode(), key_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def folder_of(key_id: str, now: float) -> list[str] | None:
    """The path a key is good for, bucket first; None for one that is over or was never ours."""
    if not key_id.startswith(_MARK):
        return None
    text = key_id.removeprefix(_MARK)
    try:
        path, expires, _nonce = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("\n")
        parts = path.split("/")
        if now > int(expires) or any(part in ("", ".", "..") or part != part.strip() for part in parts):
            return None
    except ValueError:
        return None
    return parts


def backend(directory: Path, parts: list[str]) -> dict[str, Any]:
    """An rclone backend in which nothing exists but that folder: one `combine` for each level above it."""
    target = str(directory.joinpath(*parts))
    for part in reversed(parts[1:]):
        target = ":combine,upstreams='" + _upstream(part, target).replace("'", "''") + "':"
    return {"type": "combine", "_root": "", "upstreams": _upstream(parts[0], target)}


def _upstream(name: str, target: str) -> str:
    return '"' + f"{name}={target}".replace('"', '""') + '"'


def answer(asked: dict[str, Any], directory: Path, root: tuple[str, str]) -> dict[str, Any] | None:
    """What rclone is told about an access key id; None refuses it."""
    key_id = str(asked.get("user", ""))
    if key_id == root[0]:
        return {"type": "local", "_root": str(directory), "_secret_access_key": root[1]}
    parts = folder_of(key_id, time.time())
    if parts is None:
        return None
    directory.joinpath(*parts).mkdir(parents=True, exist_ok=True)
    return {**backend(directory, parts), "_secret_access_key": secret_of(root[1], key_id)}


def main() -> int:
    root = (os.environ["FLEET_S3_ACCESS_KEY"], os.environ["FLEET_S3_SECRET_KEY"])
    found = answer(json.load(sys.stdin), Path(os.environ["FLEET_S3_DIRECTORY"]), root)
    if found is None:
        print("no such key, or it is over", file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
