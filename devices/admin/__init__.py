"""The console's pages about devices."""

from devices.admin import commands, devices, messages, models

__all__ = ["commands", "devices", "messages", "models"]
