"""A workspace is the tenant: every device, file, command and message belongs to exactly one."""

from __future__ import annotations

import secrets
import uuid
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

#: Letters and digits that nobody confuses when typing a code into a dock.
_CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def new_bind_code() -> str:
    """A fresh code that proves to a dock's installer that they belong to this workspace."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(8))


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(
            _("“%(value)s” is no time zone. Use a name such as Europe/Zurich."), params={"value": value}
        )


class Workspace(models.Model):
    """Pilot calls `id` the workspace id (it must be a UUID); docks call it the organisation id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=250, blank=True, default="")
    platform_name = models.CharField(
        _("platform name"), max_length=100, default="Fleet", help_text=_("Shown by Pilot 2 as the name of the cloud.")
    )
    bind_code = models.CharField(
        _("bind code"), max_length=32, default=new_bind_code,
        help_text=_("Typed into a dock or remote, together with the organisation id, to join this workspace."),
    )  # fmt: skip
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    app_id = models.CharField(_("DJI app id"), max_length=64, blank=True, default="")
    app_key = models.CharField(_("DJI app key"), max_length=128, blank=True, default="")
    app_license = models.TextField(_("DJI app licence"), blank=True, default="")
    ntp_host = models.CharField(
        _("NTP host"), max_length=253, blank=True, default="",
        help_text=_("The time server docks are told to use; a dock without internet needs one on its own network."),
    )  # fmt: skip
    ntp_port = models.PositiveIntegerField(_("NTP port"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="workspaces")

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """Least to most: each may do all that those before it may."""

    VIEWER = "viewer", _("Viewer")
    PILOT = "pilot", _("Pilot")
    OPERATOR = "operator", _("Operator")
    ADMIN = "admin", _("Administrator")

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def covers(self, other: Role | str) -> bool:
        """Whether this role may do what `other` may."""
        return self.rank >= Role(other).rank


class Membership(models.Model):
    """One person's role in one workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships", verbose_name=_("workspace"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="one_role_per_person_and_workspace"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.workspace}"
