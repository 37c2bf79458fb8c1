"""What docks say of media (page "Media", topic `events`), and what they are asked."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from devices.models import Command, Device
from devices.services import commands
from fleet.models import Role, User
from fleet.mqtt.messages import Json, Message, Rejected
from fleet.services import access
from media.models import MediaGroup
from media.services.library import announce, groups, said

PRIORITIZE = "upload_flighttask_media_prioritize"
#: Answered for a file that we would not take; why stands in the list of refused uploads.
REFUSED = 1


def _gateway(message: Message) -> Device:
    device = Device.objects.select_related("workspace").filter(sn=message.gateway).first()
    if device is None or not device.is_gateway:
        raise Rejected("unknown_gateway", f"{message.gateway} is no gateway of any workspace.")
    return device


def uploaded(message: Message) -> Json:
    """`file_upload_callback`: a file was uploaded, or could not be. Raises `Rejected` for what names no file."""
    dock = _gateway(message)
    file = message.fields.get("file")
    if not isinstance(file, dict):
        raise Rejected("shape", "The event carries no file.")
    sender = announce.Sender(dock.workspace, dock, dock.sn)
    result = message.fields.get("result", file.get("result"))
    rest = {name: value for name, value in message.fields.items() if name not in ("file", "result")}
    body = {**file, "result": result, **({"rest": rest} if rest else {})}
    try:
        stored = announce.announced(sender, body)
    except announce.Refused:
        return {"result": REFUSED}
    task = said.mapping(message.fields.get("flight_task"))
    if stored.group is not None and task:
        groups.counted(
            stored.group,
            expected=said.whole(task.get("expected_file_count")),
            reported=said.whole(task.get("uploaded_file_count")),
            extra=said.plain(task),
        )
    return {"result": 0}


def first_now(message: Message) -> Json:
    """`highest_priority_upload_flighttask_media`: this flight's files go before all others."""
    dock = _gateway(message)
    flight_id = said.text(message.fields.get("flight_id"), 64)
    if not flight_id:
        raise Rejected("shape", "The event names no flight.")
    groups.first(dock.workspace_id, flight_id, dock)
    return {"result": 0}


class CannotPrioritize(Exception):
    """The dock was not asked; the text says why."""


def prioritize(group: MediaGroup, *, user: User, request_key: str | None = None) -> Command:
    """Ask the dock to send this flight's files before all others. Raises `CannotPrioritize`, `Forbidden`."""
    access.require(user, group.workspace_id, Role.OPERATOR)
    dock: Any = group.gateway or (group.mission.dock if group.mission else None)
    if group.origin != MediaGroup.Origin.MISSION or dock is None:
        raise CannotPrioritize(_("No dock is known to have this flight's files."))
    try:
        return commands.issue(dock, PRIORITIZE, {"flight_id": group.key}, user=user, request_key=request_key)
    except commands.CommandRefused as refused:
        raise CannotPrioritize(refused.message) from refused
