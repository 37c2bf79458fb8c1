from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class MissionPolicy(models.Model):
    """What a workspace asks of every mission before it may take off; without a row the defaults hold."""

    class Rain(models.IntegerChoices):
        """The dock's `rainfall`: what it may at most report."""

        NONE = 0, _("None")
        LIGHT = 1, _("Light rain")
        MODERATE = 2, _("Moderate rain")
        HEAVY = 3, _("Heavy rain")

    workspace = models.OneToOneField("fleet.Workspace", models.CASCADE, primary_key=True, related_name="mission_policy")
    needs_approval = models.BooleanField(
        _("approval by a second person"), default=False,
        help_text=_("No mission flies before an operator other than its planner has approved it."),
    )  # fmt: skip
    battery = models.PositiveSmallIntegerField(
        _("battery at least (%)"), default=50, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    wind = models.FloatField(_("wind at most (m/s)"), default=12.0, validators=[MinValueValidator(0)])
    rain = models.PositiveSmallIntegerField(_("rain at most"), choices=Rain, default=Rain.NONE)
    storage_mb = models.PositiveIntegerField(_("free storage at least (MB)"), default=500)
    max_height = models.PositiveIntegerField(
        _("height limit (m above take-off)"), default=120,
        help_text=_("A route above it is flown only when the planner says that it may."),
    )  # fmt: skip
    max_distance = models.PositiveIntegerField(_("range (m from the dock)"), default=8000)
    flight_days = models.PositiveIntegerField(
        _("flights are kept (days)"), default=730, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("rules for missions")
        verbose_name_plural = _("rules for missions")
        constraints = [
            models.CheckConstraint(condition=models.Q(battery__lte=100), name="battery_rule_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return str(self.workspace)
