"""A mission that takes off at one dock and lands at another (`multi_dock_task` of `flighttask_execute`, Dock 3).

Everything comes from what the two docks say of themselves; what one has not said is named, and nothing starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from devices.models import Device, DeviceState
from devices.services.summary import number
from waylines.models import Mission
from waylines.services.missions.gate import at_it, fresh, state_of

Properties = Mapping[str, Any]


def missing(mission: Mission) -> list[str]:
    """Why the two docks cannot work together now; empty when they can."""
    if mission.landing_dock is None:
        return []
    reasons = []
    states = DeviceState.objects.in_bulk([mission.dock_id, mission.landing_dock.pk])
    for dock in (mission.dock, mission.landing_dock):
        said = states[dock.pk].properties if dock.pk in states else {}
        if not dock.online:
            reasons.append(_("%(dock)s is offline.") % {"dock": dock})
        for known, label in (
            (number(said.get("latitude")) is not None, _("its position")),
            (number(said.get("heading")) is not None, _("its heading")),
            (bool(_mapping(said.get("wireless_link_topo"))), _("its radio links")),
            (bool(_mapping(said.get("rtcm_info"))), _("its RTK source")),
        ):
            if not known:
                reasons.append(_("%(dock)s has not said %(what)s.") % {"dock": dock, "what": label})
    reasons += [check.text for check in fresh(mission.landing_dock, states.get(mission.landing_dock.pk))]
    reasons += _landing(mission, mission.landing_dock, said)
    return reasons


def _landing(mission: Mission, dock: Device, said: Properties) -> Iterator[str]:
    """Why the aircraft could not land there."""
    if number(said.get("drone_in_dock")) == 1:
        yield _("There is an aircraft in %(dock)s.") % {"dock": dock}
    if other := at_it(dock, mission):
        # Its own aircraft may be on its way home: two would come down on one dock.
        yield _("%(dock)s is flying “%(mission)s”.") % {"dock": dock, "mission": other}
    if number(said.get("mode_code")) not in (None, 0):
        yield _("%(dock)s is not idle.") % {"dock": dock}
    if number(said.get("emergency_stop_state")) == 1:
        yield _("The emergency stop of %(dock)s is pressed; release it on site.") % {"dock": dock}
    if number(said.get("cover_state")) == 3:
        yield _("The cover of %(dock)s is in an abnormal state; look at it on site.") % {"dock": dock}


def task(mission: Mission) -> dict[str, Any]:
    """`multi_dock_task`: both docks' places, and one radio link over them with the landing dock at its end."""
    landing = mission.landing_dock
    if landing is None:
        raise ValueError("Not a relay.")
    here, there = state_of(mission.dock.pk), state_of(landing.pk)
    links, far = _mapping(here.get("wireless_link_topo")), _mapping(there.get("wireless_link_topo"))
    named = links.get("leaf_nodes")
    leaves = [leaf for leaf in named if isinstance(leaf, dict)] if isinstance(named, list) else []
    centre = _mapping(far.get("center_node"))
    if not any(leaf.get("sn") == landing.sn for leaf in leaves):
        leaves.append({"sdr_id": centre.get("sdr_id", 0), "sn": landing.sn, "control_source_index": 2})
    return {
        "wireless_link_topo": {
            "secret_code": links.get("secret_code") or [],
            "center_node": _mapping(links.get("center_node")),
            "leaf_nodes": leaves,
        },
        "dock_infos": [_dock(mission.dock, here, "takeoff", 1), _dock(landing, there, "landing", 2)],
    }


def _mapping(value: Any) -> dict[str, Any]:
    """An object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def _dock(dock: Device, said: Properties, role: str, index: int) -> dict[str, Any]:
    # A dock that has settled its own place to the centimetre says it in another property.
    settled = said.get("self_converge_coordinate")
    place = settled if isinstance(settled, dict) and number(settled.get("latitude")) else said
    spare = _mapping(said.get("alternate_land_point"))
    return {
        "dock_type": role,
        "sn": dock.sn,
        "index": index,
        "latitude": number(place.get("latitude")) or 0.0,
        "longitude": number(place.get("longitude")) or 0.0,
        "height": number(place.get("height")) or 0.0,
        "heading": number(said.get("heading")) or 0.0,
        "home_position_is_valid": int(number(said.get("home_position_is_valid")) or 0),
        "rtcm_info": _mapping(said.get("rtcm_info")),
        "alternate_land_point": {
            "latitude": number(spare.get("latitude")) or 0.0,
            "longitude": number(spare.get("longitude")) or 0.0,
            "safe_land_height": number(spare.get("safe_land_height")) or 0.0,
            "is_configured": int(number(spare.get("is_configured")) or 0),
        },
    }
