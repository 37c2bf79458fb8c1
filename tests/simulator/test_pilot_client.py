"""Pilot's side of the HTTP interface, against the smallest cloud that keeps to it and a real bucket."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from fleet.simulator import Behaviour, HttpError, LoggedOut, PilotClient, PilotError, fleet_of, invented
from tests.simulator.bucket import Bucket

BASE = "/api/v1/workspaces/w-1"


class PilotCloud:
    """Answers Pilot as PILOT.md says; `heard` is (method, path, query, body, token)."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.heard: list[tuple[str, str, dict[str, list[str]], Any, str | None]] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.routes: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                parts = urlsplit(self.path)
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
                query, token = parse_qs(parts.query), self.headers.get("x-auth-token")
                outer.heard.append((self.command, parts.path, query, body, token))
                status, content = outer.answer(self.command, parts.path, query, body, token)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", content.decode())
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], body: Any, token: str | None
    ) -> tuple[int, bytes]:
        if path == "/route.kmz":
            return 200, b"a route" if token is None else b"the token came along"
        if path != "/manage/api/v1/login" and token != "t-1":
            return 401, b""
        if path.endswith("/url"):
            return 302, f"{self.url}/route.kmz".encode()
        if path.endswith("/broken"):
            return 500, b"oh"
        code, data = self._data(path, query, body)
        return 200, json.dumps({"code": code, "message": "m", "data": data}).encode()

    def _data(self, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        match path.removeprefix("/media" + BASE).removeprefix("/wayline" + BASE):
            case "/manage/api/v1/login":
                good = body["password"] == "right"
                return (0 if good else 1001), {"access_token": "t-1", "workspace_id": "w-1", "username": "anna"}
            case "/files/tiny-fingerprints":
                known = {file["ext"]["tinny_fingerprint"] for file in self.files.values()}
                return 0, {"tiny_fingerprints": [print_ for print_ in body["tiny_fingerprints"] if print_ in known]}
            case "/fast-upload":
                return (0 if body["fingerprint"] in self.files else -1), {}
            case "/upload-callback" if path.startswith("/media"):
                self.files[body["fingerprint"]] = body
                return 0, {"object_key": body["object_key"]}
            case "/upload-callback":
                self.routes.append(body["name"])
                return 0, {}
            case "/waylines/duplicate-names":
                return 0, [name for name in query["name"] if name in self.routes]
        return (0, self.bucket.offer()) if path == "/storage" + BASE + "/sts" else (0, {"id": "e-1", "list": []})


@pytest.fixture
def pilot_cloud(bucket: Bucket) -> Iterator[PilotCloud]:
    cloud = PilotCloud(bucket)
    yield cloud
    cloud.close()


def test_login_and_what_goes_wrong(pilot_cloud: PilotCloud) -> None:
    with pytest.raises(PilotError) as wrong:
        PilotClient.login(pilot_cloud.url, "anna", "wrong")
    assert wrong.value.code == 1001
    pilot = PilotClient.login(pilot_cloud.url, "anna", "right", sn="R1")
    assert pilot_cloud.heard[-1][3]["device_sn"] == "R1"
    assert pilot.topologies() == []
    with pytest.raises(HttpError) as broken:
        pilot.call("GET", "/broken")
    assert broken.value.code == 500
    pilot.token = "old"
    with pytest.raises(LoggedOut):
        pilot.waylines()


def test_routes_are_uploaded_found_and_fetched(pilot_cloud: PilotCloud, bucket: Bucket) -> None:
    pilot = PilotClient.login(pilot_cloud.url, "anna", "right")
    key = pilot.upload_wayline("Roof", b"kmz", drone_key="0-99-0", payload_keys=["1-88-0"], template_types=[0])
    assert bucket.objects() == {key: b"kmz"}
    assert pilot_cloud.heard[-1][1] == "/wayline" + BASE + "/upload-callback"
    with pytest.raises(PilotError):
        pilot.upload_wayline("Roof", b"kmz", drone_key="0-99-0", payload_keys=[], template_types=[0])
    pilot.waylines(favorited="true", drone_model_keys=["0-99-0"])
    query = pilot_cloud.heard[-1][2]
    assert (query["order_by"], query["drone_model_keys"]) == (["update_time desc"], ["0-99-0"])
    assert pilot.wayline_file("r-1") == b"a route"  # and the token stayed here
    pilot.favour(["r-1", "r-2"])
    pilot.favour(["r-1"], favoured=False)
    assert [(m, q["id"]) for m, _, q, _, _ in pilot_cloud.heard[-2:]] == [("POST", ["r-1", "r-2"]), ("DELETE", ["r-1"])]


def test_map_elements(pilot_cloud: PilotCloud) -> None:
    pilot = PilotClient.login(pilot_cloud.url, "anna", "right")
    point = {"type": "Point", "coordinates": [8.5, 47.6]}
    assert pilot.create_element("g-1", "Tree", point, kind=0) == "e-1"
    method, path, _, body, _ = pilot_cloud.heard[-1]
    assert (method, path) == ("POST", "/map" + BASE + "/element-groups/g-1/elements")
    assert body["resource"]["content"]["geometry"] == point
    assert body["resource"]["user_name"] == "anna"
    pilot.update_element("e-1", "Oak", body["resource"]["content"])
    pilot.delete_element("e-1")
    assert [(m, p) for m, p, *_ in pilot_cloud.heard[-2:]] == [
        (method, "/map" + BASE + "/elements/e-1") for method in ("PUT", "DELETE")
    ]


async def test_a_remote_uploads_pictures_once(broker, cloud, pilot_cloud: PilotCloud, bucket: Bucket) -> None:
    async with fleet_of(invented(0, broker.url, others=True), behaviour=Behaviour(fly=False)) as fleet:
        remote = fleet.remotes[0]
        pilot = PilotClient.login(pilot_cloud.url, "anna", "right", sn=remote.sn)
        files = await remote.upload_media(pilot, shots=2)
        assert len(bucket.objects()) == 2
        for file in files:
            assert Image.open(io.BytesIO(bucket.objects()[file.object_key])).format == "JPEG"
            told = pilot_cloud.files[file.fingerprint]
            assert told["object_key"] == file.object_key
            assert told["result"] == 0
            assert told["ext"]["sn"] == remote.aircraft_sn
            assert told["ext"]["payload_model_key"] == "1-88-0"
        groups = [body for _, path, _, body, _ in pilot_cloud.heard if path.endswith("group-upload-callback")]
        assert [(g["file_count"], g["file_uploaded_count"]) for g in groups] == [(2, 1), (2, 2)]
        pilot.upload_media(files, drone_key="0-99-0", payload_key="1-88-0")
        assert all(file.known_before for file in files)
        assert len(bucket.objects()) == 2
