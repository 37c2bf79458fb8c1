"""The shared map: groups of elements that remotes and operators draw together (page "Map elements")."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MapGroup(models.Model):
    """A group of elements. Pilot draws into the one that is shared by apps; every workspace has one of it."""

    class Type(models.IntegerChoices):
        """The protocol's `type`."""

        CUSTOM = 0, _("Custom")
        DEFAULT = 1, _("Default")
        SHARED = 2, _("Drawn in Pilot 2")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="map_groups", verbose_name=_("workspace")
    )
    name = models.CharField(_("name"), max_length=100)
    type = models.PositiveSmallIntegerField(_("type"), choices=Type, default=Type.CUSTOM)
    is_lock = models.BooleanField(
        _("locked"), default=False, help_text=_("Remotes see its elements and cannot change them.")
    )
    is_distributed = models.BooleanField(_("sent to remotes"), default=True)
    no_fly = models.BooleanField(
        _("no-fly areas"), default=False, help_text=_("No mission may cross an area of this group.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("map group")
        verbose_name_plural = _("map groups")
        ordering = ["type", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "type"], condition=models.Q(type__in=[1, 2]), name="one_default_group_of_each_type"
            ),
            models.UniqueConstraint(fields=["workspace", "name"], name="one_map_group_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class MapElement(models.Model):
    """A point, line, polygon or circle. `content` is the GeoJSON feature as the client sent it, unknown parts kept."""

    class Type(models.IntegerChoices):
        """The protocol's `resource.type`."""

        POINT = 0, _("Point")
        LINE = 1, _("Line")
        POLYGON = 2, _("Polygon")
        CIRCLE = 3, _("Circle")

    #: Given by whoever draws it; Pilot makes its own.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="map_elements", verbose_name=_("workspace")
    )
    group = models.ForeignKey(MapGroup, models.CASCADE, related_name="elements", verbose_name=_("group"))
    name = models.CharField(_("name"), max_length=200)
    type = models.PositiveSmallIntegerField(_("type"))
    content = models.JSONField(_("content"), default=dict)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    user_name = models.CharField(_("by"), max_length=150, blank=True, default="")
    #: Hidden on the console's map; remotes still see it.
    hidden = models.BooleanField(_("hidden"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("map element")
        verbose_name_plural = _("map elements")
        ordering = ["created_at"]
        indexes = [models.Index(fields=["workspace", "group", "created_at"])]

    def __str__(self) -> str:
        return self.name
