"""`make run` for real: every process comes up, comes back, and goes; the data and the secrets stay."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.embedded import leftovers, mqtt_probe, ports
from fleet.embedded.environment import read
from fleet.embedded.supervisor import wrapped

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = {"redis", "mqtt", "s3", "web", "worker", "media", "bridge", "beat", "simulator"}

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]


class Run:
    """One data directory with ports of its own, and the `make run` that works in it."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.data = directory / "data"
        self.output = directory / "output.txt"
        self.web, self.mqtt, self.s3 = (ports.free_port() for _ in range(3))
        # Nothing of the test process's own servers may leak in: this run is to start them itself.
        ours = ("FLEET_", "DATABASE_URL", "REDIS_URL", "MQTT_URL", "DJANGO_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
            "FLEET_DATA_DIR": str(self.data),
            "FLEET_WEB_PORT": str(self.web),
            "FLEET_MQTT_PORT": str(self.mqtt),
            "FLEET_S3_PORT": str(self.s3),
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it without waiting; what it says goes to `said`."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                wrapped([sys.executable, "-m", "fleet.embedded"]),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # As from a terminal: whoever runs the tests in the background may have it ignored.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_ready(self) -> None:
        assert self.process is not None
        process = self.process
        ports.wait_until(lambda: "Ctrl-C ends" in self.said or process.poll() is not None, 120)
        assert "Fleet is ready" in self.said, self.said
        assert "Not everything is well" not in self.said, self.said

    def ended(self, timeout: float = 60) -> int:
        """Wait for the end; its exit code."""
        assert self.process is not None
        return self.process.wait(timeout)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def pids(self) -> dict[str, int]:
        """The processes that run, by name, as supervisord says."""
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "supervisor.supervisorctl",
                "-c",
                str(self.data / "run/supervisord.conf"),
                "status",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.findall(r"^\w+:(\w+)\s+RUNNING\s+pid (\d+)", result.stdout, re.MULTILINE)
        return {name: int(pid) for name, pid in found}

    def healthy(self) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self.web}/healthz") as answer,
        ):
            return json.load(answer)["ok"] is True
        return False

    def count(self, what: str) -> int:
        """How many rows the run's database has of something."""
        database = sqlite3.connect(f"file:{self.data / 'fleet.sqlite3'}?mode=ro", uri=True, timeout=10)
        with contextlib.closing(database):
            return int(database.execute(f"SELECT count(*) FROM {what}").fetchone()[0])  # noqa: S608 - our own words

    def nothing_is_left(self) -> bool:
        return not leftovers.processes(self.data) and not any(
            ports.accepts("127.0.0.1", port) for port in (self.web, self.mqtt, self.s3)
        )


@contextlib.contextmanager
def a_run(**settings: str) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="fleet-run-", ignore_cleanup_errors=True) as directory:
        run = Run(Path(directory), **settings)
        try:
            yield run
        finally:
            if run.process is not None and run.process.poll() is None:
                run.process.kill()
                run.process.wait()
            leftovers.clear(run.data)


def test_a_whole_life() -> None:
    """First start, a crash inside, the end by Ctrl-C, a second start on the same data, the end by SIGKILL."""
    with a_run() as run:
        run.start()
        run.wait_ready()

        assert run.healthy()
        assert set(run.pids()) == PROGRAMS
        password = re.search(r"Password\s+(\S+)", run.said)
        assert password, run.said
        assert f"http://127.0.0.1:{run.web}/admin/" in run.said
        for secret in ("fleet.env", "run/simulator.json", "fleet.sqlite3"):
            assert stat.S_IMODE((run.data / secret).stat().st_mode) & 0o077 == 0, secret
        secrets = read(run.data / "fleet.env")
        assert mqtt_probe.lets_in(secrets["MQTT_URL"])
        for port in (run.web, run.mqtt, run.s3):
            assert listening_addresses(port) == {"127.0.0.1"}
        for secret in (password[1], secrets["FLEET_SECRET_KEY"], secrets["FLEET_S3_SECRET_KEY"]):
            assert not mentions(run.data / "logs", secret)

        # A second start in the same directory says so and leaves the first alone.
        second = subprocess.run(
            [sys.executable, "-m", "fleet.embedded"],
            cwd=ROOT,
            env=run.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode != 0
        assert "runs already" in second.stderr
        assert run.healthy()

        # What is killed comes back.
        before = run.pids()
        for name in ("worker", "redis", "mqtt"):
            os.kill(before[name], signal.SIGKILL)
        assert ports.wait_until(
            lambda: (
                set(now := run.pids()) == PROGRAMS
                and all(now[name] != before[name] for name in ("worker", "redis", "mqtt"))
            ),
            40,
        )
        assert ports.wait_until(run.healthy, 40)

        assert run.stop() == 0
        assert ports.wait_until(run.nothing_is_left, 10)

        # The data is still there, the password is not said again.
        run.start()
        run.wait_ready()
        assert "Password" not in run.said
        assert read(run.data / "fleet.env") == secrets
        with contextlib.closing(sqlite3.connect(f"file:{run.data / 'fleet.sqlite3'}?mode=ro", uri=True)) as database:
            assert database.execute("SELECT count(*) FROM fleet_user WHERE is_superuser").fetchone() == (1,)

        assert run.process is not None
        run.process.kill()
        run.process.wait()
        assert ports.wait_until(run.nothing_is_left, 45)


def test_without_mosquitto_the_embedded_broker_takes_over() -> None:
    with a_run(FLEET_EMBEDDED_MQTT="amqtt") as run:
        run.start()
        run.wait_ready()
        assert "amqtt" in run.said
        assert run.healthy()
        # Two docks, a remote and their aircraft come online: the plug-in knows their accounts.
        assert ports.wait_until(lambda: run.count("devices_device WHERE online") == 6, 60)
        gateway = json.loads((run.data / "run/simulator.json").read_text())["gateways"][0]
        gateway_account = f"mqtt://{gateway['username']}:{gateway['password']}@127.0.0.1:{run.mqtt}"
        assert mqtt_probe.lets_in(gateway_account)
        assert not mqtt_probe.lets_in(gateway_account.replace("@", "x@"))
        account = read(run.data / "fleet.env")["MQTT_URL"]
        assert mqtt_probe.lets_in(account)
        assert not mqtt_probe.lets_in(account.replace("fleet-bridge:", "fleet-bridge:x"))
        assert not mqtt_probe.lets_in(f"mqtt://nobody:nothing@127.0.0.1:{run.mqtt}")
        assert run.process is not None
        run.process.send_signal(signal.SIGTERM)
        assert run.ended() == 0
        assert ports.wait_until(run.nothing_is_left, 10)


def test_a_chosen_password_is_not_said_and_the_simulator_can_stay_away() -> None:
    with a_run(FLEET_ADMIN_PASSWORD="chosen-by-hand-1", FLEET_SIMULATE="0") as run:
        run.start()
        run.wait_ready()
        assert set(run.pids()) == PROGRAMS - {"simulator"}
        assert run.count("fleet_user WHERE is_superuser") == 1
        assert run.count("devices_device") == 0
        assert "chosen-by-hand-1" not in run.said
        assert not mentions(run.data / "logs", "chosen-by-hand-1")
        assert run.stop() == 0


def test_a_taken_port_is_named_before_anything_starts() -> None:
    with a_run() as run, socket.create_server(("127.0.0.1", run.mqtt)):
        run.start()
        assert run.ended() != 0
        assert f"Port 127.0.0.1:{run.mqtt} (MQTT) is taken" in run.said
        assert "FLEET_MQTT_PORT=" in run.said
        assert not (run.data / "fleet.sqlite3").exists()


def test_a_server_that_cannot_start_is_shown_with_the_end_of_its_log() -> None:
    with a_run(FLEET_EMBEDDED_MQTT="mosquitto" if has_mosquitto() else "amqtt") as run:
        # Redis refuses a file of commands that it cannot read.
        (run.data / "redis").mkdir(parents=True)
        (run.data / "redis/appendonly.aof").write_text("this is no Redis file\n")
        run.start()
        assert run.ended() != 0
        assert "redis cannot be started" in run.said
        assert "Bad file format" in run.said
        assert ports.wait_until(run.nothing_is_left, 10)


def has_mosquitto() -> bool:
    from fleet.embedded import mosquitto

    return mosquitto.find() is not None


def mentions(directory: Path, text: str) -> list[str]:
    return [file.name for file in directory.iterdir() if text in file.read_text(errors="replace")]


def listening_addresses(port: int) -> set[str]:
    """The addresses that somebody listens on with this port (Linux)."""
    found: set[str] = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, number = local.rsplit(":", 1)
            if state == "0A" and int(number, 16) == port:
                words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
                found.add(socket.inet_ntop(family, b"".join(words)))
    return found
