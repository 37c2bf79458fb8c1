from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """Who did what, when, to which thing. Written by services, never changed, never shown across workspaces."""

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, null=True, blank=True, related_name="audit", verbose_name=_("workspace")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    actor = models.CharField(_("actor"), max_length=150, help_text=_("The name as it was then; outlives the account."))
    action = models.CharField(_("action"), max_length=64, help_text=_("For example command.sent or gateway.added."))
    target = models.CharField(_("target"), max_length=200, blank=True, default="")
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["workspace", "-at"])]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.target}"
