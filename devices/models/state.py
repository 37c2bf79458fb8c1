from django.db import models
from django.utils.translation import gettext_lazy as _


class DeviceState(models.Model):
    """The latest of everything a device said of itself: OSD and state properties, merged.

    `properties` holds them as they came, `stamps` when (device clock, ms) each top-level property was last
    said, `summary` the few numbers that lists and maps show. `seen_at` is when it last spoke at all, `told_at` when it
    last said anything of itself (our clock). `version` lets several bridges write one row without
    undoing each other: a writer that finds another version reads, merges and tries again.
    """

    device = models.OneToOneField("devices.Device", models.CASCADE, primary_key=True, related_name="state")
    properties = models.JSONField(_("latest state"), default=dict)
    stamps = models.JSONField(default=dict, editable=False)
    summary = models.JSONField(default=dict, editable=False)
    version = models.BigIntegerField(default=0, editable=False)
    reported_at = models.BigIntegerField(_("device time (ms)"), default=0)
    seen_at = models.DateTimeField(_("received"))
    told_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("latest state")
        verbose_name_plural = _("latest states")

    def __str__(self) -> str:
        return f"{self.device_id} @ {self.version}"


class TrackPoint(models.Model):
    """Where a device was: WGS84 degrees, metres above the ellipsoid, degrees clockwise from north, m/s.

    `elevation` is metres above the take-off point, `battery` percent.
    """

    device = models.ForeignKey("devices.Device", models.CASCADE, related_name="track")
    at = models.DateTimeField()
    latitude = models.FloatField()
    longitude = models.FloatField()
    height = models.FloatField(null=True)
    heading = models.FloatField(null=True)
    speed = models.FloatField(null=True)
    elevation = models.FloatField(null=True)
    battery = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(fields=["device", "at"]), models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.latitude:.6f}, {self.longitude:.6f}"
