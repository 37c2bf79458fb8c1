"""Another route for an aircraft that is in the air already (`in_flight_wayline_*`, Dock 2 and 3).

The ledger follows it: `in_flight_wayline_progress` names the same id.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from devices.models import Command, Device
from devices.models.device import Domain
from devices.services import commands
from devices.services.summary import number
from fleet.models import User
from media.services import storage
from waylines.models import Mission, Route
from waylines.services.missions import gate
from waylines.services.missions.orders import URL_SECONDS
from waylines.services.missions.planning import MissionRefused, belongs, require_operator
from waylines.services.missions.policy import policy_of

_SETTINGS = ("rth_altitude", "rth_mode", "out_of_control_action", "exit_wayline_when_rc_lost", "wayline_precision_type")
#: What is asked of a route that was delivered, and the service for it.
ACTIONS = {
    "stop": "in_flight_wayline_stop",
    "recover": "in_flight_wayline_recover",
    "cancel": "in_flight_wayline_cancel",
}


def checks(dock: Device, route: Route) -> list[gate.Check]:
    """What speaks against this route for the aircraft that is in the air now."""
    said = gate.state_of(dock.pk)
    aircraft = gate.aircraft_of(dock, said)
    mission = Mission(workspace_id=dock.workspace_id, dock=dock, route=route, file=route.file)
    found = list(
        gate.route(mission, aircraft.model_id if aircraft else None, gate.home_of(said), policy_of(dock.workspace_id))
    )
    if number(said.get("drone_in_dock")) == 1:
        text = _("The aircraft is in the dock; plan a mission instead.")
        found.insert(0, gate.Check("flying", gate.Verdict.BLOCK, text))
    return found


def deliver(
    dock: Device, route: Route, *, user: User, settings: Mapping[str, Any], request_key: str, confirmed: bool
) -> Command:
    """Send the route. Raises `MissionRefused`, `CommandRefused`, `StorageError`."""
    require_operator(user, dock.workspace)
    belongs(dock.workspace, route, dock)
    if dock.domain != Domain.DOCK:
        raise MissionRefused(_("There is no such dock in this workspace."))
    if blocking := gate.blocks(checks(dock, route)):
        raise MissionRefused(_("The route cannot be flown now."), checks=blocking)
    mission = Mission()
    data: dict[str, Any] = {
        "in_flight_wayline_id": str(uuid.uuid4()),
        "file": {
            "url": storage.presigned_url(route.file.object_key, ttl=URL_SECONDS),
            "fingerprint": route.file.sign,
        },
        **{name: settings.get(name, getattr(mission, name)) for name in _SETTINGS},
    }
    return commands.issue(
        dock, "in_flight_wayline_deliver", data, user=user, request_key=request_key, confirmed=confirmed
    )


def running(dock: Device) -> Command | None:
    """The route that was sent in flight and is not over."""
    rows = Command.objects.filter(device=dock, method="in_flight_wayline_deliver", finished_at=None)
    return rows.order_by("-created_at").first()


def act(dock: Device, action: str, *, user: User, request_key: str, confirmed: bool) -> Command:
    """Pause, go on with or give up the route that was sent in flight. Raises `MissionRefused`, `CommandRefused`."""
    command = running(dock)
    if command is None or action not in ACTIONS:
        raise MissionRefused(_("No route was sent in flight."))
    data = {} if action == "cancel" else {"in_flight_wayline_id": command.data["in_flight_wayline_id"]}
    return commands.issue(dock, ACTIONS[action], data, user=user, request_key=request_key, confirmed=confirmed)
