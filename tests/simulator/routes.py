"""Route files as Pilot and the server write them, small."""

from __future__ import annotations

import io
import zipfile

from fleet.simulator import Place


def action(kind: str, **params: object) -> str:
    inner = "".join(f"<wpml:{name}>{value}</wpml:{name}>" for name, value in params.items())
    return (
        f"<wpml:action><wpml:actionId>0</wpml:actionId><wpml:actionActuatorFunc>{kind}</wpml:actionActuatorFunc>"
        f"<wpml:actionActuatorFuncParam>{inner}</wpml:actionActuatorFuncParam></wpml:action>"
    )


def group(first: int, last: int, *actions: str, trigger: str = "reachPoint", every: float | None = None) -> str:
    param = "" if every is None else f"<wpml:actionTriggerParam>{every}</wpml:actionTriggerParam>"
    return (
        f"<wpml:actionGroup><wpml:actionGroupId>0</wpml:actionGroupId>"
        f"<wpml:actionGroupStartIndex>{first}</wpml:actionGroupStartIndex>"
        f"<wpml:actionGroupEndIndex>{last}</wpml:actionGroupEndIndex>"
        f"<wpml:actionTrigger><wpml:actionTriggerType>{trigger}</wpml:actionTriggerType>{param}</wpml:actionTrigger>"
        f"{''.join(actions)}</wpml:actionGroup>"
    )


def folder(
    places: list[Place],
    *,
    wayline_id: int = 0,
    mode: str = "relativeToStartPoint",
    speed: float = 10.0,
    groups: dict[int, str] | None = None,
) -> str:
    """One wayline; `height` of the places is what stands in executeHeight. `groups`: waypoint -> actionGroups."""
    marks = "".join(
        f"<Placemark><Point><coordinates>{place.longitude!r},{place.latitude!r}</coordinates></Point>"
        f"<wpml:index>{index}</wpml:index><wpml:executeHeight>{place.height}</wpml:executeHeight>"
        f"<wpml:waypointSpeed>{speed}</wpml:waypointSpeed>{(groups or {}).get(index, '')}</Placemark>"
        for index, place in enumerate(places)
    )
    return (
        f"<Folder><wpml:templateId>0</wpml:templateId><wpml:executeHeightMode>{mode}</wpml:executeHeightMode>"
        f"<wpml:waylineId>{wayline_id}</wpml:waylineId><wpml:autoFlightSpeed>{speed}</wpml:autoFlightSpeed>"
        f"{marks}</Folder>"
    )


def wpml(*folders: str, version: str = "1.0.6") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2" '
        f'xmlns:wpml="http://www.dji.com/wpmz/{version}"><Document><wpml:missionConfig>'
        "<wpml:flyToWaylineMode>safely</wpml:flyToWaylineMode><wpml:finishAction>goHome</wpml:finishAction>"
        "<wpml:takeOffSecurityHeight>30</wpml:takeOffSecurityHeight>"
        "<wpml:globalTransitionalSpeed>15</wpml:globalTransitionalSpeed>"
        "<wpml:droneInfo><wpml:droneEnumValue>100</wpml:droneEnumValue>"
        "<wpml:droneSubEnumValue>1</wpml:droneSubEnumValue></wpml:droneInfo>"
        f"</wpml:missionConfig>{''.join(folders)}</Document></kml>"
    ).encode()


def kmz(*folders: str, version: str = "1.0.6") -> bytes:
    return archive(**{"wpmz/waylines.wpml": wpml(*folders, version=version)})


def archive(**names: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in names.items():
            file.writestr(name, content)
    return target.getvalue()
