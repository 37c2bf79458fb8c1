"""What the clock and the queue `mqtt` do. Thin doors: the verbs are in the services."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import CommandStatus, TrackPoint
from devices.services import commands, message_log, presence, rejects
from devices.services.broker import sync
from fleet.mqtt import bridge
from fleet.mqtt.topics import down_topic
from fleet.protocol.methods import Danger
from fleet.services import tokens

logger = logging.getLogger(__name__)


@shared_task
def publish_command(command_id: str) -> None:
    """Put a command on the wire, once. Runs in the bridge (queue `mqtt`).

    What moves, wipes or reboots goes out with QoS 0: a network client repeats an unacknowledged QoS 1 message after a
    reconnect, and a second take-off is worse than none. What got lost ends as a timeout and the operator decides.
    """
    running = bridge.get()
    command = commands.claim(command_id)
    if command is None:
        return
    left = max(1, int((command.deadline - timezone.now()).total_seconds()))
    sent = running.send(
        down_topic(command.device.sn, command.channel),
        commands.envelope(command),
        expiry=left,
        once=command.danger != Danger.NONE,
    )
    if not sent:
        commands.move(
            command, CommandStatus.FAILED, text=_("The bridge has no connection to the broker; nothing was sent.")
        )


@shared_task
def sweep_commands() -> None:
    commands.sweep()


@shared_task
def sweep_presence() -> None:
    presence.sweep()


@shared_task
def prune() -> None:
    """Keep logs, tracks and tokens within their bounds."""
    message_log.prune()
    tokens.prune()
    rejects.prune()
    TrackPoint.objects.filter(at__lt=timezone.now() - timedelta(minutes=settings.TRACK_MINUTES)).delete()


@shared_task
def broker_sync(device_id: int) -> None:
    """Tell the broker what one gateway may do."""
    sync.sync(device_id)


@shared_task
def broker_reconcile() -> None:
    """Make the broker agree with the database, whatever happened to either."""
    sync.reconcile()
