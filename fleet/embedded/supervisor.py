"""supervisord: its configuration, its process, and its control socket."""

from __future__ import annotations

import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fleet.embedded import ports
from fleet.embedded.environment import ROOT, Plan, write_private
from fleet.embedded.programs import Program
from fleet.embedded.sockets import socket_path

WRAPPER = Path(__file__).with_name("with_parent.py")
#: Set in the environment of every process of a run, so that the next start finds what a killed one left
#: behind.
MARK = "FLEET_SUPERVISED"
#: For how long a process may take to end, in seconds.
PATIENCE = 15


class Unreachable(Exception):
    """supervisord does not answer on its socket."""


@dataclass(frozen=True, slots=True)
class State:
    """What supervisord knows of one process."""

    name: str
    status: str  # STOPPED STARTING RUNNING BACKOFF STOPPING EXITED FATAL UNKNOWN
    pid: int
    description: str


def _quoted(text: str) -> str:
    return text.replace("%", "%%")


def wrapped(command: list[str], signal_name: str = "TERM") -> list[str]:
    """The command such that it ends with its parent, however that one ends."""
    return [sys.executable, "-I", "-S", str(WRAPPER), signal_name, *command]


def configuration(plan: Plan, groups: dict[str, list[Program]]) -> str:
    """The text of supervisord.conf. Groups start by hand and are stopped one after the other, the last one
    first."""
    socket_file = socket_path(plan.run / "supervisor.sock")
    lines = [
        "[unix_http_server]",
        f"file={_quoted(str(socket_file))}",
        "chmod=0700",
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile={_quoted(str(plan.logs / 'supervisord.log'))}",
        "logfile_maxbytes=2MB",
        "logfile_backups=2",
        f"pidfile={_quoted(str(plan.run / 'supervisord.pid'))}",
        f"childlogdir={_quoted(str(plan.logs))}",
        f"directory={_quoted(str(ROOT))}",
        "umask=077",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        "[supervisorctl]",
        f"serverurl=unix://{_quoted(str(socket_file))}",
    ]
    for priority, (group, programs) in enumerate(groups.items(), start=1):
        if not programs:
            continue
        lines += [
            f"[group:{group}]",
            "programs=" + ",".join(program.name for program in programs),
            f"priority={priority}",
        ]
        for program in programs:
            lines += [
                f"[program:{program.name}]",
                f"command={_quoted(shlex.join(wrapped(program.command)))}",
                "autostart=false",
                "autorestart=true",
                "startsecs=1",
                "startretries=3",
                f"stopwaitsecs={PATIENCE}",
                "stopasgroup=true",
                "killasgroup=true",
                "redirect_stderr=true",
                f"stdout_logfile={_quoted(str(log_file(plan, program.name)))}",
                "stdout_logfile_maxbytes=5MB",
                "stdout_logfile_backups=2",
            ]
            if program.environment:
                pairs = ",".join(f'{name}="{_quoted(value)}"' for name, value in program.environment.items())
                lines.append(f"environment={pairs}")
    return "\n".join(lines) + "\n"


def log_file(plan: Plan, name: str) -> Path:
    return plan.logs / f"{name}.log"


def last_lines(file: Path, count: int = 15) -> str:
    """The end of a log, for a message to the operator."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - 16_384))
            text = log.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-count:])


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        # A connection each time: a kept one would break at supervisord's idle limit.
        return _Connection(self._path)


class Supervisor:
    """One supervisord in the foreground, a child of this process in a session of its own.

    A session of its own, for Ctrl-C reaches a whole terminal group and supervisord must hear of it from us,
    once.
    """

    def __init__(self, plan: Plan, groups: dict[str, list[Program]]) -> None:
        self.plan = plan
        self.groups = groups
        self.file = plan.run / "supervisord.conf"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start supervisord without any program. Raises `Unreachable` with its last words."""
        write_private(self.file, configuration(self.plan, self.groups))
        socket_path(self.plan.run / "supervisor.sock").unlink(missing_ok=True)
        command = wrapped([sys.executable, "-m", "supervisor.supervisord", "-c", str(self.file)])
        words = self.plan.logs / "supervisord.out"
        with words.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, MARK: str(self.plan.data)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if not ports.wait_until(lambda: not self.runs or self.answers(), 15) or not self.runs:
            raise Unreachable(last_lines(words) or last_lines(self.plan.logs / "supervisord.log"))

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def call(self, method: str, *arguments: Any) -> Any:
        """One call of supervisord's own API. Raises `Unreachable`."""
        proxy = xmlrpc.client.ServerProxy(
            "http://localhost/RPC2", transport=_Transport(socket_path(self.plan.run / "supervisor.sock"))
        )
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(str(error)) from error

    def answers(self) -> bool:
        try:
            self.call("getState")
        except Unreachable:
            return False
        return True

    def states(self) -> dict[str, State]:
        """Every process by name. Raises `Unreachable`."""
        rows = cast(list[dict[str, Any]], self.call("getAllProcessInfo"))
        return {
            row["name"]: State(row["name"], row["statename"], row["pid"], row["spawnerr"] or row["description"])
            for row in rows
        }

    def start_group(self, group: str) -> None:
        """Start every process of a group and return at once."""
        if self.groups[group]:
            self.call("startProcessGroup", group, False)

    def start_again(self, name: str) -> None:
        """One more try for a process that was given up."""
        group = next(group for group, programs in self.groups.items() if any(one.name == name for one in programs))
        self.call("startProcess", f"{group}:{name}", False)

    def stop(self) -> None:
        """End every process, the last group first; returns when all are gone."""
        if not self.runs or self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=PATIENCE * len(self.groups) + 5)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End supervisord at once; the kernel then tells its children."""
        if self.process is not None and self.runs:
            self.process.kill()
            self.process.wait()
