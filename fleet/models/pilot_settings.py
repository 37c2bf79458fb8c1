"""What the page in Pilot 2 starts with in a workspace, the apps it offers, and the icons that remotes draw."""

from __future__ import annotations

import re
import struct
import uuid
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

#: Schemes that run something in the page, or read what lies on the remote, instead of opening an app.
FORBIDDEN_SCHEMES = frozenset(
    {"about", "blob", "content", "data", "file", "filesystem", "intent", "jar", "javascript", "vbscript", "view-source"}
)
ICON_BYTES = 100_000
ICON_PIXELS = 512
#: Pilot 2 brings icons of its own under such addresses (page “situation awareness”).
BUILT_IN_ICONS = "resource://Pilot2/"
_PACKAGE = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$"
_PNG = b"\x89PNG\r\n\x1a\n"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)


def validate_launch_url(value: str) -> None:
    """An address that opens an app: `scheme://…`, of no scheme that could run in the page."""
    scheme, mark, rest = value.partition("://")
    if not mark or not rest or not _SCHEME.fullmatch(scheme) or not value.isprintable() or " " in value:
        raise ValidationError(_("An app is opened by an address such as app-name://start."))
    if scheme.lower() in FORBIDDEN_SCHEMES:
        message = _("Addresses with “%(scheme)s” are not opened: they could run code in the page.")
        raise ValidationError(message, params={"scheme": scheme})


def validate_icon_url(value: str) -> None:
    """An icon that Pilot loads by itself: on the web, on this server (`/…`), or one of Pilot's own."""
    if value.startswith(BUILT_IN_ICONS) or (value.startswith("/") and not value.startswith("//")):
        return
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError(_("An icon's address starts with https://, http://, / or resource://Pilot2/."))


def validate_live_url(value: str) -> None:
    parts = urlsplit(value.replace("{sn}", "sn"))
    if parts.scheme not in ("rtmp", "rtmps") or not parts.hostname:
        raise ValidationError(_("A live address looks like rtmp://video.example.org/live/{sn}."))


def validate_png(data: bytes) -> None:
    """A PNG picture of at most 512 x 512 pixels and 100 kB: Pilot draws it about the size of a fingertip."""
    if len(data) > ICON_BYTES:
        raise ValidationError(_("An icon has at most 100 kB."))
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 33:
        raise ValidationError(_("An icon is a PNG picture."))
    width, height = struct.unpack("!II", data[16:24])
    if not (0 < width <= ICON_PIXELS and 0 < height <= ICON_PIXELS):
        raise ValidationError(_("An icon has at most 512 x 512 pixels."))


class PhotoType(models.IntegerChoices):
    """The protocol's `autoUploadPhotoType`."""

    ORIGINAL = 0, _("Originals")
    PREVIEW = 1, _("Previews")


class DownloadOwner(models.IntegerChoices):
    """The protocol's download owner: whose remote fetches the pictures where two steer one aircraft."""

    MINE = 0, _("This remote")
    OTHERS = 1, _("The other remote")


class LiveMode(models.TextChoices):
    """The protocol's `videoPublishType`."""

    ON_DEMAND = "video-on-demand", _("The server starts it")
    MANUAL = "video-by-manual", _("The pilot starts it")
    BOTH = "video-demand-aux-manual", _("Both may start it")


class PilotSettings(models.Model):
    """What the modules in Pilot 2 start with. The pilot may change the media and live part on the remote."""

    workspace = models.OneToOneField(
        "fleet.Workspace", models.CASCADE, primary_key=True, related_name="pilot_settings", verbose_name=_("workspace")
    )
    auto_upload_photo = models.BooleanField(_("upload photos by itself"), default=True)
    photo_type = models.PositiveSmallIntegerField(_("photos as"), choices=PhotoType, default=PhotoType.ORIGINAL)
    auto_upload_video = models.BooleanField(_("upload videos by itself"), default=True)
    download_owner = models.PositiveSmallIntegerField(
        _("pictures are fetched by"), choices=DownloadOwner, default=DownloadOwner.MINE,
        help_text=_("Matters where two remotes steer one aircraft."),
    )  # fmt: skip
    live_mode = models.CharField(_("live video"), max_length=32, choices=LiveMode, default=LiveMode.BOTH)
    live_url = models.CharField(
        _("live address"), max_length=500, blank=True, default="", validators=[validate_live_url],
        help_text=_(
            "Where remotes send live video, e.g. rtmp://video.example.org/live/{sn}; "
            "{sn} becomes the remote's serial number."
        ),
    )  # fmt: skip
    element_prefix = models.CharField(
        _("name of map elements"), max_length=20, default="PILOT",
        validators=[RegexValidator(r"^[^\W_][\w -]*$", _("Letters, digits, spaces, “_” and “-”."))],
        help_text=_("What a pilot draws is called so, with a number behind it."),
    )  # fmt: skip
    log_public_key = models.TextField(
        _("public key for logs"), blank=True, default="", max_length=4000,
        help_text=_("Pilot 2 encrypts its logs with it where a pilot asks for that. The private key stays with you."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("Pilot 2")
        verbose_name_plural = _("Pilot 2")

    def __str__(self) -> str:
        return str(self.workspace)


class Icon(models.Model):
    """A picture kept in the database, for every web process serves it. Its address is not to be guessed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("fleet.Workspace", models.CASCADE, related_name="icons", verbose_name=_("workspace"))
    name = models.CharField(_("name"), max_length=100)
    image = models.BinaryField(validators=[validate_png])
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("icon")
        verbose_name_plural = _("icons")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return f"/pilot/icons/{self.pk}.png"


class ModelIcon(models.Model):
    """How a workspace's remotes draw devices of one model. A device's own icon goes before it."""

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="model_icons", verbose_name=_("workspace")
    )
    model_key = models.CharField(_("model"), max_length=32)
    normal = models.ForeignKey(Icon, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("icon"))
    normal_url = models.CharField(
        _("or its address"), max_length=500, blank=True, default="", validators=[validate_icon_url]
    )
    selected = models.ForeignKey(
        Icon, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("icon when selected")
    )
    selected_url = models.CharField(
        _("or its address"), max_length=500, blank=True, default="", validators=[validate_icon_url]
    )

    class Meta:
        verbose_name = _("icon of a model")
        verbose_name_plural = _("icons of models")
        ordering = ["model_key"]
        constraints = [models.UniqueConstraint(fields=["workspace", "model_key"], name="one_icon_per_model")]

    def __str__(self) -> str:
        return self.model_key

    def clean(self) -> None:
        if not self.normal_id and not self.normal_url:
            raise ValidationError(_("Choose an icon, or give its address."))

    @property
    def address(self) -> str:
        return self.normal.path if self.normal else self.normal_url

    @property
    def selected_address(self) -> str:
        return (self.selected.path if self.selected else self.selected_url) or self.address


class ThirdPartyApp(models.Model):
    """An app on the remote that the page in Pilot 2 can open."""

    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="pilot_apps", verbose_name=_("workspace")
    )
    name = models.CharField(_("name"), max_length=60)
    package = models.CharField(
        _("package"), max_length=150, blank=True, default="",
        validators=[RegexValidator(_PACKAGE, _("A package is named like org.example.app."))],
        help_text=_("Android's name of the app, e.g. org.example.app: so the page can tell whether it is installed."),
    )  # fmt: skip
    url = models.CharField(
        _("address"), max_length=500, validators=[validate_launch_url],
        help_text=_("What opens the app, e.g. radio-app://start."),
    )  # fmt: skip
    icon = models.ForeignKey(Icon, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("icon"))
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("The lowest comes first."))

    class Meta:
        verbose_name = _("app on remotes")
        verbose_name_plural = _("apps on remotes")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
