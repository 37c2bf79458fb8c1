"""The console's pages about devices."""

from devices.admin import commands, credentials, devices, messages, models

__all__ = ["commands", "credentials", "devices", "messages", "models"]
