"""The console's pages about devices."""

from devices.admin import alarms, commands, credentials, devices, messages, models

__all__ = ["alarms", "commands", "credentials", "devices", "messages", "models"]
