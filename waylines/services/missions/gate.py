"""May it take off? Every check before a mission, each with a reason that a person can act on.

Read from what the dock and its aircraft last said of themselves: presence, `mode_code`, cover, rain, wind, battery,
storage and health messages (pages "Device properties" of docks and aircraft, "HMS").
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Alarm, Device, DeviceState
from devices.models.device import Domain
from devices.services import live_map
from devices.services.summary import number, summarize
from fleet.protocol import device_models
from fleet.services.map_elements import listing
from waylines.models import Mission, MissionPolicy
from waylines.models.mission import ACTIVE
from waylines.services.missions.policy import policy_of
from waylines.wpml import no_fly_areas

Properties = Mapping[str, Any]

#: Docks say these every other second; what is older (in seconds) is no news, and what is much older is not said at all:
#: its sensor is gone for good.
FRESH, GONE = 60, 86_400
_WATCHED = ("mode_code", "drone_in_dock", "rainfall", "wind_speed")


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer. `name` is stable; `text` says it to a person."""

    name: str
    verdict: Verdict
    text: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def blocks(checks: list[Check]) -> list[Check]:
    return [check for check in checks if check.verdict is Verdict.BLOCK]


def warnings(checks: list[Check]) -> list[Check]:
    return [check for check in checks if check.verdict is Verdict.WARN]


def examine(mission: Mission) -> list[Check]:
    """All checks of a mission, saved or not, against the machines as they are now. Five queries."""
    dock = Device.objects.select_related("model", "state").get(pk=mission.dock_id)
    state = dock.state if hasattr(dock, "state") else None
    said: Properties = _said(state) if state is not None else {}
    aircraft = aircraft_of(dock, said)
    policy = policy_of(mission.workspace_id)
    flown: Properties = aircraft.state.properties if aircraft is not None and hasattr(aircraft, "state") else {}
    return [
        *_approval(policy, mission),
        *_dock(dock, mission, said),
        *fresh(dock, state),
        *_weather(policy, said),
        *_aircraft_checks(dock, aircraft, mission, policy, said, flown),
        *_health(dock, aircraft),
        *route(mission, aircraft.model_id if aircraft else None, home_of(said), policy),
    ]


def aircraft_of(dock: Device, said: Properties) -> Device | None:
    """The dock's aircraft: the one that hangs on it, else the one it names as its own, which may be switched off."""
    mine = Device.objects.filter(workspace_id=dock.workspace_id, domain=Domain.AIRCRAFT).select_related(
        "model", "state"
    )
    found = mine.filter(gateway=dock).order_by("-online", "index").first()
    paired = said.get("sub_device")
    if found is None and isinstance(paired, dict) and paired.get("device_sn"):
        found = mine.filter(sn=str(paired["device_sn"])).first()
    return found


def home_of(said: Properties) -> tuple[float, float] | None:
    """Where the dock stands."""
    found = summarize(Domain.DOCK, said)
    return (found["lat"], found["lon"]) if "lat" in found else None


def _approval(policy: MissionPolicy, mission: Mission) -> Iterator[Check]:
    """A mission that is only being planned cannot be approved yet; the rule may be newer than one that was planned."""
    if policy.needs_approval and mission.approved_by_id is None and not mission._state.adding:
        yield Check("approval", Verdict.BLOCK, _("Somebody other than its planner has to approve it."))


def _dock(dock: Device, mission: Mission, said: Properties) -> Iterator[Check]:
    if not dock.online:
        yield Check("online", Verdict.BLOCK, _("%(dock)s is offline.") % {"dock": dock})
        return
    yield Check("online", Verdict.OK, _("%(dock)s is online.") % {"dock": dock})
    if other := at_it(dock, mission):
        yield Check("busy", Verdict.BLOCK, _("It is flying “%(mission)s”.") % {"mission": other})
        return
    mode = number(said.get("mode_code"))
    if mode is None:
        yield Check("mode", Verdict.WARN, _("The dock has not said what it is doing."))
    elif mode == 0:
        yield Check("mode", Verdict.OK, _("The dock is idle."))
    else:
        name = live_map.modes()[Domain.DOCK].get(str(int(mode))) or _("state %(mode)s") % {"mode": int(mode)}
        yield Check("mode", Verdict.BLOCK, _("The dock is not idle: %(mode)s.") % {"mode": name})
    if number(said.get("emergency_stop_state")) == 1:
        yield Check("emergency_stop", Verdict.BLOCK, _("The dock's emergency stop is pressed; release it on site."))
    cover = number(said.get("cover_state"))
    if cover == 3:
        yield Check("cover", Verdict.BLOCK, _("The dock's cover is in an abnormal state; look at it on site."))
    elif cover in (1, 2):
        yield Check("cover", Verdict.WARN, _("The dock's cover is not closed."))
    elif cover == 0:
        yield Check("cover", Verdict.OK, _("The cover is closed."))


def fresh(dock: Device, state: DeviceState | None) -> Iterator[Check]:
    """What a dock said before it was away says nothing of the weather now."""
    if not dock.online:
        return
    age = (timezone.now() - state.told_at).total_seconds() if state is not None and state.told_at else None
    if state is None or age is None or age > FRESH:
        yield Check("fresh", Verdict.BLOCK, _("%(dock)s has not reported its state since it is back.") % {"dock": dock})
        return
    if late := [name for name in _WATCHED if FRESH < _age(state, name) < GONE]:
        words = {"dock": dock, "what": ", ".join(late)}
        yield Check("fresh", Verdict.BLOCK, _("%(dock)s has not said anew: %(what)s.") % words)


def _age(state: DeviceState, name: str) -> float:
    """How long before its last word a device said this, in seconds of its own clock; 0 when it does not tell."""
    return float(state.reported_at - state.stamps.get(name, state.reported_at)) / 1000


def _said(state: DeviceState) -> Properties:
    gone = {name for name in _WATCHED if _age(state, name) >= GONE}
    return {name: value for name, value in state.properties.items() if name not in gone}


def locked(mission: Mission) -> list[Device]:
    """The mission's docks, held until the end of the transaction against others that want them too."""
    docks = [dock for dock in (mission.dock_id, mission.landing_dock_id) if dock]
    return list(Device.objects.select_for_update(no_key=True).filter(pk__in=docks).order_by("pk"))


def at_it(dock: Device, but: Mission) -> Mission | None:
    """Another mission that this dock flies now, or that is to land at it."""
    flown = Mission.objects.filter(Q(dock=dock) | Q(landing_dock=dock), status__in=ACTIVE)
    return flown.exclude(pk=but.pk).first()


def _weather(policy: MissionPolicy, said: Properties) -> Iterator[Check]:
    rain, wind = number(said.get("rainfall")), number(said.get("wind_speed"))
    if rain is None:
        yield Check("rain", Verdict.WARN, _("The dock reports no rain sensor."))
    else:
        levels = dict(MissionPolicy.Rain.choices)
        words: dict[str, object] = {"rain": levels.get(int(rain)) or int(rain), "limit": levels[policy.rain]}
        if rain > policy.rain:
            yield Check("rain", Verdict.BLOCK, _("Rain at the dock: %(rain)s (at most: %(limit)s).") % words)
        else:
            yield Check("rain", Verdict.OK, _("Rain at the dock: %(rain)s.") % words)
    if wind is None:
        yield Check("wind", Verdict.WARN, _("The dock reports no wind sensor."))
    else:
        words = {"wind": f"{wind:.1f}", "limit": f"{policy.wind:g}"}
        if wind > policy.wind:
            yield Check("wind", Verdict.BLOCK, _("Wind at the dock: %(wind)s m/s (at most %(limit)s).") % words)
        else:
            yield Check("wind", Verdict.OK, _("Wind at the dock: %(wind)s m/s.") % words)


def _aircraft_checks(
    dock: Device, aircraft: Device | None, mission: Mission, policy: MissionPolicy, said: Properties, flown: Properties
) -> Iterator[Check]:
    here = number(said.get("drone_in_dock"))
    summary = summarize(Domain.AIRCRAFT, flown)
    mode = summary.get("mode")
    tone = live_map.tones()[Domain.AIRCRAFT].get(str(mode))
    if aircraft is not None and aircraft.online and tone in ("flying", "alarm"):
        name = live_map.modes()[Domain.AIRCRAFT].get(str(mode)) or mode
        yield Check("flying", Verdict.BLOCK, _("The aircraft is in the air: %(mode)s.") % {"mode": name})
    elif here == 0:
        yield Check("flying", Verdict.BLOCK, _("The aircraft is not in the dock."))
    elif here is None:
        yield Check("flying", Verdict.WARN, _("The dock has not said whether the aircraft is inside."))
    else:
        yield Check("flying", Verdict.OK, _("The aircraft is in the dock."))
    needed = mission.battery_capacity if mission.battery_capacity is not None else policy.battery
    # Switched off, the aircraft says nothing and the dock knows its charge.
    charge = summary.get("battery") if aircraft is not None and aircraft.online else None
    if charge is None:
        charge = summarize(Domain.DOCK, said).get("battery")
    yield from _least("battery", charge, needed, _("battery"), "%")
    storage = flown.get("storage")
    total, used = (number(storage.get(key)) for key in ("total", "used")) if isinstance(storage, dict) else (None, None)
    free = (total - used) / 1024 if total and used is not None else None
    least = mission.storage_capacity if mission.storage_capacity is not None else policy.storage_mb
    yield from _least("storage", free, least, _("free storage"), "MB")


def _least(name: str, value: float | None, least: float, what: str, unit: str) -> Iterator[Check]:
    if value is None:
        yield Check(name, Verdict.WARN, _("Not reported: %(what)s.") % {"what": what})
        return
    words = {"what": what.capitalize(), "value": f"{value:.0f}", "least": f"{least:g}", "unit": unit}
    if value < least:
        text = _("%(what)s: %(value)s %(unit)s, needed are %(least)s %(unit)s.") % words
        yield Check(name, Verdict.BLOCK, text)
    else:
        yield Check(name, Verdict.OK, _("%(what)s: %(value)s %(unit)s.") % words)


def _health(dock: Device, aircraft: Device | None) -> Iterator[Check]:
    devices = [dock.pk, *([aircraft.pk] if aircraft else [])]
    rows = Alarm.objects.filter(device_id__in=devices, ended_at=None, level__gte=Alarm.Level.CAUTION)
    found = list(rows.order_by("-level", "-started_at")[:20])
    if not found:
        yield Check("health", Verdict.OK, _("No alarm."))
    for alarm in found:
        verdict = Verdict.BLOCK if alarm.level >= Alarm.Level.WARNING else Verdict.WARN
        words = {"level": alarm.get_level_display(), "code": alarm.code}
        yield Check("health", verdict, _("Health message %(code)s (%(level)s).") % words)


def route(
    mission: Mission, model_key: str | None, home: tuple[float, float] | None, policy: MissionPolicy
) -> Iterator[Check]:
    """What speaks against the route itself, for this aircraft from this dock."""
    if mission.file.problem:
        yield Check("route", Verdict.BLOCK, mission.file.problem)
        return
    facts: Mapping[str, Any] = mission.file.facts
    if facts.get("executable") is False:
        text = _("The file is a template without waylines; open it in Pilot 2 or the editor and save it as a route.")
        yield Check("route", Verdict.BLOCK, text)
    wanted = str(facts.get("drone_model_key") or "")
    if wanted and model_key and wanted != model_key:
        names = {"wanted": _model(wanted), "there": _model(model_key)}
        text = _("The route is made for %(wanted)s, the dock has %(there)s.") % names
        yield Check("model", Verdict.BLOCK, text)
    elif not model_key:
        yield Check("model", Verdict.WARN, _("The dock's aircraft is not known, nor whether the route fits it."))
    else:
        yield Check("model", Verdict.OK, _("The route fits the aircraft."))
    highest = number(facts.get("highest"))
    if highest is not None and facts.get("height_mode") == "WGS84":
        text = _("Its heights are above the ellipsoid; they were not compared with the limit.")
        yield Check("height", Verdict.WARN, text)
    elif highest is not None and highest > policy.max_height:
        words = {"height": f"{highest:.0f}", "limit": policy.max_height}
        yield Check("height", Verdict.WARN, _("It climbs to %(height)s m; the limit is %(limit)s m.") % words)
    if home is not None:
        away = farthest(home, mission.file.outline)
        words = {"away": f"{away:.0f}", "limit": policy.max_distance}
        if away > policy.max_distance:
            yield Check("range", Verdict.BLOCK, _("It leads %(away)s m away; the range is %(limit)s m.") % words)
        elif mission.file.outline:
            yield Check("range", Verdict.OK, _("It leads %(away)s m away at most.") % words)
    yield from _no_fly(mission, home)


def _no_fly(mission: Mission, home: tuple[float, float] | None) -> Iterator[Check]:
    """The workspace's no-fly areas against each leg of the route and the straight ways from and to the docks."""
    areas = listing.no_fly_areas(mission.workspace_id)
    if not areas:
        return
    flown = [way for way in _ways(mission.file.outline) if way]
    last = home_of(state_of(mission.landing_dock_id)) if mission.landing_dock_id else home
    ways: list[Any] = no_fly_areas.joined(flown)
    if flown:
        ways += [[home, flown[0][0]]] if home is not None else []
        ways += [[flown[-1][-1], last]] if last is not None else []
    crossed, unreadable = no_fly_areas.crossings(ways, areas)
    over = sorted({crossing.area for crossing in crossed if crossing.way < len(flown)})
    beside = sorted({crossing.area for crossing in crossed} - set(over))
    for area in over:
        yield Check("no_fly", Verdict.BLOCK, _("The route crosses the no-fly area “%(area)s”.") % {"area": area})
    for area in beside:
        text = _("The straight way between the dock and the route crosses the no-fly area “%(area)s”.")
        yield Check("no_fly", Verdict.WARN, text % {"area": area})
    for area in unreadable:
        text = _("The no-fly area “%(area)s” cannot be read and was not checked.")
        yield Check("no_fly", Verdict.WARN, text % {"area": area})
    # What was not looked at must not look like consent.
    unsure = []
    if not flown or any(isinstance(line, dict) and line.get("thinned") for line in mission.file.outline):
        unsure.append(_("The route has too many points or none; not each of its legs was checked for no-fly areas."))
    if home is None or last is None:
        unsure.append(_("A dock has not said where it stands: the way from or to it may cross a no-fly area."))
    yield from (Check("no_fly", Verdict.WARN, text) for text in unsure)
    if not crossed and not unreadable and not unsure:
        yield Check("no_fly", Verdict.OK, _("It crosses no no-fly area."))


def _model(key: str) -> str:
    found = device_models.find(key)
    return found.name if found else key


def farthest(home: tuple[float, float], outline: Any) -> float:
    """Metres from `home` to the farthest point of an outline (lists of [latitude, longitude, …])."""
    return max((distance(home, place) for way in _ways(outline) for place in way), default=0.0)


def _ways(outline: Any) -> list[list[tuple[float, float]]]:
    """The waylines of an outline as latitudes and longitudes."""
    lines = outline if isinstance(outline, list) else []
    found = [line.get("points", []) if isinstance(line, dict) else line for line in lines]
    return [[(place[0], place[1]) for place in way] for way in found]


def distance(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Metres on the sphere, good to half a percent."""
    north, south = math.radians(here[0]), math.radians(there[0])
    step = math.radians(there[1] - here[1])
    half = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(step / 2) ** 2
    return 2 * 6_371_000 * math.asin(min(1.0, math.sqrt(half)))


def state_of(device_id: int) -> Properties:
    """The latest properties of a device, empty when it never spoke."""
    found = DeviceState.objects.filter(device_id=device_id).values_list("properties", flat=True).first()
    return found or {}
