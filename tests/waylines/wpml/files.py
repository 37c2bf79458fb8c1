"""Route files of every kind, made by hand: what Pilot 2 and FlightHub 2 write, in few words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

KML = "http://www.opengis.net/kml/2.2"
WPMZ = "http://www.dji.com/wpmz/1.0.6"
HOME = (47.4, 8.5)


def el(name: str, *inner: object) -> str:
    """A vendor's element."""
    return f"<wpml:{name}>{''.join(map(str, inner))}</wpml:{name}>"


def document(*inner: str, namespace: str = WPMZ) -> bytes:
    """A whole file."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="{KML}" xmlns:wpml="{namespace}"><Document>'
        f"{''.join(inner)}</Document></kml>"
    ).encode()


def kmz(entries: Mapping[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def mission(drone: str = "99-0", payload: str | None = "88-0", extra: str = "") -> str:
    """Element missionConfig."""
    kind, sub = drone.split("-")
    payload_info = ""
    if payload:
        payload_kind, payload_sub = payload.split("-")
        payload_info = el(
            "payloadInfo",
            el("payloadEnumValue", payload_kind),
            el("payloadSubEnumValue", payload_sub),
            el("payloadPositionIndex", 0),
        )
    return el(
        "missionConfig",
        el("flyToWaylineMode", "safely"),
        el("finishAction", "goHome"),
        el("exitOnRCLost", "executeLostAction"),
        el("executeRCLostAction", "goBack"),
        el("takeOffSecurityHeight", 20),
        el("takeOffRefPoint", "47.400000,8.500000,430.5"),
        el("globalTransitionalSpeed", 12),
        el("globalRTHHeight", 90),
        el("droneInfo", el("droneEnumValue", kind), el("droneSubEnumValue", sub)),
        payload_info,
        extra,
    )


def action(name: str, number: int = 0, **parameters: object) -> str:
    """Element action."""
    return el(
        "action",
        el("actionId", number),
        el("actionActuatorFunc", name),
        el("actionActuatorFuncParam", *(el(key, value) for key, value in parameters.items())),
    )


def group(
    *actions: str, first: int, last: int | None = None, trigger: str = "reachPoint", interval: object = ""
) -> str:
    """Element actionGroup."""
    return el(
        "actionGroup",
        el("actionGroupId", first),
        el("actionGroupStartIndex", first),
        el("actionGroupEndIndex", first if last is None else last),
        el("actionGroupMode", "sequence"),
        el(
            "actionTrigger",
            el("actionTriggerType", trigger),
            el("actionTriggerParam", interval) if interval != "" else "",
        ),
        *actions,
    )


def mark(index: int, latitude: float, longitude: float, *inner: str, height: object = 50) -> str:
    """A waypoint of waylines.wpml."""
    return (
        f"<Placemark><Point><coordinates>\n  {longitude},{latitude}\n</coordinates></Point>"
        f"{el('index', index)}{el('executeHeight', height)}{el('waypointSpeed', 8)}"
        f"{el('waypointHeadingParam', el('waypointHeadingMode', 'followWayline'))}"
        f"{el('waypointTurnParam', el('waypointTurnMode', 'toPointAndStopWithDiscontinuityCurvature'))}"
        f"{''.join(inner)}</Placemark>"
    )


def wayline(
    *inner: str, number: int = 0, template: int = 0, mode: str = "relativeToStartPoint", extra: str = ""
) -> str:
    """A Folder of waylines.wpml."""
    return (
        f"<Folder>{el('templateId', template)}{el('executeHeightMode', mode)}{el('waylineId', number)}{extra}"
        f"{el('autoFlightSpeed', 8)}{''.join(inner)}</Folder>"
    )


def line(count: int = 4, **keywords: object) -> str:
    """A wayline straight to the north, 0.001 degrees (111 m) from point to point."""
    return wayline(*(mark(index, 47.4 + index * 0.001, 8.5) for index in range(count)), **keywords)  # type: ignore[arg-type]


def template(kind: str, *inner: str, number: int = 0, mode: str = "relativeToStartPoint") -> str:
    """A Folder of template.kml."""
    return (
        f"<Folder>{el('templateType', kind)}{el('templateId', number)}"
        f"{el('waylineCoordinateSysParam', el('coordinateMode', 'WGS84'), el('heightMode', mode))}"
        f"{el('autoFlightSpeed', 8)}{''.join(inner)}</Folder>"
    )


CORNERS: Sequence[tuple[float, float]] = ((47.4, 8.5), (47.402, 8.5), (47.402, 8.503), (47.4, 8.503))


def area(corners: Sequence[tuple[float, float]] = CORNERS) -> str:
    """A Polygon as Pilot 2 writes it."""
    text = "\n".join(f"{longitude},{latitude},0" for latitude, longitude in corners)
    return (
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>\n"
        f"{text}\n</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )


def _mapping(kind: str, *inner: str) -> bytes:
    return document(
        mission(),
        template(
            kind,
            "<Placemark>",
            el("shootType", "time"),
            el("direction", 30),
            el("margin", 10),
            el("overlap", el("orthoCameraOverlapH", 80), el("orthoCameraOverlapW", 70)),
            *inner,
            el("height", 60),
            "</Placemark>",
        ),
    )


_PHOTOS = group(action("takePhoto"), first=0, last=3, trigger="multipleDistance", interval=20)
_LINE = "<LineString><coordinates>8.5,47.4,0 8.501,47.403,0</coordinates></LineString>"


def route_file(kind: str) -> bytes:
    """A KMZ of that template type, with waylines; FlightHub 2's own types bring their terrain, the patrol its audio."""
    templates: dict[str, bytes] = {
        "waypoint": document(
            el("author", "+41 79 000 00 00"),
            el("createTime", 1637600807044),
            el("updateTime", 1637600875837),
            mission(),
            template(
                "waypoint",
                el("globalHeight", 50),
                el("globalWaypointTurnMode", "coordinateTurn"),
                *(
                    f"<Placemark><Point><coordinates>8.5,{47.4 + index * 0.001}</coordinates></Point>"
                    f"{el('index', index)}{el('useGlobalHeight', 1)}{el('useGlobalSpeed', 1)}"
                    f"{el('useGlobalTurnParam', 1)}</Placemark>"
                    for index in range(4)
                ),
            ),
        ),
        "mapping2d": _mapping("mapping2d", area()),
        "mapping3d": _mapping("mapping3d", el("inclinedGimbalPitch", -45), area()),
        "mappingStrip": _mapping("mappingStrip", el("leftExtend", 20), el("rightExtend", 20), _LINE),
        "mappingPrism": _mapping("mappingPrism", el("prismHeight", 40), area()),
        "targetdetection": _mapping("targetdetection", el("patrolInterval", 5), area()),
    }
    count = 5 if kind == "mapping3d" else 1
    lines = "".join(
        wayline(
            *(mark(index, 47.4 + index * 0.001, 8.5 + number * 0.001) for index in range(4)), _PHOTOS, number=number
        )
        for number in range(count)
    )
    entries: dict[str, bytes | str] = {
        "wpmz/template.kml": templates[kind],
        "wpmz/waylines.wpml": document(mission(), lines),
    }
    if kind in ("mappingPrism", "targetdetection"):
        entries["wpmz/res/dsm/terrain.tif"] = b"II*\x00" + bytes(range(256)) * 20
    if kind == "targetdetection":
        entries["wpmz/res/audio/warning.opus"] = b"OggS" + b"\x01" * 100
    return kmz(entries)


KINDS = ("waypoint", "mapping2d", "mapping3d", "mappingStrip", "mappingPrism", "targetdetection")


def simple(*lines: str, **keywords: object) -> bytes:
    """A KMZ with waylines only; a straight line of four points without further words."""
    return kmz({"wpmz/waylines.wpml": document(mission(), *(lines or (line(),)), **keywords)})  # type: ignore[arg-type]
