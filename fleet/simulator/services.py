"""All service handlers: importing this registers them."""

from fleet.simulator import (
    dock_services,
    drc,
    flight_services,
    in_flight_waylines,
    media,
    payload_services,
    tasks,
    upkeep_services,
)

MODULES = (dock_services, drc, flight_services, in_flight_waylines, media, payload_services, tasks, upkeep_services)
