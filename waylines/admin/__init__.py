"""The console's lists of routes, missions and flights."""

from waylines.admin.flights import FlightAdmin
from waylines.admin.missions import MissionAdmin, ScheduleAdmin
from waylines.admin.routes import RouteAdmin

__all__ = ["FlightAdmin", "MissionAdmin", "RouteAdmin", "ScheduleAdmin"]
