"""Real servers for the tests: Redis, Mosquitto with dynamic security, amqtt, PostgreSQL.

Each listens on a free port or a socket, keeps its files in a directory of its own, and ends with the process
that started it, however that one ends. `with redis_server() as server: server.url`. For chaos: `kill()`,
`start()`, `restart()`; the address and the data stay the same.

`python -m tests.servers --postgres --system-redis -- COMMAND...` runs a command on a PostgreSQL server of its
own, with the Redis that the machine has instead of the one out of a Python package.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from fleet.embedded import mosquitto, mqtt_probe, ports, redis, s3
from fleet.embedded.supervisor import last_lines, wrapped

ROOT = Path(__file__).resolve().parent.parent


class Missing(Exception):
    """The server is not installed on this machine."""


def unavailable(error: Missing) -> NoReturn:
    """Skip the test, or fail it where the servers are a must (FLEET_REQUIRE_SERVERS=1, as in CI)."""
    import pytest

    if os.environ.get("FLEET_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{error} (FLEET_REQUIRE_SERVERS=1)", pytrace=False)
    pytest.skip(str(error))


class Server:
    """One process that a test may kill and start again."""

    #: how it is told to end at once when this process is gone
    death_signal = "KILL"
    start_timeout = 20.0

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.directory / f"{type(self).__name__}.log"

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def answers(self) -> bool:
        raise NotImplementedError

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers. Raises `RuntimeError` with the end of its log."""
        if self.runs:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=ROOT,
            )
        ready = ports.wait_until(lambda: not self.runs or self.answers(), self.start_timeout, 0.02)
        if not ready or not self.runs:
            self.kill()
            raise RuntimeError(f"{type(self).__name__} did not start:\n{last_lines(self.log)}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end and wait until it has."""
        if self.process is None:
            return
        if self.runs:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """End it the hard way: it can neither save nor say good-bye."""
        if self.process is not None and self.runs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()


class RedisServer(Server):
    """Redis on a unix socket; `url` is fit for REDIS_URL."""

    def __init__(self, directory: Path, *, persistent: bool = True) -> None:
        super().__init__(directory)
        self.persistent = persistent
        self.socket = directory / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def command(self) -> list[str]:
        return wrapped(
            redis.command(self.directory / "data", self.socket, persistent=self.persistent), self.death_signal
        )

    def answers(self) -> bool:
        return redis.answers(self.url)


class _Broker(Server):
    def __init__(self, directory: Path, port: int | None = None) -> None:
        super().__init__(directory)
        self.host = "127.0.0.1"
        self.port = port or ports.free_port()
        self.bridge = ("fleet-bridge", secrets.token_urlsafe(16))

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The bridge's account: fit for MQTT_URL."""
        return f"mqtt://{self.bridge[0]}:{self.bridge[1]}@{self.address}"

    @property
    def public_url(self) -> str:
        """What gateways are told: fit for FLEET_MQTT_PUBLIC_URL."""
        return f"tcp://{self.address}"

    def answers(self) -> bool:
        return mqtt_probe.lets_in(self.url)


class MosquittoServer(_Broker):
    """Mosquitto configured as `make run` does it, dynamic security included."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        super().__init__(directory, port)
        self.control = ("fleet-control", secrets.token_urlsafe(16))

    @property
    def control_url(self) -> str:
        """The administrator's account: fit for FLEET_MQTT_CONTROL_URL."""
        return f"mqtt://{self.control[0]}:{self.control[1]}@{self.address}"

    def command(self) -> list[str]:
        installation = mosquitto.find()
        if installation is None:
            raise Missing("mosquitto with its dynamic security plug-in is not installed")
        configuration = mosquitto.write_configuration(
            installation,
            self.directory / "mosquitto",
            self.host,
            self.port,
            control=self.control,
            bridge=self.bridge,
            user=mosquitto.myself(),
        )
        return wrapped([str(installation.program), "-c", str(configuration)], self.death_signal)


class AmqttServer(_Broker):
    """The embedded broker with its plug-in; it asks the database named by `database_url`."""

    def __init__(self, directory: Path, database_url: str, port: int | None = None) -> None:
        super().__init__(directory, port)
        self.database_url = database_url

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "MQTT_URL": self.url,
            "FLEET_BROKER": "embedded",
            "FLEET_ALLOW_TEMPORARY_SECRET": "1",
        }

    def command(self) -> list[str]:
        server = [
            sys.executable,
            "-m",
            "fleet.embedded.amqtt_server",
            "--host",
            self.host,
            "--port",
            str(self.port),
        ]
        return wrapped(server, self.death_signal)


class S3Server(Server):
    """The embedded S3 server; `key` is its root key."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = ports.free_port()
        self.key = ("fleet-tests", secrets.token_urlsafe(16))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """What a server process needs in its environment."""
        return {
            "FLEET_S3_ENDPOINT": self.url,
            "FLEET_S3_ACCESS_KEY": self.key[0],
            "FLEET_S3_SECRET_KEY": self.key[1],
            "FLEET_STS": "embedded",
        }

    def command(self) -> list[str]:
        return wrapped(s3.command(self.directory / "objects", "127.0.0.1", self.port), self.death_signal)

    def environment(self) -> dict[str, str]:
        return {**os.environ, **s3.environment(self.directory / "objects", *self.key)}

    def answers(self) -> bool:
        return ports.accepts("127.0.0.1", self.port)


class PostgresServer(Server):
    """A PostgreSQL cluster of its own on a free port; initdb refuses root, so root lends it another user."""

    start_timeout = 60.0

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = ports.free_port()
        self.user: pwd.struct_passwd | None = None
        if os.getuid() == 0:
            self.user = _ordinary_user()
            directory.chmod(0o755)
        self.cluster = directory / "cluster"

    @property
    def url(self) -> str:
        return f"postgres://fleet@127.0.0.1:{self.port}/fleet"

    def _as_user(self, command: list[str]) -> list[str]:
        if self.user is None:
            return command
        # Not our wrapper: that user may be unable to read this Python.
        identity = [f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"]
        return ["setpriv", *identity, "--pdeathsig=QUIT", *command]

    def command(self) -> list[str]:
        programs = _postgres_programs()
        if not (self.cluster / "PG_VERSION").is_file():
            self.cluster.mkdir(mode=0o700, exist_ok=True)
            if self.user is not None:
                os.chown(self.cluster, self.user.pw_uid, self.user.pw_gid)
            subprocess.run(
                self._as_user(
                    [
                        str(programs / "initdb"),
                        "-D",
                        str(self.cluster),
                        "-U",
                        "fleet",
                        "-A",
                        "trust",
                        "-E",
                        "UTF8",
                        "-N",
                    ]
                ),
                check=True,
                capture_output=True,
                cwd="/",
            )
        # fmt: off
        server = [
            str(programs / "postgres"), "-D", str(self.cluster), "-p", str(self.port), "-h", "127.0.0.1",
            "-k", str(self.cluster), "-c", "fsync=off", "-c", "synchronous_commit=off",
            "-c", "full_page_writes=off",
        ]
        # fmt: on
        return self._as_user(server) if self.user else wrapped(server, "QUIT")

    def answers(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(f"postgres://fleet@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'fleet'").fetchone():
                    connection.execute("CREATE DATABASE fleet")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, number: int = signal.SIGINT) -> None:
        """A fast shutdown: connections are ended, nothing waits for them."""
        super().stop(number)


def _ordinary_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Missing("PostgreSQL refuses root, and there is no user postgres or nobody to lend it")


def _postgres_programs() -> Path:
    """The directory with initdb and postgres: the newest one that Debian installed, or the PATH's."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: float(file.parts[-3]))
    if installed:
        return installed[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).parent
    raise Missing("PostgreSQL (initdb) is not installed")


@contextlib.contextmanager
def _serve(make: Callable[[Path], Server]) -> Iterator[Server]:
    # A short path of its own, not pytest's: unix sockets may be no longer than a hundred bytes.
    directory = Path(tempfile.mkdtemp(prefix="fleet-test-"))
    server = make(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def redis_server(*, persistent: bool = True) -> Iterator[RedisServer]:
    """A Redis server of its own, started and answering."""
    with _serve(lambda directory: RedisServer(directory, persistent=persistent)) as server:
        assert isinstance(server, RedisServer)
        yield server


@contextlib.contextmanager
def mosquitto_server() -> Iterator[MosquittoServer]:
    """Mosquitto with dynamic security. Raises `Missing` where it is not installed."""
    with _serve(MosquittoServer) as server:
        assert isinstance(server, MosquittoServer)
        yield server


@contextlib.contextmanager
def amqtt_server(database_url: str) -> Iterator[AmqttServer]:
    """The embedded broker on a database that is there already."""
    with _serve(lambda directory: AmqttServer(directory, database_url)) as server:
        assert isinstance(server, AmqttServer)
        yield server


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    with _serve(S3Server) as server:
        assert isinstance(server, S3Server)
        yield server


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of its own. Raises `Missing` where it is not installed."""
    with _serve(PostgresServer) as server:
        assert isinstance(server, PostgresServer)
        yield server


def main(arguments: list[str]) -> int:
    """Run a command with servers beside it; its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--system-redis", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    # Ctrl-C reaches the command too; SIGTERM must run the clean-up below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        environment = dict(os.environ)
        if options.postgres:
            environment["DATABASE_URL"] = stack.enter_context(postgres_server()).url
        if options.system_redis:
            program = redis.system()
            if program is None:
                raise SystemExit("redis-server is not installed")
            environment["FLEET_REDIS_SERVER"] = str(program)
        return subprocess.run(wrapped(options.command), env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
