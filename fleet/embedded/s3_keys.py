"""Temporary keys of the embedded S3 server: good for one prefix until a moment, without a table of them.

A key's id carries prefix, expiry and a seal; its secret is a MAC of the id. Both are made with the root secret, so
every process that knows it agrees, also after a restart. As a program this is what `rclone serve s3 --auth-proxy` asks:
it reads `{"user": access key id}` and answers with the secret and with a tree in which only that prefix exists.

rclone asks about a key in use only every five minutes. So a key sees its prefix through a link of its own, and when the
key is over, `end` points the link at nothing (`s3_server` calls it every second).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

_MARK = "FT"
#: No directory, so nothing can be under it or be made under it.
_NOTHING = "/dev/null"


class Key(NamedTuple):
    """What a key's id says: the path it is good for, bucket first, and until when (seconds since 1970)."""

    path: list[str]
    expires: int


def make(root_secret: str, bucket: str, prefix: str, expires: int) -> tuple[str, str]:
    """A fresh key for what lies under `bucket/prefix` until `expires` (seconds since 1970): (id, secret)."""
    said = f"{bucket}/{prefix.strip('/')}\n{expires}\n{secrets.token_hex(4)}"
    key_id = _MARK + _text(f"{said}\n{_seal(root_secret, said)}".encode())
    return key_id, secret_of(root_secret, key_id)


def secret_of(root_secret: str, key_id: str) -> str:
    """The secret that belongs to a key id, valid or not."""
    return _text(_mac(root_secret, key_id))


def read(root_secret: str, key_id: str, now: float) -> Key | None:
    """What a key's id says; None for one that is over or was never ours.

    The seal lets a stranger's id be refused before anything is made for it.
    """
    if not key_id.startswith(_MARK):
        return None
    text = key_id.removeprefix(_MARK)
    try:
        said, seal = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().rsplit("\n", 1)
        if not hmac.compare_digest(seal, _seal(root_secret, said)):
            return None
        path, expires, _nonce = said.split("\n")
        key = Key(path.split("/"), int(expires))
    except (ValueError, TypeError):
        return None
    if now >= key.expires or any(part in ("", ".", "..") or part != part.strip() for part in key.path):
        return None
    return key


def _mac(root_secret: str, text: str) -> bytes:
    return hmac.new(root_secret.encode(), text.encode(), hashlib.sha256).digest()


def _seal(root_secret: str, said: str) -> str:
    return _text(_mac(root_secret, f"seal\n{said}")[:12])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def links(directory: Path) -> Path:
    """Where the keys' links lie: beside the buckets, for within them they would be one."""
    return directory.with_name(f"{directory.name}-keys")


def _link(directory: Path, key_id: str, key: Key) -> Path:
    """The key's own way to its folder; made when it is not there."""
    folder = directory.joinpath(*key.path)
    folder.mkdir(parents=True, exist_ok=True)
    link = links(directory) / f"{key.expires}-{hashlib.sha256(key_id.encode()).hexdigest()[:24]}"
    link.parent.mkdir(mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder)
    return link


def end(directory: Path, now: float) -> None:
    """Close the ways of the keys that are over. They stay closed: the server may know such a key for long."""
    folder = links(directory)
    for link in folder.iterdir() if folder.is_dir() else ():
        expires = link.name.partition("-")[0]
        if expires.isdecimal() and now >= int(expires) and str(link.readlink()) != _NOTHING:
            closed = folder / f"closing-{link.name}"
            closed.unlink(missing_ok=True)
            closed.symlink_to(_NOTHING)
            closed.replace(link)


def backend(target: Path, path: list[str]) -> dict[str, Any]:
    """An rclone backend in which nothing exists but `target` at `path`: one `combine` for each level above it."""
    inner = str(target)
    for part in reversed(path[1:]):
        inner = ":combine,upstreams='" + _upstream(part, inner).replace("'", "''") + "':"
    return {"type": "combine", "_root": "", "upstreams": _upstream(path[0], inner)}


def _upstream(name: str, target: str) -> str:
    return '"' + f"{name}={target}".replace('"', '""') + '"'


def answer(asked: dict[str, Any], directory: Path, root: tuple[str, str]) -> dict[str, Any] | None:
    """What rclone is told about an access key id; None refuses it."""
    key_id = str(asked.get("user", ""))
    if key_id == root[0]:
        return {"type": "local", "_root": str(directory), "_secret_access_key": root[1]}
    key = read(root[1], key_id, time.time())
    if key is None:
        return None
    return {**backend(_link(directory, key_id, key), key.path), "_secret_access_key": secret_of(root[1], key_id)}


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
