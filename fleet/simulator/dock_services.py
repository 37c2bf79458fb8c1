"""Remote debugging of a dock: mode, cover, charging, power, lights (page "Remote debugging")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator import progress
from fleet.simulator.commands import Outcome, service, standard

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

IDLE, DEBUGGING, AT_WORK = 0, 2, 4
TASK_RUNNING = 514148
REBOOT_SECONDS = 20.0
CLOSED, OPEN = 0, 1


@service("debug_mode_open")
def open_debug_mode(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Enter remote debugging; a strict dock does not while it works."""
    if gateway.behaviour.strict and gateway.values["mode_code"] == AT_WORK:
        return Outcome(TASK_RUNNING, reason="a task runs")
    gateway.values["mode_code"] = DEBUGGING
    return standard(gateway, message)


@service("debug_mode_close")
def close_debug_mode(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Leave remote debugging."""
    gateway.values["mode_code"] = AT_WORK if gateway.aircraft.flying else IDLE
    return standard(gateway, message)


def _sets(name: str, value: Any) -> Callable[[SimulatedGateway, Mapping[str, Any], Message], Outcome]:
    def handler(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
        return standard(gateway, message, done=lambda: gateway.values.update({name: value}))

    return handler


def _sets_from_action(name: str) -> Callable[[SimulatedGateway, Mapping[str, Any], Message], Outcome]:
    def handler(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
        return standard(gateway, message, done=lambda: gateway.values.update({name: data.get("action")}))

    return handler


service("cover_open")(_sets("cover_state", OPEN))
service("cover_close", "cover_force_close")(_sets("cover_state", CLOSED))
service("charge_open")(_sets("charging", True))
service("charge_close")(_sets("charging", False))
service("supplement_light_open")(_sets("supplement_light_state", 1))
service("supplement_light_close")(_sets("supplement_light_state", 0))
service("alarm_state_switch")(_sets_from_action("alarm_state"))
service("battery_store_mode_switch")(_sets_from_action("battery_store_mode"))


@service("air_conditioner_mode_switch")
def switch_air_conditioner(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """0 idle, 1 cooling, 2 heating, 3 drying: the state follows the action."""
    gateway.values["air_conditioner"] = {"air_conditioner_state": data.get("action", 0), "switch_time": 0}
    return standard(gateway, message)


@service("battery_maintenance_switch")
def switch_battery_maintenance(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Maintenance of the aircraft's battery on or off."""
    info = gateway.values["drone_battery_maintenance_info"]
    on = data.get("action") == 1
    gateway.values["drone_battery_maintenance_info"] = {
        **info,
        "maintenance_state": 2 if on else 0,
        "maintenance_time_left": 3 if on else 0,
    }
    return standard(gateway, message)


@service("sdr_workmode_switch")
def switch_link(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """0 SDR alone, 1 together with 4G."""
    gateway.values["link_workmode"] = data.get("link_workmode", 0)
    return standard(gateway, message)


@service("device_format", "drone_format")
def format_storage(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Empty the storage."""

    def emptied() -> None:
        if message.method == "device_format":
            gateway.values["storage"] = {**gateway.values["storage"], "used": 0}
        else:
            gateway.aircraft_values["storage_used"] = 0

    return standard(gateway, message, done=emptied)


@service("drone_open", "drone_close")
def switch_aircraft(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Switch the aircraft on or off; the last event comes when it is done."""
    outcome = standard(gateway, message)
    outcome.then = lambda: _switch(gateway, message)
    return outcome


async def _switch(gateway: SimulatedGateway, message: Message) -> None:
    on = message.method == "drone_open"
    failing = message.method in gateway.behaviour.fail_later
    await progress.run_steps(gateway, message, message.method)
    if not failing and (on or not gateway.aircraft.flying):
        await gateway.switch_aircraft(on)
    progress.finish(gateway, message, message.method)


@service("device_reboot")
def reboot(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Go off the network, come back, and only then report that it is done."""
    outcome = standard(gateway, message)
    outcome.then = lambda: _reboot(gateway, message)
    return outcome


async def _reboot(gateway: SimulatedGateway, message: Message) -> None:
    await progress.run_steps(gateway, message, message.method)
    if message.method not in gateway.behaviour.fail_later:
        gateway.values["mode_code"] = IDLE
        await gateway.reboot(REBOOT_SECONDS)
    progress.finish(gateway, message, message.method)
