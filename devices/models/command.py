"""The ledger of everything that was asked of a device, and what became of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def new_id() -> str:
    return str(uuid.uuid4())


class CommandStatus(models.TextChoices):
    """The protocol's own words, plus `pending`: written down, not yet on the wire."""

    PENDING = "pending", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    IN_PROGRESS = "in_progress", _("Running")
    PAUSED = "paused", _("Paused")
    OK = "ok", _("Done")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Cancelled")
    REJECTED = "rejected", _("Refused")
    TIMEOUT = "timeout", _("No answer, outcome unknown")

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset(
    {
        CommandStatus.OK,
        CommandStatus.FAILED,
        CommandStatus.CANCELED,
        CommandStatus.REJECTED,
        CommandStatus.TIMEOUT,
    }
)
OPEN = frozenset(set(CommandStatus) - FINAL)


class Channel(models.TextChoices):
    SERVICES = "services", _("Service")
    PROPERTY_SET = "property/set", _("Property")
    DRC_DOWN = "drc/down", _("Direct control")


class Command(models.Model):
    """One request to one gateway. `tid` finds its reply, `bid` its progress events.

    `request_key` is the asker's own key: asking twice with the same one is one command. `published_at` is set by the
    one process that puts it on the wire, before it does so: a command is sent once or not at all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="commands", verbose_name=_("workspace")
    )
    device = models.ForeignKey("devices.Device", models.CASCADE, related_name="commands", verbose_name=_("gateway"))
    channel = models.CharField(_("channel"), max_length=16, choices=Channel, default=Channel.SERVICES)
    method = models.CharField(_("method"), max_length=64)
    data = models.JSONField(_("data"), default=dict, blank=True)
    danger = models.CharField(_("danger"), max_length=16, default="none")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="commands",
        verbose_name=_("person"),
    )
    actor = models.CharField(_("actor"), max_length=150, default="")
    tid = models.CharField(max_length=64, unique=True, default=new_id)
    bid = models.CharField(max_length=64, db_index=True, default=new_id)
    request_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULLs do not collide
    status = models.CharField(_("status"), max_length=16, choices=CommandStatus, default=CommandStatus.PENDING)
    progress = models.PositiveSmallIntegerField(_("progress"), null=True, blank=True)
    step = models.CharField(_("step"), max_length=100, blank=True, default="")
    result = models.IntegerField(_("result code"), null=True, blank=True)
    result_text = models.CharField(_("result"), max_length=500, blank=True, default="")
    output = models.JSONField(_("output"), default=dict, blank=True)
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    published_at = models.DateTimeField(_("sent"), null=True, blank=True)
    replied_at = models.DateTimeField(_("answered"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    deadline = models.DateTimeField(_("deadline"))

    class Meta:
        verbose_name = _("command")
        verbose_name_plural = _("commands")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["workspace", "-created_at"]),
            models.Index(fields=["device", "-created_at"]),
            models.Index(fields=["status", "deadline"]),
        ]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "request_key"], name="one_command_per_request"),
            models.CheckConstraint(condition=models.Q(status__in=CommandStatus.values), name="command_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=sorted(FINAL), finished_at__isnull=False)
                | models.Q(status__in=sorted(OPEN), finished_at__isnull=True),
                name="a_final_command_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} → {self.device_id}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL
