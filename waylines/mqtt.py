"""The missions' door from the broker (page "Wayline management")."""

from __future__ import annotations

from devices.services import telemetry
from fleet.mqtt.handlers import on_event, on_request
from fleet.mqtt.messages import Json, Message
from waylines.services.flights import recording
from waylines.services.missions import progress

telemetry.listen(recording.take)


@on_event("flighttask_progress")
def flighttask_progress(message: Message) -> None:
    """A dock says how far a mission is."""
    progress.progress(message)


@on_event("flighttask_ready")
def flighttask_ready(message: Message) -> None:
    """A dock says that the conditions of a mission hold."""
    progress.ready(message)


@on_event("return_home_info")
def return_home_info(message: Message) -> None:
    """The way on which the aircraft is coming home."""
    progress.remember(message, "return_home_info")


@on_event("device_exit_homing_notify")
def device_exit_homing_notify(message: Message) -> None:
    """The aircraft has given up coming home, or has taken it up again."""
    progress.remember(message, "device_exit_homing_notify")


@on_event("obstacle_avoidance_notify")
def obstacle_avoidance_notify(message: Message) -> None:
    """The aircraft flew around an obstacle or braked before one."""
    progress.remember(message, "obstacle_avoidance_notify")


@on_event("flight_setup_exception_notify")
def flight_setup_exception_notify(message: Message) -> None:
    """Getting ready takes longer than it should; the set-up may be aborted."""
    progress.remember(message, "flight_setup_exception_notify")


@on_request("flighttask_resource_get")
def flighttask_resource_get(message: Message) -> Json:
    """A dock asks where the file of a mission is."""
    return progress.resource(message)


@on_request("flighttask_progress_get")
def flighttask_progress_get(message: Message) -> Json:
    """A dock asks how far the other dock of a relay is."""
    return progress.progress_get(message)
