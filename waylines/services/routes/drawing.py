"""Routes that are drawn in the console: a plan as JSON becomes a KMZ in the library."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from devices.models import DeviceState
from devices.models.device import Domain
from fleet.models import User, Workspace
from fleet.protocol import device_models
from media.services import storage
from media.services.storage import StorageError
from waylines import wpml
from waylines.models import Route
from waylines.services.missions import gate
from waylines.services.routes import library, reading, words
from waylines.services.routes.library import Taken
from waylines.services.routes.refused import RouteRefused

Json = dict[str, Any]
#: What the editor offers at a point; the others of a file stay and are shown.
_ACTIONS = ("takePhoto", "startRecord", "stopRecord", "hover", "gimbalRotate", "rotateYaw", "zoom", "panoShot")


def plan_of(route: Route) -> Json | None:
    """The plan behind a route, None for one that the editor would damage. Raises `RouteRefused` (`storage`)."""
    try:
        found = wpml.plan_of(wpml.read(storage.read(route.file.object_key)), name=route.name)
    except StorageError as error:
        raise RouteRefused("storage", str(error)) from error
    except wpml.WpmlError:
        return None
    return found.to_json() if found else None


def _understood(data: Json) -> wpml.WaypointPlan | wpml.SurveyPlan:
    kind = data.pop("kind", "waypoints")
    try:
        return wpml.SurveyPlan.from_json(data) if kind == "survey" else wpml.WaypointPlan.from_json(data)
    except wpml.PlanError as error:
        where = error.field.replace("points[", _("point ")).replace("]", "") if error.field else ""
        raise RouteRefused(
            "bad_plan", f"{where}: {reading.in_words(error)}" if where else reading.in_words(error), field=error.field
        ) from error


def save(workspace: Workspace, data: Json, *, route: Route | None, user: User) -> Route:
    """Writes the plan as a KMZ and stores it, in place of `route` when there is one. Raises `RouteRefused`."""
    name = str(data.get("name") or "").strip()
    if not name:
        raise RouteRefused("bad_plan", _("Give the route a name."), field="name")
    plan = _understood(dict(data))
    return library.store(
        workspace, wpml.write(plan), name=name, user=user, source=Route.Source.EDITOR, taken=Taken.ASK, route=route
    )


def look(data: Json) -> Json:
    """Length (m), duration (s), photos, points and, of a survey, `path` [[latitude, longitude], …]."""
    plan = _understood(dict(data) | {"name": str(data.get("name") or "-")})
    facts = wpml.facts(wpml.read(wpml.write(plan)))
    found: Json = {
        "distance": facts.distance,
        "duration": facts.duration,
        "photos": facts.photo_count,
        "points": facts.point_count,
    }
    if isinstance(plan, wpml.SurveyPlan):
        found |= plan.summary()
    return found


def choices() -> Json:
    """Aircraft with their usual payloads, cameras for surveys, actions and endings, as the editor offers them."""
    aircraft = [model for model in device_models.all_models() if model.domain == 0]
    return {
        "aircraft": [[model.key, model.name] for model in aircraft],
        "cameras": [
            [key, f"{words.model(camera.drone_key)} · {words.model(key)}", camera.drone_key]
            for key, camera in wpml.CAMERAS.items()
        ],
        "actions": [[name, words.actions().get(name, name)] for name in _ACTIONS],
        "finish": [
            ["goHome", _("Return home")],
            ["noAction", _("Hover")],
            ["autoLand", _("Land")],
            ["gotoFirstWaypoint", _("Back to the first point")],
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


def page_words() -> Json:
    """What the editor's script says."""
    return {
        "noMap": _("The offline map is not installed; run `make install`."),
        "point": _("Point %s"),
        "remove": _("Delete this point"),
        "nothing": _("Click on the map to add points."),
        "area": _("Click on the map to draw the area; the lines appear by themselves."),
        "facts": _("%(length)s · %(time)s · photos: %(photos)s · points: %(points)s"),
        "unsaved": _("There are changes that are not saved."),
        "failed": _("It could not be saved; the server does not answer."),
    }
