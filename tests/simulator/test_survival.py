"""Lost connections, restarted brokers, crowds: nothing that must arrive is lost."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from fleet.simulator import Behaviour, SimulatedFleet, SimulatorThread, fleet_of, invented


def fleet_at(url: str, docks: int = 1, **behaviour: object) -> SimulatedFleet:
    return fleet_of(
        invented(docks, url, bind_code="right"),
        behaviour=Behaviour(**{"fly": False, "speed": 20.0, **behaviour}),  # type: ignore[arg-type]
    )


async def test_events_said_while_the_broker_is_away_arrive_after_its_return(broker, cloud) -> None:
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        broker.stop()
        await fleet.until(lambda: not dock.connected)
        plain = [dock.post_event("device_exit_homing_notify", {"n": n}, need_reply=0) for n in range(20)]
        asked = [dock.post_event("flighttask_ready", {"n": n}, need_reply=1) for n in range(20)]
        assert len(dock.unanswered) >= 20
        broker.start()
        await dock.until(lambda: dock.online, 30)
        assert dock.connection.connections == 2
        async with asyncio.timeout(30):
            await asyncio.gather(*(pending.answered for pending in plain + asked))
        for method in ("device_exit_homing_notify", "flighttask_ready"):
            said = [body["data"]["n"] for body in cloud.bodies(dock.sn, "events", method)]
            assert set(said) == set(range(20))
        assert not [pending for pending in dock.unanswered if pending.method == "flighttask_ready"]
        # It introduced itself again, as after a power failure.
        assert len(cloud.bodies(dock.sn, "status")) == 2
        assert len(cloud.bodies(dock.sn, "requests", "airport_bind_status")) == 2


class Cable:
    """Between device and broker. `mute` swallows what the broker says; `cut()` breaks every connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []
        self.mute = False

    async def __aenter__(self) -> Cable:
        self._server = await asyncio.start_server(self._plug, "127.0.0.1", 0)
        self.url = f"mqtt://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        self.cut()

    async def _plug(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, back]
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer, from_broker=True))

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_broker: bool = False
    ) -> None:
        while data := await reader.read(65536):
            if not (from_broker and self.mute):
                writer.write(data)
        writer.close()

    def cut(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()


async def test_what_the_broker_never_confirmed_is_sent_again(broker, cloud) -> None:
    async with Cable(broker.port) as cable, fleet_at(cable.url) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online and not dock.unanswered)
        cable.mute = True
        pending = dock.post_event("device_exit_homing_notify", {"action": 1}, need_reply=0)
        await cloud.until(lambda: cloud.bodies(dock.sn, "events", "device_exit_homing_notify"))
        assert not pending.answered.done()
        cable.mute = False
        cable.cut()
        await dock.until(lambda: pending.answered.done(), 30)
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "events", "device_exit_homing_notify")) == 2)
        assert len({body["tid"] for body in cloud.bodies(dock.sn, "events", "device_exit_homing_notify")}) == 1


async def test_a_command_under_way_ends_although_the_broker_restarts(broker, cloud) -> None:
    async with fleet_at(broker.url, speed=2.0) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        reply = await cloud.command(dock.sn, "cover_open")
        await cloud.until(lambda: cloud.bodies(dock.sn, "events", "cover_open"))
        broker.stop()
        await fleet.until(lambda: not dock.connected)
        await dock.until(lambda: dock.values["cover_state"] == 1)
        broker.start()
        await cloud.until(lambda: cloud.final(dock.sn, "cover_open", reply["bid"]), 30)
        percents = [b["data"]["output"]["progress"]["percent"] for b in cloud.bodies(dock.sn, "events", "cover_open")]
        assert set(percents) == {0, 20, 40, 60, 80, 100}


async def test_an_event_without_a_reply_stays_unanswered_and_comes_again(broker, cloud) -> None:
    cloud.deaf = {"events"}
    async with fleet_at(broker.url, patience=0.02) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.online)
        pending = dock.post_event("flighttask_ready", {"flight_ids": ["a"]})
        await cloud.until(lambda: len(cloud.bodies(dock.sn, "events", "flighttask_ready")) >= 4)
        assert pending in dock.unanswered
        assert dock.outbox.repeated >= 3
        cloud.deaf = set()
        async with asyncio.timeout(10):
            reply = await pending.answered
        assert reply is not None
        assert reply.result == 0
        assert pending not in dock.unanswered


async def test_a_device_that_is_not_let_in_says_why_and_tries_again(broker) -> None:
    broker.stop()
    broker.open_to_all = False
    broker.start()
    async with fleet_at(broker.url) as fleet:
        dock = fleet.docks[0]
        await fleet.until(lambda: dock.connection.refused)
        assert "authori" in dock.connection.last_error.lower()
        broker.stop()
        broker.open_to_all = True
        broker.start()
        await fleet.until(lambda: dock.connected, 30)
        assert not dock.connection.last_error


async def test_a_crowd_of_fifty_comes_online_and_reports(broker, cloud) -> None:
    async with fleet_at(broker.url, docks=50, fly=True) as fleet:
        await fleet.until(lambda: fleet.settled, 60)
        assert all(dock.online for dock in fleet.docks)
        assert len({dock.sn for dock in fleet.docks}) == 50
        assert len({dock.place for dock in fleet.docks}) == 50
        await cloud.until(lambda: all(cloud.counted[dock.sn, "osd"] >= 3 for dock in fleet.docks), 60)
        assert "50 connected, 50 online" in fleet.summary()


def test_the_thread_runs_a_fleet_for_a_test_that_is_not_asynchronous(broker) -> None:
    with SimulatorThread(invented(1, broker.url), behaviour=Behaviour(fly=False, patience=0.02)) as simulator:
        dock = simulator.docks[0]
        simulator.until(lambda: dock.connected)
        # Nobody answers here: its first request stays open and comes again.
        simulator.until(lambda: any(pending.sent > 2 for pending in dock.unanswered))
        pending = simulator.call(dock.post_event, "flighttask_ready", {"flight_ids": []})
        simulator.until(lambda: pending.sent > 1)
        with pytest.raises(TimeoutError):
            simulator.until(lambda: dock.bound, 0.2)
    assert not dock.connected
    with pytest.raises(RuntimeError):
        simulator.until(lambda: True)
