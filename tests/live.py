"""The whole server as real processes, for tests that look at it from outside: through a browser or a broker."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit

import pytest

from fleet.embedded import ports
from fleet.simulator import Behaviour, Credentials, SimulatedFleet, SimulatorThread
from tests.servers import (
    ROOT,
    Missing,
    MosquittoServer,
    RedisServer,
    S3Server,
    Server,
    mosquitto_server,
    redis_server,
    s3_server,
    unavailable,
)

PASSWORD = "only-for-tests-7"


class FleetProcess(Server):
    """One process of Fleet; `start` returns when it runs, `answers` is the caller's business."""

    def __init__(self, directory: Path, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        super().__init__(directory)
        self.name = name
        self.arguments = arguments
        self._environment = environment

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def command(self) -> list[str]:
        from fleet.embedded.supervisor import wrapped

        return wrapped([sys.executable, *self.arguments], self.death_signal)

    def environment(self) -> dict[str, str]:
        return self._environment

    def answers(self) -> bool:
        return True


#: A Python that stays, so that a question to the live database takes milliseconds and not the time of a start.
_SHELL = """
import json, sys, traceback
from django.db import close_old_connections
for line in sys.stdin:
    close_old_connections()
    names = {}
    try:
        exec(json.loads(line), names)
        said = {"answer": names.get("answer")}
    except Exception:
        said = {"error": traceback.format_exc()}
    print("\\x1e" + json.dumps(said, default=str), flush=True)
"""


class LiveFleet:
    """Web, bridge, worker with beat, broker, Redis and S3, on a database of their own. Every part can be killed."""

    def __init__(
        self, directory: Path, broker: MosquittoServer, redis: RedisServer, database_url: str, s3: S3Server
    ) -> None:
        self.directory = directory
        self.broker = broker
        self.redis = redis
        self.s3 = s3
        self.port = ports.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        modules = Path(os.environ["FLEET_DATA_DIR"]) / "node_modules"
        if modules.exists():
            (directory / "node_modules").symlink_to(modules.resolve())
        self.environment = {
            **os.environ,
            **s3.settings,
            "FLEET_DATA_DIR": str(directory),
            "FLEET_SECRET_KEY": "live-tests-only",
            "FLEET_WEB_PORT": str(self.port),
            "FLEET_PUBLIC_URL": self.url,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis.url,
            "MQTT_URL": broker.url,
            "FLEET_MQTT_CONTROL_URL": broker.control_url,
            "FLEET_MQTT_PUBLIC_URL": broker.public_url,
            "FLEET_BROKER": "mosquitto",
            "FLEET_OFFLINE_AFTER": "8",
            "PYTHONWARNINGS": "ignore",
        }
        self._shell: subprocess.Popen[str] | None = None
        self._asking = threading.Lock()
        self.web = self._process(
            "web", "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "fleet.asgi:application"
        )
        self.bridge = self._process(
            "bridge", "-m", "celery", "-A", "fleet", "worker", "-Q", "mqtt", "-P", "threads", "-c", "4", "-n", "bridge@test", "-l", "INFO"
        )  # fmt: skip
        self.worker = self._process(
            "worker", "-m", "celery", "-A", "fleet", "worker", "-Q", "celery,media", "-P", "solo", "-n", "worker@test", "-l", "INFO"
        )  # fmt: skip
        self.beat = self._process(
            "beat", "-m", "celery", "-A", "fleet", "beat", "-s", str(directory / "beat"), "--pidfile=", "-l", "INFO"
        )  # fmt: skip

    def _process(self, name: str, *arguments: str) -> FleetProcess:
        return FleetProcess(self.directory, name, list(arguments), self.environment)

    @property
    def processes(self) -> list[FleetProcess]:
        return [self.web, self.bridge, self.worker, self.beat]

    def manage(self, *arguments: str, feed: str = "") -> str:
        """Run a management command on the same installation; its output. Raises with its errors."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment, input=feed, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def query(self, code: str) -> Any:
        """Run Python against the live database and return what `answer` holds, through JSON. Raises with its errors."""
        with self._asking:
            if self._shell is None or self._shell.poll() is not None:
                self._shell = subprocess.Popen(
                    [sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", _SHELL],
                    env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )  # fmt: skip
            shell = self._shell
            assert shell.stdin is not None
            assert shell.stdout is not None
            shell.stdin.write(json.dumps(code) + "\n")
            shell.stdin.flush()
            while line := shell.stdout.readline():
                if line.startswith("\x1e"):
                    said = json.loads(line[1:])
                    if "error" in said:
                        raise RuntimeError(said["error"])
                    return said["answer"]
        raise RuntimeError("the shell for queries ended")

    def redis_connection(self) -> Any:
        import redis

        return redis.Redis.from_url(self.redis.url)

    def start(self) -> None:
        self.manage("migrate", "-v", "0")
        for process in self.processes:
            process.start()
        self.wait(lambda: self.health().get("ok"), 60, "the whole server to be healthy")

    def health(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))
        except (URLError, OSError):
            return {}

    def wait(self, condition: Callable[[], Any], timeout: float, what: str) -> Any:
        """Wait for a condition; fails with the logs' ends."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.1)
        logs = "\n".join(f"--- {p.name}\n{p.log.read_text()[-3000:]}" for p in self.processes if p.log.exists())
        pytest.fail(f"waited {timeout} s in vain for {what}; health: {self.health()}\n{logs}", pytrace=False)

    def stop(self) -> None:
        if self._shell is not None:
            self._shell.kill()
            self._shell.wait()
        for process in reversed(self.processes):
            process.stop()


@contextlib.contextmanager
def _database(directory: Path) -> Iterator[str]:
    """A database for the live server: a SQLite file, or a new database on the PostgreSQL that the tests use."""
    url = os.environ["DATABASE_URL"]
    if not url.startswith("postgres"):
        yield f"sqlite:///{directory / 'live.sqlite3'}"
        return
    import psycopg

    name = f"live_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    parts = urlsplit(url)
    yield urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def running_fleet() -> Iterator[LiveFleet]:
    try:
        with (
            mosquitto_server() as broker,
            redis_server() as redis,
            s3_server() as s3,
            _database(broker.directory) as database_url,
        ):
            directory = broker.directory / "fleet"
            directory.mkdir()
            fleet = LiveFleet(directory, broker, redis, database_url, s3)
            try:
                fleet.start()
                yield fleet
            finally:
                fleet.stop()
    except Missing as error:
        unavailable(error)


@contextlib.contextmanager
def demo_dock(fleet: LiveFleet, behaviour: Behaviour) -> Iterator[SimulatorThread]:
    """The demo's dock 3 alone, simulated in this process."""
    gateways = fleet.query(
        f"from fleet.services import demo\nanswer = demo.simulated_gateways(demo.seed({PASSWORD!r}).workspace)[:1]"
    )
    with simulated(fleet, gateways, behaviour) as simulator:
        yield simulator


@contextlib.contextmanager
def simulated(
    fleet: LiveFleet,
    gateways: list[dict[str, Any]],
    behaviour: Behaviour,
    prepare: Callable[[SimulatedFleet], None] | None = None,
) -> Iterator[SimulatorThread]:
    """These gateways, each registered like any other, simulated in this process."""
    file = fleet.directory / "gateways.json"
    file.write_text(json.dumps({"mqtt": gateways[0]["mqtt"], "gateways": gateways}))
    with SimulatorThread(Credentials.load(file), behaviour=behaviour, prepare=prepare) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def live_fleet() -> Iterator[LiveFleet]:
    """The whole server, shared by a session's tests: let nobody depend on what another left behind."""
    with running_fleet() as fleet:
        yield fleet


@pytest.fixture(scope="session")
def demo_workspace(live_fleet: LiveFleet) -> dict[str, Any]:
    """The demo's workspace, administrator (password `PASSWORD`) and the simulator's gateways."""
    return dict(
        live_fleet.query(
            "from fleet.services import demo\n"
            f"seeded = demo.seed({PASSWORD!r})\n"
            "answer = {'workspace': str(seeded.workspace.pk), 'username': seeded.username,"
            " 'gateways': demo.simulated_gateways(seeded.workspace)}"
        )
    )


@pytest.fixture(scope="session")
def simulator(live_fleet: LiveFleet, demo_workspace: dict[str, Any]) -> Iterator[FleetProcess]:
    """A simulated dock 3, dock 2 and remote, online and flying."""
    credentials = live_fleet.directory / "simulator.json"
    credentials.write_text(
        json.dumps({"mqtt": demo_workspace["gateways"][0]["mqtt"], "gateways": demo_workspace["gateways"]})
    )
    arguments = [str(ROOT / "manage.py"), "simulate", "--credentials", str(credentials)]
    process = FleetProcess(live_fleet.directory, "simulator", arguments, live_fleet.environment)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser; skipped where there is none unless FLEET_REQUIRE_BROWSER=1.

    Not for the whole session: Playwright's event loop keeps running, and asynchronous tests would trip over it.
    """
    from playwright.sync_api import expect, sync_playwright

    # What is awaited comes late on a busy machine, and then it has come all the same.
    expect.set_options(timeout=20_000)
    path = next(
        (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome") if Path(p).exists()),
        None,
    )
    if path is None:
        why = "no Chromium on this machine (Debian: apt install chromium)"
        if os.environ.get("FLEET_REQUIRE_BROWSER") == "1":
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
            ],
        )
        yield browser
        browser.close()
