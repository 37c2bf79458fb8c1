"""Mosquitto with its dynamic security plug-in: embedded, in the tests, and prepared for production.

`python -m fleet.embedded.mosquitto DIRECTORY` writes the configuration and the server's two accounts there,
with the users and passwords of MQTT_URL and FLEET_MQTT_CONTROL_URL; what the plug-in has stored there since
is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fleet.embedded import dynamic_security

_PLUGIN = "mosquitto_dynamic_security.so"
#: Debian keeps servers out of an ordinary user's PATH.
_PROGRAM_DIRECTORIES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/usr/local/opt/mosquitto/sbin")
_PLUGIN_DIRECTORIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib", "/usr/lib/mosquitto")


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the broker and its plug-in lie."""

    program: Path
    plugin: Path


def _candidates() -> Iterable[Path]:
    if chosen := os.environ.get("FLEET_MOSQUITTO_PLUGIN"):
        yield Path(chosen)
    for directory in map(Path, _PLUGIN_DIRECTORIES):
        yield directory / _PLUGIN
        yield from sorted(directory.glob(f"*/{_PLUGIN}"))


@lru_cache(maxsize=1)
def find() -> Installation | None:
    """The installed Mosquitto, or None when it or its dynamic security plug-in is missing."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_PROGRAM_DIRECTORIES])
    program = shutil.which("mosquitto", path=path)
    plugin = next((file for file in _candidates() if file.is_file()), None)
    return Installation(Path(program), plugin) if program and plugin else None


def myself() -> str:
    """`user` for a broker that works in a directory of ours: as root it would become user mosquitto."""
    return "root" if os.getuid() == 0 else ""


def write_configuration(
    installation: Installation,
    directory: Path,
    host: str,
    port: int,
    *,
    control: tuple[str, str],
    bridge: tuple[str, str],
    user: str = "",
) -> Path:
    """Write `mosquitto.conf` and the accounts of the server itself; the gateways' accounts are left as they
    are.

    `control` and `bridge` are (user, password). `user` is who the broker becomes when root starts it. The
    broker keeps its queues, sessions and accounts in `directory`. Returns the configuration file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    accounts = directory / "dynamic-security.json"
    known = json.loads(accounts.read_text()) if accounts.is_file() else None
    wanted = dynamic_security.with_server_accounts(known, control=control, bridge=bridge)
    if dynamic_security.essence(wanted) != dynamic_security.essence(known):
        fresh = accounts.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(wanted, file, indent=1)
        fresh.replace(accounts)
    lines = [
        f"listener {port} {host.strip('[]')}",
        "allow_anonymous false",
        f"plugin {installation.plugin}",
        f"plugin_opt_config_file {accounts}",
        # Without it a reply of the control channel takes 44 ms.
        "set_tcp_nodelay true",
        "persistence true",
        f"persistence_location {directory}/",
        # What a kill may lose of the queues of absent clients, in seconds.
        "autosave_interval 2",
        "persistent_client_expiration 7d",
        # The bridge acknowledges after its commit; twenty at a time, the default, would slow it down.
        "max_inflight_messages 500",
        "max_queued_messages 10000",
        "max_packet_size 10485760",
        "sys_interval 10",
        "log_dest stdout",
        "log_timestamp_format %Y-%m-%d %H:%M:%S",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    if user:
        lines.append(f"user {user}")
    configuration = directory / "mosquitto.conf"
    configuration.write_text("\n".join(lines) + "\n")
    return configuration


def account_in(name: str) -> tuple[str, str]:
    """User and password of an address in the environment. Ends the program when there are none."""
    parts = urlsplit(os.environ.get(name, ""))
    if not parts.username or not parts.password:
        raise SystemExit(f"{name} must hold a user and a password: mqtt://user:password@host:port")
    return unquote(parts.username), unquote(parts.password)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write mosquitto.conf and the accounts of Fleet itself.")
    parser.add_argument("directory", type=Path, help="where the broker keeps its data")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--plugin", type=Path, help="mosquitto_dynamic_security.so where the broker runs")
    parser.add_argument("--user", default="mosquitto", help="who the broker becomes when root starts it")
    options = parser.parse_args()
    installed = find()
    if options.plugin is None and installed is None:
        raise SystemExit("Mosquitto's dynamic security plug-in was not found here; say where it lies with --plugin.")
    installation = Installation(
        installed.program if installed else Path("mosquitto"),
        options.plugin or (installed.plugin if installed else Path()),
    )
    configuration = write_configuration(
        installation,
        options.directory.resolve(),
        options.host,
        options.port,
        control=account_in("FLEET_MQTT_CONTROL_URL"),
        bridge=account_in("MQTT_URL"),
        user=options.user,
    )
    print(configuration)


if __name__ == "__main__":
    main()
