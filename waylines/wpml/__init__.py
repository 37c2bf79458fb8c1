"""Route files of the WPML format: read, understood, checked and written.

    route = wpml.read(content)                      # a KMZ, or a bare waylines.wpml or template.kml
    facts = wpml.facts(route)                       # models, distance, duration, photos, heights: for lists and gates
    lines = wpml.outline(route)                     # JSON for the map
    advice = wpml.advise(route, aircraft_model_key="0-100-1", home=(47.4, 8.5), max_height=120)
    plan = wpml.plan_of(route)                      # a simple waypoint route to edit, or None
    area = wpml.survey_of(route)                    # an area survey to edit, or None
    content = wpml.write(wpml.WaypointPlan.from_json(data))
    content = wpml.write(wpml.survey(polygon, camera="1-98-0", height=80))

A route file is a ZIP with two XML files in `wpmz/`: `template.kml` holds what a person planned, `waylines.wpml` what
the aircraft flies; `res/` holds what travels along (terrain, audio, pictures). Pages: "template.kml", "waylines.wpml"
and "Common elements" of the WPML format; what later versions and files from the field add is in `elements`.

- Units: metres, seconds, m/s, degrees; positions are latitude, longitude (WGS84); times are Unix milliseconds.
- What is unknown is kept: words as they are, elements in `raw` and `parameters`, every file's bytes in `entries`.
- A route file is a stranger's: `archive` and `markup` refuse what could hurt, each with a `WpmlError.reason`.
- This package knows neither Django nor the rest of the project, except for the names of models. Sentences are English
  templates with parameters; doors translate them.
"""

from __future__ import annotations

from waylines.wpml.advice import Advice, advise
from waylines.wpml.archive import Limits
from waylines.wpml.cameras import CAMERAS, Camera
from waylines.wpml.editing import plan_of
from waylines.wpml.errors import PlanError, WpmlError
from waylines.wpml.facts import Facts, facts
from waylines.wpml.outline import outline
from waylines.wpml.plan import IntervalPhotos, PlanPoint, WaypointPlan
from waylines.wpml.plan_actions import ACTION_KINDS, PlanAction
from waylines.wpml.plan_survey import SurveyLine, SurveyPlan, survey
from waylines.wpml.reader import read
from waylines.wpml.route import (
    Action,
    ActionGroup,
    MissionConfig,
    Position,
    Resource,
    RouteFile,
    Template,
    Wayline,
    Waypoint,
)
from waylines.wpml.survey_editing import survey_of
from waylines.wpml.writer import rewrite, write

__all__ = [
    "ACTION_KINDS",
    "CAMERAS",
    "Action",
    "ActionGroup",
    "Advice",
    "Camera",
    "Facts",
    "IntervalPhotos",
    "Limits",
    "MissionConfig",
    "PlanAction",
    "PlanError",
    "PlanPoint",
    "Position",
    "Resource",
    "RouteFile",
    "SurveyLine",
    "SurveyPlan",
    "Template",
    "Wayline",
    "Waypoint",
    "WaypointPlan",
    "WpmlError",
    "advise",
    "facts",
    "outline",
    "plan_of",
    "read",
    "rewrite",
    "survey",
    "survey_of",
    "write",
]
