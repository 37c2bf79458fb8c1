from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fleet.protocol import device_models


class Domain(models.IntegerChoices):
    """The protocol's `domain`: what sort of thing a device is."""

    AIRCRAFT = 0, _("Aircraft")
    PAYLOAD = 1, _("Payload")
    REMOTE = 2, _("Remote")
    DOCK = 3, _("Dock")


class DeviceModel(models.Model):
    """A kind of device, keyed `domain-type-sub_type`. One we never heard of gets a row that an operator can name."""

    key = models.CharField(_("model key"), max_length=32, primary_key=True)
    name = models.CharField(_("name"), max_length=100, blank=True, default="")
    first_seen = models.DateTimeField(_("first seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("device model")
        verbose_name_plural = _("device models")
        ordering = ["key"]

    def __str__(self) -> str:
        known = device_models.find(self.key)
        return self.name or (known.name if known else str(_("Unknown model %(key)s") % {"key": self.key}))

    @property
    def is_documented(self) -> bool:
        return device_models.find(self.key) is not None


class Device(models.Model):
    """A dock, a remote or an aircraft. `gateway` is the dock or remote through which an aircraft reaches us now."""

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="devices", verbose_name=_("workspace")
    )
    sn = models.CharField(_("serial number"), max_length=64, unique=True)
    domain = models.PositiveSmallIntegerField(_("kind"), choices=Domain)
    model = models.ForeignKey(
        DeviceModel, models.PROTECT, null=True, blank=True, related_name="devices", verbose_name=_("model")
    )
    callsign = models.CharField(_("callsign"), max_length=100, blank=True, default="")
    gateway = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="sub_devices", verbose_name=_("gateway")
    )
    #: The protocol's `index`: at which place of its gateway an aircraft is linked ("A", "B").
    index = models.CharField(_("index"), max_length=16, blank=True, default="")
    thing_version = models.CharField(_("thing version"), max_length=16, blank=True, default="")
    icon_normal = models.CharField(_("icon"), max_length=500, blank=True, default="")
    icon_selected = models.CharField(_("icon when selected"), max_length=500, blank=True, default="")
    user = models.ForeignKey(
        "fleet.User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    bound_at = models.DateTimeField(_("bound"), null=True, blank=True)
    online = models.BooleanField(_("online"), default=False)
    online_changed_at = models.DateTimeField(_("online since"), null=True, blank=True)
    #: The device's clock (ms) at the last topology that we believed: an older one never undoes a newer one.
    topology_stamp = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ["callsign", "sn"]
        indexes = [models.Index(fields=["workspace", "domain"]), models.Index(fields=["online"])]

    def __str__(self) -> str:
        return self.callsign or self.sn

    @property
    def model_name(self) -> str:
        """The model in plain words; reads `model`, so lists select it along."""
        return str(self.model) if self.model else str(_("Unknown model"))

    @property
    def is_gateway(self) -> bool:
        return self.domain in (Domain.DOCK, Domain.REMOTE)

    @property
    def product(self) -> str | None:
        """The catalogue's name of a gateway's product (`dock3`, `dji-rc-plus-2`, …), when it is one we know."""
        found = device_models.find(self.model_id) if self.model_id else None
        return found.product if found else None
