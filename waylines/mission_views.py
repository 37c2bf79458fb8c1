"""Planning, taking a hand in, and looking over missions: the console's pages that are no list."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.services import commands
from devices.services.commands import CommandRefused
from fleet.console_page import page, show
from fleet.current import covers, current_person
from fleet.models import Role, Workspace
from fleet.services import audit
from waylines import in_flight_views
from waylines.forms import PlanForm, RulesForm, When, initial_of, today
from waylines.models import Mission, Schedule
from waylines.models.mission import MissionKind
from waylines.services import calendar, live_mission, schedules
from waylines.services.missions import control, gate, planning
from waylines.services.missions.planning import MissionRefused
from waylines.services.missions.policy import policy_of

#: What each action means, said to whoever is about to do it.
_MEANINGS: dict[str, Any] = {
    "pause": lambda: _("The aircraft stops and hovers where it is."),
    "resume": lambda: _("The aircraft flies on along its route."),
    "return_home": lambda: _("The aircraft leaves its route, climbs to the return altitude and comes home."),
    "return_home_cancel": lambda: _("The aircraft stops coming home and hovers where it is."),
    "stop": lambda: _("The mission ends and the aircraft comes home. It can go on later from where it stopped."),
    "abort_setup": lambda: _("The dock stops getting ready; the aircraft does not take off."),
    "cancel": lambda: _("The mission is given up and taken off the dock. Nothing has moved yet."),
    "approve": lambda: _("The mission may fly. If it is one that starts at once, it starts now."),
    "reject": lambda: _("The mission does not fly."),
    "continue": lambda: _("A new mission flies the rest of the route now, from where this one stopped."),
    "media_first": lambda: _("The dock uploads this mission's photos and videos before those of others."),
}
_MOVES = frozenset(
    {"pause", "resume", "return_home", "return_home_cancel", "stop", "abort_setup", "approve", "continue"}
)


def urls(site: AdminSite) -> list[URLPattern]:
    """Addresses below /admin/."""
    return [
        page(site, "missions/plan/", plan_page, "mission_plan"),
        page(site, "missions/schedules/<uuid:pk>/", plan_page, "schedule_edit"),
        page(site, "missions/schedules/<uuid:pk>/<slug:action>/", schedule_action, "schedule_act"),
        page(site, "missions/<uuid:pk>/do/<slug:action>/", act_page, "mission_act"),
        page(site, "missions/rules/", rules_page, "mission_rules"),
        page(site, "missions/in-flight/<int:pk>/", in_flight_views.deliver_page, "in_flight"),
        page(site, "calendar/", calendar_page, "calendar"),
    ]


def plan_page(request: HttpRequest, workspace: Workspace, pk: uuid.UUID | None = None) -> HttpResponse:
    """Fill in, look over, send. Nothing is planned before the second page was confirmed."""
    schedule = _schedule(workspace, pk) if pk else None
    may = covers(request, Role.OPERATOR)
    if request.method != "POST":
        return _plan_form(request, PlanForm(workspace, initial=_initial(request, workspace, schedule)), schedule, may)
    if not may:
        raise PermissionDenied
    form = PlanForm(workspace, request.POST)
    step = request.POST.get("step", "review")
    if step == "edit" or not form.is_valid():
        return _plan_form(request, form, schedule, may, status=200 if step == "edit" else 400)
    confirmed = step == "confirm" and bool(request.POST.get("checked"))
    try:
        if not confirmed:
            return _review(request, workspace, form, schedule, unticked=step == "confirm")
        if form.cleaned_data["when"] == When.REPEAT:
            described = form.schedule(schedule or schedules.find(workspace, form.cleaned_data["key"]))
            made = schedules.save(described, user=current_person(request), accept_overlaps=True)
            messages.success(request, _("“%(name)s” is planned.") % {"name": made})
            return redirect("console:calendar")
        mission = _plan(request, workspace, form)
    except MissionRefused as refusal:
        form.add_error(None, [refusal.message, *(check.text for check in refusal.checks)])
        return _plan_form(request, form, schedule, may, status=409)
    return redirect(reverse("admin:waylines_mission_change", args=[mission.pk]))


def _plan(request: HttpRequest, workspace: Workspace, form: PlanForm) -> Mission:
    data = form.cleaned_data
    kinds = {When.NOW: MissionKind.IMMEDIATE, When.TIME: MissionKind.TIMED, When.CONDITIONS: MissionKind.CONDITIONAL}
    return planning.plan(
        workspace,
        route=data["route"],
        dock=data["dock"],
        landing_dock=data["landing_dock"],
        name=data["name"],
        kind=kinds[data["when"]],
        execute_at=data["execute_at"],
        window_end=data["window_end"],
        settings=form.settings(),
        user=current_person(request),
        accept_overlaps=True,
        key=data["key"],
    )


def _review(
    request: HttpRequest, workspace: Workspace, form: PlanForm, schedule: Schedule | None, *, unticked: bool
) -> HttpResponse:
    """What it will do, what speaks against it, what else the dock has then."""
    data = form.cleaned_data
    now = timezone.now()
    mission = Mission(
        workspace=workspace,
        dock=data["dock"],
        landing_dock=data["landing_dock"],
        route=data["route"],
        file=data["route"].file,
        name=data["name"] or data["route"].name,
        execute_at=data["execute_at"] or now,
        window_end=data["window_end"],
        **form.settings(),
    )
    dates = []
    if data["when"] == When.REPEAT:
        described = form.schedule(schedule)
        described.workspace = workspace
        schedules.check(described)
        overlaps = schedules.overlaps(described)
        dates = calendar.next_dates(described)
    else:
        overlaps = planning.overlapping(mission)
    checks = gate.examine(mission)
    return show(
        request,
        "console/mission_review.html",
        title=_("Look over: %(name)s") % {"name": mission.name},
        form=form,
        mission=mission,
        now=data["when"] == When.NOW,
        checks=sorted(checks, key=lambda check: ["block", "warn", "ok"].index(check.verdict)),
        tones={"block": "bad", "warn": "unsure", "ok": "good"},
        blocked=data["when"] == When.NOW and bool(gate.blocks(checks)),
        overlaps=overlaps,
        dates=dates,
        typed=[(name, value) for name in form.fields if name != "key" for value in request.POST.getlist(name)],
        key=data["key"] or uuid.uuid4(),
        drawing=live_mission.drawing(mission),
        unticked=unticked,
        approval=policy_of(workspace.pk).needs_approval,
        configuration=live_mission.map_configuration(),
    )


def _initial(request: HttpRequest, workspace: Workspace, schedule: Schedule | None) -> dict[str, Any]:
    if schedule is not None:
        return initial_of(schedule)
    found: dict[str, Any] = {"when": When.NOW, "starts_on": today(workspace), "interval": 1, "window_minutes": 0}
    for name in ("route", "dock", "when"):
        if request.GET.get(name):
            found[name] = request.GET[name]
    return found


def _plan_form(
    request: HttpRequest, form: PlanForm, schedule: Schedule | None, may: bool, status: int = 200
) -> HttpResponse:
    bound: dict[str, Any] = {field.name: field for field in form}
    return show(
        request,
        "console/mission_plan.html",
        status,
        title=_("Change “%(name)s”") % {"name": schedule} if schedule else _("Plan a mission"),
        form=form,
        schedule=schedule,
        may=may,
        fields={
            "time": [bound[name] for name in form.TIME_FIELDS],
            "window": [bound[name] for name in form.WINDOW_FIELDS],
            "repeat": [bound[name] for name in form.REPEAT_FIELDS],
            "flight": [bound[name] for name in form.FLIGHT_FIELDS],
        },
        has_routes=form.fields["route"].queryset.exists(),  # type: ignore[attr-defined]
        has_docks=form.fields["dock"].queryset.exists(),  # type: ignore[attr-defined]
    )


def _schedule(workspace: Workspace, pk: uuid.UUID) -> Schedule:
    schedule = schedules.find(workspace, pk)
    if schedule is None:
        raise Http404
    return schedule


def schedule_action(request: HttpRequest, workspace: Workspace, pk: uuid.UUID, action: str) -> HttpResponse:
    """Let a schedule rest, go on, be approved or go."""
    schedule = _schedule(workspace, pk)
    if request.method != "POST":
        raise Http404
    person = current_person(request)
    try:
        if action in ("rest", "go-on"):
            schedules.switch(schedule, active=action == "go-on", user=person)
        elif action == "approve":
            schedules.approve(schedule, user=person)
        elif action == "delete":
            schedules.remove(schedule, user=person)
        else:
            raise Http404
    except MissionRefused as refusal:
        messages.error(request, refusal.message)
    return redirect("admin:waylines_schedule_changelist")


def act_page(request: HttpRequest, workspace: Workspace, pk: uuid.UUID, action: str) -> HttpResponse:
    """A second look before anything is asked of a machine. A GET never sends anything."""
    mission = live_mission.find(pk)
    if mission is None or mission.workspace_id != workspace.pk or action not in live_mission.labels():
        raise Http404
    where = reverse("admin:waylines_mission_change", args=[mission.pk])
    error = ""
    if request.method == "POST":
        if action in _MOVES and not request.POST.get("checked"):
            error = _("Tick the box to send it.")
        else:
            try:
                return redirect(_act(request, mission, action))
            except (control.ControlRefused, MissionRefused, CommandRefused) as refusal:
                checks = [check.text for check in getattr(refusal, "checks", [])]
                error = " ".join([str(refusal), *checks])
    return show(
        request,
        "console/mission_act.html",
        409 if error and request.POST.get("checked") else 200,
        title=live_mission.labels()[action],
        mission=mission,
        action=action,
        meaning=_MEANINGS[action](),
        moves=action in _MOVES,
        asks_reason=action == "reject",
        key=request.POST.get("key") or uuid.uuid4().hex[:20],
        error=error,
        back=where,
    )


def _act(request: HttpRequest, mission: Mission, action: str) -> str:
    """Do it; returns where to look next."""
    person = current_person(request)
    where = reverse("admin:waylines_mission_change", args=[mission.pk])
    # The page's own key: sent twice, it is one command.
    key = f"act:{mission.pk}:{request.POST.get('key', '')[:20]}"
    if action == "approve":
        planning.approve(mission, user=person)
    elif action == "reject":
        planning.reject(mission, user=person, reason=request.POST.get("reason", "")[:300])
    elif action == "continue":
        rest = planning.resume(mission, user=person)
        where = reverse("admin:waylines_mission_change", args=[rest.pk])
    elif action == "media_first":
        data = {"flight_id": str(mission.pk)}
        commands.issue(mission.dock, "upload_flighttask_media_prioritize", data, user=person, request_key=key)
    else:
        control.act(mission, action, user=person, request_key=key, confirmed=True)
    return where


def rules_page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """What the workspace asks of every mission."""
    may = covers(request, Role.ADMIN)
    policy = policy_of(workspace.pk)
    form = RulesForm(request.POST or None, instance=policy)
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        if form.is_valid():
            form.save()
            person = current_person(request)
            audit.record("mission.rules", workspace=workspace, user=person, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("console:mission_rules")
    return show(request, "console/mission_rules.html", title=_("Rules for missions"), form=form, may=may)


def calendar_page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """A month of missions: those that were, those that are planned, and those that schedules will make."""
    shown = calendar.month(workspace, request.GET.get("month", ""), dock=request.GET.get("dock", ""))
    return show(
        request,
        "console/calendar.html",
        title=_("Calendar"),
        month=shown,
        may=covers(request, Role.OPERATOR),
    )
