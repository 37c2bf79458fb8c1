"""A thousand schedules due in the same minute, and two schedulers that both want to start them."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.live import LiveFleet

_MANY = 1000


def measure(fleet: LiveFleet) -> dict[str, Any]:
    """The figures. The server's own clock is stopped meanwhile: two processes of this bench take its place."""
    fleet.beat.stop()
    try:
        fleet.query("from bench import missions\nmissions.prepare_ground()\nanswer = 1")
        planned = fleet.query("from bench import missions\nanswer = missions.plan()")
        prepared = _race(fleet, "planned")
        fleet.query("from bench import missions\nmissions.answer_prepared()\nanswer = 1")
        started = _race(fleet, "ready")
        counted = fleet.query("from bench import missions\nanswer = missions.count()")
        return {
            "1,000 schedules planned ahead, s": planned,
            "1,000 missions sent to docks, s": prepared,
            "1,000 missions started, s": started,
            "started more than once": counted["twice"],
            "not started": _MANY - counted["started"],
            "progress to the page, ms (median)": fleet.query(
                "from bench import missions\nanswer = missions.progress()"
            ),
        }
    finally:
        fleet.query("from bench import missions\nmissions.clear()\nanswer = 1")
        fleet.beat.start()


def _race(fleet: LiveFleet, status: str) -> float:
    """Two schedulers tick until nothing is left in that status; how long that took."""
    code = f"from bench import missions; missions.tick_until_none({status!r})"
    begin = time.monotonic()
    racers = [
        subprocess.Popen([sys.executable, "manage.py", "shell", "-v", "0", "-c", code], env=fleet.environment)
        for _scheduler in range(2)
    ]
    for racer in racers:
        racer.wait(300)
    return round(time.monotonic() - begin, 1)


def _workspace() -> Any:
    from fleet.models import Workspace

    return Workspace.objects.get_or_create(name="Bench of missions")[0]


def prepare_ground() -> None:
    """A workspace with a thousand docks that are online, idle and dry."""
    from django.utils import timezone

    from devices.models import Device, DeviceModel, DeviceState

    model, _new = DeviceModel.objects.get_or_create(key="3-3-0")
    workspace = _workspace()
    now = timezone.now()
    docks = Device.objects.bulk_create(
        Device(workspace=workspace, sn=f"MISSION{n:05d}", domain=3, model=model, online=True, online_changed_at=now)
        for n in range(_MANY)
    )
    idle = {
        "mode_code": 0, "cover_state": 0, "rainfall": 0, "wind_speed": 1.0, "drone_in_dock": 1,
        "latitude": 47.0, "longitude": 8.0, "drone_charge_state": {"capacity_percent": 95},
    }  # fmt: skip
    later = now + timedelta(hours=1)  # nobody reports for these, and the sweep must not take them offline
    DeviceState.objects.bulk_create(
        DeviceState(device=dock, properties=idle, seen_at=later, told_at=later) for dock in docks
    )


def plan() -> float:
    """A schedule for each dock, all due in the same minute; seconds to make their missions."""
    from django.utils import timezone

    from devices.models import Device
    from waylines.models import Route, RouteFile, Schedule
    from waylines.services import schedules

    workspace = _workspace()
    file = RouteFile.objects.create(
        workspace=workspace, object_key=f"{workspace.pk}/wayline/bench.kmz", sign="0" * 32, facts={"duration": 600}
    )
    now = timezone.now()
    route = Route.objects.create(workspace=workspace, name="Bench", file=file, updated_at=now)
    due = now + timedelta(seconds=60)
    Schedule.objects.bulk_create(
        Schedule(
            workspace=workspace, name=dock.sn, route=route, dock=dock, times=[f"{due:%H:%M}"], starts_on=now.date(),
            until=now.date() + timedelta(days=1), late_minutes=10,
        )
        for dock in Device.objects.filter(workspace=workspace)
    )  # fmt: skip
    begin = time.monotonic()
    while schedules.materialise():
        pass
    took = round(time.monotonic() - begin, 1)
    from waylines.models import Mission

    # One occurrence of each is what the rest is about, and its time is now.
    Mission.objects.filter(workspace=workspace, execute_at__gt=now + timedelta(hours=1)).delete()
    Mission.objects.filter(workspace=workspace).update(execute_at=now)
    return took


def tick_until_none(status: str) -> None:
    """What a scheduler does, until nothing is left to do."""
    from waylines.models import Mission
    from waylines.services.missions import dispatch

    end = time.monotonic() + 240
    while Mission.objects.filter(workspace__name="Bench of missions", status=status).exists():
        dispatch.tick()
        if time.monotonic() > end:
            break


def answer_prepared() -> None:
    """Every dock has said yes: nobody answers in this bench."""
    from django.utils import timezone

    from waylines.models import Mission

    Mission.objects.filter(workspace=_workspace(), status="preparing").update(
        status="ready", prepared_at=timezone.now(), progress_at=None
    )


def count() -> dict[str, int]:
    """How many were started, and how many docks were asked more than once."""
    from django.db.models import Count

    from devices.models import Command

    asked = Command.objects.filter(device__workspace=_workspace(), method="flighttask_execute")
    twice = asked.values("device").annotate(times=Count("pk")).filter(times__gt=1).count()
    return {"started": asked.values("device").distinct().count(), "twice": twice}


def progress() -> float:
    """From a dock's progress event in the bridge's hands to the frame that a page's socket gets, median of thirty."""
    import asyncio
    import json
    import statistics

    from asgiref.sync import sync_to_async
    from channels.layers import get_channel_layer

    from fleet.mqtt.messages import decode
    from fleet.services import broadcast
    from waylines.models import Mission
    from waylines.services import live_mission
    from waylines.services.missions import progress as service

    mission = Mission.objects.select_related("dock").filter(workspace=_workspace(), status="starting").first()
    if mission is None:
        return -1.0

    def tell(percent: int) -> None:
        data = {
            "tid": "t", "bid": str(mission.pk), "timestamp": int(time.time() * 1000), "method": "flighttask_progress",
            "data": {"result": 0, "output": {"status": "in_progress", "progress": {"percent": percent, "current_step": 23},
                                             "ext": {"flight_id": str(mission.pk)}}},
        }  # fmt: skip
        service.progress(decode(f"thing/product/{mission.dock.sn}/events", json.dumps(data).encode(), 100_000))

    async def measured() -> list[float]:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(broadcast.group(mission.workspace_id), channel)
        times = []
        for percent in range(30):
            begin = time.monotonic()
            await sync_to_async(tell)(percent)
            while (await layer.receive(channel)).get("kind") != "mission":
                pass
            await sync_to_async(
                lambda: [context(live_mission.find(mission.pk)) for _t, context in live_mission.PARTIALS.values()]
            )()
            times.append((time.monotonic() - begin) * 1000)
        return times

    return round(statistics.median(asyncio.run(measured())), 1)


def clear() -> None:
    """Take it all away again."""
    from devices.models import Command, Device
    from waylines.models import Mission, Route, RouteFile, Schedule

    workspace = _workspace()
    Command.objects.filter(workspace=workspace).delete()
    for model in (Mission, Schedule, Route, RouteFile, Device):
        model.objects.filter(workspace=workspace).delete()
