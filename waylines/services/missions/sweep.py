"""Missions that nobody ended: a dock that fell silent, a start that was never answered."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.services.summary import number
from waylines.models import Mission, MissionStatus
from waylines.models.mission import ACTIVE
from waylines.services.missions import dispatch, state
from waylines.services.missions.gate import state_of

#: Without a word for so long a mission's outcome is unknown, whatever its route's length.
SILENCE = timedelta(hours=3)
#: A dock that is back to idle with its aircraft inside has ended its mission; its last events may still come.
IDLE = timedelta(minutes=2)
#: A claim without its command, which only a crash in the middle of a commit could leave.
CLAIMED = timedelta(minutes=3)


def sweep() -> int:
    """End what nobody ended. Returns how many."""
    now = timezone.now()
    ended = 0
    active = Mission.objects.select_related("dock", "workspace").filter(status__in=ACTIVE)
    quiet = Q(progress_at__lt=now - IDLE) | Q(progress_at=None, executed_at__lt=now - IDLE)
    for mission in active.filter(quiet)[:500]:
        heard = mission.progress_at or mission.executed_at or mission.created_at
        if _idle(mission):
            text = _("The dock is idle again and did not say how the mission ended.")
        elif now - heard > SILENCE:
            text = _("Nothing was heard of it for %(hours)s hours.") % {"hours": int(SILENCE.total_seconds() // 3600)}
        else:
            continue
        ended += state.move(mission, MissionStatus.UNKNOWN, text=text, only=Q(progress_stamp=mission.progress_stamp))
    stuck = Mission.objects.select_related("dock", "workspace").filter(
        status=MissionStatus.PREPARING, execute_at__lt=now - CLAIMED
    )
    for mission in stuck[:500]:
        if now > dispatch.latest_start(mission):
            ended += state.move(mission, MissionStatus.FAILED, text=_("The dock never answered."))
    return ended


def _idle(mission: Mission) -> bool:
    """Whether the dock says that it does nothing, with the aircraft inside, and has said so since the last progress."""
    if not mission.dock.online:
        return False
    said = state_of(mission.dock_id)
    return number(said.get("mode_code")) == 0 and number(said.get("drone_in_dock")) == 1
