"""Which servers `make run` starts itself, and the file that tells every process of Fleet where they are.

`fleet.env` in the data directory holds addresses and generated secrets. It is written anew at each start; the
secrets in it are kept. What the operator gave (environment or `.env`) always wins and is never written there.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

from fleet.embedded import mosquitto
from fleet.embedded.s3 import BUCKET
from fleet.embedded.sockets import socket_path

ROOT = Path(__file__).resolve().parent.parent.parent
BRIDGE_USER = "fleet-bridge"
CONTROL_USER = "fleet-control"
S3_USER = "fleet"


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs here and where."""

    data: Path
    web: tuple[str, int]
    mqtt: tuple[str, int]
    s3: tuple[str, int]
    embeds_redis: bool
    #: the root key of the S3 server that is started here; None when FLEET_S3_ENDPOINT names one elsewhere
    s3_key: tuple[str, str] | None = field(repr=False)
    s3_bucket: str
    #: "mosquitto", "amqtt" or "" when MQTT_URL names a broker elsewhere
    broker: str
    simulates: bool
    #: what `fleet.env` holds
    generated: dict[str, str] = field(repr=False)

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def redis_socket(self) -> Path:
        return socket_path(self.run / "redis.sock")


def given(data: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What the operator set, without what an earlier start generated and Django's settings have loaded
    since."""
    kept = read(data / "fleet.env")
    named = {**read(ROOT / ".env"), **environment}
    return {name: value for name, value in named.items() if value.strip() and value != kept.get(name)}


def read(path: Path) -> dict[str, str]:
    """An environment file as a mapping; empty when there is none."""
    return {name: value for name, value in dotenv_values(path).items() if value} if path.is_file() else {}


def data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """FLEET_DATA_DIR, read the way `fleet.env` (the settings module) reads it."""
    named = {**read(ROOT / ".env"), **environment}.get("FLEET_DATA_DIR", "")
    return Path(named or ROOT / "var").expanduser().resolve()


def port(values: Mapping[str, str], name: str, default: int) -> int:
    """A port number. Raises `ImproperlyConfigured` naming the setting."""
    text = values.get(name, str(default)).strip()
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ImproperlyConfigured(f"{name} must be a port between 1 and 65535, not {text!r}.")
    return int(text)


def reachable(host: str) -> str:
    """Where a server that is bound to `host` is reached from this machine, fit for an address."""
    if host in ("", "0.0.0.0", "*"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound to `host`."""
    return host == "localhost" or host.startswith("127.") or host.strip("[]") == "::1"


def choose_broker(wanted: str) -> str:
    """mosquitto where it can run, else amqtt; FLEET_EMBEDDED_MQTT decides when it is given."""
    if wanted not in ("", "mosquitto", "amqtt"):
        raise ImproperlyConfigured(f"FLEET_EMBEDDED_MQTT must be mosquitto or amqtt, not {wanted!r}.")
    installed = mosquitto.find()
    if wanted == "mosquitto" and installed is None:
        raise ImproperlyConfigured(
            "FLEET_EMBEDDED_MQTT is mosquitto, but Mosquitto with its dynamic security plug-in was not "
            "found. On Debian and Ubuntu: sudo apt install mosquitto"
        )
    return wanted or ("mosquitto" if installed else "amqtt")


def make_plan(data: Path, values: Mapping[str, str], kept: Mapping[str, str]) -> Plan:
    """Decide from what the operator gave (`values`) and what an earlier start generated (`kept`).

    Raises `ImproperlyConfigured` with a sentence that names the wrong setting.
    """
    web = (values.get("FLEET_WEB_HOST", "127.0.0.1"), port(values, "FLEET_WEB_PORT", 8000))
    mqtt = (values.get("FLEET_MQTT_HOST", "127.0.0.1"), port(values, "FLEET_MQTT_PORT", 1883))
    s3 = (values.get("FLEET_S3_HOST", "127.0.0.1"), port(values, "FLEET_S3_PORT", 9000))
    simulate = values.get("FLEET_SIMULATE", "1").strip().lower()
    if simulate not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"FLEET_SIMULATE must be 0 or 1, not {simulate!r}.")
    broker = "" if "MQTT_URL" in values else choose_broker(values.get("FLEET_EMBEDDED_MQTT", "").strip())

    def secret(name: str, length: int = 32) -> str:
        return kept.get(name) or secrets.token_urlsafe(length)

    generated: dict[str, str] = {
        "FLEET_SECRET_KEY": secret("FLEET_SECRET_KEY", 48),
    }
    s3_key = None
    if "FLEET_S3_ENDPOINT" not in values:
        own = kept.get("FLEET_S3_ACCESS_KEY") or f"{S3_USER}-{secrets.token_hex(6)}"
        s3_key = (
            values.get("FLEET_S3_ACCESS_KEY", own),
            values.get("FLEET_S3_SECRET_KEY", secret("FLEET_S3_SECRET_KEY")),
        )
        generated["FLEET_S3_ENDPOINT"] = f"http://{reachable(s3[0])}:{s3[1]}"
        generated["FLEET_S3_ACCESS_KEY"], generated["FLEET_S3_SECRET_KEY"] = s3_key
        generated["FLEET_STS"] = "embedded"
    if "REDIS_URL" not in values:
        generated["REDIS_URL"] = f"unix://{socket_path(data / 'run' / 'redis.sock')}"
    if broker:
        address = f"{reachable(mqtt[0])}:{mqtt[1]}"
        generated["MQTT_URL"] = f"mqtt://{BRIDGE_USER}:{password_in(kept, 'MQTT_URL')}@{address}"
        generated["FLEET_BROKER"] = "mosquitto" if broker == "mosquitto" else "embedded"
        generated["FLEET_MQTT_PUBLIC_URL"] = f"tcp://{address}"
        # Kept while amqtt runs, so that a return to mosquitto finds the account its file knows.
        control = password_in(kept, "FLEET_MQTT_CONTROL_URL")
        generated["FLEET_MQTT_CONTROL_URL"] = f"mqtt://{CONTROL_USER}:{control}@{address}"
    if (web_address := f"http://{reachable(web[0])}:{web[1]}") != "http://127.0.0.1:8000":
        generated["FLEET_PUBLIC_URL"] = web_address
    return Plan(
        data=data,
        web=web,
        mqtt=mqtt,
        s3=s3,
        embeds_redis="REDIS_URL" in generated,
        s3_key=s3_key,
        s3_bucket=values.get("FLEET_S3_BUCKET", BUCKET),
        broker=broker,
        simulates=simulate in ("1", "true", "yes", "on"),
        generated={name: value for name, value in generated.items() if name not in values},
    )


def password_in(kept: Mapping[str, str], name: str) -> str:
    """The password in a kept address, or a new one."""
    return urlsplit(kept.get(name, "")).password or secrets.token_urlsafe(32)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may ever read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def prepare(environment: Mapping[str, str] = os.environ) -> Plan:
    """Decide, and write `fleet.env`. To be called before Django's settings are read for the first time."""
    data = data_directory(environment)
    file = data / "fleet.env"
    plan = make_plan(data, given(data, environment), read(file))
    lines = [f"{name}={value}" for name, value in plan.generated.items()]
    head = "# Written by `manage.py run` at each start; the secrets are kept. Put your own settings into .env."
    write_private(file, "\n".join([head, *lines]) + "\n")
    return plan
