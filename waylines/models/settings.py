"""What a flight task is told besides its route, the same for one mission and for a schedule of many."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

#: The planner's fields, the same for a mission and a schedule.
SETTINGS = (
    "rth_altitude",
    "rth_mode",
    "out_of_control_action",
    "exit_wayline_when_rc_lost",
    "wayline_precision_type",
    "simulate",
    "one_command",
    "battery_capacity",
    "storage_capacity",
    "late_minutes",
)


class LostAction(models.IntegerChoices):
    """`out_of_control_action`: what the aircraft does when its link is gone."""

    RETURN_HOME = 0, _("Return home")
    HOVER = 1, _("Hover")
    LAND = 2, _("Land")


class WhenLost(models.IntegerChoices):
    """`exit_wayline_when_rc_lost`: whether the route goes on without a link."""

    GO_ON = 0, _("Fly the route to its end")
    LEAVE = 1, _("Leave the route and do what is set for a lost link")


class ReturnMode(models.IntegerChoices):
    """`rth_mode`."""

    SMART = 0, _("Smart altitude")
    PRESET = 1, _("Preset altitude")


class Precision(models.IntegerChoices):
    """`wayline_precision_type`."""

    GPS = 0, _("GPS, starts sooner")
    RTK = 1, _("RTK, waits for a fix")


class FlightTaskSettings(models.Model):
    """The fields of `flighttask_prepare` that a planner decides (page "Wayline management")."""

    rth_altitude = models.PositiveIntegerField(
        _("return altitude (m above the dock)"), default=100, validators=[MinValueValidator(20), MaxValueValidator(500)]
    )
    rth_mode = models.PositiveSmallIntegerField(_("return mode"), choices=ReturnMode, default=ReturnMode.PRESET)
    out_of_control_action = models.PositiveSmallIntegerField(
        _("when the link is lost"), choices=LostAction, default=LostAction.RETURN_HOME
    )
    exit_wayline_when_rc_lost = models.PositiveSmallIntegerField(
        _("route without a link"), choices=WhenLost, default=WhenLost.GO_ON
    )
    wayline_precision_type = models.PositiveSmallIntegerField(_("precision"), choices=Precision, default=Precision.GPS)
    simulate = models.BooleanField(
        _("simulation"), default=False, help_text=_("The dock plays the mission through; nothing takes off.")
    )
    one_command = models.BooleanField(
        _("first firmware"), default=False,
        help_text=_("For a dock that does not know prepared missions: route and start go out together, at the time."),
    )  # fmt: skip
    #: Percent and megabytes below which the task does not start; empty: the workspace's rule.
    battery_capacity = models.PositiveSmallIntegerField(
        _("battery at least (%)"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    storage_capacity = models.PositiveIntegerField(_("free storage at least (MB)"), null=True, blank=True)
    late_minutes = models.PositiveSmallIntegerField(
        _("may start late (minutes)"), default=0, validators=[MaxValueValidator(24 * 60)],
        help_text=_("0: when it cannot start on time it is skipped. It never starts later than this."),
    )  # fmt: skip

    class Meta:
        abstract = True
