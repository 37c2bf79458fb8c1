"""The command ledger: ask a device for something, and know what became of it.

A command is a row before it is a message. Nobody waits for a device: the row is written, put on the wire after the
commit by the bridge (`devices.tasks.publish_command`), moved by the reply (found by `tid`) and by progress events
(found by `bid`), and ended by the sweeper when its deadline passes. Every move is one guarded UPDATE.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Command, CommandStatus, Device
from devices.models.command import FINAL, Channel
from devices.services import validation
from fleet.models import Role, User
from fleet.mqtt.messages import Json, now_ms
from fleet.protocol import methods
from fleet.protocol.methods import Danger, Method
from fleet.services import access, audit, broadcast

#: Which status may follow which. What is final stays.
ALLOWED: dict[CommandStatus, frozenset[CommandStatus]] = {
    CommandStatus.PENDING: frozenset(
        {CommandStatus.SENT, CommandStatus.FAILED, CommandStatus.CANCELED, CommandStatus.TIMEOUT}
    ),
    CommandStatus.SENT: frozenset(set(CommandStatus) - {CommandStatus.PENDING, CommandStatus.SENT}),
    CommandStatus.IN_PROGRESS: frozenset(set(CommandStatus) - {CommandStatus.PENDING, CommandStatus.SENT}),
    CommandStatus.PAUSED: frozenset(set(CommandStatus) - {CommandStatus.PENDING, CommandStatus.SENT}),
    **{status: frozenset() for status in FINAL},
}
#: Told of every move of a command whose method they asked for, inside the mover's transaction.
Listener = Callable[[Command], None]
_listeners: dict[str, Listener] = {}
#: A method nobody documented may be tried by an administrator; it is treated as the worst.
_UNDOCUMENTED_TIMEOUT = 15.0


class CommandRefused(Exception):
    """The command was not sent. `reason` is a stable word, `message` says it to a person, `errors` by field."""

    def __init__(self, reason: str, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.errors = errors or {}


def listen(*methods: str) -> Callable[[Listener], Listener]:
    """Be told when a command of one of these methods has moved; its row is as it is now. One listener a method."""

    def register(listener: Listener) -> Listener:
        for method in methods:
            if _listeners.setdefault(method, listener) is not listener:
                raise RuntimeError(f"Two listeners for the command {method!r}.")
        return listener

    return register


def gateway_for(device: Device) -> Device:
    """Where commands for this device go: itself, or the gateway an aircraft hangs on. Raises `CommandRefused`."""
    if device.is_gateway:
        return device
    if device.gateway is None:
        raise CommandRefused("no_gateway", _("%(device)s hangs on no dock or remote now.") % {"device": device})
    return device.gateway


def issue(
    device: Device,
    method: str,
    data: dict[str, Any] | None = None,
    *,
    user: User | None,
    request_key: str | None = None,
    confirmed: bool = False,
    actor: str = "",
    within: float | None = None,
) -> Command:
    """Ask a gateway for a documented service. Returns the ledger's row; raises `CommandRefused`.

    `request_key`: asking again with the same key returns the row of the first time and sends nothing. `confirmed`: the
    person said yes to what a dangerous method does. `user=None` is the server's own command line. `within`: it is
    worthless after so many seconds, though its declaration would wait longer.
    """
    gateway = gateway_for(device)
    data = data or {}
    declared = methods.find(Channel.SERVICES, method, gateway.product)
    if declared is None and gateway.product is not None:
        raise CommandRefused(
            "unknown_method",
            _("%(model)s knows no service “%(method)s”.") % {"model": gateway.model_name, "method": method},
        )
    danger = declared.danger if declared else Danger.MOVES
    role = Role(declared.role) if declared and declared.role else Role.ADMIN
    if user is not None and not access.may(user, gateway.workspace_id, role):
        _refuse(gateway, method, user, actor, "forbidden")
        raise CommandRefused("forbidden", _("This needs the role “%(role)s” in this workspace.") % {"role": role.label})
    if declared is not None:
        try:
            validation.check(declared.fields, data)
        except validation.InvalidData as error:
            raise CommandRefused(
                "invalid", _("The data does not fit: %(errors)s") % {"errors": error}, error.errors
            ) from None
    if danger is not Danger.NONE and not confirmed:
        raise CommandRefused(
            "unconfirmed", _("This needs to be confirmed: it can move, stop or change a real machine.")
        )
    timeout = declared.timeout if declared and declared.timeout else _UNDOCUMENTED_TIMEOUT
    return create(
        gateway,
        Channel.SERVICES,
        method,
        data,
        user=user,
        actor=actor,
        danger=danger,
        timeout=timeout if within is None else min(timeout, within),
        request_key=request_key,
    )


def create(
    gateway: Device,
    channel: Channel,
    method: str,
    data: dict[str, Any],
    *,
    user: User | None,
    actor: str = "",
    danger: str = Danger.NONE,
    timeout: float = 15.0,
    request_key: str | None = None,
) -> Command:
    """Write the row and have it sent after the commit. Raises `CommandRefused` for a gateway that is offline."""
    if request_key and (present := _asked_before(gateway, request_key, method)):
        return present
    if not Device.objects.filter(pk=gateway.pk, online=True).exists():
        _refuse(gateway, method, user, actor, "offline")
        raise CommandRefused("offline", _("%(device)s is offline; nothing was sent.") % {"device": gateway})
    try:
        with transaction.atomic():
            command = Command.objects.create(
                workspace_id=gateway.workspace_id,
                device=gateway,
                channel=channel,
                method=method,
                data=data,
                danger=danger,
                user=user,
                actor=actor or (user.get_username() if user else "system"),
                request_key=request_key or None,
                deadline=timezone.now() + timedelta(seconds=timeout),
            )
            audit.record(
                "command.asked",
                workspace=gateway.workspace,
                user=user,
                actor=actor,
                target=gateway.sn,
                method=method,
                command=str(command.pk),
            )
            transaction.on_commit(lambda: _hand_over(command))
    except IntegrityError:
        # Two identical requests at the same moment: the constraint let one through.
        present = _asked_before(gateway, request_key or "", method)
        if present is None:
            raise
        return present
    broadcast.changed(gateway.workspace_id, "command", id=str(command.pk), device=gateway.pk)
    return command


def _asked_before(gateway: Device, request_key: str, method: str) -> Command | None:
    present = Command.objects.filter(workspace_id=gateway.workspace_id, request_key=request_key).first()
    if present is not None and (present.method != method or present.device_id != gateway.pk):
        raise CommandRefused("key_reused", _("This request key was used for another command."))
    return present


def _refuse(gateway: Device, method: str, user: User | None, actor: str, reason: str) -> None:
    audit.record(
        "command.refused",
        workspace=gateway.workspace,
        user=user,
        actor=actor,
        target=gateway.sn,
        method=method,
        reason=reason,
    )


def _hand_over(command: Command) -> None:
    """Give the row to the bridge. When Redis is away the command ends at once: it must never be delivered late."""
    from devices.tasks import publish_command

    left = (command.deadline - timezone.now()).total_seconds()
    try:
        publish_command.apply_async(args=(str(command.pk),), expires=max(1.0, left), retry=False)
    except Exception as error:
        move(
            command, CommandStatus.FAILED, text=_("It could not be handed to the bridge: %(error)s") % {"error": error}
        )


def claim(command_id: str) -> Command | None:
    """Take a waiting command for sending; None when it is not waiting any more or its time is up.

    The claim is committed before anything is sent: a process that dies in between leaves a command that was not sent
    and ends as a timeout, never one that is sent twice.
    """
    now = timezone.now()
    won = Command.objects.filter(
        pk=command_id, status=CommandStatus.PENDING, published_at=None, deadline__gt=now, device__online=True
    ).update(status=CommandStatus.SENT, published_at=now)
    return Command.objects.select_related("device").filter(pk=command_id).first() if won else None


def move(
    command: Command,
    status: CommandStatus,
    *,
    text: str = "",
    only: Q | None = None,
    **changes: Any,
) -> bool:
    """Take a command to `status` if the ledger's rules (and `only`) allow it from where it is now.

    Returns whether they did.
    """
    allowed_from = [before for before, after in ALLOWED.items() if status in after]
    if status in FINAL:
        changes["finished_at"] = timezone.now()
    if text:
        changes["result_text"] = text[:500]
    moved = bool(
        Command.objects.filter(only or Q(), pk=command.pk, status__in=allowed_from).update(status=status, **changes)
    )
    if moved:
        broadcast.changed(command.workspace_id, "command", id=str(command.pk), device=command.device_id)
        if listener := _listeners.get(command.method):
            listener(Command.objects.select_related("device").get(pk=command.pk))
        if status in FINAL:
            audit.record(
                "command.ended",
                workspace=command.workspace,
                user=command.user,
                actor=command.actor,
                target=command.device.sn,
                method=command.method,
                command=str(command.pk),
                status=str(status),
            )
    return moved


def sweep() -> int:
    """End every command whose deadline has passed. Returns how many."""
    late = Command.objects.select_related("workspace", "user", "device").exclude(status__in=FINAL)
    ended = 0
    for command in late.filter(deadline__lt=timezone.now())[:1000]:
        if command.published_at is None:
            text, status = _("It was never sent: no bridge took it in time."), CommandStatus.FAILED
        elif command.replied_at is None:
            text, status = _("The device did not answer; whether it acted is not known."), CommandStatus.TIMEOUT
        else:
            text, status = _("The device began and never said how it ended."), CommandStatus.TIMEOUT
        # The deadline is part of the UPDATE: progress may have prolonged it meanwhile.
        ended += move(command, status, text=text, only=Q(deadline=command.deadline))
    return ended


def envelope(command: Command) -> Json:
    """The message that asks for it. A `property/set` carries no method."""
    body: Json = {"tid": command.tid, "bid": command.bid, "timestamp": now_ms(), "gateway": command.device.sn}
    if command.channel != Channel.PROPERTY_SET:
        body["method"] = command.method
    return {**body, "data": command.data}


def declaration(command: Command) -> Method | None:
    """What the catalogue says of the command's method, for the product it went to."""
    return methods.find(command.channel, command.method, command.device.product)
