"""What remains of files that were deleted."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ForgottenFile(models.Model):
    """The fingerprint of a file that was deleted: a remote that still has it on its card need not send it again."""

    workspace = models.ForeignKey("fleet.Workspace", models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=128, blank=True, default="")
    tiny_fingerprint = models.CharField(max_length=128, blank=True, default="")
    deleted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("forgotten file")
        verbose_name_plural = _("forgotten files")
        indexes = [
            models.Index(fields=["workspace", "fingerprint"]),
            models.Index(fields=["workspace", "tiny_fingerprint"]),
        ]

    def __str__(self) -> str:
        return self.fingerprint or self.tiny_fingerprint


class DoomedObject(models.Model):
    """An object whose row is gone and that is to be deleted from the bucket; written in the same transaction."""

    workspace = models.ForeignKey("fleet.Workspace", models.CASCADE, related_name="+")
    object_key = models.CharField(max_length=1100)
    doomed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("object to delete")
        verbose_name_plural = _("objects to delete")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.object_key
