"""Routes that are drawn in the console: a plan as JSON becomes a KMZ in the library, and a KMZ a plan again.

A plan is that of `wpml.WaypointPlan` or, with `kind` "survey", of `wpml.SurveyPlan`.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from devices.models import Device, DeviceState
from devices.models.device import Domain
from fleet.models import User, Workspace
from fleet.protocol import device_models
from waylines import wpml
from waylines.models import Route
from waylines.services.missions import gate
from waylines.services.missions.policy import policy_of
from waylines.services.routes import library, names, reading, words
from waylines.services.routes.library import Taken
from waylines.services.routes.refused import RouteRefused
from waylines.wpml.execution import wayline_of

Json = dict[str, Any]
Plan = wpml.WaypointPlan | wpml.SurveyPlan
SURVEY, WAYPOINTS = "survey", "waypoints"


def plan_of(route: Route) -> Json | None:
    """The plan behind a route, None for one that the editor would damage. Raises `RouteRefused` (`storage`, `gone`)."""
    try:
        return plan_in(wpml.read(reading.content(route.file)), route.name)
    except wpml.WpmlError:
        return None


def plan_in(file: wpml.RouteFile, name: str = "") -> Json | None:
    """The same for a file that is read already."""
    waypoints = wpml.plan_of(file, name=name)
    if waypoints is not None:
        return {"kind": WAYPOINTS, **waypoints.to_json()}
    area = wpml.survey_of(file, name=name)
    if area is None:
        return None
    return {"kind": SURVEY, **area.to_json(), "camera": area.camera.key}


def _understood(data: Json) -> Plan:
    decided = {key: value for key, value in data.items() if key != "kind"}
    try:
        if data.get("kind") == SURVEY:
            return wpml.SurveyPlan.from_json(decided)
        return wpml.WaypointPlan.from_json(decided)
    except wpml.PlanError as error:
        raise RouteRefused("bad_plan", reading.in_words(error), field=error.field) from error


def save(workspace: Workspace, data: Json, *, route: Route | None, user: User, opened: str = "") -> Route:
    """Writes the plan as a KMZ and stores it, in place of `route` when there is one. Raises `RouteRefused`.

    `opened` is the `sign` of the file that was opened: when somebody else has changed the route since, it is refused
    as `changed_meanwhile`. Empty: it is saved in any case.
    """
    name = names.strict(str(data.get("name") or ""))
    plan = _understood(data)
    if route is not None and (now := Route.objects.select_related("file").filter(pk=route.pk).first()):
        library.refuse_changed(now, opened)  # and once more when it is recorded
    content = wpml.write(plan)
    source = Route.Source.EDITOR
    return library.store(
        workspace, content, name=name, user=user, source=source, taken=Taken.ASK, route=route, opened=opened
    )


def look(data: Json, workspace: Workspace) -> Json:
    """What a plan would be, nothing stored. Raises `RouteRefused("bad_plan")` naming the field.

    `distance` (m), `duration` (s), `photos`, `points`, `highest` (m), `advice` [[severity, sentence], …]; of a survey
    also `path` [[latitude, longitude], …], `gsd` (cm), `area` (m²), `line_count`, `direction`, `speed` (m/s).
    """
    plan = _understood(data)
    file = _file_of(plan)
    facts = wpml.facts(file)
    policy = policy_of(workspace.pk)
    found: Json = {
        "distance": facts.distance,
        "duration": facts.duration,
        "photos": facts.photo_count,
        "points": facts.point_count,
        "highest": facts.highest,
        "advice": [
            [advice.severity, reading.in_words(advice)]
            for advice in wpml.advise(file, max_height=policy.max_height)
            if advice.code != "payload_missing"
        ],
    }
    if isinstance(plan, wpml.SurveyPlan):
        found |= plan.summary()
    return found


def _file_of(plan: Plan) -> wpml.RouteFile:
    """What reading the plan's file would give, without writing it."""
    return wpml.RouteFile(
        config=wpml.MissionConfig(
            finish_action=plan.finish_action,
            drone_model_key=plan.drone_model_key,
            payload_model_keys=(plan.payload_model_key,) if plan.payload_model_key else (),
            take_off_ref_point=plan.take_off_ref_point,
        ),
        waylines=(plan.wayline() if isinstance(plan, wpml.SurveyPlan) else wayline_of(plan),),
        executable=True,
    )


def choices() -> Json:
    """What the editor offers: [[value, label], …]; cameras also with the aircraft that carries them."""
    models = device_models.all_models()
    return {
        "aircraft": [[model.key, model.name] for model in models if model.domain == device_models.Domain.AIRCRAFT],
        "payloads": [
            [model.key, model.name]
            for model in models
            if model.domain == device_models.Domain.PAYLOAD and "-65534-" not in model.key
        ],
        "cameras": [
            [key, f"{words.model(camera.drone_key)} · {words.model(key)}", camera.drone_key]
            for key, camera in wpml.CAMERAS.items()
        ],
        "finish": [[key, label] for key, label in words.finish_actions().items()],
        "lost": [
            ["goContinue", _("Fly the route to its end")],
            *([key, label] for key, label in words.rc_lost_actions().items()),
        ],
        "heights": [[key, words.height_mode(key)] for key in ("relativeToStartPoint", "WGS84")],
        "survey_heights": [[key, words.height_mode(key)] for key in ("relativeToStartPoint", "realTimeFollowSurface")],
        "headings": [[key, label] for key, label in words.heading_modes().items() if key != "towardPOI"],
        "turns": [[key, label] for key, label in words.turn_modes().items()],
        "climbs": [
            ["safely", _("Climb first, then fly there")],
            ["pointToPoint", _("Fly there on a slope")],
        ],
        "actions": [_offer(name) for name in wpml.ACTION_KINDS],
    }


def _offer(name: str) -> Json:
    """An action with its parameters, for the script that makes fields of them."""
    return {
        "name": name,
        "label": words.action(name),
        "parameters": [
            {
                "name": parameter.name,
                "label": words.parameter(parameter.name),
                "low": parameter.low,
                "high": parameter.high,
                "choices": [[word, words.parameter_choice(word)] for word in parameter.choices],
                "text": parameter.text,
                "usual": words.USUAL.get((name, parameter.name), parameter.default),
            }
            for parameter in wpml.ACTION_KINDS[name]
        ],
    }


def start(workspace: Workspace) -> list[float] | None:
    """Where the editor's map begins: at a dock, else at any device with a position."""
    rows = DeviceState.objects.filter(device__workspace=workspace).order_by("-device__domain")
    for domain, summary in rows.values_list("device__domain", "summary")[:50]:
        if "lat" in summary:
            return [summary["lat"], summary["lon"]]
        if domain == Domain.DOCK and (place := gate.home_of(summary)):
            return list(place)
    return None


def docks(workspace: Workspace) -> list[Json]:
    """The docks, to be drawn: `name`, `at` [latitude, longitude]."""
    rows = DeviceState.objects.filter(device__workspace=workspace, device__domain=Domain.DOCK).select_related("device")
    return [
        {"name": str(row.device), "at": [row.summary["lat"], row.summary["lon"]]}
        for row in rows.defer("properties", "stamps")[:200]
        if "lat" in row.summary and "lon" in row.summary
    ]


def usual_aircraft(workspace: Workspace) -> tuple[str, str]:
    """Aircraft and camera that a new route is most likely for: those of the workspace's docks, else an M4TD."""
    keys = {camera.drone_key: key for key, camera in wpml.CAMERAS.items()}
    found = Device.objects.filter(workspace=workspace, domain=Domain.AIRCRAFT, model_id__in=keys)
    first = found.order_by("-gateway__domain", "-online", "sn").values_list("model_id", flat=True).first()
    drone = str(first or "0-100-1")
    return drone, keys[drone]
