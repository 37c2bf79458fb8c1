"""Live control (DRC): a second connection that the cloud describes, heartbeats, sticks, and pushes at a
given rate.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.protocol import methods
from fleet.simulator import checking
from fleet.simulator.commands import BAD_PARAMETERS, NOT_SUPPORTED, Outcome, service, standard
from fleet.simulator.connection import Connection
from fleet.simulator.credentials import Address, CredentialsError
from fleet.simulator.messages import decode, thing
from fleet.simulator.motion import Leg, Mode
from fleet.simulator.waiting import end

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

OFF, CONNECTING, ON = 0, 1, 2
LINK_REFUSED, LINK_FAILED = 514304, 514303
LINK_TIMEOUT = 8.0
STICK_CENTRE, STICK_RANGE, STICK_SPEED = 1024, 660, 8.0
STEP = 0.5  # seconds that one stick position holds without another


class DrcLink:
    """The link to the broker named in drc_mode_enter. `open` while it stands."""

    def __init__(self, gateway: SimulatedGateway, address: Address, broker: Mapping[str, Any]) -> None:
        self.gateway = gateway
        self.connection = Connection(
            address,
            name=f"{gateway.sn} drc",
            client_id=str(broker.get("client_id") or f"{gateway.sn}-drc"),
            username=broker.get("username") or None,
            password=broker.get("password") or None,
            topics=[thing(gateway.sn, "drc/down")],
            on_message=self._deliver,
            session=self._opened,
            changed=gateway.signal.notify,
        )
        self._task = asyncio.create_task(self.connection.run(), name=f"{gateway.sn} drc")
        self._pushers: list[asyncio.Task[None]] = []

    @property
    def open(self) -> bool:
        """Whether the link stands."""
        return self.connection.connected.is_set() and not self.connection.refused_topics

    async def _opened(self) -> None:
        log.info("%s: DRC link to %s", self.gateway.sn, self.connection.address)

    def _deliver(self, topic: str, payload: bytes) -> None:
        try:
            self.gateway.take_drc(decode(topic, payload))
        except ValueError as error:
            self.gateway.malformed.append(f"{topic}: {error}")

    def push(self, osd_frequency: float, hsi_frequency: float) -> None:
        """Begin to push position and obstacles at these rates (Hz)."""
        for method, content, rate in (
            ("osd_info_push", osd_info, osd_frequency),
            ("hsi_info_push", hsi_info, hsi_frequency),
            ("delay_info_push", delay_info, 1.0),
        ):
            self._pushers.append(asyncio.create_task(self._push(method, content, min(max(rate, 0.2), 30.0))))

    async def _push(self, method: str, content: Any, rate: float) -> None:
        seq = 0
        while True:
            seq += 1
            await self.gateway.send_drc(method, content(self.gateway), seq)
            await asyncio.sleep(1 / rate)

    async def close(self) -> None:
        """Leave."""
        await end((*self._pushers, self._task))


@service("drc_mode_enter")
def enter(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Connect to the named broker; drc_status_notify says whether that worked."""
    broker = data.get("mqtt_broker") or {}
    address_text = str(broker.get("address") or "")
    try:
        address = Address.parse(address_text)
    except CredentialsError as error:
        return Outcome(BAD_PARAMETERS, reason=str(error))
    if broker.get("enable_tls") and not address.tls:
        address = Address(address.host, address.port, tls=True, websocket_path=address.websocket_path)
    outcome = standard(gateway, message)
    outcome.then = lambda: _connect(gateway, message, address, data)
    return outcome


async def _connect(gateway: SimulatedGateway, message: Message, address: Address, data: Mapping[str, Any]) -> None:
    await _leave(gateway)
    gateway.values["drc_state"] = CONNECTING
    link = DrcLink(gateway, address, data.get("mqtt_broker") or {})
    try:
        await gateway.signal.until(lambda: link.open, LINK_TIMEOUT * gateway.behaviour.patience)
    except TimeoutError:
        await link.close()
        gateway.values["drc_state"] = OFF
        log.error("%s: no DRC link to %s: %s", gateway.sn, address, link.connection.last_error or "not let in")
        code = LINK_REFUSED if link.connection.refused else LINK_FAILED
        gateway.post_event("drc_status_notify", {"result": code, "drc_state": OFF}, bid=message.bid)
        return
    gateway.drc_link = link
    gateway.values["drc_state"] = ON
    gateway.post_event("drc_status_notify", {"result": 0, "drc_state": ON}, bid=message.bid)
    link.push(float(data.get("osd_frequency") or 10), float(data.get("hsi_frequency") or 1))
    gateway.signal.notify()


@service("drc_mode_exit")
def leave(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Close the link and say so."""
    outcome = standard(gateway, message)

    async def leave_and_tell() -> None:
        await _leave(gateway)
        gateway.post_event("drc_status_notify", {"result": 0, "drc_state": OFF}, bid=message.bid)

    outcome.then = leave_and_tell
    return outcome


async def _leave(gateway: SimulatedGateway) -> None:
    link, gateway.drc_link = gateway.drc_link, None
    gateway.values["drc_state"] = OFF
    if link is not None:
        await link.close()


# -- drc/down ----------------------------------------------------------------------------------------------


async def obey(gateway: SimulatedGateway, message: Message) -> None:
    """Take one drc/down message and answer it with the same name on drc/up, where the protocol has an
    answer.
    """
    name, product = message.method, gateway.profile.product
    data = message.data if isinstance(message.data, Mapping) else {}
    seq = message.raw.get("seq")
    seq = seq if isinstance(seq, int) else None
    if name in gateway.behaviour.silent:
        return
    if name == "heart_beat":
        reply = {"timestamp": int(time.time() * 1000)}
        if "seq" in data:
            reply["seq"] = data["seq"]
        await gateway.send_drc(name, reply, seq)
        return
    method = methods.find("drc/down", name, product)
    result, reason = 0, ""
    if method is None:
        result, reason = NOT_SUPPORTED, f"{product} has no {name!r} on drc/down"
    elif wrong := checking.problems(method.fields, data):
        result, reason = BAD_PARAMETERS, "; ".join(wrong)
    else:
        result = gateway.behaviour.fail.get(name, 0)
    if result:
        gateway.note_rejection(message, result, reason)
    else:
        act(gateway, name, data)
    if name == "stick_control":
        return
    answer: dict[str, Any] = {"result": result}
    if name == "drone_control":
        answer["output"] = {"seq": data.get("seq", 0)}
    await gateway.send_drc(name, answer, seq)


def act(gateway: SimulatedGateway, name: str, data: Mapping[str, Any]) -> None:
    """Let a good message take effect."""
    match name:
        case "stick_control":
            push = {
                key: (int(data.get(key, STICK_CENTRE)) - STICK_CENTRE) / STICK_RANGE
                for key in ("roll", "pitch", "throttle", "yaw")
            }
            steer(
                gateway,
                push["pitch"] * STICK_SPEED,
                push["roll"] * STICK_SPEED,
                push["throttle"] * 4,
                push["yaw"],
            )
        case "drone_control":
            number = {key: float(data.get(key) or 0) for key in "xyhw"}
            steer(gateway, number["x"], number["y"], number["h"], number["w"] / 60)
        case "drone_emergency_stop":
            gateway.flights.halt()
        case "drc_force_landing" | "drc_emergency_landing":
            gateway.spawn(gateway.flights.land(Mode.FORCED_LANDING))
        case "drc_night_lights_state_set":
            gateway.aircraft_values["night_lights_state"] = data.get("night_lights_state", 0)


def steer(gateway: SimulatedGateway, forward: float, right: float, up: float, turn: float) -> None:
    """Move for half a second: metres a second forward, right and up; `turn` is part of a full stick,
    clockwise.
    """
    aircraft = gateway.aircraft
    if not aircraft.flying:
        return
    heading = math.radians(aircraft.heading)
    east = forward * math.sin(heading) + right * math.cos(heading)
    north = forward * math.cos(heading) - right * math.sin(heading)
    gateway.flights.holder = "command"
    aircraft.heading = (aircraft.heading + turn * 60 * STEP + 180) % 360 - 180
    speed = math.hypot(east, north)
    height = max(aircraft.up + up * STEP, 2.0)
    aircraft.fly(
        [
            Leg(
                aircraft.east + east * STEP,
                aircraft.north + north * STEP,
                height,
                max(speed, 0.5),
                Mode.VIRTUAL_STICK,
            )
        ]
    )
    gateway.signal.notify()


# -- drc/up ------------------------------------------------------------------------------------------------


def osd_info(gateway: SimulatedGateway) -> dict[str, Any]:
    """osd_info_push: position and speeds."""
    aircraft, here = gateway.aircraft, gateway.aircraft.here
    heading = math.radians(aircraft.heading)
    gimbal = gateway.aircraft_values[gateway.profile.camera]
    return {
        "attitude_head": round(aircraft.heading, 1),
        "latitude": here.latitude,
        "longitude": here.longitude,
        "height": round(here.height, 2),
        "speed_x": round(aircraft.horizontal_speed * math.cos(heading), 2),
        "speed_y": round(aircraft.horizontal_speed * math.sin(heading), 2),
        "speed_z": round(-aircraft.vertical_speed, 2),
        "gimbal_pitch": gimbal["gimbal_pitch"],
        "gimbal_roll": 0.0,
        "gimbal_yaw": round(aircraft.heading, 1),
    }


def hsi_info(gateway: SimulatedGateway) -> dict[str, Any]:
    """hsi_info_push: nothing around; a real one says 60000 for "no obstacle above"."""
    sides = ("up", "down", "left", "right", "front", "back", "vertical", "horizontal")
    info: dict[str, Any] = {f"{side}_{what}": True for side in sides for what in ("enable", "work")}
    return info | {
        "up_distance": 60000,
        "down_distance": int(gateway.aircraft.up * 100),
        "around_distances": [],
    }


def delay_info(gateway: SimulatedGateway) -> dict[str, Any]:
    """delay_info_push: milliseconds."""
    return {"sdr_cmd_delay": 12 + gateway.aircraft.random.randint(0, 6), "liveview_delay_list": []}
