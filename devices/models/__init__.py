"""What is known of docks, remotes and aircraft."""

from devices.models.alarm import Alarm
from devices.models.command import Command, CommandStatus
from devices.models.credential import GatewayCredential
from devices.models.device import Device, DeviceModel
from devices.models.message import LoggedMessage, RejectedMessage
from devices.models.state import DeviceState, TrackPoint

__all__ = [
    "Alarm",
    "Command",
    "CommandStatus",
    "Device",
    "DeviceModel",
    "DeviceState",
    "GatewayCredential",
    "LoggedMessage",
    "RejectedMessage",
    "TrackPoint",
]
