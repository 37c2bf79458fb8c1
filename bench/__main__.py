"""`make bench`: what Fleet costs on top of a bare MQTT client, on this machine, in one run.

Prints a table and, with `--json`, the same as JSON. The figures in docs/benchmarks.md came from here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import socket
import statistics
import sys
import threading
import time
from typing import Any
from urllib.parse import unquote, urlsplit

import tests.environment  # noqa: F401 - a data directory and a Redis of our own, before Django's settings are read
from bench import elements, flights, media, missions, routes, wire
from tests.live import LiveFleet, running_fleet
from tests.servers import Missing, postgres_server

SENDER = "bench-sender"
PASSWORD = "bench-only"  # noqa: S105 - an account on a broker that lives for this run


def open_the_broker(fleet: LiveFleet) -> str:
    """An account that may publish for every device; its address."""
    fleet.query(
        "from devices.services.broker.dynsec import DynamicSecurity\n"
        "from django.conf import settings\n"
        "acls = [{'acltype': kind, 'topic': '#', 'allow': True, 'priority': 0}"
        " for kind in ('publishClientSend', 'publishClientReceive', 'subscribePattern')]\n"
        "with DynamicSecurity(settings.MQTT_CONTROL_URL) as control:\n"
        "    control.run([{'command': 'createRole', 'rolename': 'bench', 'acls': acls},\n"
        f"      {{'command': 'createClient', 'username': {SENDER!r}, 'password': {PASSWORD!r}, 'roles': [{{'rolename': 'bench'}}]}}])\n"
        "answer = 1"
    )
    return f"mqtt://{SENDER}:{PASSWORD}@{fleet.broker.address}"


def add_devices(fleet: LiveFleet, count: int) -> list[str]:
    """So many registered aircraft in one workspace; their serials."""
    return list(
        fleet.query(
            "from devices.models import Device, DeviceModel\n"
            "from fleet.models import Workspace\n"
            "w, _ = Workspace.objects.get_or_create(name='Bench')\n"
            "m, _ = DeviceModel.objects.get_or_create(key='0-100-1')\n"
            f"Device.objects.bulk_create([Device(workspace=w, sn=f'BENCH{{n:06d}}', domain=0, model=m) for n in range({count})],"
            " ignore_conflicts=True)\n"
            f"answer = [f'BENCH{{n:06d}}' for n in range({count})]"
        )
    )


def bridge_state(fleet: LiveFleet) -> dict[str, Any]:
    """The bridge's last sign of life: its counts, and when (ms) it wrote them."""
    import orjson

    from fleet import heartbeat

    raw = fleet.redis_connection().get(f"{heartbeat.PREFIX}bridge@test")
    return dict(orjson.loads(raw)) if raw else {}


def fleet_rate(fleet: LiveFleet, beats: int = 5) -> float:
    """Messages a second that the bridge takes, between signs of life while a flood lasts."""
    seen: list[tuple[int, int]] = []
    end = time.monotonic() + 60
    while len(seen) < beats + 1 and time.monotonic() < end:
        state = bridge_state(fleet)
        point = (state.get("at", 0), state.get("bridge", {}).get("counts", {}).get("telemetry", 0))
        if point[1] and (not seen or point[0] != seen[-1][0]):
            seen.append(point)
        time.sleep(0.1)
    (begun, before), (ended, after) = seen[1], seen[-1]
    return (after - before) / (ended - begun) * 1000


class Listener(threading.Thread):
    """One WebSocket client on the live map, counting frames."""

    def __init__(self, fleet: LiveFleet) -> None:
        super().__init__(daemon=True)
        cookie, workspace = fleet.query(
            "from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY\n"
            "from django.contrib.sessions.backends.db import SessionStore\n"
            "from fleet.models import User, Workspace\n"
            "u, _ = User.objects.get_or_create(username='bench', defaults={'is_superuser': True})\n"
            "s = SessionStore()\n"
            "s.update({SESSION_KEY: str(u.pk), BACKEND_SESSION_KEY: 'django.contrib.auth.backends.ModelBackend',"
            " HASH_SESSION_KEY: u.get_session_auth_hash()})\n"
            "s.create()\n"
            "answer = [s.session_key, str(Workspace.objects.get(name='Bench').pk)]"
        )
        self.address = f"ws://127.0.0.1:{fleet.port}/ws/console/map/?workspace={workspace}"
        self.headers = {"Cookie": f"sessionid={cookie}", "Origin": fleet.url}
        self.frames = 0
        self.stopping = False

    def run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        import websockets

        async with websockets.connect(self.address, max_size=None, additional_headers=self.headers) as socket:
            while not self.stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(socket.recv(), 1)
                    self.frames += 1


def nothing_lost(fleet: LiveFleet, url: str, serials: list[str]) -> int:
    """Send one last round with a mark; how many devices do not show it."""
    link = wire.connect(url, "bench-last")
    for packet in wire.packets(serials, 999_999):
        link.sendall(packet)
        time.sleep(0.0005)
    time.sleep(0.5)
    link.close()
    look = (
        "from devices.models import DeviceState\n"
        f"answer = {len(serials)} - DeviceState.objects.filter(device__sn__startswith='BENCH', properties__sequence=999999).count()"
    )
    end = time.monotonic() + 20
    while (missing := int(fleet.query(look))) and time.monotonic() < end:
        time.sleep(0.5)
    return missing


def memory(fleet: LiveFleet) -> int:
    """Resident bytes of the bridge."""
    pids = [fleet.bridge.process.pid] if fleet.bridge.process else []
    best = 0
    for line in os.popen("ps -eo pid,ppid,rss,args").read().splitlines()[1:]:  # noqa: S605 - a fixed command
        pid, _ppid, rss, arguments = line.split(None, 3)
        if "bridge@test" in arguments or int(pid) in pids:
            best = max(best, int(rss) * 1024)
    return best


def round_trips(fleet: LiveFleet, url: str, count: int = 200) -> tuple[list[float], list[float]]:
    """Milliseconds: a bare MQTT round trip, and from asking for a command to its answer in the ledger."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    parts = urlsplit(url)

    def client(name: str) -> Client:
        made = Client(CallbackAPIVersion.VERSION2, client_id=name)
        made.username_pw_set(unquote(parts.username or ""), unquote(parts.password or ""))
        made.on_socket_open = lambda _client, _userdata, opened: opened.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        made.connect(parts.hostname or "", parts.port or 1883)
        return made

    device, asker = client("bench-device"), client("bench-asker")
    answered = threading.Event()

    def answer(_client: Any, _userdata: Any, message: Any) -> None:
        body = json.loads(message.payload)
        body["data"] = {"result": 0}
        device.publish(message.topic + "_reply", json.dumps(body), qos=1)

    device.on_message = answer
    device.subscribe("thing/product/+/services", 1)
    device.loop_start()
    asker.on_message = lambda *_: answered.set()
    asker.subscribe("thing/product/BARE/services_reply", 1)
    asker.loop_start()
    time.sleep(0.5)
    bare = []
    for _ in range(count):
        answered.clear()
        begun = time.perf_counter()
        asker.publish("thing/product/BARE/services", b'{"tid":"t","bid":"b","data":{}}', qos=1)
        answered.wait(5)
        bare.append((time.perf_counter() - begun) * 1000)
    ours = fleet.query(
        "import time\n"
        "from devices.models import Command, Device, DeviceModel\nfrom devices.services import commands\n"
        "from fleet.models import Workspace\n"
        "from django.utils import timezone\n"
        "m, _ = DeviceModel.objects.get_or_create(key='3-3-0')\n"
        "d, _ = Device.objects.get_or_create(sn='BENCHDOCK', defaults=dict(workspace=Workspace.objects.get(name='Bench'),"
        " domain=3, model=m))\n"
        "answer = []\n"
        f"for n in range({count}):\n"
        "    Device.objects.filter(pk=d.pk).update(online=True, online_changed_at=timezone.now())\n"
        "    begun = timezone.now()\n"
        "    c = commands.issue(d, 'debug_mode_open', {}, user=None, confirmed=True)\n"
        "    while c.replied_at is None:\n"
        "        time.sleep(0.005)\n"
        "        c.refresh_from_db()\n"
        "        if c.is_final and c.replied_at is None: raise SystemExit(c.result_text)\n"
        "    answer.append((c.replied_at - begun).total_seconds() * 1000)\n"
    )
    device.loop_stop()
    asker.loop_stop()
    return bare, [float(value) for value in ours]


def measure(fleet: LiveFleet, database: str, seconds: float) -> dict[str, Any]:
    url = open_the_broker(fleet)
    serials = add_devices(fleet, 1000)
    listener = Listener(fleet)
    listener.start()
    fleet.bridge.stop()
    with wire.flood(url, serials, seconds + 10):
        bare = wire.bare_rate(url, seconds)
    fleet.bridge.start()
    fleet.wait(lambda: fleet.health().get("ok"), 60, "the bridge")
    frames = listener.frames
    with wire.flood(url, serials, 22):
        full = fleet_rate(fleet)
    frames = listener.frames - frames
    lost = nothing_lost(fleet, url, serials)
    fleet.bridge.restart()
    fleet.wait(lambda: fleet.health().get("ok"), 60, "the bridge")
    sizes = {}
    for count in (1000, 5000):
        some = add_devices(fleet, count)
        with wire.flood(url, some, 12, rate=2500):
            time.sleep(12)
        time.sleep(2)
        sizes[count] = memory(fleet)
    bare_trip, trip = round_trips(fleet, url)
    listener.stopping = True
    listener.join(5)
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "database": database,
        "bare consumer, messages/s": round(bare),
        "whole path, messages/s": round(full),
        "ratio": round(full / bare, 2),
        "frames to one map socket": frames,
        "devices without the last telemetry": lost,
        "bare round trip, ms (median)": round(statistics.median(bare_trip), 2),
        "command, ms (median)": round(statistics.median(trip), 2),
        "command overhead, ms (median)": round(statistics.median(trip) - statistics.median(bare_trip), 2),
        "bridge with 1,000 devices, MB": round(sizes[1000] / 1e6, 1),
        "bridge with 5,000 devices, MB": round(sizes[5000] / 1e6, 1),
        "kB a device": round((sizes[5000] - sizes[1000]) / 4000 / 1000, 1),
        **flights.measure(fleet),
        **missions.measure(fleet),
        **elements.measure(fleet),
        **routes.measure(fleet),
        **(media.measure(fleet) if database.startswith("PostgreSQL") else {}),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        database = "SQLite"
        try:
            server = stack.enter_context(postgres_server())
            os.environ["DATABASE_URL"], database = server.url, "PostgreSQL (fsync off)"
        except Missing as why:
            print(f"PostgreSQL is not installed ({why}); measuring on SQLite.", file=sys.stderr)
        fleet = stack.enter_context(running_fleet())
        figures = measure(fleet, database, options.seconds)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:<36} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
