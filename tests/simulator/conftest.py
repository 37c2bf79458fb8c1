"""A real broker, and the smallest cloud that can answer a device: both know nothing of Fleet's server."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests.simulator.bucket import RCLONE, Bucket

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Broker:
    """Mosquitto on a free port, that can be stopped and started again on the same one."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self.open_to_all = True
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nset_tcp_nodelay true\npersistence false\n"
            "max_queued_messages 0\n"
            f"allow_anonymous {str(self.open_to_all).lower()}\n"
        )
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if not Path(MOSQUITTO).exists():
        pytest.skip("mosquitto is not installed")
    server = Broker(tmp_path)
    server.start()
    yield server
    server.stop()


class Cloud:
    """Answers what devices ask, and keeps what they say.

    `bind_code` is the only right one. `bound` holds the serials that are bound. `deaf` holds channels
    ("status", "events", "state", "requests") that get no answer. `heard` is every message: (topic, body).
    """

    def __init__(self, url: str) -> None:
        self.port = int(url.rsplit(":", 1)[1])
        self.bind_code = "right"
        self.bound: set[str] = set()
        self.deaf: set[str] = set()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.counted: Counter[tuple[str, str]] = Counter()
        self.results: dict[str, int] = {}
        self.event_results: dict[str, int] = {}
        self.storage: dict[str, Any] = {}
        self.route: dict[str, str] = {"url": "http://127.0.0.1/a.kmz", "fingerprint": "f"}
        self._waiters: list[asyncio.Future[None]] = []
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        async with asyncio.timeout(10):
            await self._ready.wait()

    async def stop(self) -> None:
        assert self._task is not None
        # asyncio.wait_for, which aiomqtt uses, may lose a cancellation before Python 3.12.
        while not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=0.2)
        self._ready.clear()

    async def _run(self) -> None:
        while True:
            try:
                async with aiomqtt.Client(
                    "127.0.0.1",
                    self.port,
                    identifier="cloud",
                    socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
                ) as client:
                    self._client = client
                    await client.subscribe([("thing/product/#", 1), ("sys/product/#", 1)])
                    self._ready.set()
                    async for message in client.messages:
                        await self._take(client, message.topic.value, bytes(message.payload))
            except aiomqtt.MqttError:
                if self._task is not None and self._task.cancelling():
                    return
                await asyncio.sleep(0.2)

    async def _take(self, client: aiomqtt.Client, topic: str, payload: bytes) -> None:
        family, _, sn, channel = topic.split("/", 3)
        if channel.endswith("_reply") and channel not in ("services_reply", "property/set_reply"):
            return
        if channel in ("services", "property/set", "drc/down"):
            return
        body: dict[str, Any] = json.loads(payload)
        self.heard.append((topic, body))
        self.counted[sn, channel] += 1
        answer: dict[str, Any] | None = None
        if channel not in self.deaf:
            match channel:
                case "requests":
                    answer = self._answer(body["method"], body["data"])
                case "status":
                    answer = {"result": 0}
                case "events" | "state" if body.get("need_reply") == 1:
                    answer = {"result": self.event_results.get(body.get("method", ""), 0)}
        if answer is not None:
            reply = {key: body[key] for key in ("tid", "bid", "method") if key in body}
            reply |= {"timestamp": int(time.time() * 1000), "data": answer}
            to = body["gateway"] if channel == "events" else sn
            await client.publish(f"{family}/product/{to}/{channel}_reply", json.dumps(reply), qos=1)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _answer(self, method: str, data: Any) -> dict[str, Any]:
        if method in self.results:
            return {"result": self.results[method]}
        match method:
            case "config":
                return {
                    "app_id": "1",
                    "app_key": "k",
                    "app_license": "l",
                    "ntp_server_host": "ntp.example",
                    "ntp_server_port": 123,
                }
            case "airport_bind_status":
                states = [
                    {"sn": device["sn"], "is_device_bind_organization": device["sn"] in self.bound}
                    for device in data["devices"]
                ]
                return {"result": 0, "output": {"bind_status": states}}
            case "airport_organization_get":
                good = data["device_binding_code"] == self.bind_code
                return {"result": 0, "output": {"organization_name": "Works"}} if good else {"result": 210229}
            case "airport_organization_bind":
                devices = data["bind_devices"]
                codes = [0 if device["device_binding_code"] == self.bind_code else 210231 for device in devices]
                self.bound |= {d["sn"] for d, code in zip(devices, codes, strict=True) if code == 0}
                errors = [{"sn": d["sn"], "err_code": code} for d, code in zip(devices, codes, strict=True)]
                return {"result": 0, "output": {"err_infos": errors}}
            case "flight_areas_get":
                return {"result": 0, "output": {"files": []}}
            case "storage_config_get":
                return {"result": 0, "output": self.storage}
            case "flighttask_resource_get":
                return {
                    "result": 0,
                    "output": {"file": self.route},
                }
        return {"result": 0, "output": {}}

    async def until(self, condition: Callable[[], object], timeout: float = 20) -> None:  # noqa: ASYNC109
        """Return once the condition holds, looked at after every message."""
        async with asyncio.timeout(timeout):
            while not condition():
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
                self._waiters.remove(waiter)

    def bodies(self, sn: str, channel: str, method: str | None = None) -> list[dict[str, Any]]:
        """What came from a serial on a channel, in order."""
        return [
            body
            for topic, body in self.heard
            if topic.split("/", 3)[2:] == [sn, channel] and (method is None or body.get("method") == method)
        ]

    async def send(self, sn: str, channel: str, data: Any, method: str | None = None) -> dict[str, Any]:
        """Send something down; returns the message."""
        message: dict[str, Any] = {
            "tid": str(uuid.uuid4()),
            "bid": str(uuid.uuid4()),
            "timestamp": int(time.time() * 1000),
            "data": data,
        }
        if method is not None:
            message["method"] = method
        assert self._client is not None
        await self._client.publish(f"thing/product/{sn}/{channel}", json.dumps(message), qos=1)
        return message

    async def command(self, sn: str, method: str, data: Any = None) -> dict[str, Any]:
        """Send a service and return its reply."""
        sent = await self.send(sn, "services", {} if data is None else data, method)

        def replies() -> list[dict[str, Any]]:
            return [body for body in self.bodies(sn, "services_reply") if body["tid"] == sent["tid"]]

        await self.until(replies)
        return replies()[0]

    def final(self, sn: str, event: str, bid: str) -> dict[str, Any] | None:
        """The last event of a command once it is in a final state."""
        events = [body for body in self.bodies(sn, "events", event) if body["bid"] == bid]
        final = [
            body
            for body in events
            if body["data"].get("output", body["data"]).get("status")
            in ("ok", "failed", "canceled", "partially_done", "task_finish", "wayline_cancel", "fail")
        ]
        return final[-1] if final else None


class FileServer:
    """Hands out what is put into `files` (path -> content) over HTTP, and keeps which paths were asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                content = outer.files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def put(self, path: str, content: bytes) -> dict[str, str]:
        """Offer a file; how a task names it."""
        self.files[path] = content
        return {"url": self.url + path, "fingerprint": hashlib.md5(content, usedforsecurity=False).hexdigest()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def files() -> Iterator[FileServer]:
    server = FileServer()
    yield server
    server.close()


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    if RCLONE is None:
        pytest.skip("rclone is not installed")
    server = Bucket(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def cloud(broker: Broker) -> AsyncIterator[Cloud]:
    server = Cloud(broker.url)
    await server.start()
    yield server
    await server.stop()
