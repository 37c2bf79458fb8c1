"""What Pilot 2 on a remote asks of the cloud over HTTP: routes, pictures, map elements, who is there.

    pilot = PilotClient.login("https://fleet.example", "anna", "…", sn="9N9C…")
    pilot.upload_wayline("Roof", kmz, drone_key="0-99-0", payload_keys=["1-88-0"], template_types=[0])
    files = await remote.upload_media(pilot, shots=3)

All calls wait for their answer: from a coroutine, call them in a thread.
"""

from __future__ import annotations

import hashlib
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from fleet.simulator.photographs import Shot
from fleet.simulator.storage import Storage, content_type

TOKEN = "x-auth-token"  # noqa: S105  a header's name
TIMEOUT = 30.0
NORMAL = 0  # `sub_file_type`


class PilotError(Exception):
    """The cloud said no: `code` of the envelope, and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class HttpError(PilotError):
    """The cloud answered with another HTTP status than 200: `code`."""


class LoggedOut(HttpError):
    """The cloud answered 401: Pilot leaves it."""


@dataclass
class PilotFile:
    """A picture to upload. Afterwards `object_key` says where it lies, "" when the cloud had it already."""

    name: str
    content: bytes
    metadata: Mapping[str, Any]
    object_key: str = ""
    known_before: bool = False
    sub_file_type: int = NORMAL

    @classmethod
    def of(cls, shot: Shot, content: bytes) -> PilotFile:
        """The picture of a shot."""
        metadata = {
            "absolute_altitude": shot.altitude,
            "relative_altitude": shot.relative_altitude,
            "gimbal_yaw_degree": f"{shot.yaw:.2f}",
            "created_time": shot.time.isoformat(timespec="seconds"),
            "shoot_position": {"lat": shot.latitude, "lng": shot.longitude},
        }
        return cls(shot.name(), content, metadata)

    @property
    def fingerprint(self) -> str:
        """Of the whole content."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    @property
    def tiny_fingerprint(self) -> str:
        """Of the beginning and the length: quick, for files of gigabytes."""
        head = hashlib.md5(self.content[:65536], usedforsecurity=False).hexdigest()
        return f"{head}_{len(self.content)}"


class PilotClient:
    """One session of Pilot: `url` without a path, the token of its login, the workspace that it chose."""

    def __init__(self, url: str, token: str, workspace_id: str) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.workspace_id = workspace_id
        self.session: Mapping[str, Any] = {}
        self._storage: Storage | None = None

    @classmethod
    def login(cls, url: str, username: str, password: str, *, sn: str = "", workspace_id: str = "") -> PilotClient:
        """Log in as the page inside Pilot does; `session` is the whole answer. Raises PilotError."""
        client = cls(url, "", workspace_id)
        data = {"username": username, "password": password, "flag": 2, "device_sn": sn, "workspace_id": workspace_id}
        client.session = client.call("POST", "/manage/api/v1/login", data)
        client.token = client.session["access_token"]
        client.workspace_id = client.session["workspace_id"]
        return client

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """`data` of the answer. Raises HttpError (LoggedOut at a 401), or PilotError."""
        answer = json.loads(self._open(method, path, body, query))
        if answer.get("code") != 0:
            raise PilotError(int(answer.get("code", -1)), str(answer.get("message", "")))
        return answer.get("data")

    def _open(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> bytes:
        address = self.url + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, content, method=method)  # noqa: S310  the server's own address
        if content is not None:
            request.add_header("Content-Type", "application/json")
        if self.token:
            # Not to the bucket that a redirect leads to.
            request.add_unredirected_header(TOKEN, self.token)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            error.close()
            raise (LoggedOut if error.code == 401 else HttpError)(error.code, text[:500]) from error

    def _path(self, app: str, rest: str) -> str:
        return f"/{app}/api/v1/workspaces/{quote(self.workspace_id)}/{rest}"

    # -- who is there, and the shared map ------------------------------------------------------------------

    def topologies(self) -> list[dict[str, Any]]:
        """Gateways and their aircraft."""
        return list(self.call("GET", self._path("manage", "devices/topologies"))["list"])

    def element_groups(self, **filters: Any) -> list[dict[str, Any]]:
        """The shared map: groups with their elements."""
        return list(self.call("GET", self._path("map", "element-groups"), query=filters))

    def create_element(
        self, group_id: str, name: str, geometry: Mapping[str, Any], *, kind: int, color: str = "#2D8CF0"
    ) -> str:
        """Draw a pin (0), line (1) or polygon (2) with a GeoJSON geometry; its id, which Pilot chooses."""
        element_id = str(uuid.uuid4())
        content = {
            "type": "Feature",
            "properties": {"color": color, "clampToGround": True, "is3d": False},
            "geometry": geometry,
        }
        resource = {"type": kind, "user_name": str(self.session.get("username", "pilot")), "content": content}
        body = {"id": element_id, "name": name, "resource": resource}
        answer = self.call("POST", self._path("map", f"element-groups/{quote(group_id)}/elements"), body)
        return str(answer.get("id", element_id))

    def update_element(self, element_id: str, name: str, content: Mapping[str, Any]) -> None:
        """Change name, colour or shape (`content` is a GeoJSON feature)."""
        self.call("PUT", self._path("map", f"elements/{quote(element_id)}"), {"name": name, "content": content})

    def delete_element(self, element_id: str) -> None:
        """Remove an element."""
        self.call("DELETE", self._path("map", f"elements/{quote(element_id)}"))

    # -- routes --------------------------------------------------------------------------------------------

    def waylines(self, **filters: Any) -> dict[str, Any]:
        """One page of the route library: `list` and `pagination`."""
        query = {"order_by": "update_time desc", "page": 1, "page_size": 10, **filters}
        return dict(self.call("GET", self._path("wayline", "waylines"), query=query))

    def wayline_file(self, wayline_id: str) -> bytes:
        """The route file, from wherever the cloud leads."""
        return self._open("GET", self._path("wayline", f"waylines/{quote(wayline_id)}/url"))

    def duplicate_names(self, names: Sequence[str]) -> list[str]:
        """Which of the names are taken."""
        return list(self.call("GET", self._path("wayline", "waylines/duplicate-names"), query={"name": names}))

    def upload_wayline(
        self,
        name: str,
        content: bytes,
        *,
        drone_key: str,
        payload_keys: Sequence[str],
        template_types: Sequence[int],
    ) -> str:
        """Put a route into the library; its object key. Raises PilotError when the name is taken."""
        if self.duplicate_names([name]):
            raise PilotError(-1, f"there is a route named {name!r}")
        storage = self.storage()
        key = storage.key(f"{name}.kmz")
        storage.put_now(key, content, content_type(key))
        metadata = {
            "drone_model_key": drone_key,
            "payload_model_keys": list(payload_keys),
            "template_types": list(template_types),
        }
        body = {"object_key": key, "name": name, "metadata": metadata}
        self.call("POST", self._path("wayline", "upload-callback"), body)
        return key

    def favour(self, wayline_ids: Sequence[str], *, favoured: bool = True) -> None:
        """Mark routes as favourites, or no longer."""
        self.call("POST" if favoured else "DELETE", self._path("wayline", "favorites"), query={"id": wayline_ids})

    # -- pictures ------------------------------------------------------------------------------------------

    def storage(self) -> Storage:
        """The bucket and a key for it, asked again when the key ends."""
        if self._storage is None or self._storage.over:
            self._storage = Storage.read(self.call("POST", self._path("storage", "sts"), {}))
        return self._storage

    def known(self, files: Iterable[PilotFile]) -> set[str]:
        """Tiny fingerprints of those files that the cloud has."""
        body = {"tiny_fingerprints": [file.tiny_fingerprint for file in files]}
        return set(self.call("POST", self._path("media", "files/tiny-fingerprints"), body)["tiny_fingerprints"])

    def upload_media(
        self,
        files: Sequence[PilotFile],
        *,
        drone_key: str,
        payload_key: str,
        sn: str = "",
        group_id: str = "",
        original: bool = True,
    ) -> str:
        """Upload the files of one flight as Pilot does, and say how far the group is; the group's id."""
        group_id = group_id or str(uuid.uuid4())
        known = self.known(files)
        for number, file in enumerate(files, 1):
            ext = {
                "drone_model_key": drone_key,
                "payload_model_key": payload_key,
                "is_original": original,
                "tinny_fingerprint": file.tiny_fingerprint,
                "sn": sn,
            }
            file.known_before = file.tiny_fingerprint in known or self.has(file, ext)
            if not file.known_before:
                self.upload_file(file, {**ext, "file_group_id": group_id})
            progress = {"file_group_id": group_id, "file_count": len(files), "file_uploaded_count": number}
            self.call("POST", self._path("media", "group-upload-callback"), progress)
        return group_id

    def has(self, file: PilotFile, ext: Mapping[str, Any]) -> bool:
        """Whether the cloud has this very file (fast-upload); then it is not sent."""
        body = {"fingerprint": file.fingerprint, "name": file.name, "path": "", "ext": ext}
        try:
            self.call("POST", self._path("media", "fast-upload"), body)
        except HttpError:
            raise
        except PilotError:
            return False
        return True

    def upload_file(self, file: PilotFile, ext: Mapping[str, Any], *, result: int = 0) -> None:
        """Put one file into the bucket and report it; with a `result` other than 0, report that it failed."""
        storage = self.storage()
        file.object_key = storage.key(str(ext.get("file_group_id") or int(time.time())), file.name)
        if result == 0:
            storage.put_now(file.object_key, file.content, content_type(file.name))
        body = {
            "result": result,
            "object_key": file.object_key,
            "name": file.name,
            "path": "",
            "fingerprint": file.fingerprint,
            "sub_file_type": file.sub_file_type,
            "ext": dict(ext),
            "metadata": dict(file.metadata),
        }
        self.call("POST", self._path("media", "upload-callback"), body)
