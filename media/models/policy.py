"""How long files are kept, and when a flight counts as incomplete."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class MediaPolicy(models.Model):
    """A workspace's rules for its files; without a row the defaults hold."""

    workspace = models.OneToOneField("fleet.Workspace", models.CASCADE, primary_key=True, related_name="media_policy")
    keep_days = models.PositiveIntegerField(
        _("files are kept (days)"), null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(36_500)],
        help_text=_("Counted from when a file was taken. Empty keeps everything until somebody deletes it."),
    )  # fmt: skip
    keep_favorites = models.BooleanField(
        _("favourites are kept for ever"), default=True,
        help_text=_("What somebody marked with a star is deleted by hand only."),
    )  # fmt: skip
    incomplete_after = models.PositiveIntegerField(
        _("incomplete after (minutes)"), default=30,
        validators=[MinValueValidator(1), MaxValueValidator(10_080)],
        help_text=_(
            "A flight whose files did not all arrive raises an alarm when nothing more of it came for so long."
        ),
    )  # fmt: skip
    problem_days = models.PositiveIntegerField(
        _("refused uploads are listed (days)"), default=30,
        validators=[MinValueValidator(1), MaxValueValidator(3_650)],
    )  # fmt: skip

    class Meta:
        verbose_name = _("rules for media")
        verbose_name_plural = _("rules for media")

    def __str__(self) -> str:
        return str(self.workspace)
