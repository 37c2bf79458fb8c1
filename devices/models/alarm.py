from django.db import models
from django.utils.translation import gettext_lazy as _


class Alarm(models.Model):
    """One health message (HMS) of a device, from when it first said so until it no longer did."""

    class Level(models.IntegerChoices):
        """The protocol's `level`."""

        NOTICE = 0, _("Notice")
        CAUTION = 1, _("Caution")
        WARNING = 2, _("Warning")

    workspace = models.ForeignKey("fleet.Workspace", models.CASCADE, related_name="alarms", verbose_name=_("workspace"))
    device = models.ForeignKey("devices.Device", models.CASCADE, related_name="alarms", verbose_name=_("device"))
    #: The health code as the device says it, e.g. `0x16100083`.
    code = models.CharField(_("code"), max_length=64)
    level = models.SmallIntegerField(_("level"), choices=Level, default=Level.NOTICE)
    module = models.IntegerField(_("module"), null=True, blank=True)
    in_the_sky = models.BooleanField(_("in the air"), default=False)
    imminent = models.BooleanField(_("passing"), default=False)
    detail = models.JSONField(_("as it came"), default=dict, blank=True)
    started_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last said"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["workspace", "-started_at"]),
            models.Index(fields=["device", "-started_at"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "code"], condition=models.Q(ended_at__isnull=True), name="one_open_alarm_per_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.device_id}"
