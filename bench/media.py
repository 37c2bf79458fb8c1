"""Media: a million stored files. What Pilot's questions, callbacks, the gallery and the map cost, and what a zip takes.

`python -m bench.media` measures this part alone and prints the plans of the database too.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.clock import milliseconds

if TYPE_CHECKING:
    from tests.live import LiveFleet

FILES = int(os.environ.get("BENCH_MEDIA_FILES", "1000000"))
ZIPPED = int(os.environ.get("BENCH_ZIP_MB", "2000"))
_ROUNDS = 40
_SITES = 2_000
_PART_MB = 50
_COLUMNS = [
    "workspace_id",
    "fingerprint",
    "tiny_fingerprint",
    "object_key",
    "name",
    "path",
    "size",
    "kind",
    "lens",
    "drone_model_key",
    "payload_model_key",
    "device_sn",
    "aircraft_id",
    "flight_key",
    "stack",
    "is_panorama",
    "lead",
    "taken_at",
    "moment",
    "latitude",
    "longitude",
    "cell",
    "gimbal_yaw",
    "gimbal_pitch",
    "metadata",
    "thumbnail_key",
    "favorite",
    "status",
    "reason",
    "attempts",
    "created_at",
]
_START = datetime(2025, 11, 1, tzinfo=UTC)


def measure(fleet: LiveFleet) -> dict[str, Any]:
    """All figures; needs PostgreSQL."""
    inside = dict(fleet.query("from bench import media\nanswer = media.inside()"))
    figures = inside["figures"]
    figures |= callbacks(fleet, inside["workspace"], inside["token"])
    figures |= zipping(fleet, inside["workspace"], inside["session"])
    return dict(figures)


# --- In a process of the installation --------------------------------------------------------------------------------


def fill(workspace_id: Any, aircraft: list[int]) -> float:
    """Write the files: a third visible, thermal and zoom each, at a few thousand sites over a year. Seconds it took."""
    from django.db import connection

    begun = time.monotonic()
    with connection.cursor() as cursor:
        columns = ", ".join(_COLUMNS)
        with cursor.copy(f"COPY media_mediafile ({columns}) FROM STDIN") as copy:
            for row in _rows(workspace_id, aircraft):
                copy.write_row(row)
        cursor.execute("ANALYZE media_mediafile")
    return time.monotonic() - begun


def _rows(workspace_id: Any, aircraft: list[int]) -> Iterator[list[Any]]:
    from media.services.library import cells

    chance = random.Random(7)
    sites = [(chance.uniform(44, 54), chance.uniform(0, 20)) for _ in range(_SITES)]
    said = json.dumps({"callback": {"ext": {"is_original": True}}, "exif": {"Make": "bench", "note": "x" * 250}})
    for number in range(FILES):
        shot, lens = number // 3, "VTZ"[number % 3]
        if lens == "V":
            site = sites[shot // 170 % _SITES]
            latitude, longitude = site[0] + chance.gauss(0, 0.003), site[1] + chance.gauss(0, 0.004)
            cell = cells.cell_of(latitude, longitude)
            yaw = chance.uniform(-180, 180)
        moment = _START + timedelta(seconds=shot * 90)
        kind = "video" if number % 50 == 0 else "photo"
        name = f"DJI_{moment:%Y%m%d%H%M%S}_{shot % 10000:04d}_{lens}.JPG"
        yield [
            workspace_id, f"{number:032x}", f"tiny-{number}", f"{workspace_id}/media/{shot // 500}/{name}", name, "",
            9_000_000, kind, lens, "0-100-1", "1-99-0", "", aircraft[shot // 500 % len(aircraft)], f"flight-{shot // 500}",
            f"{shot:032x}", False, lens == "V", moment, moment, latitude, longitude, cell, yaw, -60.0, said,
            f"{workspace_id}/thumbnails/{number}.webp", number % 5000 == 0, "confirmed", "", 0, moment,
        ]  # fmt: skip


def _median(work: Callable[[int], Any], rounds: int = _ROUNDS) -> float:
    return round(milliseconds(work, rounds), 2)


def inside() -> dict[str, Any]:
    """Fill the database and ask it; figures, and what the rest needs to ask over the network."""
    from django.conf import settings
    from django.test import Client
    from rest_framework.test import APIClient

    from devices.models import Device, DeviceModel
    from fleet.models import Membership, Role, User, Workspace
    from fleet.services import tokens

    settings.ALLOWED_HOSTS = ["*"]
    workspace = Workspace.objects.create(name=f"Bench media {time.time()}")
    user = User.objects.create_user(f"media-{time.time()}", password=None)
    Membership.objects.create(workspace=workspace, user=user, role=Role.OPERATOR)
    model, _made = DeviceModel.objects.get_or_create(key="0-100-1")
    birds = [
        Device.objects.create(workspace=workspace, sn=f"BENCHM{time.time()}{n}", domain=0, model=model)
        for n in range(20)
    ]
    seconds = fill(workspace.pk, [bird.pk for bird in birds])
    _token, key = tokens.issue(user, workspace, "bench")
    pilot = APIClient(HTTP_X_AUTH_TOKEN=key)
    browser = Client()
    browser.force_login(user)
    figures: dict[str, Any] = {f"{FILES:,} files written": f"{seconds:.0f} s"}
    figures |= _asked(pilot, workspace.pk)
    figures |= _looked_at(browser, birds[3].pk)
    figures |= plans(workspace.pk, birds[3].pk)
    return {
        "figures": figures,
        "workspace": str(workspace.pk),
        "token": key,
        "session": browser.cookies["sessionid"].value,
    }


def _asked(pilot: Any, workspace_id: Any) -> dict[str, Any]:
    """What Pilot asks, through the whole API, against the bare statement."""
    from django.db import connection

    root = f"/media/api/v1/workspaces/{workspace_id}"
    chance = random.Random(3)
    known = [f"{chance.randrange(FILES):032x}" for _ in range(_ROUNDS)]
    tiny = [f"tiny-{chance.randrange(FILES * 2)}" for _ in range(1_000)]

    def ask(fingerprint: str) -> int:
        answer = pilot.post(f"{root}/fast-upload", {"fingerprint": fingerprint}, format="json")
        return int(answer.json()["code"])

    def ask_many(_number: int) -> None:
        answer = pilot.post(f"{root}/files/tiny-fingerprints", {"tiny_fingerprints": tiny}, format="json")
        assert 300 < len(answer.json()["data"]["tiny_fingerprints"]) < 700

    def bare(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM media_mediafile WHERE workspace_id = %s AND fingerprint = %s AND fingerprint <> ''",
                [workspace_id, known[number]],
            )
            assert cursor.fetchone()

    def insert(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO media_mediafile (workspace_id, object_key, fingerprint, tiny_fingerprint, name, path, kind, lens,"
                " drone_model_key, payload_model_key, device_sn, flight_key, stack, is_panorama, lead, moment, metadata,"
                " thumbnail_key, favorite, status, reason, attempts, created_at) VALUES (%s, %s, %s, %s, 'bare', '', 'photo',"
                " '', '', '', '', '', '', false, true, now(), '{}', '', false, 'failed', '', 0, now())",
                [workspace_id, f"bare/{number}/{time.time()}", f"bare-{number}-{time.time()}", f"bare-{number}"],
            )

    assert ask(known[0]) == 0
    assert ask("unknown") != 0
    return {
        "bare select by fingerprint, ms": _median(bare),
        "bare insert of a file, ms": _median(insert),
        "fast-upload of a file that is there, ms": _median(lambda number: ask(known[number])),
        "fast-upload of one that is not, ms": _median(lambda number: ask(f"no-{number}")),
        "tiny-fingerprints, 1,000 at once, ms": _median(ask_many),
    }


def _looked_at(browser: Any, bird: int) -> dict[str, Any]:
    """The console's pages, through Django's test client."""

    def page(path: str) -> Callable[[int], None]:
        def get(_number: int) -> None:
            answer = browser.get(f"/admin/{path}")
            assert answer.status_code == 200, (path, answer.status_code)

        return get

    middle = (_START + timedelta(seconds=FILES // 6 * 90)).isoformat().replace("+", "%2B")
    pages = {
        "gallery, first page": "gallery/",
        "gallery, page in the middle": f"gallery/more/?after={middle}_{FILES // 2}",
        "gallery, thermal only": "gallery/?lens=T",
        "gallery, one aircraft": f"gallery/?aircraft={bird}",
        "gallery, films": "gallery/?kind=video",
        "gallery, favourites": "gallery/?favorite=1",
        "gallery, in trouble": "gallery/?status=trouble",
        "gallery, one month": "gallery/?since=2026-03-01&until=2026-03-31",
        "gallery, an area of 10 km": "gallery/?area=8.0,47.0,8.13,47.09",
        "gallery, an area of 500 km": "gallery/?area=5,46,11,50",
        "map of shots, all of Europe": "shots/data/?box=-10,35,30,60&zoom=4",
        "map of shots, 10 km": "shots/data/?box=8.0,47.0,8.13,47.09&zoom=13",
    }
    return {f"{name}, ms": _median(page(path), 15) for name, path in pages.items()}


def plans(workspace_id: Any, bird: int) -> dict[str, str]:
    """How the database finds things: the scans of each plan. Raises `AssertionError` for one that reads all files."""
    from datetime import UTC

    from media.services.library import cells, filters, gallery, known

    tiny = [f"tiny-{number}" for number in range(500)]
    want = filters.Wanted

    def page(wanted: filters.Wanted) -> Any:
        return gallery.shown(filters.rows(workspace_id, wanted, UTC))[: gallery.PAGE + 1]

    stored = known.stored(workspace_id)
    asked = {
        "fast-upload": stored.filter(fingerprint=f"{5:032x}").exclude(fingerprint="").values("pk"),
        "tiny-fingerprints": stored.filter(tiny_fingerprint__in=tiny).exclude(tiny_fingerprint="").values("pk"),
        "gallery": page(want()),
        "gallery, thermal": page(want(lens="T")),
        "gallery, aircraft": page(want(aircraft=bird)),
        "gallery, area": page(want(area=cells.area_of("8.0,47.0,8.13,47.09"))),
    }
    found = {}
    for name, rows in asked.items():
        plan = rows.explain()
        print(f"--- {name}\n{plan}")
        assert "Seq Scan on media_mediafile" not in plan, plan
        lines = [line.strip().removeprefix("->").strip().split("  (")[0] for line in plan.splitlines()]
        scans = [line.replace(" on media_mediafile", "") for line in lines if "Scan" in line and "media_" in line]
        found[f"plan of {name}"] = "; ".join(dict.fromkeys(scans))
    return found


# --- Over the network ------------------------------------------------------------------------------------------------


def callbacks(
    fleet: LiveFleet, workspace: str, token: str, seconds: float = 10, connections: int = 4
) -> dict[str, Any]:
    """Upload callbacks that the web server takes in a second: each a new file, stored before it is answered."""
    counts = [0] * connections
    end = time.monotonic() + seconds

    def send(which: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", fleet.port)
        headers = {"x-auth-token": token, "Content-Type": "application/json"}
        while time.monotonic() < end:
            name = f"DJI_20261101120000_{counts[which]:06d}_V.JPG"
            body = {
                "result": 0, "object_key": f"{workspace}/media/new{which}/{name}", "name": name, "path": "",
                "fingerprint": f"new-{which}-{counts[which]}", "sub_file_type": 0,
                "ext": {"tinny_fingerprint": f"t-{which}-{counts[which]}", "file_group_id": f"g{which}"},
                "metadata": {"created_time": "2026-11-01T12:00:00Z", "shoot_position": {"lat": 47.0, "lng": 8.0}},
            }  # fmt: skip
            link.request("POST", f"/media/api/v1/workspaces/{workspace}/upload-callback", json.dumps(body), headers)
            answer = link.getresponse()
            assert json.loads(answer.read())["code"] == 0
            counts[which] += 1

    threads = [threading.Thread(target=send, args=(which,)) for which in range(connections)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(counts) / (time.monotonic() - begun)
    return {f"upload callbacks over {connections} connections, files/s": round(rate)}


def zipping(fleet: LiveFleet, workspace: str, session: str) -> dict[str, Any]:
    """Memory of the web server while it makes a zip: for a quick reader, and for one that stops reading."""
    ids = _put_films(fleet, workspace)
    before = _resident(fleet)
    peak = [before]
    running = threading.Event()
    running.set()

    def watch() -> None:
        while running.is_set():
            peak[0] = max(peak[0], _resident(fleet))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    answer = _ask_zip(fleet, session, ids)
    begun, total = time.monotonic(), 0
    while piece := answer.read(1 << 20):
        total += len(piece)
    took, quick = time.monotonic() - begun, peak[0]
    peak[0] = _resident(fleet)
    stopped = _ask_zip(fleet, session, ids)
    stopped.read(1 << 20)
    time.sleep(10)
    running.clear()
    watcher.join()
    stopped.close()
    assert total > ZIPPED * 1_000_000
    return {
        f"zip of {total / 1e9:.1f} GB, MB/s": round(total / took / 1e6),
        "web server before, MB": round(before / 1e6),
        "its peak while zipping, MB": round(quick / 1e6),
        "its peak with a reader that stopped, MB": round(peak[0] / 1e6),
    }


def _put_films(fleet: LiveFleet, workspace: str) -> str:
    """As many films as make up the zip; their ids with commas."""
    return str(
        fleet.query(
            "import os\nfrom django.utils import timezone\nfrom media.models import MediaFile\n"
            "from media.services import storage\n"
            f"content = os.urandom({_PART_MB}_000_000)\nids = []\n"
            f"for n in range({ZIPPED // _PART_MB}):\n"
            f"    key = f'{workspace}/media/zip/{{n}}.MP4'\n"
            "    storage.put(key, content)\n"
            f"    row = MediaFile.objects.create(workspace_id={workspace!r}, object_key=key, name=f'{{n}}.MP4', kind='video',"
            " size=len(content), status='confirmed', moment=timezone.now())\n"
            "    ids.append(str(row.pk))\n"
            "answer = ','.join(ids)"
        )
    )


def _ask_zip(fleet: LiveFleet, session: str, ids: str) -> http.client.HTTPResponse:
    link = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=600)
    secret = "b" * 32
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={secret}",
        "X-CSRFToken": secret,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    link.request("POST", "/admin/gallery/zip/", f"ids={ids}", headers)
    answer = link.getresponse()
    assert answer.getheader("Content-Type") == "application/zip", answer.status
    return answer


def _resident(fleet: LiveFleet) -> int:
    """Bytes of the web process."""
    found = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                with Path(entry.path, "cmdline").open("rb") as file:
                    command = file.read()
                if b"daphne" in command and str(fleet.port).encode() in command:
                    with Path(entry.path, "statm").open() as file:
                        found = max(found, int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
            except OSError:
                continue
    return found


def main() -> None:
    import tests.environment  # noqa: F401 - a data directory and a Redis of our own, before Django's settings are read
    from tests.live import running_fleet
    from tests.servers import postgres_server

    with postgres_server() as server:
        os.environ["DATABASE_URL"] = server.url
        with running_fleet() as fleet:
            fleet.worker.stop()  # nothing but the web server and the database is measured
            for name, value in measure(fleet).items():
                print(f"{name:<52} {value}")


if __name__ == "__main__":
    main()
