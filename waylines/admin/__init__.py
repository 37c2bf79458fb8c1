"""The console's lists of routes, missions and flights."""

from waylines.admin.flights import FlightAdmin
from waylines.admin.missions import MissionAdmin, ScheduleAdmin

__all__ = ["FlightAdmin", "MissionAdmin", "ScheduleAdmin"]
