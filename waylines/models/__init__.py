"""Routes, the missions that fly them, and the flights that were."""

from waylines.models.flight import Flight, FlightTrack
from waylines.models.mission import Mission, MissionStatus
from waylines.models.policy import MissionPolicy
from waylines.models.route import Route, RouteFavorite, RouteFile
from waylines.models.schedule import Schedule

__all__ = [
    "Flight",
    "FlightTrack",
    "Mission",
    "MissionPolicy",
    "MissionStatus",
    "Route",
    "RouteFavorite",
    "RouteFile",
    "Schedule",
]
