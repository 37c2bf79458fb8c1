from django.db import models
from django.utils.translation import gettext_lazy as _


class LoggedMessage(models.Model):
    """One MQTT message to or from a device, telemetry left out. Bounded by age and by count per device."""

    class Direction(models.TextChoices):
        UP = "up", _("From the device")
        DOWN = "down", _("To the device")

    workspace = models.ForeignKey("fleet.Workspace", models.CASCADE, related_name="+", verbose_name=_("workspace"))
    device = models.ForeignKey("devices.Device", models.CASCADE, related_name="messages", verbose_name=_("device"))
    direction = models.CharField(_("direction"), max_length=4, choices=Direction)
    topic = models.CharField(_("topic"), max_length=200)
    method = models.CharField(_("method"), max_length=100, blank=True, default="")
    tid = models.CharField(max_length=64, blank=True, default="", db_index=True)
    bid = models.CharField(max_length=64, blank=True, default="", db_index=True)
    payload = models.JSONField(_("payload"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("message log")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["device", "-at"]),
            models.Index(fields=["workspace", "-at"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.method or self.topic} {self.at:%H:%M:%S}"


class RejectedMessage(models.Model):
    """Something that arrived and could not be used; kept, bounded, so that an operator can see why."""

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("workspace")
    )
    topic = models.CharField(_("topic"), max_length=300)
    sn = models.CharField(_("serial number"), max_length=64, blank=True, default="", db_index=True)
    reason = models.CharField(_("reason"), max_length=64)
    detail = models.CharField(_("detail"), max_length=500, blank=True, default="")
    head = models.TextField(_("beginning of the payload"), blank=True, default="")
    size = models.PositiveIntegerField(_("bytes"), default=0)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("rejected message")
        verbose_name_plural = _("rejects")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["-at"])]

    def __str__(self) -> str:
        return f"{self.reason}: {self.topic}"
