"""A photo, a video, or whatever else a flight brought home."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    PHOTO = "photo", _("Photo")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Audio")
    PPK = "ppk", _("Positioning data")
    OTHER = "other", _("Other")


class Status(models.TextChoices):
    """How sure we are that the file is there. Only what is confirmed counts."""

    ANNOUNCED = "announced", _("Being checked")
    CONFIRMED = "confirmed", _("Stored")
    BROKEN = "broken", _("Broken")
    MISSING = "missing", _("Missing")
    FAILED = "failed", _("Upload failed")


class MediaFile(models.Model):
    """One object of the bucket, and what is known of it. Degrees WGS84, metres, seconds, bytes.

    `name` and `path` are as the device says them: show them, never use them as a place. `moment` is when it was taken,
    or when we heard of it where that is not known; the gallery goes by it. Files that show one thing (the lenses of one
    shot, the tiles of a panorama) share a `stack`, and one of them, `lead`, stands for it. `cell` is the quadtree cell
    of its place (`media.services.library.cells`), None without one.
    """

    workspace = models.ForeignKey("fleet.Workspace", models.CASCADE, related_name="media", verbose_name=_("workspace"))
    fingerprint = models.CharField(_("fingerprint"), max_length=128, blank=True, default="")
    tiny_fingerprint = models.CharField(_("tiny fingerprint"), max_length=128, blank=True, default="")
    #: S3 allows 1,024 bytes. Empty of an upload that failed before it had a place.
    object_key = models.CharField(_("object key"), max_length=1024, blank=True, default="")
    name = models.CharField(_("name"), max_length=500, blank=True, default="")
    path = models.CharField(_("folder"), max_length=1024, blank=True, default="")
    size = models.PositiveBigIntegerField(_("size"), null=True, blank=True)
    #: As the device says it: 0 normal, 1 panorama.
    sub_file_type = models.IntegerField(null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.OTHER)
    lens = models.CharField(_("lens"), max_length=8, blank=True, default="")
    is_original = models.BooleanField(_("original"), null=True, blank=True)
    drone_model_key = models.CharField(_("aircraft model"), max_length=32, blank=True, default="")
    payload_model_key = models.CharField(_("camera"), max_length=32, blank=True, default="")
    device_sn = models.CharField(_("serial number"), max_length=64, blank=True, default="")
    gateway = models.ForeignKey(
        "devices.Device", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("through")
    )
    aircraft = models.ForeignKey(
        "devices.Device", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("aircraft"),
        db_index=False,
    )  # fmt: skip
    #: The `flight_id` that the dock says; the mission's id, when it is one of ours.
    flight_key = models.CharField(_("flight id"), max_length=64, blank=True, default="")
    mission = models.ForeignKey(
        "waylines.Mission", models.SET_NULL, null=True, blank=True, related_name="media", verbose_name=_("mission"),
        db_index=False,
    )  # fmt: skip
    flight = models.ForeignKey(
        "waylines.Flight", models.SET_NULL, null=True, blank=True, related_name="media", verbose_name=_("flight"),
        db_index=False,
    )  # fmt: skip
    group = models.ForeignKey(
        "media.MediaGroup", models.SET_NULL, null=True, blank=True, related_name="files", verbose_name=_("upload")
    )
    stack = models.CharField(max_length=32, blank=True, default="", editable=False)
    is_panorama = models.BooleanField(_("part of a panorama"), default=False)
    lead = models.BooleanField(default=True, editable=False)
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    moment = models.DateTimeField(editable=False)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    cell = models.BigIntegerField(null=True, blank=True, editable=False)
    #: Above the ellipsoid, and above the take-off point.
    absolute_height = models.FloatField(_("height above the ellipsoid"), null=True, blank=True)
    relative_height = models.FloatField(_("height above take-off"), null=True, blank=True)
    #: Clockwise from north; -90 looks straight down.
    gimbal_yaw = models.FloatField(_("direction"), null=True, blank=True)
    gimbal_pitch = models.FloatField(_("tilt"), null=True, blank=True)
    field_of_view = models.FloatField(_("field of view"), null=True, blank=True)
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    duration = models.FloatField(_("duration"), null=True, blank=True)
    #: What the callback said (`callback`) and what the file says of itself (`exif`, `xmp`, `video`).
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    thumbnail_key = models.CharField(max_length=1100, blank=True, default="", editable=False)
    favorite = models.BooleanField(_("favourite"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ANNOUNCED)
    #: Why it is broken, missing or failed; of a stored one, why it has no preview.
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    #: When the next look at the bucket (announced) or into the file (confirmed) is due; None when nothing is.
    check_at = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("announced"), auto_now_add=True)

    class Meta:
        verbose_name = _("media file")
        verbose_name_plural = _("media files")
        ordering = ["-moment", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "object_key"], condition=~models.Q(object_key=""), name="one_file_per_object"
            ),
            models.UniqueConstraint(
                fields=["workspace", "fingerprint"],
                condition=~models.Q(fingerprint=""),
                name="one_file_per_fingerprint",
            ),
            models.UniqueConstraint(
                fields=["workspace", "stack"],
                condition=~models.Q(stack="") & models.Q(lead=True),
                name="one_lead_per_stack",
            ),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="media_status_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "tiny_fingerprint"],
                condition=~models.Q(tiny_fingerprint=""),
                name="media_tiny_fingerprint",
            ),
            models.Index(fields=["workspace", "-moment", "-id"], condition=models.Q(lead=True), name="media_gallery"),
            models.Index(fields=["workspace", "kind", "-moment", "-id"], name="media_by_kind"),
            models.Index(fields=["workspace", "lens", "-moment", "-id"], name="media_by_lens"),
            models.Index(fields=["aircraft", "-moment", "-id"], name="media_by_aircraft"),
            models.Index(fields=["mission", "-moment", "-id"], name="media_by_mission"),
            models.Index(fields=["flight", "-moment", "-id"], name="media_by_flight"),
            models.Index(
                fields=["workspace", "cell", "lead"], condition=models.Q(cell__isnull=False), name="media_by_place"
            ),
            models.Index(
                fields=["workspace", "-moment", "-id"], condition=models.Q(favorite=True), name="media_favorites"
            ),
            models.Index(
                fields=["workspace", "status", "-moment", "-id"],
                condition=~models.Q(status="confirmed"),
                name="media_in_trouble",
            ),
            models.Index(fields=["workspace", "stack"], condition=~models.Q(stack=""), name="media_by_stack"),
            models.Index(fields=["check_at"], condition=models.Q(check_at__isnull=False), name="media_to_check"),
        ]

    def __str__(self) -> str:
        return self.name or self.object_key

    @property
    def is_there(self) -> bool:
        """Whether there are bytes to show: stored, or stored and broken."""
        return self.status in (Status.CONFIRMED, Status.BROKEN)
