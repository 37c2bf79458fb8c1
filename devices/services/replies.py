"""What devices say to commands: replies by `tid`, progress by `bid`, property results one by one."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Command, CommandStatus
from devices.models.command import FINAL, Channel
from devices.services import commands
from devices.services.summary import number, whole
from fleet.mqtt.messages import Json, Message, Rejected
from fleet.protocol import errors, methods
from fleet.services import broadcast

#: Words some methods use for what others call by the protocol's own eight.
_WORDS = {
    "fail": CommandStatus.FAILED,
    "switch_fail": CommandStatus.FAILED,
    "wayline_progress": CommandStatus.IN_PROGRESS,
    "wayline_ok": CommandStatus.OK,
    "wayline_failed": CommandStatus.FAILED,
    "wayline_cancel": CommandStatus.CANCELED,
    "task_ready": CommandStatus.IN_PROGRESS,
    "task_finish": CommandStatus.OK,
    "partially_done": CommandStatus.OK,
    "success": CommandStatus.OK,
}
#: `in_flight_wayline_progress` says it in numbers.
_NUMBERS = {
    **dict.fromkeys((0, 1, 2, 3), CommandStatus.IN_PROGRESS),
    4: CommandStatus.PAUSED,
    5: CommandStatus.CANCELED,
    6: CommandStatus.OK,
    7: CommandStatus.FAILED,
    8: CommandStatus.TIMEOUT,
}


def status_of(word: Any) -> CommandStatus | None:
    """The ledger's status for a device's word or number; None for one we never heard of."""
    if type(word) is int:
        return _NUMBERS.get(word)
    if not isinstance(word, str) or not word:
        return None
    if word in _WORDS:
        return _WORDS[word]
    return CommandStatus(word) if word in CommandStatus.values and word != CommandStatus.PENDING else None


def result_of(value: Any) -> int | None:
    """A result code as the ledger can hold it."""
    return whole(value)


def reply(message: Message) -> None:
    """A `services_reply`. Raises `Rejected` when it answers nothing that we asked of this gateway."""
    command = _by_tid(message, Channel.SERVICES)
    result = _reply_result(message)
    output = message.fields.get("output")
    word = status_of(output.get("status")) if isinstance(output, dict) else None
    declared = commands.declaration(command)
    if result not in (0, None):
        status: CommandStatus = (
            word
            if word in (CommandStatus.REJECTED, CommandStatus.CANCELED, CommandStatus.TIMEOUT)
            else CommandStatus.FAILED
        )
    elif word is not None:
        status = CommandStatus.IN_PROGRESS if word is CommandStatus.SENT else word
    elif declared is not None and declared.progress:
        status = CommandStatus.IN_PROGRESS
    else:
        status = CommandStatus.OK
    changes: dict[str, Any] = {
        "replied_at": timezone.now(),
        "result": result,
        "output": message.fields,
    }
    if status not in FINAL:
        seconds = declared.deadline if declared and declared.deadline else 600.0
        changes["deadline"] = timezone.now() + timedelta(seconds=seconds)
    if not commands.move(command, status, text=_words(result), **changes):
        _note_late(command, changes)


def _reply_result(message: Message) -> int | None:
    """`data.result`; some remotes say `info.code` instead."""
    info = message.envelope.get("info")
    said = message.fields.get("result", info.get("code") if isinstance(info, dict) else None)
    return result_of(said)


def _note_late(command: Command, changes: dict[str, Any]) -> None:
    """A late or second answer never changes how a command ended, but the first answer's words are kept."""
    if Command.objects.filter(pk=command.pk, status=CommandStatus.TIMEOUT, replied_at=None).update(
        replied_at=changes["replied_at"],
        result=changes["result"],
        output=changes["output"],
        result_text=_("Answered too late: %(text)s") % {"text": _words(changes["result"]) or _("result 0")},
    ):
        command.refresh_from_db()
        broadcast.changed(command.workspace_id, "command", id=str(command.pk), device=command.device_id)


def progress(message: Message) -> None:
    """Any event: when it tells of a running command of this gateway, move that. Not an error when it does not.

    A result beside "in progress" is kept and ends nothing: the device says itself that it goes on.
    """
    data = message.fields
    output = data.get("output")
    inner: Json = output if isinstance(output, dict) else data
    status = status_of(inner.get("status"))
    if status is None:
        return
    command = _running(message, inner)
    if command is None:
        return
    declared = commands.declaration(command)
    result = result_of(data.get("result"))
    detail = inner.get("progress")
    detail = detail if isinstance(detail, dict) else {}
    percent = number(detail.get("percent"))
    seconds = declared.deadline if declared and declared.deadline else 600.0
    changes: dict[str, Any] = {
        "result": result,
        "deadline": timezone.now() + timedelta(seconds=seconds),
        "step": str(detail.get("step_key") or detail.get("current_step") or "")[:100],
    }
    if percent is not None and 0 <= percent <= 100:
        changes["progress"] = int(percent)
    if status is CommandStatus.OK:
        changes["progress"] = 100
    if status is CommandStatus.SENT:
        status = CommandStatus.IN_PROGRESS
    commands.move(command, status, text=_words(result), **changes)


def property_reply(message: Message) -> None:
    """A `property/set_reply`: one result for each property. All well is ok; anything else names what was not set."""
    command = _by_tid(message, Channel.PROPERTY_SET)
    failures = [f"{path}: {_words(code)}" for path, code in _property_results(message.fields) if code]
    status = CommandStatus.FAILED if failures else CommandStatus.OK
    changes: dict[str, Any] = {"replied_at": timezone.now(), "output": message.fields}
    changes["result"] = next((code for _path, code in _property_results(message.fields) if code), 0)
    if not commands.move(command, status, text="; ".join(failures), **changes):
        _note_late(command, changes)


def _property_results(data: Json, path: str = "") -> list[tuple[str, int]]:
    """(property, result) for every result in the reply, which nests as the request did."""
    found: list[tuple[str, int]] = []
    for key, value in data.items():
        where = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            if "result" in value:
                found.append((where, result_of(value["result"]) or 0))
            else:
                found += _property_results(value, where)
        elif key == "result":
            found.append((path or key, result_of(value) or 0))
    return found


def _words(result: int | None) -> str:
    if not result:
        return ""
    return errors.text(result) or _("Error %(code)s") % {"code": result}


def _by_tid(message: Message, channel: Channel) -> Command:
    command = (
        Command.objects.select_related("device__model", "workspace", "user")
        .filter(tid=message.tid, channel=channel, device__sn=message.sn)
        .first()
        if message.tid
        else None
    )
    if command is None:
        raise Rejected("unasked", f"A reply to {message.method or 'something'} that was not asked of this device.")
    return command


def _running(message: Message, inner: Json) -> Command | None:
    """The command an event tells of: by `bid`, else by the job's own id (a real Dock 3 sends bid = flight_id)."""
    gateways = Q(device__sn=message.sn) | Q(device__sn=message.gateway)
    running = (
        Command.objects.select_related("device__model", "workspace", "user").filter(gateways).exclude(status__in=FINAL)
    )
    if message.bid and (found := running.filter(bid=message.bid).first()):
        return found
    for command in running.filter(method__in=_causes(message.method)).order_by("-created_at")[:5]:
        declared = commands.declaration(command)
        key = declared.progress_key if declared else None
        if key is None:
            continue
        job, ext = command.data.get(key), inner.get("ext")
        said = (inner.get(key), ext.get(key) if isinstance(ext, dict) else None, message.bid)
        if job and job in said:
            return command
    return None


@cache
def _causes(event: str) -> tuple[str, ...]:
    """The services whose progress this event tells of."""
    return tuple(
        name
        for name in methods.names(Channel.SERVICES)
        if (declared := methods.find(Channel.SERVICES, name)) is not None and declared.progress_event == event
    )
