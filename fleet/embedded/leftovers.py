"""What an earlier start left running: one start per data directory, and the remains of a killed one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from fleet.embedded.ports import wait_until
from fleet.embedded.sockets import socket_path
from fleet.embedded.supervisor import MARK


class RunsAlready(Exception):
    """Fleet runs in this data directory; the text says as which process."""


@contextlib.contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Hold the data directory for this process. Raises `RunsAlready`."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / "fleet.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise RunsAlready(lock.read().strip() or "?") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def processes(data: Path) -> list[int]:
    """Processes of this user that a start in this data directory began and that still run (Linux only)."""
    mark = f"{MARK}={data}".encode()
    redis_socket = os.fsencode(socket_path(data / "run" / "redis.sock"))
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) == os.getpid() or entry.stat().st_uid != os.getuid():
                continue
            environment = (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        # Redis writes its title over its environment, but the title names its socket.
        is_redis = (b"redis-server" in command or b"valkey-server" in command) and redis_socket in command
        if command and (mark in environment or is_redis):
            found.append(int(entry.name))
    return sorted(found)


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def clear(data: Path, *, patience: float = 20) -> list[int]:
    """End what is left over; the processes that were found. They get time to end by themselves first."""
    found = processes(data)
    if not found or wait_until(lambda: not processes(data), 3):
        return found
    _send(processes(data), signal.SIGTERM)
    if not wait_until(lambda: not processes(data), patience):
        _send(processes(data), signal.SIGKILL)
        wait_until(lambda: not processes(data), 5)
    return found
