"""The media library's door from the broker: files that docks uploaded, and credentials to upload with."""

from __future__ import annotations

from fleet.mqtt.handlers import on_event, on_request
from fleet.mqtt.messages import Json, Message
from media.services.credentials import devices
from media.services.library import dock


@on_event("file_upload_callback")
def file_uploaded(message: Message) -> Json:
    """A dock says that a file was uploaded, or could not be."""
    return dock.uploaded(message)


@on_event("highest_priority_upload_flighttask_media")
def uploaded_first(message: Message) -> Json:
    """A dock says which flight's files it uploads before all others."""
    return dock.first_now(message)


@on_request("storage_config_get")
def storage_config_get(message: Message) -> Json:
    """A dock asks where to put its files."""
    return devices.for_dock(message)
