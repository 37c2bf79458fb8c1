"""The shared map: from one remote's drawing to the others' sockets, and how long a full map takes to be read.

`python -m bench.elements` measures this part alone, and fails when a frame did not arrive. The plain peer is a server
that does nothing but pass what one client says to all others, with the same library at the other end, the same number
of sockets and the bytes that Fleet sent, uncompressed like Fleet's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import websockets
from websockets.exceptions import ConnectionClosed

from fleet.embedded import ports

if TYPE_CHECKING:
    from tests.live import LiveFleet

#: Sockets in the workspace, and how often is drawn for them.
ROUNDS = {1: 100, 100: 100, 500: 40}
ELEMENTS = 5_000
_LONGEST = 10.0
_LINE = {
    "type": "Feature",
    "properties": {"color": "#19BE6B", "clampToGround": True},
    "geometry": {"type": "LineString", "coordinates": [[8.0 + n / 1000, 47.0 + n / 2000, 400.0] for n in range(8)]},
}

Draw = Callable[[str], Awaitable[None]]


@dataclass
class Heard:
    """What came of some drawings: a time in ms for each that a socket heard of, how many it did not, and one frame."""

    taken: list[float] = field(default_factory=list)
    lost: int = 0
    number: str = ""
    frame: str = ""


def measure(fleet: LiveFleet) -> dict[str, Any]:
    """The figures, through the real web server and its sockets."""
    there = dict(fleet.query("from bench import elements\nanswer = elements.prepare()"))
    figures = asyncio.run(_pushes(fleet, there))
    figures |= asyncio.run(_list(fleet, there))
    return figures


# --- In a process of the installation --------------------------------------------------------------------------------


def prepare() -> dict[str, Any]:
    """A workspace with one pilot who draws and as many as listen, each with a token of their own."""
    from fleet.models import MapGroup, Membership, Role, User, Workspace
    from fleet.services import tokens
    from fleet.services.map_elements import groups

    mark = uuid.uuid4().hex[:6]
    workspace = Workspace.objects.create(name=f"Bench map {mark}")
    users = [User(username=f"bench-map-{mark}-{n}") for n in range(1 + max(ROUNDS))]
    for user in users:
        user.set_unusable_password()
    User.objects.bulk_create(users)
    Membership.objects.bulk_create(Membership(user=user, workspace=workspace, role=Role.PILOT) for user in users)
    groups.ensure(workspace)
    group = MapGroup.objects.get(workspace=workspace, type=MapGroup.Type.SHARED)
    token, *listening = [tokens.issue(user, workspace)[1] for user in users]
    return {"workspace": str(workspace.pk), "group": str(group.pk), "token": token, "listening": listening}


def fill(workspace_id: str, group_id: str) -> float:
    """A map of 5,000 lines, instead of what was there; ms for reading it from the database and writing it as JSON."""
    from fleet.models import MapElement

    MapElement.objects.filter(workspace_id=workspace_id).delete()
    row = {"workspace_id": workspace_id, "group_id": group_id, "type": 1, "content": _LINE, "user_name": "bench"}
    MapElement.objects.bulk_create([MapElement(name=f"Fence {n}", **row) for n in range(ELEMENTS)], batch_size=500)
    taken = []
    for _round in range(10):
        begun = time.perf_counter()
        rows = (
            MapElement.objects.filter(workspace_id=workspace_id)
            .order_by("created_at")
            .values_list("id", "group_id", "name", "created_at", "updated_at", "type", "user_name", "content")
        )
        json.dumps(list(rows), default=str)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


# --- From outside ----------------------------------------------------------------------------------------------------


async def _pushes(fleet: LiveFleet, there: dict[str, Any]) -> dict[str, Any]:
    base = f"ws://127.0.0.1:{fleet.port}/api/v1/ws?x-auth-token="
    addresses = [base + token for token in there["listening"]]
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
                ours = await _heard(addresses[:sockets], rounds, draw)
                plain = await _plain(f"ws://127.0.0.1:{port}", sockets, rounds, ours)
                name = f"drawn to pushed, {sockets} sockets"
                figures |= {
                    f"{name}, ms (median)": round(statistics.median(ours.taken), 1),
                    f"{name}, ms (99th percentile)": round(_high(ours.taken), 1),
                    f"{name}, not arrived": ours.lost,
                    f"{name}, plain peer, ms (median)": round(statistics.median(plain.taken), 2),
                    f"{name}, plain peer, ms (99th percentile)": round(_high(plain.taken), 2),
                    f"{name}, plain peer, not arrived": plain.lost,
                    f"{name}, ratio": round(statistics.median(ours.taken) / statistics.median(plain.taken), 1),
                }
        finally:
            peer.terminate()
            await peer.wait()
    return figures


async def _plain(address: str, sockets: int, rounds: int, ours: Heard) -> Heard:
    """The same from the plain peer, which is given a frame of ours to pass on."""
    for _attempt in range(100):
        try:
            sender = await websockets.connect(address, compression=None)
            break
        except OSError:
            await asyncio.sleep(0.1)  # the peer is starting

    async def draw(number: str) -> None:
        await sender.send(ours.frame.replace(ours.number, number))

    try:
        return await _heard([address] * sockets, rounds, draw)
    finally:
        await sender.close()


async def _heard(addresses: list[str], rounds: int, draw: Draw) -> Heard:
    """Draw and wait until every socket heard of it, or ten seconds, before the next: latency, not a queue."""
    heard = Heard()
    arrived: dict[int, float] = {}
    complete = asyncio.Event()

    async def listen(index: int, socket: Any) -> None:
        with contextlib.suppress(ConnectionClosed):  # what it then misses is counted
            async for text in socket:
                now = time.perf_counter()
                if not heard.number or heard.number not in text:
                    continue
                heard.frame = text
                arrived.setdefault(index, now)
                if len(arrived) == len(addresses):
                    complete.set()

    opened: list[Any] = []
    for first in range(0, len(addresses), 20):
        some = addresses[first : first + 20]
        opened += await asyncio.gather(*(websockets.connect(a, open_timeout=60, compression=None) for a in some))
    tasks = [asyncio.create_task(listen(index, socket)) for index, socket in enumerate(opened)]
    await asyncio.sleep(2)  # what a new socket is told first is not measured
    for _round in range(rounds):
        arrived.clear()
        complete.clear()
        heard.number = str(uuid.uuid4())
        begun = time.perf_counter()
        await draw(heard.number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(complete.wait(), _LONGEST)
        if missing := len(addresses) - len(arrived):
            print(f"LOST: {missing} of {len(addresses)} sockets did not hear of a drawing", file=sys.stderr)
        heard.lost += missing
        heard.taken += [(moment - begun) * 1000 for moment in arrived.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(socket.close() for socket in opened))
    return heard


async def _list(fleet: LiveFleet, there: dict[str, Any]) -> dict[str, Any]:
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

    async with websockets.serve(serve, "127.0.0.1", port, compression=None):
        await asyncio.Future()


def main() -> int:
    if sys.argv[1:2] == ["--peer"]:
        asyncio.run(_peer(int(sys.argv[2])))
        return 0
    import tests.environment  # noqa: F401 - a data directory and a Redis of our own, before Django's settings are read
    from tests.live import running_fleet
    from tests.servers import postgres_server

    with postgres_server() as server:
        os.environ["DATABASE_URL"] = server.url
        with running_fleet() as fleet:
            figures = measure(fleet)
    for name, value in figures.items():
        print(f"{name:<60} {value}")
    return int(any(value for name, value in figures.items() if name.endswith("not arrived")))


if __name__ == "__main__":
    sys.exit(main())
