"""The cheapest possible peers: a sender that writes ready-made packets, and a bare paho 3.1.1 + orjson consumer."""

from __future__ import annotations

import multiprocessing
import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from fleet.embedded import ports


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("!H", len(raw)) + raw


def _packet(kind: int, body: bytes) -> bytes:
    length, out = len(body), bytearray([kind])
    while True:
        byte, length = length % 128, length // 128
        out.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(out) + body


def osd(sn: str, sequence: int) -> bytes:
    """About 1.6 kB of an aircraft's telemetry."""
    generator = random.Random(f"{sn}{sequence}")
    camera = {"camera_mode": 0, "payload_index": "99-0-0", "photo_state": 0, "recording_state": 0, "zoom_factor": 7.0,
              "remain_photo_num": 9999, "liveview_world_region": {"left": 0.1, "top": 0.2, "right": 0.8, "bottom": 0.9}}  # fmt: skip
    cell = {"capacity_percent": 80, "index": 0, "sn": "B" * 14, "temperature": 31.5, "voltage": 24210, "loop_times": 22,
            "firmware_version": "02.00.20.50", "high_voltage_storage_days": 1, "sub_type": 0, "type": 0}  # fmt: skip
    data = {
        "latitude": 47 + generator.random(), "longitude": 8 + generator.random(), "height": 500.0 + sequence % 100,
        "elevation": 80.5, "attitude_head": sequence % 360, "attitude_pitch": 1.5, "attitude_roll": -0.5,
        "horizontal_speed": 11.25, "vertical_speed": 0.0, "mode_code": 5, "gear": 1, "wind_speed": 31, "wind_direction": 3,
        "sequence": sequence, "home_distance": 812.5, "total_flight_distance": 123456.7, "total_flight_time": 45678.9,
        "battery": {"capacity_percent": 80, "remain_flight_time": 1500, "return_home_power": 20, "landing_power": 8,
                    "batteries": [cell, {**cell, "index": 1}]},
        "cameras": [camera, {**camera, "payload_index": "176-0-0"}],
        "99-0-0": {"gimbal_pitch": -45.0, "gimbal_roll": 0.0, "gimbal_yaw": 12.5, "measure_target_distance": 120.5,
                   "measure_target_latitude": 47.1, "measure_target_longitude": 8.2, "payload_index": "99-0-0"},
        "position_state": {"gps_number": 28, "is_fixed": 2, "quality": 5, "rtk_number": 31},
        "storage": {"total": 60000000, "used": 1234567},
        "obstacle_avoidance": {"horizon": 1, "upside": 1, "downside": 1},
    }  # fmt: skip
    return orjson.dumps(
        {"tid": f"{sequence}", "bid": sn, "timestamp": 1_760_000_000_000 + sequence, "gateway": sn, "data": data}
    )


def connect(url: str, client_id: str) -> socket.socket:
    """A socket on which an MQTT 3.1.1 session stands."""
    parts = urlsplit(url)
    link = socket.create_connection((parts.hostname, parts.port or 1883))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = _text("MQTT") + bytes([4, 0xC2]) + struct.pack("!H", 0) + _text(client_id)
    link.sendall(_packet(0x10, body + _text(unquote(parts.username or "")) + _text(unquote(parts.password or ""))))
    if link.recv(4)[-1] != 0:
        raise RuntimeError("the broker refused the sender")
    return link


def packets(serials: list[str], sequence: int) -> list[bytes]:
    return [_packet(0x30, _text(f"thing/product/{sn}/osd") + osd(sn, sequence)) for sn in serials]


def _flood(url: str, serials: list[str], seconds: float, rate: float) -> None:
    link = connect(url, f"bench-sender-{random.random()}")
    rounds = [
        b"".join(packets(serials[start : start + 50], sequence))
        for sequence in range(4)
        for start in range(0, len(serials), 50)
    ]
    begun, sent = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        for chunk in rounds:
            link.sendall(chunk)
            sent += 50
            ahead = sent / rate - (time.monotonic() - begun) if rate else 0
            if ahead > 0:
                time.sleep(ahead)
            if time.monotonic() - begun >= seconds:
                break
    link.close()


@contextmanager
def flood(url: str, serials: list[str], seconds: float, rate: float = 0) -> Iterator[None]:
    """Send telemetry of all serials in turn from another process, as fast as the broker takes it, or at `rate`/s."""
    sender = multiprocessing.get_context("spawn").Process(
        target=_flood, args=(url, serials, seconds, rate), daemon=True
    )
    sender.start()
    try:
        yield
    finally:
        sender.join(seconds + 30)
        sender.kill()


def _consume(url: str, seconds: float, out: Any) -> None:
    """Parse every message and keep the latest of each device: what any consumer must do at least."""
    parts = urlsplit(url)
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-bare")
    client.username_pw_set(unquote(parts.username or ""), unquote(parts.password or ""))
    latest: dict[str, Any] = {}
    count = 0

    def receive(_client: Any, _userdata: Any, message: Any) -> None:
        nonlocal count
        count += 1
        latest.setdefault(message.topic, {}).update(orjson.loads(message.payload)["data"])

    client.on_message = receive
    client.on_connect = lambda *_: client.subscribe("thing/product/+/osd", 0)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    ports.wait_until(lambda: count > 2_000, 30)
    before, begun = count, time.monotonic()
    time.sleep(seconds)
    out.put((count - before) / (time.monotonic() - begun))
    client.loop_stop()


def bare_rate(url: str, seconds: float) -> float:
    """Messages a second that the bare consumer takes while a flood lasts."""
    context = multiprocessing.get_context("spawn")
    out: Any = context.Queue()
    consumer = context.Process(target=_consume, args=(url, seconds, out), daemon=True)
    consumer.start()
    return float(out.get(timeout=seconds + 60))
