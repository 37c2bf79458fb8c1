"""Planning a mission: one form for now, later, whenever it suits, and again and again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.models import Device
from devices.models.device import Domain
from fleet.models import Workspace
from waylines.models import MissionPolicy, Route, Schedule
from waylines.models.settings import SETTINGS, LostAction, Precision, ReturnMode, WhenLost

_INPUT = {"class": "fleet-input"}


class When:
    NOW, TIME, CONDITIONS, REPEAT = "now", "time", "conditions", "repeat"
    CHOICES = (
        (NOW, gettext_lazy("Now")),
        (TIME, gettext_lazy("At a time")),
        (CONDITIONS, gettext_lazy("Within a time window, when battery and storage suffice")),
        (REPEAT, gettext_lazy("Again and again")),
    )


class PlanForm(forms.Form):
    """Choices are the workspace's own; times are read on the workspace's clock."""

    #: The page's own: what is sent twice is planned once.
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    route = forms.ModelChoiceField(Route.objects.none(), label=gettext_lazy("Route"))
    dock = forms.ModelChoiceField(Device.objects.none(), label=gettext_lazy("Dock"))
    landing_dock = forms.ModelChoiceField(
        Device.objects.none(), label=gettext_lazy("Lands at another dock (relay)"), required=False
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    when = forms.ChoiceField(label=gettext_lazy("When"), choices=When.CHOICES, widget=forms.RadioSelect, initial="now")
    execute_at = forms.DateTimeField(label=gettext_lazy("Start"), required=False)
    window_end = forms.DateTimeField(label=gettext_lazy("Not after"), required=False)
    frequency = forms.ChoiceField(label=gettext_lazy("Repeats"), choices=Schedule.Frequency.choices, required=False)
    interval = forms.IntegerField(label=gettext_lazy("Every so many"), min_value=1, max_value=365, required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    month_days = forms.CharField(
        label=gettext_lazy("Days of the month"), required=False,
        help_text=gettext_lazy("Separated by commas; -1 is the last day."),
    )  # fmt: skip
    times = forms.CharField(
        label=gettext_lazy("Times of day"), required=False, help_text=gettext_lazy("HH:MM, separated by commas.")
    )
    starts_on = forms.DateField(label=gettext_lazy("From"), required=False)
    until = forms.DateField(label=gettext_lazy("Until"), required=False)
    window_minutes = forms.IntegerField(
        label=gettext_lazy("Time window (minutes)"), min_value=0, max_value=1440, required=False,
        help_text=gettext_lazy("0: it starts at the time. Otherwise within so many minutes, when the conditions hold."),
    )  # fmt: skip
    rth_altitude = forms.IntegerField(
        label=gettext_lazy("Return altitude (m above the dock)"), min_value=20, max_value=500, initial=100
    )
    rth_mode = forms.TypedChoiceField(
        label=gettext_lazy("Return mode"), choices=ReturnMode.choices, coerce=int, initial=ReturnMode.PRESET
    )
    out_of_control_action = forms.TypedChoiceField(
        label=gettext_lazy("When the link is lost"), choices=LostAction.choices, coerce=int
    )
    exit_wayline_when_rc_lost = forms.TypedChoiceField(
        label=gettext_lazy("Route without a link"), choices=WhenLost.choices, coerce=int
    )
    wayline_precision_type = forms.TypedChoiceField(
        label=gettext_lazy("Precision"), choices=Precision.choices, coerce=int
    )
    late_minutes = forms.IntegerField(
        label=gettext_lazy("May start late (minutes)"), min_value=0, max_value=1440, initial=0, required=False,
        help_text=gettext_lazy("0: when it cannot start on time it is skipped. It never starts later than this."),
    )  # fmt: skip
    battery_capacity = forms.IntegerField(
        label=gettext_lazy("Battery at least (%)"), min_value=0, max_value=100, required=False,
        help_text=gettext_lazy("Empty: the workspace's rule."),
    )  # fmt: skip
    storage_capacity = forms.IntegerField(
        label=gettext_lazy("Free storage at least (MB)"), min_value=0, required=False,
        help_text=gettext_lazy("Empty: the workspace's rule."),
    )  # fmt: skip
    simulate = forms.BooleanField(
        label=gettext_lazy("Simulation: nothing takes off"), required=False, widget=forms.CheckboxInput
    )
    one_command = forms.BooleanField(
        label=gettext_lazy("Dock of the first firmware: route and start in one command (flighttask_create)"),
        required=False, widget=forms.CheckboxInput,
    )  # fmt: skip

    #: The parts of the page that belong to each choice of `when`.
    TIME_FIELDS = ("execute_at",)
    WINDOW_FIELDS = ("window_end",)
    REPEAT_FIELDS = ("frequency", "interval", "weekdays", "month_days", "times", "starts_on", "until", "window_minutes")
    FLIGHT_FIELDS = (
        "rth_altitude", "rth_mode", "out_of_control_action", "exit_wayline_when_rc_lost", "wayline_precision_type",
        "late_minutes", "battery_capacity", "storage_capacity",
    )  # fmt: skip

    def __init__(self, workspace: Workspace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        docks = Device.objects.filter(workspace=workspace, domain=Domain.DOCK).order_by("callsign", "sn")
        fields: dict[str, Any] = self.fields
        fields["route"].queryset = Route.objects.filter(workspace=workspace).order_by("name")
        fields["dock"].queryset = fields["landing_dock"].queryset = docks
        fields["weekdays"].choices = [
            (0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday")), (4, _("Friday")),
            (5, _("Saturday")), (6, _("Sunday")),
        ]  # fmt: skip
        for name in ("execute_at", "window_end"):
            # Seconds only get in the way, and some browsers refuse a value that has them.
            fields[name].widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        for name in ("starts_on", "until"):
            fields[name].widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        for field in fields.values():
            if not isinstance(field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple | forms.CheckboxInput):
                field.widget.attrs.update(_INPUT)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        when = data.get("when")
        needed = {
            When.TIME: ["execute_at"],
            When.CONDITIONS: ["execute_at", "window_end"],
            When.REPEAT: ["times", "starts_on"],
        }.get(str(when), [])
        for name in needed:
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("This is needed here."))
        if when == When.REPEAT and data.get("landing_dock"):
            text = _("A mission that comes again lands where it took off: a relay needs its aircraft back first.")
            self.add_error("landing_dock", text)
        data["late_minutes"] = data.get("late_minutes") or 0
        data["times"] = [self._clock(text) for text in _split(data.get("times"))]
        try:
            data["month_days"] = [int(text) for text in _split(data.get("month_days"))]
        except ValueError:
            self.add_error("month_days", _("Give numbers from 1 to 31, or -1."))
        return data

    def _clock(self, text: str) -> str:
        try:
            return f"{datetime.strptime(text, '%H:%M'):%H:%M}"
        except ValueError:
            self.add_error("times", _("“%(text)s” is no time of day; give HH:MM.") % {"text": text})
            return text

    def settings(self) -> dict[str, Any]:
        """What `planning.plan` takes."""
        return {name: self.cleaned_data[name] for name in SETTINGS if self.cleaned_data.get(name) is not None}

    def schedule(self, present: Schedule | None = None) -> Schedule:
        """The schedule that was described, not saved yet."""
        data = self.cleaned_data
        found = present or Schedule(id=data.get("key") or uuid4(), workspace=self.workspace)
        found.name = data["name"] or data["route"].name
        found.route, found.dock = data["route"], data["dock"]
        found.frequency = data["frequency"] or Schedule.Frequency.DAILY
        found.interval = data["interval"] or 1
        found.weekdays, found.month_days, found.times = data["weekdays"], data["month_days"], data["times"]
        found.starts_on, found.until = data["starts_on"], data["until"]
        found.window_minutes = data["window_minutes"] or 0
        for name, value in self.settings().items():
            setattr(found, name, value)
        found.battery_capacity, found.storage_capacity = data["battery_capacity"], data["storage_capacity"]
        return found


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def initial_of(schedule: Schedule) -> dict[str, Any]:
    """A schedule as the form shows it."""
    found = {name: getattr(schedule, name) for name in SETTINGS}
    return {
        **found,
        "route": schedule.route_id,
        "dock": schedule.dock_id,
        "name": schedule.name,
        "when": When.REPEAT,
        "frequency": schedule.frequency,
        "interval": schedule.interval,
        "weekdays": schedule.weekdays,
        "month_days": ", ".join(str(day) for day in schedule.month_days),
        "times": ", ".join(schedule.times),
        "starts_on": schedule.starts_on,
        "until": schedule.until,
        "window_minutes": schedule.window_minutes,
    }


def today(workspace: Workspace) -> Any:
    """The date on the workspace's clock."""
    return datetime.now(ZoneInfo(workspace.time_zone)).date()


class RulesForm(forms.ModelForm):  # type: ignore[type-arg] # the class takes no parameter when it runs
    """What the workspace asks of every mission."""

    class Meta:
        model = MissionPolicy
        fields = (
            "needs_approval", "battery", "wind", "rain", "storage_mb", "max_height", "max_distance", "flight_days",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs.update(_INPUT)
