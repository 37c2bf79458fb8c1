"""What was flown, whoever flew it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Flight(models.Model):
    """From take-off to landing, cut from telemetry. Degrees WGS84, metres, m/s, percent.

    `ended_at` is empty while it is in the air; at most one flight of an aircraft is.
    """

    class Kind(models.TextChoices):
        WAYLINE = "wayline", _("Mission")
        MANUAL = "manual", _("By hand")
        LIVE = "live", _("Live control")

    class End(models.TextChoices):
        """How we know that it was over."""

        LANDED = "landed", _("Landed")
        SILENT = "silent", _("Contact lost")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="flights", verbose_name=_("workspace")
    )
    aircraft = models.ForeignKey(
        "devices.Device", models.SET_NULL, null=True, blank=True, related_name="flights", verbose_name=_("aircraft")
    )
    gateway = models.ForeignKey(
        "devices.Device", models.SET_NULL, null=True, blank=True, related_name="flights_led", verbose_name=_("through")
    )
    #: As they were called when it flew: the record outlives the device.
    aircraft_sn = models.CharField(_("serial number"), max_length=64)
    aircraft_name = models.CharField(_("aircraft"), max_length=150, blank=True, default="")
    model_name = models.CharField(_("model"), max_length=100, blank=True, default="")
    gateway_name = models.CharField(_("through"), max_length=150, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.MANUAL)
    mission = models.ForeignKey(
        "waylines.Mission", models.SET_NULL, null=True, blank=True, related_name="flights", verbose_name=_("mission")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("pilot")
    )
    pilot_name = models.CharField(_("pilot"), max_length=150, blank=True, default="")
    started_at = models.DateTimeField(_("take-off"))
    ended_at = models.DateTimeField(_("landing"), null=True, blank=True)
    end_reason = models.CharField(_("end"), max_length=8, choices=End, blank=True, default="")
    start_latitude = models.FloatField(null=True, blank=True)
    start_longitude = models.FloatField(null=True, blank=True)
    end_latitude = models.FloatField(null=True, blank=True)
    end_longitude = models.FloatField(null=True, blank=True)
    distance = models.FloatField(_("distance (m)"), null=True, blank=True)
    #: Above the take-off point.
    highest = models.FloatField(_("highest point (m)"), null=True, blank=True)
    farthest = models.FloatField(_("farthest from take-off (m)"), null=True, blank=True)
    fastest = models.FloatField(_("highest speed (m/s)"), null=True, blank=True)
    battery_start = models.PositiveSmallIntegerField(_("battery at take-off (%)"), null=True, blank=True)
    battery_end = models.PositiveSmallIntegerField(_("battery at landing (%)"), null=True, blank=True)
    point_count = models.PositiveIntegerField(_("track points"), default=0)

    class Meta:
        verbose_name = _("flight")
        verbose_name_plural = _("flights")
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["workspace", "-started_at"]),
            models.Index(fields=["aircraft", "-started_at"]),
            # The sweep asks for these every ten seconds.
            models.Index(
                fields=["started_at"], condition=models.Q(distance__isnull=True), name="flights_to_be_measured"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["aircraft"], condition=models.Q(ended_at__isnull=True), name="an_aircraft_flies_one_flight"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.aircraft_name or self.aircraft_sn} {self.started_at:%Y-%m-%d %H:%M}"


class FlightTrack(models.Model):
    """The thinned track of a flight, in a row of its own so that lists never load it.

    `points` is zlib-compressed JSON; see `waylines.services.flights.track` for its columns.
    """

    flight = models.OneToOneField(Flight, models.CASCADE, primary_key=True, related_name="track")
    points = models.BinaryField()

    class Meta:
        verbose_name = _("track")
        verbose_name_plural = _("tracks")

    def __str__(self) -> str:
        return str(self.flight_id)
