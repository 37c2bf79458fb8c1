from django.db import models
from django.utils.translation import gettext_lazy as _


class GatewayCredential(models.Model):
    """The MQTT account of one dock or remote.

    The password is kept encrypted, for a remote is handed it again at each login. `broker_stamp` says which
    `changed_at` the broker was last told of: they differ while a change is under way.
    """

    device = models.OneToOneField("devices.Device", models.CASCADE, primary_key=True, related_name="credential")
    username = models.CharField(_("MQTT user"), max_length=64, unique=True)
    secret = models.BinaryField(editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    broker_stamp = models.DateTimeField(_("known to the broker since"), null=True, blank=True)
    broker_error = models.CharField(_("broker said"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("gateway credential")
        verbose_name_plural = _("gateway credentials")

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:
        return self.withdrawn_at is None
