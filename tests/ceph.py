"""A whole Ceph with its S3 gateway in one folder: the one real token service that installs on a test machine.

Debian's ceph-mon, ceph-mgr, ceph-osd and radosgw; one object store in a file, everything on loopback. Used by `make test-ceph`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fleet.embedded import ports
from tests.servers import Missing

_PROGRAMS = ("ceph", "ceph-authtool", "monmaptool", "ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "radosgw-admin")


class RadosGateway:
    """`url`, the root `key` and the ARN of the role that temporary credentials are asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = ports.free_port()
        self.mon_port = ports.free_port()
        self.key = ("fleettests", secrets.token_hex(16))
        self.role = "arn:aws:iam:::role/fleet"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.configuration = directory / "ceph.conf"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [*command], env=self._environment(), capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:] or done.stdout[-2000:]}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self.configuration)}

    def _ceph(self, *arguments: str) -> str:
        return self._run("ceph", "-c", str(self.configuration), "-n", "client.admin", *arguments)

    def _serve(self, name: str, *command: str) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen([*command], env=self._environment(), stdout=log, stderr=subprocess.STDOUT)
            )

    def start(self) -> None:
        """Bring everything up and make the user and the role. Raises `RuntimeError` with what a program said."""
        self._configure()
        self._monitor()
        self._serve("mgr", "ceph-mgr", "-f", "-i", "x", "-c", str(self.configuration))
        self._store()
        self._gateway()

    def _configure(self) -> None:
        keyring = self.directory / "keyring"
        lines = f"""
[global]
fsid = {uuid.uuid4()}
mon host = [v2:127.0.0.1:{self.mon_port}]
mon initial members = a
ms bind msgr1 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {keyring}
run dir = {self.directory}
admin socket = {self.directory}/$cluster-$name.asok
log file = {self.directory}/$name.log
pid file =
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon osd min down reporters = 1
mon data avail crit = 1
mon data avail warn = 2
mon allow pool delete = true
auth allow insecure global id reclaim = false
[mon.a]
mon data = {self.directory}/mon
[mgr.x]
mgr data = {self.directory}/mgr
mgr initial modules =
[osd.0]
osd data = {self.directory}/osd
osd objectstore = bluestore
osd journal size = 100
bluestore block size = 2147483648
bluestore block create = true
bluestore block db create = false
bluestore block wal create = false
bluestore fsck on mount = false
osd mclock skip benchmark = true
osd max object name len = 256
osd max object namespace len = 64
[client.rgw]
rgw data = {self.directory}/rgw
rgw frontends = beast endpoint=127.0.0.1:{self.port}
rgw s3 auth use sts = true
rgw sts key = {secrets.token_hex(8)}
rgw thread pool size = 16
rgw enable usage log = false
rgw enable gc threads = false
rgw enable lc threads = false
"""
        self.configuration.write_text(lines.lstrip())
        self._run(
            "ceph-authtool", "--create-keyring", str(keyring), "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"
        )
        everything = [
            "--cap",
            "mon",
            "allow *",
            "--cap",
            "osd",
            "allow *",
            "--cap",
            "mgr",
            "allow *",
            "--cap",
            "mds",
            "allow *",
        ]
        for name in ("client.admin", "client.rgw"):
            self._run("ceph-authtool", str(keyring), "--gen-key", "-n", name, *everything)
        self._run(
            "ceph-authtool", str(keyring), "--gen-key", "-n", "mgr.x",
            "--cap", "mon", "allow profile mgr", "--cap", "osd", "allow *", "--cap", "mds", "allow *",
        )  # fmt: skip
        self._run(
            "ceph-authtool", str(keyring), "--gen-key", "-n", "osd.0",
            "--cap", "mon", "allow profile osd", "--cap", "mgr", "allow profile osd", "--cap", "osd", "allow *",
        )  # fmt: skip
        for name in ("mgr", "osd", "rgw"):
            (self.directory / name).mkdir()

    def _monitor(self) -> None:
        fsid = next(
            line.split("=")[1].strip()
            for line in self.configuration.read_text().splitlines()
            if line.startswith("fsid")
        )
        monmap, keyring = self.directory / "monmap", self.directory / "keyring"
        self._run(
            "monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{self.mon_port}]", "--fsid", fsid, str(monmap)
        )
        self._run(
            "ceph-mon", "-c", str(self.configuration), "--mkfs", "-i", "a", "--monmap", str(monmap), "--keyring", str(keyring)
        )  # fmt: skip
        self._serve("mon", "ceph-mon", "-f", "-i", "a", "-c", str(self.configuration))
        self._wait(lambda: "HEALTH" in self._ceph("--connect-timeout", "5", "health"), "the monitor")

    def _store(self) -> None:
        identity = str(uuid.uuid4())
        self._ceph("osd", "new", identity, "0")
        self._run("ceph-osd", "-c", str(self.configuration), "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._serve("osd", "ceph-osd", "-f", "-i", "0", "-c", str(self.configuration))
        self._wait(lambda: json.loads(self._ceph("osd", "stat", "-f", "json"))["num_up_osds"] == 1, "the object store")

    def _admin(self, *arguments: str) -> Any:
        out = self._run("radosgw-admin", "-c", str(self.configuration), "-n", "client.rgw", *arguments)
        return json.loads(out) if out.strip().startswith(("{", "[")) else out

    def _gateway(self) -> None:
        self._admin(
            "user", "create", "--uid=fleet", "--display-name=Fleet", f"--access-key={self.key[0]}", f"--secret-key={self.key[1]}"
        )  # fmt: skip
        self._admin("caps", "add", "--uid=fleet", "--caps=roles=*")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/fleet"]}, "Action": ["sts:AssumeRole"]}
            ],
        }
        role = self._admin(
            "role", "create", "--role-name=fleet", "--path=/",
            f"--assume-role-policy-doc={json.dumps(trust, separators=(',', ':'))}",
        )  # fmt: skip
        self.role = role["Arn"] if isinstance(role, dict) else self.role
        write = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::fleet/*"]}],
        }
        self._admin(
            "role-policy", "put", "--role-name=fleet", "--policy-name=bucket",
            f"--policy-doc={json.dumps(write, separators=(',', ':'))}",
        )  # fmt: skip
        self._serve("rgw", "radosgw", "-f", "-n", "client.rgw", "-c", str(self.configuration))
        self._wait(lambda: ports.accepts("127.0.0.1", self.port), "the gateway")
        import boto3

        client: Any = boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=self.key[0], aws_secret_access_key=self.key[1], region_name="us-east-1"
        )  # fmt: skip
        client.create_bucket(Bucket="fleet")

    def _wait(self, condition: Any, what: str) -> None:
        end = time.monotonic() + 90
        said = ""
        while time.monotonic() < end:
            if any(process.poll() is not None for process in self.processes):
                break
            try:
                if condition():
                    return
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                said = str(error)
            time.sleep(0.3)
        logs = "\n".join(f"--- {log.name}\n{log.read_text()[-1500:]}" for log in sorted(self.directory.glob("*.log")))
        raise RuntimeError(f"waited in vain for {what}: {said}\n{logs}")

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


@contextlib.contextmanager
def rados_gateway() -> Iterator[RadosGateway]:
    """A running gateway. Raises `Missing` where Ceph is not installed."""
    absent = [name for name in _PROGRAMS if shutil.which(name) is None]
    if absent:
        raise Missing(f"Ceph is not installed: {', '.join(absent)} (Debian: ceph-mon ceph-mgr ceph-osd radosgw)")
    directory = Path(tempfile.mkdtemp(prefix="fleet-ceph-"))
    gateway = RadosGateway(directory)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
        shutil.rmtree(directory, ignore_errors=True)
