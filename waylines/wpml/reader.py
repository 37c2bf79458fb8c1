"""From bytes to a `RouteFile` (pages "template.kml", "waylines.wpml" and "Common elements" of the WPML format).

Lenient in what it understands: any namespace, any folder, either file alone, words of later versions. Strict in what
could hurt: a point without a usable place is no point to fly to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from waylines.wpml import placemarks
from waylines.wpml.actions import ActionReader
from waylines.wpml.archive import Limits, take, unpack
from waylines.wpml.errors import WpmlError
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.markup import (
    Document,
    Node,
    integer_of,
    moment_of,
    node_of,
    nodes,
    number_of,
    text_of,
    version_of,
)
from waylines.wpml.route import (
    TEMPLATE_CODES,
    ActionGroup,
    MissionConfig,
    Resource,
    RouteFile,
    Template,
    Wayline,
    Waypoint,
)

_WAYLINES = "waylines.wpml"
_TEMPLATE = "template.kml"
_DEFAULT_LIMITS = Limits()
#: "No payload" and "not known" among the vendor's numbers.
_NO_MODEL = frozenset({65535})


def read(data: bytes | bytearray | memoryview | BinaryIO, *, limits: Limits = _DEFAULT_LIMITS) -> RouteFile:
    """Reads a KMZ, or a bare `waylines.wpml` or `template.kml`.

    Raises WpmlError; its `reason` is one of empty, too_big, not_a_zip, damaged, too_many_files, zip_bomb, encrypted,
    unsupported_compression, unsafe_path, duplicate_name, symlink, no_wayline, bad_xml, entities, too_deep,
    too_many_elements, too_many_waylines, too_many_points, too_many_actions, bad_coordinates, bad_number.
    """
    content = take(data, limits)
    if _is_markup(content):
        return _Reading(limits).bare(content)
    return _Reading(limits).archive(unpack(content, limits))


def _is_markup(content: bytes) -> bool:
    head = content[:256].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    return head.startswith(b"<")


class _Reading:
    """One file being read; counts points and actions over all its parts."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._actions = ActionReader(limits.actions)
        self._points_left = limits.points

    def bare(self, content: bytes) -> RouteFile:
        document = Document(_WAYLINES, content, self._limits)
        executable = any(
            "executeHeightMode" in folder or "waylineId" in folder for folder in nodes(document.root, "Folder")
        )
        name = _WAYLINES if executable else _TEMPLATE
        entries = {f"wpmz/{name}": content}
        return self._route(None if executable else document, document if executable else None, entries, ())

    def archive(self, entries: Mapping[str, bytes]) -> RouteFile:
        template_name = _find(entries, _TEMPLATE)
        waylines_name = _find(entries, _WAYLINES)
        if template_name is None and waylines_name is None:
            if any(name.lower().endswith(".kml") for name in entries):
                raise WpmlError("no_wayline", _("The file is an ordinary KMZ map, not a route for an aircraft."))
            raise WpmlError("no_wayline", _("The archive holds neither waylines.wpml nor template.kml."))
        template = Document(template_name, entries[template_name], self._limits) if template_name else None
        waylines = Document(waylines_name, entries[waylines_name], self._limits) if waylines_name else None
        resources = tuple(
            Resource(name, len(body)) for name, body in entries.items() if name not in (template_name, waylines_name)
        )
        return self._route(template, waylines, entries, resources)

    def _route(
        self,
        template: Document | None,
        waylines: Document | None,
        entries: Mapping[str, bytes],
        resources: tuple[Resource, ...],
    ) -> RouteFile:
        found = [document for document in (waylines, template) if document is not None]
        templates = self._templates(template) if template else ()
        flown = self._waylines(waylines) if waylines else ()
        if not templates and not flown:
            raise WpmlError("no_wayline", _("The file holds no route at all."))
        namespace = next((document.namespace for document in found if document.namespace), "")
        roots = [document.root for document in reversed(found)]
        return RouteFile(
            namespace=namespace,
            version=version_of(namespace),
            author=next((text_of(root, "author") for root in roots if text_of(root, "author")), ""),
            created=next(filter(None, (moment_of(root, "createTime") for root in roots)), None),
            updated=next(filter(None, (moment_of(root, "updateTime") for root in roots)), None),
            config=_config(roots),
            templates=templates,
            waylines=flown,
            resources=resources,
            unknown=tuple(dict.fromkeys(name for document in found for name in document.unknown)),
            executable=any(wayline.points for wayline in flown),
            entries=entries,
        )

    def _templates(self, document: Document) -> tuple[Template, ...]:
        return tuple(self._template(folder, place) for place, folder in enumerate(self._folders(document)))

    def _template(self, folder: Node, place: int) -> Template:
        kind = text_of(folder, "templateType")
        system = node_of(folder, "waylineCoordinateSysParam")
        polygon, line = placemarks.shapes(folder)
        marks = list(nodes(folder, "Placemark"))
        height = number_of(folder, "globalHeight")
        if height is None:
            height = next((found for mark in marks if (found := number_of(mark, "height")) is not None), None)
        given = integer_of(folder, "templateId")
        return Template(
            id=place if given is None else given,
            type=kind,
            type_code=TEMPLATE_CODES.get(kind),
            auto_flight_speed=number_of(folder, "autoFlightSpeed"),
            height_mode=text_of(system, "heightMode"),
            height=height,
            points=self._points(folder, planned=True)[0],
            polygon=polygon,
            line=line,
            raw=folder,
        )

    def _waylines(self, document: Document) -> tuple[Wayline, ...]:
        return tuple(self._wayline(folder, place) for place, folder in enumerate(self._folders(document)))

    def _folders(self, document: Document) -> list[Node]:
        """One for each template or wayline."""
        found = list(nodes(document.root, "Folder"))
        if len(found) > self._limits.waylines:
            raise WpmlError(
                "too_many_waylines", _("The route has more than %(limit)s waylines."), limit=self._limits.waylines
            )
        return found

    def _wayline(self, folder: Node, place: int) -> Wayline:
        points, groups = self._points(folder, planned=False)
        given = integer_of(folder, "waylineId")
        return Wayline(
            id=place if given is None else given,
            template_id=integer_of(folder, "templateId") or 0,
            distance=number_of(folder, "distance"),
            duration=number_of(folder, "duration"),
            execute_height_mode=text_of(folder, "executeHeightMode"),
            auto_flight_speed=number_of(folder, "autoFlightSpeed"),
            points=points,
            start_actions=self._actions.start_actions(folder),
            action_groups=groups,
        )

    def _points(self, folder: Node, *, planned: bool) -> tuple[tuple[Waypoint, ...], tuple[ActionGroup, ...]]:
        marks = [mark for mark in nodes(folder, "Placemark") if "Point" in mark]
        self._points_left -= len(marks)
        if self._points_left < 0:
            raise WpmlError(
                "too_many_points", _("The route has more than %(limit)s waypoints."), limit=self._limits.points
            )
        points = placemarks.waypoints(folder, marks, planned=planned)
        groups = self._actions.groups(folder, marks)
        return self._actions.attach(points, groups), groups


def _find(entries: Mapping[str, bytes], wanted: str) -> str | None:
    """The entry of that name, in any case and folder; the one in `wpmz/` wins, then the one least deep."""
    found = [name for name in entries if name.lower().rsplit("/", 1)[-1] == wanted]
    return min(found, key=lambda name: (not name.lower().startswith("wpmz/"), name.count("/"), name), default=None)


def _config(roots: list[Node]) -> MissionConfig:
    merged: Node = {}
    for root in roots:
        merged.update(node_of(root, "missionConfig"))
    drone = node_of(merged, "droneInfo")
    payloads = [payload for payload in nodes(merged, "payloadInfo") if _model_key(1, payload, "payload")]
    return MissionConfig(
        fly_to_wayline_mode=text_of(merged, "flyToWaylineMode"),
        finish_action=text_of(merged, "finishAction"),
        exit_on_rc_lost=text_of(merged, "exitOnRCLost"),
        rc_lost_action=text_of(merged, "executeRCLostAction"),
        take_off_security_height=number_of(merged, "takeOffSecurityHeight"),
        global_transitional_speed=number_of(merged, "globalTransitionalSpeed"),
        global_rth_height=number_of(merged, "globalRTHHeight"),
        take_off_ref_point=placemarks.latitude_first(text_of(merged, "takeOffRefPoint")),
        drone_model_key=_model_key(0, drone, "drone"),
        payload_model_keys=tuple(_model_key(1, payload, "payload") for payload in payloads),
        payload_positions=tuple(integer_of(payload, "payloadPositionIndex") or 0 for payload in payloads),
        raw=merged,
    )


def _model_key(domain: int, node: Node, prefix: str) -> str:
    kind = integer_of(node, f"{prefix}EnumValue")
    if kind is None or kind in _NO_MODEL:
        return ""
    return f"{domain}-{kind}-{integer_of(node, f'{prefix}SubEnumValue') or 0}"
