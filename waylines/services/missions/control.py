"""A person takes a hand in a mission: pause, go on, stop, come home, give up.

Each is a confirmed command of the ledger under the person's own name and role; what became of the mission is what the
dock then says.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from devices.models import Command
from devices.services import commands
from fleet.models import Role, User
from fleet.protocol import methods
from fleet.services import access
from waylines.models import Mission, MissionStatus
from waylines.models.mission import NOT_STARTED
from waylines.services.missions import dispatch, state, words


class ControlRefused(Exception):
    """It was not done; the text says why."""


#: What may be asked in which status: the service, and what it is called on a button.
ACTIONS: dict[str, frozenset[str]] = {
    "pause": frozenset({MissionStatus.RUNNING}),
    "resume": frozenset({MissionStatus.PAUSED}),
    "return_home": frozenset({MissionStatus.RUNNING, MissionStatus.PAUSED, MissionStatus.STARTING}),
    "return_home_cancel": frozenset({MissionStatus.RUNNING, MissionStatus.PAUSED}),
    "stop": frozenset({MissionStatus.RUNNING, MissionStatus.PAUSED, MissionStatus.STARTING}),
    "abort_setup": frozenset({MissionStatus.STARTING, MissionStatus.RUNNING}),
    "cancel": NOT_STARTED,
}
_METHODS = {
    "pause": "flighttask_pause",
    "resume": "flighttask_recovery",
    "return_home": "return_home",
    "return_home_cancel": "return_home_cancel",
    "stop": "flighttask_stop",
    "abort_setup": "flight_setup_abort",
}


def possible(mission: Mission) -> list[str]:
    """The actions that make sense now."""
    return [name for name in ACTIONS if _fits(mission, name)]


def _fits(mission: Mission, action: str) -> bool:
    if mission.status not in ACTIONS[action]:
        return False
    product = mission.dock.product
    if product and action in _METHODS and methods.find("services", _METHODS[action], product) is None:
        return False
    return action != "abort_setup" or words.setting_up(mission)


def act(mission: Mission, action: str, *, user: User, request_key: str, confirmed: bool) -> Command | None:
    """Do one of `ACTIONS`. Returns the command, None where none was needed. Raises `ControlRefused`.

    `request_key`: the page's own key; the same one twice is one command.
    """
    if action not in ACTIONS:
        raise ControlRefused(_("The server knows no such action."))
    if action == "cancel":
        cancel(mission, user=user)
        return None
    if not _fits(mission, action):
        if action == "abort_setup":
            raise ControlRefused(_("The dock is not getting ready for take-off now; nothing was sent."))
        raise ControlRefused(
            _("The mission is “%(status)s” now; nothing was sent.") % {"status": mission.get_status_display()}
        )
    data: dict[str, Any] = {"flight_id": str(mission.pk), "reason": 0} if action == "stop" else {}
    method = _METHODS[action]
    if action == "return_home" and mission.landing_dock is not None:
        method, data = "return_specific_home", {"home_dock_sn": mission.landing_dock.sn}
    try:
        return commands.issue(
            mission.dock, method, data, user=user, request_key=request_key[:64] or None, confirmed=confirmed
        )
    except commands.CommandRefused as refusal:
        raise ControlRefused(refusal.message) from None


def cancel(mission: Mission, *, user: User) -> None:
    """Give up a mission that has not started. Raises `ControlRefused` when it flies or is over."""
    if not access.may(user, mission.workspace_id, Role.OPERATOR):
        raise ControlRefused(_("This needs the role “%(role)s” in this workspace.") % {"role": Role.OPERATOR.label})
    text = _("Cancelled by %(person)s before it started.") % {"person": user}
    if not state.move(mission, MissionStatus.CANCELED, text=text, user=user, only=Q(status__in=sorted(NOT_STARTED))):
        raise ControlRefused(_("It has started or is over already; stop it instead."))
    if mission.attempts and not mission.one_command:
        dispatch.withdraw(mission)  # it was sent to the dock, or is just being sent
