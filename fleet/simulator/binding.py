"""How a dock makes itself known to its organisation (pages "Configuration" and "Organization")."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.simulator.reporting import Refused

if TYPE_CHECKING:
    from fleet.simulator.dock import SimulatedDock

log = logging.getLogger(__name__)


async def fetch_configuration(dock: SimulatedDock) -> Mapping[str, Any]:
    """Ask for licence and time server. The reply has these fields directly in `data`, without `result`."""
    reply = await dock.request("config", {"config_type": "json", "config_scope": "product"})
    if not isinstance(reply.data, Mapping):
        raise Refused(f"config: the reply has no data but {reply.data!r}")
    wrong = [name for name in ("app_id", "app_key", "app_license", "ntp_server_host") if name not in reply.data]
    if wrong:
        log.warning("%s: the configuration lacks %s", dock.sn, ", ".join(wrong))
    return reply.data


async def bind(dock: SimulatedDock) -> None:
    """Bind dock and aircraft unless both are bound; raises Refused when the cloud says no."""
    sns = [dock.sn, dock.aircraft_sn] if dock.has_aircraft else [dock.sn]
    devices = [{"sn": sn} for sn in sns]
    reply = await dock.request("airport_bind_status", {"devices": devices})
    require_success("airport_bind_status", reply.result, reply.data)
    states = reply.output.get("bind_status")
    bound = {
        state.get("sn"): state.get("is_device_bind_organization") is True
        for state in (states if isinstance(states, list) else [])
        if isinstance(state, Mapping)
    }
    if all(bound.get(sn) for sn in sns):
        return
    organization = {
        "device_binding_code": dock.credentials.bind_code,
        "organization_id": dock.credentials.organization_id,
    }
    reply = await dock.request("airport_organization_get", organization)
    require_success("airport_organization_get", reply.result, reply.data)
    dock.organization_name = str(reply.output.get("organization_name", ""))
    names = (
        (dock.sn, dock.credentials.callsign, dock.profile.model_key),
        (dock.aircraft_sn, dock.credentials.aircraft_callsign, dock.profile.aircraft_key),
    )
    reply = await dock.request(
        "airport_organization_bind",
        {
            "bind_devices": [
                {**organization, "sn": sn, "device_callsign": callsign, "device_model_key": key}
                for sn, callsign, key in names
                if sn in sns
            ]
        },
    )
    require_success("airport_organization_bind", reply.result, reply.data)
    # The page shows result 0 together with an err_code per device: both must be good.
    errors = reply.output.get("err_infos")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, Mapping) and error.get("err_code"):
            raise Refused(f"airport_organization_bind: {error.get('sn')} refused with {error['err_code']}")
    log.info("%s: bound to %s", dock.sn, dock.organization_name or dock.credentials.organization_id)


def require_success(method: str, result: Any, data: Any) -> None:
    """Raise Refused unless the result is 0."""
    if result != 0 or isinstance(result, bool):
        raise Refused(f"{method}: refused with {result if result is not None else data!r}")
