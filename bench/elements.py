"""The shared map: from one remote's drawing to the others' sockets, and how long a full map takes to be read.

`python -m bench.elements` measures this part alone. The plain peer is a server that does nothing but pass what one client
says to all others, with the same library at the other end, the same number of sockets and frames of the same size.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx
import websockets

from fleet.embedded import ports

if TYPE_CHECKING:
    from tests.live import LiveFleet

#: Sockets in the workspace, and how often is drawn for them.
ROUNDS = {1: 100, 100: 60, 500: 30}
ELEMENTS = 5_000
_LONGEST = 10.0
_LINE = {
    "type": "Feature",
    "properties": {"color": "#19BE6B", "clampToGround": True},
    "geometry": {"type": "LineString", "coordinates": [[8.0 + n / 1000, 47.0 + n / 2000, 400.0] for n in range(8)]},
}

Draw = Callable[[str], Awaitable[None]]


def measure(fleet: LiveFleet) -> dict[str, Any]:
    """The figures, through the real web server and its sockets."""
    there = dict(fleet.query("from bench import elements\nanswer = elements.prepare()"))
    figures = asyncio.run(_pushes(fleet, there))
    figures |= asyncio.run(_list(fleet, there))
    return figures


# --- In a process of the installation --------------------------------------------------------------------------------


def prepare() -> dict[str, str]:
    """A workspace with a pilot; who they are and what they show."""
    from fleet.models import MapGroup, Membership, Role, User, Workspace
    from fleet.services import tokens
    from fleet.services.map_elements import groups

    workspace = Workspace.objects.create(name=f"Bench map {uuid.uuid4().hex[:6]}")
    user = User.objects.create_user(f"bench-map-{uuid.uuid4().hex[:6]}")
    Membership.objects.create(user=user, workspace=workspace, role=Role.PILOT)
    groups.ensure(workspace)
    group = MapGroup.objects.get(workspace=workspace, type=MapGroup.Type.SHARED)
    return {"workspace": str(workspace.pk), "group": str(group.pk), "token": tokens.issue(user, workspace)[1]}


def fill(workspace_id: str, group_id: str) -> float:
    """A map of 5,000 lines, instead of what was there; ms for reading it from the database and writing it as JSON."""
    from fleet.models import MapElement

    MapElement.objects.filter(workspace_id=workspace_id).delete()
    row = {"workspace_id": workspace_id, "group_id": group_id, "type": 1, "content": _LINE, "user_name": "bench"}
    MapElement.objects.bulk_create([MapElement(name=f"Fence {n}", **row) for n in range(ELEMENTS)], batch_size=500)
    taken = []
    for _round in range(10):
        begun = time.perf_counter()
        rows = MapElement.objects.filter(workspace_id=workspace_id).values_list("id", "name", "type", "content")
        json.dumps(list(rows), default=str)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


# --- From outside ----------------------------------------------------------------------------------------------------


async def _pushes(fleet: LiveFleet, there: dict[str, str]) -> dict[str, Any]:
    address = f"ws://127.0.0.1:{fleet.port}/api/v1/ws?x-auth-token={there['token']}"
    drawing = f"{fleet.url}/map/api/v1/workspaces/{there['workspace']}/element-groups/{there['group']}/elements"
    figures: dict[str, Any] = {}
    async with httpx.AsyncClient(headers={"x-auth-token": there["token"]}, timeout=30) as client:

        async def draw(number: str) -> None:
            resource = {"type": 1, "content": _LINE}
            answer = await client.post(drawing, json={"id": number, "name": "Fence", "resource": resource})
            assert answer.json()["code"] == 0, answer.text

        port = ports.free_port()
        peer = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.elements", "--peer", str(port))
        try:
            for sockets, rounds in ROUNDS.items():
                ours, lost = await _heard(address, sockets, rounds, draw)
                plain, _lost = await _plain(f"ws://127.0.0.1:{port}", sockets, rounds)
                name = f"drawn to pushed, {sockets} sockets"
                figures |= {
                    f"{name}, ms (median)": round(statistics.median(ours), 1),
                    f"{name}, ms (99th percentile)": round(_high(ours), 1),
                    f"{name}, not arrived": lost,
                    f"{name}, plain peer, ms (median)": round(statistics.median(plain), 1),
                    f"{name}, ratio": round(statistics.median(ours) / statistics.median(plain), 1),
                }
        finally:
            peer.terminate()
            await peer.wait()
    return figures


async def _plain(address: str, sockets: int, rounds: int) -> tuple[list[float], int]:
    frame = {"biz_code": "map_element_create", "version": "1.0", "timestamp": 0}
    data = {"group_id": str(uuid.uuid4()), "name": "Fence", "resource": {"type": 1, "content": _LINE}}
    for _attempt in range(100):
        try:
            sender = await websockets.connect(address)
            break
        except OSError:
            await asyncio.sleep(0.1)  # the peer is starting

    async def draw(number: str) -> None:
        await sender.send(json.dumps({**frame, "data": {"id": number, **data}}))

    try:
        return await _heard(address, sockets, rounds, draw)
    finally:
        await sender.close()


async def _heard(address: str, sockets: int, rounds: int, draw: Draw) -> tuple[list[float], int]:
    """Milliseconds from drawing to each socket, and how many frames did not arrive within ten seconds."""
    arrived: dict[str, list[float]] = {}
    complete = asyncio.Event()

    async def listen(socket: Any) -> None:
        async for text in socket:
            now = time.perf_counter()
            if "map_element_create" not in text:
                continue
            times = arrived[json.loads(text)["data"]["id"]]
            times.append(now)
            if len(times) == sockets:
                complete.set()

    opened = []
    for _number in range(0, sockets, 20):
        some = min(20, sockets - len(opened))
        opened += await asyncio.gather(*(websockets.connect(address, open_timeout=60) for _ in range(some)))
    tasks = [asyncio.create_task(listen(socket)) for socket in opened]
    await asyncio.sleep(2)  # what a new socket is told first is not measured
    taken: list[float] = []
    for _round in range(rounds):
        number = str(uuid.uuid4())
        arrived[number] = []
        complete.clear()
        begun = time.perf_counter()
        await draw(number)
        try:
            async with asyncio.timeout(_LONGEST):
                await complete.wait()
        except TimeoutError:
            print(f"{len(arrived[number])} of {sockets} sockets heard of a drawing", file=sys.stderr)
        taken += [(moment - begun) * 1000 for moment in arrived[number]]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(socket.close() for socket in opened))
    return taken, sockets * rounds - len(taken)


async def _list(fleet: LiveFleet, there: dict[str, str]) -> dict[str, Any]:
    plain = fleet.query(
        f"from bench import elements\nanswer = elements.fill({there['workspace']!r}, {there['group']!r})"
    )
    address = f"{fleet.url}/map/api/v1/workspaces/{there['workspace']}/element-groups?is_distributed=true"
    taken = []
    async with httpx.AsyncClient(headers={"x-auth-token": there["token"]}, timeout=60) as client:
        for _round in range(10):
            begun = time.perf_counter()
            answer = await client.get(address)
            taken.append((time.perf_counter() - begun) * 1000)
        assert sum(len(group["elements"]) for group in answer.json()["data"]) == ELEMENTS
    return {
        "list of 5,000 elements, ms (median)": round(statistics.median(taken), 1),
        "list of 5,000 elements, MB": round(len(answer.content) / 1e6, 2),
        "list of 5,000 elements, rows and JSON alone, ms": round(plain, 1),
        "list of 5,000 elements, ratio": round(statistics.median(taken) / plain, 1),
    }


def _high(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99) - 1 if len(values) > 1 else 0]


async def _peer(port: int) -> None:
    clients: set[Any] = set()

    async def serve(socket: Any) -> None:
        clients.add(socket)
        try:
            async for text in socket:
                websockets.broadcast(clients - {socket}, text)
        finally:
            clients.discard(socket)

    async with websockets.serve(serve, "127.0.0.1", port):
        await asyncio.Future()


def main() -> None:
    if sys.argv[1:2] == ["--peer"]:
        asyncio.run(_peer(int(sys.argv[2])))
        return
    import tests.environment  # noqa: F401 - a data directory and a Redis of our own, before Django's settings are read
    from tests.live import running_fleet
    from tests.servers import postgres_server

    with postgres_server() as server:
        os.environ["DATABASE_URL"] = server.url
        with running_fleet() as fleet:
            for name, value in measure(fleet).items():
                print(f"{name:<60} {value}")


if __name__ == "__main__":
    main()
