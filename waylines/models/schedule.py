"""A mission that comes again and again."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from waylines.models.settings import FlightTaskSettings


class Schedule(FlightTaskSettings):
    """When a route is flown from a dock. Days and times are those of the workspace's clock.

    Each occurrence becomes a `Mission` of its own, made some time ahead; `horizon` says up to when that was done, and
    `zone` by which time zone's clock.
    """

    class Frequency(models.TextChoices):
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every week")
        MONTHLY = "monthly", _("Every month")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="schedules", verbose_name=_("workspace")
    )
    name = models.CharField(_("name"), max_length=200)
    route = models.ForeignKey("waylines.Route", models.PROTECT, related_name="schedules", verbose_name=_("route"))
    dock = models.ForeignKey("devices.Device", models.CASCADE, related_name="schedules", verbose_name=_("dock"))
    frequency = models.CharField(_("repeats"), max_length=8, choices=Frequency, default=Frequency.DAILY)
    interval = models.PositiveSmallIntegerField(_("every so many"), default=1)
    #: 0 is Monday.
    weekdays = models.JSONField(_("weekdays"), default=list, blank=True)
    #: 1 to 31; -1 is the last day of the month.
    month_days = models.JSONField(_("days of the month"), default=list, blank=True)
    #: "HH:MM", several a day.
    times = models.JSONField(_("times"), default=list)
    starts_on = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)
    #: Minutes within which a conditional task may start by itself; 0: it starts at the time and no other.
    window_minutes = models.PositiveSmallIntegerField(_("time window (minutes)"), default=0)
    active = models.BooleanField(_("active"), default=True)
    horizon = models.DateTimeField(null=True, blank=True, editable=False)
    zone = models.CharField(max_length=64, blank=True, default="", editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("planned by")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("approved by"),
    )  # fmt: skip
    #: The MD5 of the route's file that was approved: another file has to be approved anew.
    approved_sign = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name"]
        indexes = [models.Index(fields=["active", "horizon"])]
        constraints = [
            models.CheckConstraint(condition=models.Q(interval__gte=1), name="a_schedule_goes_on"),
            models.CheckConstraint(
                condition=models.Q(one_command=False) | models.Q(simulate=False, window_minutes=0),
                name="first_firmware_flies_plain_schedules",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_approved(self) -> bool:
        """Whether a second person has approved it, with the route as it is now."""
        return self.approved_by_id is not None and self.approved_sign == self.route.file.sign
