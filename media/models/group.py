"""What belongs together while it is uploaded: how many files are expected, how many came."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MediaGroup(models.Model):
    """The files of one mission (a dock's `flight_id`) or of one upload of Pilot 2 (its `file_group_id`).

    `expected` and `reported` are the device's words. How many came is counted from the files, for only what is
    confirmed counts. `alarm_at`: since when it stays incomplete; `accepted_at`: somebody knows and lives with it.
    """

    class Origin(models.TextChoices):
        MISSION = "mission", _("Mission")
        PILOT = "pilot", _("Pilot 2")

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="media_groups", verbose_name=_("workspace")
    )
    origin = models.CharField(_("origin"), max_length=8, choices=Origin)
    key = models.CharField(_("id"), max_length=64)
    mission = models.ForeignKey(
        "waylines.Mission", models.CASCADE, null=True, blank=True, related_name="media_groups",
        verbose_name=_("mission"),
    )  # fmt: skip
    gateway = models.ForeignKey(
        "devices.Device", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("through")
    )
    expected = models.PositiveIntegerField(_("expected"), null=True, blank=True)
    reported = models.PositiveIntegerField(_("uploaded, says the device"), null=True, blank=True)
    #: Files that had arrived and were deleted here since: they are not missing.
    deleted = models.PositiveIntegerField(_("deleted since"), default=0)
    #: The rest of what the device said of it, as it came.
    extra = models.JSONField(default=dict, blank=True)
    #: The dock sends this one's files before all others' since then.
    first_since = models.DateTimeField(_("goes first since"), null=True, blank=True)
    #: When something of it arrived last.
    changed_at = models.DateTimeField(_("last heard"))
    completed_at = models.DateTimeField(_("complete"), null=True, blank=True)
    alarm_at = models.DateTimeField(_("incomplete since"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted as it is"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        "fleet.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("accepted by")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "origin", "key"], name="one_media_group_per_key"),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "-alarm_at"], condition=models.Q(alarm_at__isnull=False), name="media_alarms"
            ),
            models.Index(
                fields=["changed_at"],
                condition=models.Q(completed_at__isnull=True, accepted_at__isnull=True),
                name="media_groups_open",
            ),
        ]

    def __str__(self) -> str:
        return str(self.mission) if self.mission else self.key
