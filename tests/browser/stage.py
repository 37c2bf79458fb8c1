"""A workspace with devices on the live server, and the bridge's part in it: sending frames."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from tests.live import LiveFleet

#: A workspace of the test's own. What its devices said last lies in the future, or the sweep would take them offline.
SEED = """
from datetime import timedelta
from django.utils import timezone
from devices.models import Device, DeviceState, TrackPoint
from fleet.models import Membership, Role, User, Workspace
import secrets
mark = secrets.token_hex(4)
workspace = Workspace.objects.create(name="Map " + mark)
user = User.objects.create_user("map-" + mark, password="only-for-tests-7")
Membership.objects.create(workspace=workspace, user=user, role=Role.OPERATOR)
def device(sn, domain, summary, **fields):
    made = Device.objects.create(workspace=workspace, sn=sn + mark, domain=domain, online=True, **fields)
    DeviceState.objects.create(device=made, summary=summary, properties={"battery": {"capacity_percent": 60}, "oddity": 1}, seen_at=timezone.now() + timedelta(hours=1))
    return made
"""
DEVICES = """
dock = device("DOCK", 3, {"lat": 47.0, "lon": 8.0, "battery": 90, "mode": 4}, callsign="Lakeside dock", model_id=None)
remote = device("REMOTE", 2, {"lat": 47.01, "lon": 8.01, "battery": 40, "heading": 90}, callsign="Field team")
bird = device("BIRD", 0, {"lat": 47.001, "lon": 8.001, "height": 500, "elevation": 60, "heading": 350, "speed": 8.25, "mode": 5, "battery": 77}, callsign="Bird", gateway=dock)
gone = device("GONE", 3, {"lat": 47.005, "lon": 8.015, "battery": 50}, callsign="Chapel dock")
Device.objects.filter(pk=gone.pk).update(online=False)
DeviceState.objects.filter(pk=gone.pk).update(seen_at=timezone.now() - timedelta(hours=5))
for step in range(20):
    TrackPoint.objects.create(device=bird, at=timezone.now() - timedelta(seconds=60 - 2 * step), latitude=47.0 + step * 0.00005, longitude=8.003 - step * 0.0001)
"""
ANSWER = """
answer = {"workspace": str(workspace.pk), "user": user.username, "devices": {d.callsign: {"id": d.pk, "sn": d.sn, "domain": d.domain} for d in Device.objects.filter(workspace=workspace)}}
"""


class Stage:
    """A workspace with devices, and the bridge's part in it: sending frames."""

    def __init__(self, fleet: LiveFleet, code: str) -> None:
        self.fleet = fleet
        self.seeded: dict[str, Any] = fleet.query(SEED + code + ANSWER)
        self.devices: dict[str, dict[str, Any]] = self.seeded["devices"]

    def send(self, *frames: dict[str, Any], **message: Any) -> None:
        """To the workspace's group, the way another process does it."""
        body = message or {"type": "workspace.telemetry", "devices": list(frames), "timestamp": 4102444800000}
        name = f"workspace.{self.seeded['workspace']}"

        async def deliver() -> None:
            from channels_redis.pubsub import RedisPubSubChannelLayer

            layer = RedisPubSubChannelLayer(hosts=[self.fleet.redis.url], prefix="fleet")
            await layer.group_send(name, body)
            await layer.flush()

        # Playwright's own loop runs on this thread.
        thread = threading.Thread(target=lambda: asyncio.run(deliver()))
        thread.start()
        thread.join()

    def say(self, callsign: str, **summary: Any) -> None:
        self.send({**self.devices[callsign], "online": True, "summary": summary})

    def sn(self, callsign: str) -> str:
        return str(self.devices[callsign]["sn"])
