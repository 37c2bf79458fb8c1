"""A mission: one route, one dock, one flight (or none)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from waylines.models.settings import FlightTaskSettings


class MissionKind(models.IntegerChoices):
    """`task_type` of `flighttask_prepare`."""

    IMMEDIATE = 0, _("Now")
    TIMED = 1, _("At a time")
    CONDITIONAL = 2, _("When conditions hold")


class MissionStatus(models.TextChoices):
    """From being planned to its end. The words of `flighttask_progress` where it has them."""

    AWAITING = "awaiting", _("Waiting for approval")
    PLANNED = "planned", _("Planned")
    PREPARING = "preparing", _("Being sent to the dock")
    READY = "ready", _("On the dock")
    STARTING = "starting", _("Starting")
    RUNNING = "in_progress", _("Flying")
    PAUSED = "paused", _("Paused")
    OK = "ok", _("Done")
    PARTIAL = "partially_done", _("Flown in part")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Cancelled")
    REJECTED = "rejected", _("Refused")
    SKIPPED = "skipped", _("Skipped")
    UNKNOWN = "timeout", _("Outcome unknown")

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset(
    {
        MissionStatus.OK,
        MissionStatus.PARTIAL,
        MissionStatus.FAILED,
        MissionStatus.CANCELED,
        MissionStatus.REJECTED,
        MissionStatus.SKIPPED,
        MissionStatus.UNKNOWN,
    }
)
OPEN = frozenset(set(MissionStatus) - FINAL)
#: May still be given up without a word to the aircraft.
NOT_STARTED = frozenset({MissionStatus.AWAITING, MissionStatus.PLANNED, MissionStatus.PREPARING, MissionStatus.READY})
#: The dock is at it: no second one may be asked of it.
ACTIVE = frozenset({MissionStatus.STARTING, MissionStatus.RUNNING, MissionStatus.PAUSED})


class Mission(FlightTaskSettings):
    """What the protocol calls a flight task. `id` is its `flight_id`.

    `file` is the route as it was when the mission was planned, `gate` the last report of the checks before take-off,
    `progress_stamp` the device's clock (ms) at the last progress that we believed. `prepared_at`, `executed_at` and
    `finished_at` say how far its life went; what is final says when.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        "fleet.Workspace", models.CASCADE, related_name="missions", verbose_name=_("workspace")
    )
    name = models.CharField(_("name"), max_length=200)
    kind = models.PositiveSmallIntegerField(_("kind"), choices=MissionKind, default=MissionKind.IMMEDIATE)
    dock = models.ForeignKey("devices.Device", models.CASCADE, related_name="missions", verbose_name=_("dock"))
    #: Relay: the dock at which the aircraft lands, when it is another one.
    landing_dock = models.ForeignKey(
        "devices.Device", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("lands at")
    )
    route = models.ForeignKey(
        "waylines.Route", models.SET_NULL, null=True, blank=True, related_name="missions", verbose_name=_("route")
    )
    file = models.ForeignKey(
        "waylines.RouteFile", models.PROTECT, related_name="missions", verbose_name=_("route file")
    )
    schedule = models.ForeignKey(
        "waylines.Schedule", models.SET_NULL, null=True, blank=True, related_name="missions", verbose_name=_("schedule")
    )
    #: The mission that was broken off and that this one goes on with.
    resumes = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="resumed_by", verbose_name=_("goes on with")
    )
    status = models.CharField(_("status"), max_length=16, choices=MissionStatus, default=MissionStatus.PLANNED)
    #: When it is to start; of a conditional one the beginning of its window, `window_end` the end.
    execute_at = models.DateTimeField(_("start"))
    window_end = models.DateTimeField(_("not after"), null=True, blank=True)
    break_point = models.JSONField(_("break point"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    progress = models.PositiveSmallIntegerField(_("progress"), null=True, blank=True)
    step = models.IntegerField(_("step"), null=True, blank=True)
    mission_state = models.IntegerField(null=True, blank=True)
    waypoint = models.IntegerField(_("waypoint"), null=True, blank=True)
    media_count = models.PositiveIntegerField(_("photos and videos"), null=True, blank=True)
    track_id = models.CharField(max_length=64, blank=True, default="")
    #: The rest of what the last progress said, as it came (`planned_path_points`, relay states, …).
    extra = models.JSONField(default=dict, blank=True)
    #: The last of each event on the way that changes no status, by method, as it came.
    notes = models.JSONField(default=dict, blank=True)
    progress_stamp = models.BigIntegerField(default=0, editable=False)
    progress_at = models.DateTimeField(_("last heard"), null=True, blank=True)
    result = models.IntegerField(_("result code"), null=True, blank=True)
    result_text = models.CharField(_("result"), max_length=500, blank=True, default="")
    gate = models.JSONField(_("checks"), default=list, blank=True)
    #: What a check would warn of and the planner took upon themselves.
    accepted = models.JSONField(_("accepted warnings"), default=list, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="missions",
        verbose_name=_("planned by"),
    )  # fmt: skip
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("approved by"),
    )  # fmt: skip
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    created_at = models.DateTimeField(_("planned"), auto_now_add=True)
    #: Of a conditional one: since when the dock says that its conditions hold.
    ready_at = models.DateTimeField(_("conditions hold since"), null=True, blank=True)
    prepared_at = models.DateTimeField(_("on the dock since"), null=True, blank=True)
    executed_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("mission")
        verbose_name_plural = _("missions")
        ordering = ["-execute_at"]
        indexes = [
            models.Index(fields=["workspace", "-execute_at"]),
            models.Index(fields=["dock", "-execute_at"]),
            models.Index(fields=["status", "execute_at"]),
        ]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "execute_at"], name="one_mission_per_occurrence"),
            models.UniqueConstraint(
                fields=["dock"], condition=models.Q(status__in=sorted(ACTIVE)), name="a_dock_flies_one_mission"
            ),
            models.CheckConstraint(condition=models.Q(status__in=MissionStatus.values), name="mission_status_is_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=sorted(FINAL), finished_at__isnull=False)
                | models.Q(status__in=sorted(OPEN), finished_at__isnull=True),
                name="a_final_mission_says_when",
            ),
            # What `flighttask_create` cannot say must not be left out: a simulation would take off.
            models.CheckConstraint(
                condition=models.Q(one_command=False)
                | models.Q(simulate=False, landing_dock=None, resumes=None) & ~models.Q(kind=MissionKind.CONDITIONAL),
                name="first_firmware_flies_plain_missions",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def holds(self) -> bool:
        """Whether the dock has no condition left to wait for."""
        return self.kind != MissionKind.CONDITIONAL or self.ready_at is not None

    @property
    def is_active(self) -> bool:
        """Whether the dock is at it."""
        return self.status in ACTIVE
