from django.db import models
from django.utils.translation import gettext_lazy as _


class StorageGrant(models.Model):
    """Where a dock was last told to put its files: it keeps that until it restarts."""

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="storage_grants", verbose_name=_("workspace")
    )
    device = models.OneToOneField(
        "devices.Device", models.CASCADE, primary_key=True, related_name="storage_grant", verbose_name=_("device")
    )
    bucket = models.CharField(_("bucket"), max_length=100)
    endpoint = models.CharField(_("endpoint"), max_length=300)
    prefix = models.CharField(_("prefix"), max_length=300)
    provider = models.CharField(_("provider"), max_length=16)
    issued_at = models.DateTimeField(_("given"))
    expires_at = models.DateTimeField(_("good until"))

    class Meta:
        verbose_name = _("storage grant")
        verbose_name_plural = _("storage grants")

    def __str__(self) -> str:
        return f"{self.device_id} → {self.bucket}/{self.prefix}"
