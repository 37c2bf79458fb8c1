"""What a device announced and we would not take."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RefusedUpload(models.Model):
    """An announcement that is no file of this workspace: without an object, or an object of somebody else's.

    The same refusal of the same object is one row that counts; nothing in it is believed.
    """

    class Why(models.TextChoices):
        NO_OBJECT = "no_object", _("It names no object")
        ELSEWHERE = "elsewhere", _("The object is outside this workspace's folder")
        FAILED = "failed", _("The device says that the upload failed")
        UNREADABLE = "unreadable", _("It is no announcement of a file")

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="refused_uploads", verbose_name=_("workspace")
    )
    sender = models.CharField(_("from"), max_length=150, blank=True, default="")
    why = models.CharField(_("why"), max_length=12, choices=Why)
    object_key = models.CharField(_("object key"), max_length=300, blank=True, default="")
    name = models.CharField(_("name"), max_length=300, blank=True, default="")
    said = models.JSONField(_("as it came"), default=dict, blank=True)
    count = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first"), auto_now_add=True)
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("refused upload")
        verbose_name_plural = _("refused uploads")
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sender", "why", "object_key", "name"], name="one_row_per_refusal"
            )
        ]
        indexes = [models.Index(fields=["workspace", "-last_at"])]

    def __str__(self) -> str:
        return self.name or self.object_key or self.get_why_display()
