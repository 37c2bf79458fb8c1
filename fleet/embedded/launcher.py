"""`manage.py run`: start everything in order, say where to click, watch, and end everything."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from fleet.embedded import leftovers, ports, programs, redis, s3
from fleet.embedded.environment import Plan, is_loopback, reachable
from fleet.embedded.programs import Program
from fleet.embedded.supervisor import State, Supervisor, Unreachable, last_lines, log_file
from fleet.embedded.with_parent import end_with_parent

#: How long servers and Fleet may take to come up, in seconds; the first start on a slow disk needs some of
#: it.
SERVERS_TIMEOUT = 30.0
HEALTH_TIMEOUT = 90.0
#: After how many seconds a process that was given up is tried again.
RETRY = 30.0
WATCH = 2.0


class CannotStart(Exception):
    """Fleet cannot be started; the text says why, with the last lines of the log concerned."""


class Stopped(Exception):
    """A signal asked for the end while Fleet was still starting."""


def say(text: str = "") -> None:
    """A line for the operator; whoever closed the terminal does not need it."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


class Launcher:
    """One run, from the port check to the last process.

    `seed` is called once the database is up to date and returns lines for the operator (the admin's password
    at the first start).
    """

    def __init__(self, plan: Plan, *, migrate: Callable[[], None], seed: Callable[[], list[str]]) -> None:
        self.plan = plan
        self.migrate = migrate
        self.seed = seed
        self.ending = threading.Event()
        self.supervisor: Supervisor | None = None
        self._signals = 0

    def run(self) -> None:
        """Start, watch until a signal comes, stop. Raises `CannotStart`."""
        if os.environ.get("FLEET_STOP_WITH_PARENT"):
            end_with_parent(signal.SIGTERM)
        os.umask(0o077)
        self._take_signals()
        try:
            with leftovers.only_one(self.plan.run):
                self._run()
        except leftovers.RunsAlready as error:
            raise CannotStart(
                f"Fleet runs already in {self.plan.data} (process {error}). Stop that one first, or give "
                "this one a directory and ports of its own: FLEET_DATA_DIR, FLEET_WEB_PORT, FLEET_MQTT_PORT, "
                "FLEET_S3_PORT."
            ) from None

    def _run(self) -> None:
        started = time.monotonic()
        self.plan.logs.mkdir(parents=True, exist_ok=True)
        if found := leftovers.clear(self.plan.data):
            say(f"An earlier run was killed and left {len(found)} processes behind; they are ended now.")
        try:
            ports.check(programs.listeners(self.plan))
        except ports.PortTaken as error:
            raise CannotStart(str(error)) from None
        with self._supervised() as supervisor:
            self._start_servers(supervisor)
            say("Database: bringing it up to date …")
            self.migrate()
            lines = self.seed()
            self._unless_stopped()
            self._start_fleet(supervisor)
            self._banner(lines, time.monotonic() - started)
            self._watch(supervisor)

    @contextlib.contextmanager
    def _supervised(self) -> Iterator[Supervisor]:
        try:
            groups = {"servers": programs.servers(self.plan), "fleet": programs.fleet(self.plan)}
        except (redis.NoRedis, s3.NoStorage) as error:
            raise CannotStart(str(error)) from None
        supervisor = self.supervisor = Supervisor(self.plan, groups)
        try:
            try:
                supervisor.start()
            except Unreachable as error:
                raise CannotStart(f"supervisord did not start:\n\n{error}") from None
            yield supervisor
        except Stopped:
            pass
        finally:
            if supervisor.runs:
                say("Stopping …")
                supervisor.stop()
            leftovers.clear(self.plan.data, patience=5)
            say("Fleet has stopped. The data is kept in " + str(self.plan.data))

    def _take_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: object) -> None:
        self._signals += 1
        self.ending.set()
        if self._signals == 3 and self.supervisor is not None:
            say("Ending at once.")
            self.supervisor.kill()

    def _unless_stopped(self) -> None:
        if self.ending.is_set():
            raise Stopped

    def _start_servers(self, supervisor: Supervisor) -> None:
        servers = supervisor.groups["servers"]
        if self.plan.broker == "amqtt":
            say("Using the built-in broker (amqtt), not Mosquitto: it is slower, keeps nothing over a restart")
            say("and knows MQTT 3.1.1 only. For real docks: sudo apt install mosquitto, then start again.")
            if not is_loopback(self.plan.mqtt[0]):
                say("WARNING: it listens for the network, and whoever reaches it can throw out a client")
                say("without knowing a password. Do not leave it so.")
        say("Servers: " + ", ".join(program.name for program in servers))
        supervisor.start_group("servers")
        self._wait(supervisor, servers, SERVERS_TIMEOUT)

    def _start_fleet(self, supervisor: Supervisor) -> None:
        say("Fleet: " + ", ".join(program.name for program in supervisor.groups["fleet"]))
        supervisor.start_group("fleet")
        deadline = time.monotonic() + HEALTH_TIMEOUT
        while (state := self.health()).get("ok") is not True:
            self._unless_stopped()
            self._report_given_up(supervisor)
            if time.monotonic() > deadline:
                down = [name for name, part in state.items() if name != "ok" and part is not True]
                say(f"Not everything is well yet ({', '.join(down) or 'web'}): see {self._url()}healthz")
                say(f"and the logs in {self.plan.logs}")
                return
            self.ending.wait(0.3)

    def _wait(self, supervisor: Supervisor, group: list[Program], timeout: float) -> None:
        """Until every program of a group answers. Raises `CannotStart` with the end of the log of the one
        that does not."""
        deadline = time.monotonic() + timeout
        for program in group:
            while program.answers is not None and not program.answers():
                self._unless_stopped()
                self._report_given_up(supervisor)
                if time.monotonic() > deadline:
                    raise CannotStart(self._failure(program.name, f"does not answer after {timeout:.0f} s"))
                self.ending.wait(0.1)

    def _report_given_up(self, supervisor: Supervisor) -> None:
        """Raises `CannotStart` when a program cannot be kept alive."""
        for state in self._states(supervisor).values():
            if state.status == "FATAL":
                raise CannotStart(self._failure(state.name, "cannot be started"))

    def _failure(self, name: str, what: str) -> str:
        file = log_file(self.plan, name)
        return f"{name} {what}. The end of {file}:\n\n{last_lines(file) or '(the log is empty)'}"

    @staticmethod
    def _states(supervisor: Supervisor) -> dict[str, State]:
        try:
            return supervisor.states()
        except Unreachable as error:
            if supervisor.runs:
                return {}
            raise CannotStart(f"supervisord has ended: {error}") from None

    def _url(self) -> str:
        return f"http://{reachable(self.plan.web[0])}:{self.plan.web[1]}/"

    def health(self) -> dict[str, Any]:
        """What `/healthz` says now; `ok` is True when every part is well, and the parts that are not are
        named."""
        try:
            with urllib.request.urlopen(f"{self._url()}healthz", timeout=10) as answer:  # noqa: S310 - our own address
                return {"ok": answer.status == 200}
        except urllib.error.HTTPError as error:
            with contextlib.suppress(ValueError, AttributeError):
                parts = json.loads(error.read())
                parts = parts.get("parts") or parts.get("checks") or parts
                return {"ok": False} | {str(name): _is_well(part) for name, part in parts.items()}
            return {"ok": False, f"web ({error.code})": False}
        except OSError:
            return {"ok": False, "web": False}

    def _banner(self, lines: list[str], seconds: float) -> None:
        say()
        say(f"  Fleet is ready ({seconds:.0f} s).")
        say()
        say(f"    Console        {self._url()}admin/")
        for line in lines:
            say(f"    {line}")
        if self.plan.broker:
            host, port = self.plan.mqtt
            say(f"    MQTT           tcp://{reachable(host)}:{port} ({self.plan.broker})")
        say(f"    Logs and data  {self.plan.data}")
        say()
        say("  Ctrl-C ends everything.")
        say()

    def _watch(self, supervisor: Supervisor) -> None:
        """Say what dies and try again what was given up, until a signal comes or supervisord is gone."""
        pids = {name: state.pid for name, state in self._states(supervisor).items()}
        given_up: dict[str, float] = {}
        while not self.ending.wait(WATCH):
            for name, state in self._states(supervisor).items():
                if state.status == "FATAL" and name not in given_up:
                    given_up[name] = time.monotonic()
                    say(self._failure(name, f"cannot be kept running; next try in {RETRY:.0f} s"))
                elif state.status == "FATAL" and time.monotonic() - given_up[name] > RETRY:
                    given_up[name] = time.monotonic()
                    with contextlib.suppress(Unreachable):
                        supervisor.start_again(name)
                elif state.status == "RUNNING":
                    if pids.get(name) != state.pid:
                        say(f"{name} had ended and was started again; see {log_file(self.plan, name)}")
                        pids[name] = state.pid
                    given_up.pop(name, None)


def _is_well(part: object) -> bool:
    if isinstance(part, dict):
        return bool(part.get("ok", part.get("status") in ("ok", "up", True)))
    return part is True or part in ("ok", "up")
