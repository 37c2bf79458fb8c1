"""What a route's page and its line in the list show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from devices.models import Device
from devices.models.device import Domain
from fleet.services.map_elements import listing
from waylines import wpml
from waylines.models import Route
from waylines.services.missions import gate
from waylines.services.missions.policy import policy_of
from waylines.services.routes import drawing, reading, words
from waylines.services.routes.refused import RouteRefused
from waylines.wpml.facts import executed

Json = dict[str, Any]
#: The height profile's drawing, in its own units.
WIDTH, HEIGHT = 1000, 160
#: Points that the page draws and lists; of a longer route the map shows the shape.
SHOWN = 2500
#: Unknown elements that are named.
NAMED = 40


@dataclass(frozen=True, slots=True)
class Opened:
    """A route with its file, read again for its page; `file` is None and `problem` says why when that failed."""

    route: Route
    file: wpml.RouteFile | None = None
    problem: str = ""
    outline: list[Json] = field(default_factory=list)


def opened(route: Route) -> Opened:
    """Reads the file; what was kept when it was stored stands in for one that is out of reach."""
    if route.file.problem:
        return Opened(route, problem=route.file.problem, outline=route.file.outline)
    try:
        file = wpml.read(reading.content(route.file))
    except RouteRefused as refusal:
        return Opened(route, problem=refusal.message, outline=route.file.outline)
    except wpml.WpmlError as error:
        return Opened(route, problem=reading.in_words(error), outline=route.file.outline)
    return Opened(route, file, outline=wpml.outline(file, max_points=SHOWN))


def sketch(route: Route, size: int = 44) -> list[str]:
    """The route's shape as points of SVG polylines in a square; empty when nothing is known."""
    lines = route.file.facts.get("sketch") or []
    places = [place for line in lines for place in line]
    if not places:
        return []
    south, north = min(p[0] for p in places), max(p[0] for p in places)
    west, east = min(p[1] for p in places), max(p[1] for p in places)
    # Degrees of longitude are shorter than those of latitude.
    narrow = math.cos(math.radians((south + north) / 2)) or 1e-6
    extent = max(north - south, (east - west) * narrow) or 1e-9
    scale = (size - 8) / extent
    left, top = (size - (east - west) * narrow * scale) / 2, (size - (north - south) * scale) / 2
    return [
        " ".join(f"{left + (p[1] - west) * narrow * scale:.1f},{top + (north - p[0]) * scale:.1f}" for p in line)
        for line in lines
    ]


def length(metres: float | None) -> str:
    if metres is None:
        return "—"
    return f"{number_format(metres / 1000, 2)} km" if metres >= 1000 else f"{metres:.0f} m"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def rows(route: Route) -> list[tuple[str, str]]:
    """The facts, for people."""
    facts: Mapping[str, Any] = route.file.facts
    highest, lowest = facts.get("highest"), facts.get("lowest")
    heights = "—"
    if highest is not None and lowest is not None:
        values = {"low": f"{lowest:.0f}", "high": f"{highest:.0f}"}
        mode = words.height_mode(str(facts.get("height_mode") or ""))
        heights = f"{_('%(low)s to %(high)s m') % values} {mode}".strip()
    recorded = facts.get("video_seconds")
    return [
        (_("Aircraft"), words.model(route.drone_model_key) or "—"),
        (_("Payload"), words.models(route.payload_model_keys) or "—"),
        (_("Kind"), ", ".join(words.template(str(word)) for word in facts.get("template_types") or []) or "—"),
        (_("Length"), length(facts.get("distance"))),
        (_("Duration"), duration(facts.get("duration")) + (" ≈" if facts.get("estimated") else "")),
        (_("Waypoints"), str(facts.get("point_count") or 0)),
        (_("Photos"), str(facts.get("photo_count") or 0)),
        *([(_("Video"), duration(recorded))] if recorded else []),
        (_("Heights"), heights),
        (_("At the end"), _of(words.finish_actions(), facts.get("finish_action"))),
        (_("When the link is lost"), _when_lost(facts)),
        (_("Take-off height"), length(facts.get("take_off_security_height"))),
        (_("By"), f"{route.user_name or '—'} · {route.get_source_display()}"),
        (_("Format"), _("WPML %(version)s") % {"version": facts.get("version") or "?"}),
        (_("File"), f"{filesizeformat(route.file.size)} · {route.file.sign}"),
    ]


def _when_lost(facts: Mapping[str, Any]) -> str:
    """What the file says, and nothing where it says nothing: the aircraft then does what it is set to."""
    leaves = facts.get("exit_on_rc_lost")
    if leaves == "goContinue":
        return _("Fly the route to its end")
    if leaves == "executeLostAction":
        return _of(words.rc_lost_actions(), facts.get("rc_lost_action"))
    return str(leaves or "—")


def _of(known: Mapping[str, str], word: Any) -> str:
    return known.get(str(word), str(word)) if word else "—"


def contents(page: Opened) -> Json:
    """What travels along (`resources`, name and size) and what nobody here can explain (`unknown`, `more` of it)."""
    if page.file is None:
        return {"resources": [(str(name), "") for name in page.route.file.facts.get("resources") or []]}
    unknown = page.file.unknown
    return {
        "resources": [(resource.name, filesizeformat(resource.size)) for resource in page.file.resources],
        "unknown": unknown[:NAMED],
        "more": max(0, len(unknown) - NAMED),
    }


def editable(page: Opened) -> bool:
    """Whether the editor keeps everything that is in it."""
    return page.file is not None and drawing.plan_in(page.file) is not None


def docks(route: Route) -> list[Device]:
    return list(Device.objects.filter(workspace=route.workspace_id, domain=Domain.DOCK).order_by("callsign", "sn"))


def advice(page: Opened, dock: Device | None) -> list[Json]:
    """What speaks against it: by itself, and from this dock with its aircraft."""
    if page.problem:
        return [{"severity": "block", "text": page.problem}]
    policy = policy_of(page.route.workspace_id)
    aircraft_key, home = None, None
    if dock is not None:
        said = gate.state_of(dock.pk)
        aircraft = gate.aircraft_of(dock, said)
        aircraft_key, home = (aircraft.model_id if aircraft else None), gate.home_of(said)
    found = wpml.advise(
        page.file or wpml.Facts.from_json(page.route.file.facts),
        aircraft_model_key=aircraft_key,
        home=home,
        max_height=policy.max_height,
        max_distance=policy.max_distance,
        no_fly=listing.no_fly_areas(page.route.workspace_id),
    )
    lines = [{"severity": advice.severity, "text": reading.in_words(advice)} for advice in found]
    if dock is not None:
        lines += [{"severity": "info", "text": text} for text in _not_known(dock, aircraft_key, home)]
    if home is not None and (away := gate.farthest(home, page.outline)) > policy.max_distance:
        text = _("It leads %(away)s m away; the range is %(limit)s m.")
        lines.insert(0, {"severity": "block", "text": text % {"away": f"{away:.0f}", "limit": policy.max_distance}})
    return lines


def _not_known(dock: Device, aircraft_key: str | None, home: tuple[float, float] | None) -> list[str]:
    """What could not be checked: silence must not look like consent."""
    found = []
    if home is None:
        found.append(_("%(dock)s has not said where it stands: distances from it were not checked.") % {"dock": dock})
    if aircraft_key is None:
        found.append(
            _("The aircraft of %(dock)s is not known: whether the route fits it was not checked.") % {"dock": dock}
        )
    return found


def profile(outline: list[Json]) -> Json:
    """Heights along the way: an SVG path over `WIDTH` x `HEIGHT`; for each point where it lies on it and how far it is.

    `spots` are [x, y, metres along the way, height or null].
    """
    places: list[tuple[float, float | None]] = []
    along, before = 0.0, None
    for line in outline:
        for latitude, longitude, height in line.get("points", []):
            if before is not None:
                along += gate.distance(before, (latitude, longitude))
            before = (latitude, longitude)
            places.append((along, height))
    heights = [height for _along, height in places if height is not None]
    if len(heights) < 2:
        return {}
    floor, ceiling = min(0.0, *heights), max(heights)
    ceiling = max(ceiling, floor + 1.0)
    total = places[-1][0] or 1.0
    spots = [
        [
            round(a / total * WIDTH, 1),
            round(HEIGHT - 8 - ((h or 0.0) - floor) / (ceiling - floor) * (HEIGHT - 16), 1),
            round(a, 1),
            h,
        ]
        for a, h in places
    ]
    ground = round(HEIGHT - 8 - (0.0 - floor) / (ceiling - floor) * (HEIGHT - 16), 1)
    path = "M" + " L".join(f"{x},{y}" for x, y, _along, _height in spots)
    return {
        "path": path,
        "area": f"{path} L{spots[-1][0]},{ground} L0,{ground} Z",
        "ground": ground,
        "spots": spots,
        "low": f"{min(heights):.0f} m",
        "high": f"{max(heights):.0f} m",
        "length": length(places[-1][0]),
        "width": WIDTH,
        "height": HEIGHT,
    }


def points(page: Opened) -> list[Json]:
    """The points of the outline with what is done at each; with speeds and details as far as the file is at hand."""
    found: list[Json] = []
    named = words.actions()
    for line in page.outline:
        done: dict[int, list[Json]] = {}
        for action in line.get("actions", []):
            done.setdefault(action["point"], []).append(_action(action, named))
        whole = _waypoints(page, line)
        for place, (latitude, longitude, height) in enumerate(line.get("points", [])):
            waypoint = whole[place] if whole else None
            found.append(
                {
                    "number": (waypoint.index if waypoint else place) + 1,
                    "latitude": f"{latitude:.6f}",
                    "longitude": f"{longitude:.6f}",
                    "height": _short(height),
                    "speed": _short(waypoint.speed if waypoint else None),
                    "risky": place in line.get("risky", []),
                    "actions": [_detailed(action, named) for action in waypoint.actions]
                    if waypoint
                    else done.get(place, []),
                }
            )
    return found


def _short(value: float | None) -> str:
    """As text, for a template that formats some thousand numbers takes its time."""
    return "—" if value is None else f"{value:.1f}".removesuffix(".0")


def _waypoints(page: Opened, line: Json) -> tuple[wpml.Waypoint, ...]:
    """The file's points, one for each of the outline's; none where the outline left some out."""
    if page.file is None or line.get("thinned", True):
        return ()
    flown = next((found for found in executed(page.file) if found.id == line["id"]), None)
    return flown.points if flown and len(flown.points) == len(line["points"]) else ()


def _action(said: Json, named: Mapping[str, str]) -> Json:
    return {
        "name": said["name"],
        "label": named.get(said["name"], said["name"]),
        "detail": words.trigger(said.get("trigger", ""), said.get("interval")),
    }


def _detailed(action: wpml.Action, named: Mapping[str, str]) -> Json:
    said = (words.parameters(action.name, action.parameters), words.trigger(action.trigger, action.interval))
    label = named.get(action.name, action.name)
    return {"name": action.name, "label": label, "detail": ", ".join(filter(None, said))}


def painting(page: Opened, listed: list[Json], heights: Json) -> Json:
    """What the page's script draws: the outline, and for each listed point what its tooltip and the profile say."""
    return {
        "lines": [
            {key: line.get(key) or [] for key in ("points", "polygon", "line", "risky")} | {"kind": line.get("kind")}
            for line in page.outline
        ],
        "numbers": [point["number"] for point in listed],
        "actions": [[action["name"] for action in point["actions"]] for point in listed],
        "spots": heights.get("spots", []),
        "labels": {action["name"]: action["label"] for point in listed for action in point["actions"]},
    }
