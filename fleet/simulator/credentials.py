"""Which gateways to simulate, and what they type in to reach the server.

The file is JSON:

    {"mqtt": "mqtt://127.0.0.1:1883",
     "gateways": [
       {"sn": "8UUXN3B00A0001", "username": "…", "password": "…", "kind": "dock3",
        "organization_id": "…", "bind_code": "…",
        "aircraft_sn": "1581F8HGX24B0001"}]}

`kind` is dock3, dock2 or rc-plus-2. `aircraft_sn` may be absent: it is then derived from `sn`, always the
same way.
`callsign` and `aircraft_callsign` may be given; `username` and `password` may be absent on a broker that lets
everybody in. `mqtt` may be mqtt://, tcp://, mqtts://, ssl://, ws:// or wss://.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fleet.simulator.profiles import PROFILES, Profile

PORTS = {"mqtt": 1883, "tcp": 1883, "mqtts": 8883, "ssl": 8883, "ws": 8083, "wss": 8084}


class CredentialsError(ValueError):
    """The credentials file, or what the command line says of it, cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is reached."""

    host: str
    port: int
    tls: bool = False
    websocket_path: str | None = None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read mqtt://host[:port], a bare host[:port], or one of the other schemes; CredentialsError when
        it is none.
        """
        parts = urlsplit(url if "://" in url else f"mqtt://{url}")
        try:
            port = parts.port
        except ValueError as error:
            raise CredentialsError(f"broker address {url!r}: {error}") from error
        if parts.scheme not in PORTS or not parts.hostname:
            raise CredentialsError(f"broker address {url!r} is not of the form mqtt://host:port")
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            tls=parts.scheme in ("mqtts", "ssl", "wss"),
            websocket_path=(parts.path or "/mqtt") if parts.scheme in ("ws", "wss") else None,
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class GatewayCredentials:
    """What one gateway knows of its cloud."""

    sn: str
    kind: str
    username: str | None = None
    password: str | None = None
    organization_id: str = ""
    bind_code: str = ""
    aircraft_sn: str = ""
    callsign: str = ""
    aircraft_callsign: str = ""

    @property
    def profile(self) -> Profile:
        """The facts of this kind of gateway."""
        return PROFILES[self.kind]

    @classmethod
    def from_json(cls, entry: Any) -> GatewayCredentials:
        """One entry of `gateways`; CredentialsError when a field is missing or of the wrong type."""
        if not isinstance(entry, Mapping):
            raise CredentialsError(f"a gateway must be an object, not {entry!r}")
        known = {name: entry[name] for name in cls.__dataclass_fields__ if entry.get(name) is not None}
        for name, value in known.items():
            if not isinstance(value, str):
                raise CredentialsError(f"gateway {entry.get('sn')!r}: {name} must be text")
        if not known.get("sn"):
            raise CredentialsError(f"a gateway without sn: {sorted(entry)}")
        if known.get("kind") not in PROFILES:
            raise CredentialsError(
                f"gateway {known['sn']}: kind {known.get('kind')!r} is none of {', '.join(PROFILES)}"
            )
        return cls(**known).completed()

    def completed(self) -> GatewayCredentials:
        """With the aircraft's serial and both names filled in where they were absent."""
        digest = hashlib.sha256(self.sn.encode()).hexdigest().upper()
        return replace(
            self,
            aircraft_sn=self.aircraft_sn or f"1581F{digest[:15]}",
            callsign=self.callsign or f"{self.profile.name} {self.sn[-4:]}",
            aircraft_callsign=self.aircraft_callsign or f"{self.profile.aircraft_name} {self.sn[-4:]}",
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """A broker and the gateways that know it."""

    mqtt: str
    gateways: tuple[GatewayCredentials, ...]

    @classmethod
    def load(cls, path: str | Path) -> Credentials:
        """Read the file described above; CredentialsError says what is wrong with it."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise CredentialsError(f"{path}: {error.strerror}") from error
        except ValueError as error:
            raise CredentialsError(f"{path} is not JSON: {error}") from error
        if not isinstance(content, Mapping) or not isinstance(content.get("gateways"), list):
            raise CredentialsError(f"{path}: an object with a list named gateways is expected")
        gateways = tuple(GatewayCredentials.from_json(entry) for entry in content["gateways"])
        twice = [sn for sn, times in Counter(g.sn for g in gateways).items() if times > 1]
        if twice:
            raise CredentialsError(f"{path}: named twice: {', '.join(sorted(twice))}")
        return cls(mqtt=str(content.get("mqtt") or "mqtt://127.0.0.1:1883"), gateways=gateways)

    def with_docks(self, count: int) -> Credentials:
        """Only the first `count` docks of the file; CredentialsError when it has fewer."""
        docks = tuple(g for g in self.gateways if g.profile.is_dock)
        if len(docks) < count:
            raise CredentialsError(f"{count} docks asked for, but the credentials hold {len(docks)}")
        return replace(self, gateways=docks[:count])


def invented(
    docks: int, mqtt: str, *, others: bool = False, organization_id: str = "", bind_code: str = ""
) -> Credentials:
    """Gateways for a broker that lets everybody in: `docks` docks, every second one a Dock 2; `others` adds
    a remote.
    """
    gateways = [
        GatewayCredentials(
            sn=f"{'8UUXSIM3' if index % 2 == 0 else '7CTXSIM2'}{index:06d}",
            kind="dock3" if index % 2 == 0 else "dock2",
            organization_id=organization_id,
            bind_code=bind_code,
        ).completed()
        for index in range(docks)
    ]
    if others:
        gateways.append(GatewayCredentials(sn="9N9CSIMR000000", kind="rc-plus-2").completed())
    return Credentials(mqtt=mqtt, gateways=tuple(gateways))
