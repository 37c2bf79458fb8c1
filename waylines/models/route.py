"""The route library: a name that people know, and the file behind it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RouteFile(models.Model):
    """A KMZ as it lies in the bucket, never changed: whoever edits a route writes another file.

    `facts` and `outline` are what `waylines.wpml` read out of it, kept so that lists and maps need not open it.
    """

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="route_files", verbose_name=_("workspace")
    )
    object_key = models.CharField(_("object key"), max_length=500)
    #: MD5 in hexadecimal: Pilot's `sign`, a dock's `fingerprint`.
    sign = models.CharField(_("fingerprint"), max_length=64)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    facts = models.JSONField(_("facts"), default=dict)
    outline = models.JSONField(_("outline"), default=list)
    #: Why the file could not be understood; it is kept, shown and never flown.
    problem = models.CharField(_("problem"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    class Meta:
        verbose_name = _("route file")
        verbose_name_plural = _("route files")
        constraints = [models.UniqueConstraint(fields=["workspace", "object_key"], name="one_row_per_route_object")]

    def __str__(self) -> str:
        return self.object_key


class Route(models.Model):
    """A wayline of the library, as Pilot 2 and docks know it (page "Wayline management", HTTPS)."""

    class Source(models.TextChoices):
        PILOT = "pilot", _("Pilot 2")
        IMPORT = "import", _("Imported")
        EDITOR = "editor", _("Drawn here")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("fleet.Workspace", models.CASCADE, related_name="routes", verbose_name=_("workspace"))
    name = models.CharField(_("name"), max_length=200)
    file = models.ForeignKey(RouteFile, models.PROTECT, related_name="routes", verbose_name=_("file"))
    source = models.CharField(_("source"), max_length=8, choices=Source, default=Source.IMPORT)
    #: `domain-type-sub_type`; empty when the file does not say.
    drone_model_key = models.CharField(_("aircraft model"), max_length=32, blank=True, default="")
    payload_model_keys = models.JSONField(_("payload models"), default=list, blank=True)
    #: Pilot's numbers: 0 waypoint, 1 mapping2d, 2 mapping3d, 3 mappingStrip.
    template_types = models.JSONField(_("template types"), default=list, blank=True)
    #: What Pilot's `action_type` filter asks for, when the file says.
    action_type = models.PositiveSmallIntegerField(_("action type"), null=True, blank=True)
    distance = models.FloatField(_("length (m)"), null=True, blank=True)
    duration = models.FloatField(_("duration (s)"), null=True, blank=True)
    start_latitude = models.FloatField(null=True, blank=True)
    start_longitude = models.FloatField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    user_name = models.CharField(_("by"), max_length=150, blank=True, default="")
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["workspace", "-updated_at"])]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_route_per_name")]

    def __str__(self) -> str:
        return self.name


class RouteFavorite(models.Model):
    """A person's star on a route."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="favorites")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "user"], name="one_star_per_person_and_route")]

    def __str__(self) -> str:
        return f"{self.user_id} ★ {self.route_id}"
