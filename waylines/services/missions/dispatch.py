"""From the plan to the dock: prepared ahead of time, checked again, started once, never late.

`tick` runs every second on as many schedulers as there are. Each step is claimed by a guarded UPDATE in the same
transaction that writes the command, so two schedulers never do the same step, and one that dies leaves either both or
nothing behind.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Command, CommandStatus
from devices.services import commands
from media.services.storage import StorageError
from waylines.models import Mission, MissionStatus
from waylines.models.mission import NOT_STARTED, MissionKind
from waylines.services.missions import gate, orders, relay, state

logger = logging.getLogger(__name__)

#: A mission is on its dock this long before it starts, so that the start is not late for a download.
AHEAD = timedelta(minutes=2)
#: What "at 20:00" allows when nothing else is said: until the end of that minute.
PUNCTUAL = timedelta(seconds=60)
#: How long a mission that is to fly at once waits for somebody to approve it.
PATIENCE = timedelta(hours=12)
#: A dock that could not be prepared is asked again, after a while.
ATTEMPTS = 5
PAUSE = timedelta(seconds=10)
#: At most so many missions are taken up in one tick of one scheduler.
BATCH = 200
RELATED = ("dock__model", "file", "user", "workspace", "landing_dock")


def latest_start(mission: Mission) -> datetime:
    """The moment after which it does not start any more."""
    if mission.kind == MissionKind.CONDITIONAL and mission.window_end:
        return mission.window_end
    if mission.status == MissionStatus.AWAITING and mission.kind == MissionKind.IMMEDIATE:
        return mission.execute_at + PATIENCE
    return mission.execute_at + max(PUNCTUAL, timedelta(minutes=mission.late_minutes))


def tick() -> int:
    """Do what is due now. Returns how many missions moved. One that fails is logged and keeps nobody else waiting."""
    now = timezone.now()
    rested = Q(progress_at=None) | Q(progress_at__lt=now - PAUSE)
    conditional, immediate = Q(kind=MissionKind.CONDITIONAL), Q(kind=MissionKind.IMMEDIATE)
    awaited = Q(status=MissionStatus.AWAITING)
    due = (
        Q(status=MissionStatus.PLANNED, execute_at__lte=now + AHEAD) & rested
        | Q(status=MissionStatus.READY, execute_at__lte=now) & (~conditional | Q(ready_at__isnull=False)) & rested
        | Q(status=MissionStatus.READY, window_end__lt=now) & conditional
    )
    # Those whose time may be over. However many still wait for somebody, they take nobody's place among the due.
    over = awaited & (
        immediate & Q(execute_at__lt=now - PATIENCE)
        | conditional & Q(window_end__lt=now)
        | ~immediate & ~conditional & Q(execute_at__lt=now - PUNCTUAL)
    )
    rows = Mission.objects.select_related(*RELATED).order_by("execute_at")
    moved = 0
    for mission in (*rows.filter(due)[:BATCH], *rows.filter(over)[:BATCH]):
        try:
            moved += take(mission)
        except Exception:
            logger.exception("mission %s could not be taken further", mission.pk)
    return moved


def start(mission_id: str) -> bool:
    """Start a mission whose dock has just said that it is ready for it; skip it when that word comes too late."""
    mission = Mission.objects.select_related(*RELATED).filter(pk=mission_id).first()
    return mission is not None and take(mission)


def take(mission: Mission) -> bool:
    """One step for one mission, if it is time for one: by the clock as it is now, whatever came before it."""
    now = timezone.now()
    if now > latest_start(mission):
        # Of one that is being sent the dock's answer is awaited; `sweep` ends it when there is none.
        return mission.status in NOT_STARTED - {MissionStatus.PREPARING} and skip(mission)
    if mission.status == MissionStatus.PLANNED:
        return begin(mission) if mission.execute_at <= now or not mission.one_command else False
    return mission.status == MissionStatus.READY and _due(mission) and execute(mission)


def skip(mission: Mission) -> bool:
    """Its time is over and it did not start."""
    if mission.status == MissionStatus.AWAITING:
        text = _("Nobody approved it in time.")
    else:
        reasons = [check["text"] for check in mission.gate if check.get("verdict") == gate.Verdict.BLOCK]
        text = " ".join([_("It could not start in time."), *reasons])
    on_dock = mission.status == MissionStatus.READY
    if not state.move(mission, MissionStatus.SKIPPED, text=text, only=Q(status=mission.status)):
        return False
    if on_dock:
        withdraw(mission)
    return True


def begin(mission: Mission) -> bool:
    """The first word to the dock: the mission, or for the first firmware mission and start in one."""
    return execute(mission) if mission.one_command else prepare(mission)


def prepare(mission: Mission) -> bool:
    """Send the mission to its dock (`flighttask_prepare`). False when it has to wait or was taken by another."""
    if not mission.dock.online:
        note(mission, gate.examine(mission))
        return False
    try:
        data = orders.prepare(mission)
    except StorageError as error:
        return retry(mission, _("The route's address could not be made: %(error)s") % {"error": error})
    try:
        with transaction.atomic():
            claimed = Mission.objects.filter(pk=mission.pk, status=MissionStatus.PLANNED).update(
                attempts=F("attempts") + 1, progress_at=None, ready_at=None
            )
            if not claimed or not state.move(mission, MissionStatus.PREPARING):
                return False
            commands.issue(
                mission.dock,
                "flighttask_prepare",
                data,
                user=None,
                actor=actor(mission),
                request_key=f"prepare:{mission.pk}:{mission.attempts}",
                confirmed=True,
            )
    except commands.CommandRefused as refusal:
        mission.refresh_from_db()
        return retry(mission, refusal.message, attempted=True)
    return True


def retry(mission: Mission, text: str, *, attempted: bool = False) -> bool:
    """Preparing failed: try again later while there is time and hope, else it has failed."""
    attempts = mission.attempts + (1 if attempted else 0)
    if attempts >= ATTEMPTS or timezone.now() + PAUSE > latest_start(mission):
        return state.move(mission, MissionStatus.FAILED, text=text, attempts=attempts)
    if mission.status == MissionStatus.PLANNED:
        Mission.objects.filter(pk=mission.pk, status=MissionStatus.PLANNED).update(
            attempts=attempts, progress_at=timezone.now(), result_text=text[:500]
        )
        state.announce(mission)
        return False
    preparing = Q(status=MissionStatus.PREPARING)
    now = timezone.now()
    return state.move(mission, MissionStatus.PLANNED, text=text, only=preparing, attempts=attempts, progress_at=now)


def execute(mission: Mission) -> bool:
    """Check once more and start it (`flighttask_execute`, for the first firmware `flighttask_create`).

    False when a check blocks or another was faster.
    """
    before = _before_start(mission)
    checks = gate.examine(mission)
    missing = relay.missing(mission) if mission.landing_dock_id else []
    checks += [gate.Check("relay", gate.Verdict.BLOCK, text) for text in missing]
    if gate.blocks(checks):
        note(mission, checks)
        if mission.kind == MissionKind.IMMEDIATE:
            text = " ".join(check.text for check in gate.blocks(checks))
            refused = state.move(mission, MissionStatus.REJECTED, text=text, only=Q(status=before))
            if refused and before == MissionStatus.READY:
                withdraw(mission)
        return False
    method = "flighttask_execute"
    data: dict[str, object] = {"flight_id": str(mission.pk)}
    if mission.one_command:
        try:
            method, data = "flighttask_create", orders.create(mission)
        except StorageError as error:
            text = _("The route's address could not be made: %(error)s") % {"error": error}
            note(mission, [*checks, gate.Check("storage", gate.Verdict.BLOCK, text)])
            return False
    if mission.landing_dock_id:
        data["multi_dock_task"] = relay.task(mission)
    try:
        with transaction.atomic():
            # One look at its docks at a time, or two missions would find the same one free.
            for dock in gate.locked(mission):
                if gate.at_it(dock, mission):
                    return False
            if not state.move(
                mission,
                MissionStatus.STARTING,
                only=Q(status=before),
                gate=[check.as_json() for check in checks],
                executed_at=timezone.now(),
                progress_at=None,
            ):
                return False
            left = (latest_start(mission) - timezone.now()).total_seconds()
            if left <= 0:
                transaction.set_rollback(True)  # the checks took too long; the next tick skips it
                return False
            commands.issue(
                mission.dock,
                method,
                data,
                user=None,
                actor=actor(mission),
                request_key=f"execute:{mission.pk}:{mission.attempts}",
                confirmed=True,
                within=left,
            )
    except commands.CommandRefused as refusal:
        mission.refresh_from_db()
        note(mission, [gate.Check("command", gate.Verdict.BLOCK, refusal.message)])
        return False
    return True


def _before_start(mission: Mission) -> MissionStatus:
    """The status that a mission is started from."""
    return MissionStatus.PLANNED if mission.one_command else MissionStatus.READY


def note(mission: Mission, checks: Iterable[gate.Check]) -> None:
    """Keep why it does not start now; it is looked at again after a pause."""
    found = [check.as_json() for check in checks]
    Mission.objects.filter(pk=mission.pk).update(gate=found, progress_at=timezone.now())
    if found != mission.gate:
        mission.gate = found
        state.announce(mission)


def withdraw(mission: Mission) -> None:
    """Take a mission off its dock again (`flighttask_undo`); the dock may be offline, and then forgets it by itself."""
    try:
        with transaction.atomic():
            commands.issue(
                mission.dock,
                "flighttask_undo",
                {"flight_ids": [str(mission.pk)]},
                user=None,
                actor=actor(mission),
                request_key=f"undo:{mission.pk}",
                confirmed=True,
            )
    except commands.CommandRefused as refusal:
        logger.info("mission %s was not taken off its dock: %s", mission.pk, refusal.message)


def actor(mission: Mission) -> str:
    """Who asks, for ledger and audit: the planner, through the mission."""
    planner = mission.user.get_username() if mission.user else _("schedule")
    return f"{planner} · {mission.name}"[:150]


@commands.listen("flighttask_prepare")
def prepared(command: Command) -> None:
    """The dock answered to a mission that was sent to it, or never did."""
    mission = _mission(command, "prepare")
    if mission is None or mission.status != MissionStatus.PREPARING:
        return
    if command.status == CommandStatus.OK:
        if state.move(mission, MissionStatus.READY, prepared_at=timezone.now()) and _due(mission):
            transaction.on_commit(lambda: start_soon(str(mission.pk)))
    elif command.is_final:
        retry(mission, command.result_text or _("The dock did not take the mission."))


def _due(mission: Mission) -> bool:
    return mission.holds and mission.execute_at <= timezone.now()


def start_soon(mission_id: str) -> None:
    """Have a worker look at it now; should that get lost, the scheduler does within a second."""
    from waylines.tasks import start_mission

    start_mission.delay(mission_id)


@commands.listen("flighttask_execute", "flighttask_create")
def executed(command: Command) -> None:
    """The dock answered to the start, or never did. Progress comes as events."""
    mission = _mission(command, "execute")
    if mission is None or mission.status != MissionStatus.STARTING:
        return
    if command.status == CommandStatus.FAILED and command.published_at is None:
        # Nothing was sent, so it may still be started while there is time; a new key makes it a new command.
        again, starting = _before_start(mission), Q(status=MissionStatus.STARTING)
        state.move(mission, again, text=command.result_text, only=starting, attempts=mission.attempts + 1)
    elif command.status in (CommandStatus.FAILED, CommandStatus.REJECTED):
        state.move(mission, MissionStatus.FAILED, text=command.result_text, result=command.result)
    elif command.status == CommandStatus.CANCELED:
        state.move(mission, MissionStatus.CANCELED, text=command.result_text, result=command.result)
    elif command.status == CommandStatus.TIMEOUT:
        state.move(mission, MissionStatus.UNKNOWN, text=command.result_text)


def _mission(command: Command, prefix: str) -> Mission | None:
    kind, _colon, rest = (command.request_key or "").partition(":")
    if kind != prefix:
        return None
    found = Mission.objects.filter(pk=rest.partition(":")[0], workspace_id=command.workspace_id)
    return found.select_related("dock", "file", "user", "workspace").first()
