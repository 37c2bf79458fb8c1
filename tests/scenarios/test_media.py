"""Pictures through real servers: a dock and a remote bring them into the bucket by themselves, and they are in the library."""

from __future__ import annotations

import contextlib
import io
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from PIL import Image

from fleet.simulator import PilotClient, PilotError
from fleet.simulator.photographs import Shot, photograph
from fleet.simulator.pilot_client import PilotFile
from fleet.simulator.storage import Storage
from tests.live import PASSWORD, LiveFleet
from tests.scenarios.site import Site

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

_FILES = """
from media.models import MediaFile, MediaGroup, RefusedUpload, StorageGrant
def told(files):
    return [{"name": f.name, "status": f.status, "kind": f.kind, "lens": f.lens, "size": f.size,
             "place": (f.latitude, f.longitude), "height": f.relative_height, "pitch": f.gimbal_pitch,
             "width": f.width, "duration": f.duration, "lead": f.lead, "thumbnail": f.thumbnail_key, "pk": f.pk,
             "read": sorted(f.metadata), "flight": f.flight_id and str(f.flight_id),
             "mission": f.mission_id and str(f.mission_id), "key": f.object_key}
            for f in files.order_by("name")]
"""
EXT = {"drone_model_key": "0-100-1", "payload_model_key": "1-99-0", "is_original": True, "sn": ""}


@dataclass
class Console:
    """The browser of an operator of one workspace, as far as it fetches pages."""

    client: httpx.Client

    def page(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return answer.text

    def status(self, address: str) -> int:
        return self.client.get(address).status_code

    def bytes(self, address: str) -> bytes:
        """What an address leads to, wherever it leads."""
        answer = self.client.get(address, follow_redirects=True)
        assert answer.status_code == 200, (address, answer.status_code)
        return answer.content

    def shown(self, address: str) -> set[int]:
        """The files whose cards are on a page."""
        return {int(pk) for pk in re.findall(r'<article class="shot" data-id="(\d+)"', self.page(address))}


@contextlib.contextmanager
def operator(site: Site, workspace: str) -> Iterator[Console]:
    """A new operator of this workspace, who has logged in."""
    name = f"operator-{uuid.uuid4().hex[:8]}"
    site.ask(
        "from fleet.models import Membership, Role\n"
        f"person = User.objects.create_user({name!r}, password={PASSWORD!r}, is_staff=True)\n"
        f"Membership.objects.create(user=person, workspace_id={workspace!r}, role=Role.OPERATOR)\nanswer = 1"
    )
    with httpx.Client(base_url=site.fleet.url, timeout=30) as client:
        client.get("/admin/login/")
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        assert client.post("/admin/login/", data=form).status_code == 302
        yield Console(client)


@pytest.fixture
def console(site: Site) -> Iterator[Console]:
    # At the tests' speed a start so soon after a landing would count as the same flight.
    grounded = "answer = not Flight.objects.filter(ended_at=None).exists()"
    site.fleet.wait(lambda: site.ask(grounded), 60, "the flight before to be over")
    with operator(site, workspace_of(site)) as console:
        yield console


def workspace_of(site: Site) -> str:
    return str(site.ask(f"answer = str(Device.objects.get(sn={site.dock.sn!r}).workspace_id)"))


def files_of(site: Site, mission: str) -> list[dict[str, Any]]:
    return list(site.ask(f"{_FILES}answer = told(MediaFile.objects.filter(mission_id={mission!r}))"))


def named(site: Site, workspace: str, *names: str) -> list[dict[str, Any]]:
    where = f"workspace_id={workspace!r}, name__in={list(names)!r}"
    return list(site.ask(f"{_FILES}answer = told(MediaFile.objects.filter({where}))"))


def upload_of(site: Site, key: str) -> dict[str, Any]:
    """A mission's upload, or that of a remote's group."""
    code = (
        f"g = MediaGroup.objects.filter(key={key!r}).first()\n"
        "answer = g and {'complete': g.completed_at is not None, 'alarm': g.alarm_at is not None,"
        " 'expected': g.expected, 'reported': g.reported}"
    )
    return dict(site.ask(_FILES + code) or {})


def looked_at(site: Site, find: Callable[[], list[dict[str, Any]]], count: int) -> list[dict[str, Any]]:
    """The files as soon as the worker has made a small picture of each."""

    def done() -> Any:
        found = find()
        return found if len(found) == count and all(file["thumbnail"] for file in found) else None

    return list(site.fleet.wait(done, 90, f"{count} files with thumbnails or posters"))


def delays(site: Site, mission: str) -> list[float]:
    """Seconds from when the dock began to say so, by its clock, which is ours, until each file's row was written."""
    code = (
        "from devices.models import LoggedMessage\nsaid = {}\n"
        "for m in LoggedMessage.objects.filter(method='file_upload_callback', direction='up').order_by('-at'):\n"
        "    said[m.payload['data']['file']['object_key']] = m.payload['timestamp'] / 1000\n"
        f"answer = [f.created_at.timestamp() - said[f.object_key] for f in MediaFile.objects.filter(mission_id={mission!r})]"
    )
    return sorted(site.ask(_FILES + code))


def test_a_dock_brings_what_it_photographed_and_filmed(site: Site, console: Console) -> None:
    site.dock.behaviour.media_limit = 20
    film = site.make_route("Film", 2, ("takePhoto", "startRecord", "stopRecord"))
    mission = site.plan(route=film)
    ended = site.until(mission, "ok", timeout=120)
    assert ended["media_count"] == 6
    site.fleet.wait(lambda: upload_of(site, mission).get("complete"), 90, "the upload to be complete")
    found = looked_at(site, lambda: files_of(site, mission), 6)
    assert upload_of(site, mission) == {"complete": True, "alarm": False, "expected": 6, "reported": 6}
    print("callback to library row, seconds: ", end="")
    measured = delays(site, mission)
    print(f"{measured[0]:.3f} least, {median(measured):.3f} median, {measured[-1]:.3f} most, of {len(measured)}")

    # It came with what the dock had asked for, which is good for this workspace's folder and for a while.
    given, workspace = site.dock.media.storage, workspace_of(site)
    assert given is not None
    assert given.credentials["security_token"]
    assert given.credentials["access_key_id"] != site.fleet.s3.key[0]
    assert given.prefix.strip("/").startswith(workspace)
    noted = site.ask(f"{_FILES}answer = StorageGrant.objects.get(device__sn={site.dock.sn!r}).prefix")
    assert noted.strip("/") == given.prefix.strip("/")

    assert {file["status"] for file in found} == {"confirmed"}
    assert {file["name"].rsplit("_", 1)[-1] for file in found} == {"V.JPG", "T.JPG", "V.MP4"}
    assert {file["mission"] for file in found} == {mission}
    [flight] = {file["flight"] for file in found}
    assert flight
    shots = {file.name: file for file in site.dock.media.uploaded}
    for file in found:
        shot = shots[file["name"]].shot
        assert file["key"] == shots[file["name"]].object_key
        # A film holds its place in steps of 1/65536 degree, and its word goes before the dock's.
        assert file["place"] == pytest.approx((shot.latitude, shot.longitude), abs=1 / 65536)
        if file["kind"] == "video":
            assert file["duration"] == pytest.approx(1, abs=0.2)
        else:
            # Only the file itself says these.
            assert (file["pitch"], file["width"]) == (shot.pitch, 640 if file["lens"] == "T" else 1280)
            assert {"exif", "xmp"} <= set(file["read"])
            assert file["height"] == pytest.approx(shot.relative_altitude, abs=0.01)
    see(site, console, found, mission, flight)


def see(site: Site, console: Console, found: list[dict[str, Any]], mission: str, flight: str) -> None:
    """The same by what an operator sees."""
    cards = {file["pk"] for file in found if file["lead"]}
    for address in (
        f"/admin/gallery/?mission={mission}",
        f"/admin/gallery/?flight={flight}",
        f"/admin/waylines/mission/{mission}/change/",
        f"/admin/waylines/flight/{flight}/change/",
    ):
        assert console.shown(address) == cards, address
    assert cards <= console.shown("/admin/gallery/")
    assert "All 6 files have arrived." in console.page(f"/admin/waylines/mission/{mission}/change/")
    for file in found:
        inside = console.page(f"/admin/gallery/{file['pk']}/")
        assert f"{file['place'][0]:.6f}, {file['place'][1]:.6f}" in inside
        assert f"/admin/waylines/mission/{mission}/change/" in inside
        assert f"/admin/waylines/flight/{flight}/change/" in inside
        small = Image.open(io.BytesIO(console.bytes(f"/admin/gallery/{file['pk']}/thumbnail/")))
        assert small.format == "WEBP"
        assert small.width > 50
        whole = console.bytes(f"/admin/gallery/{file['pk']}/download/")
        assert len(whole) == file["size"]
        if file["kind"] == "photo":
            sent = next(sent for sent in site.dock.media.uploaded if sent.name == file["name"])
            assert whole == sent.read(), "the camera's bytes, unchanged"
        else:
            assert whole[4:8] == b"ftyp"


def test_one_that_never_arrives_is_missed_aloud(site: Site, console: Console) -> None:
    site.dock.behaviour.lose_media = 1
    mission = site.plan()
    ended = site.until(mission, "ok", timeout=120)
    expected = ended["media_count"]
    looked_at(site, lambda: files_of(site, mission), expected - 1)
    [lost] = site.dock.media.flights[mission].lost
    assert lost.name not in {file["name"] for file in files_of(site, mission)}

    # Not yet: more may still come.
    site.ask("from media.services.library import groups\ngroups.sweep()\nanswer = 1")
    waiting = {"complete": False, "alarm": False, "expected": expected, "reported": expected - 1}
    assert upload_of(site, mission) == waiting
    page = f"/admin/waylines/mission/{mission}/change/"
    assert f"{expected - 1} of {expected} files have arrived" in console.page(page)
    assert "Files are missing." not in console.page(page)

    # Half an hour later, by the sweep that the clock starts.
    site.ask(
        f"{_FILES}then = timezone.now() - timedelta(minutes=31)\n"
        f"MediaGroup.objects.filter(key={mission!r}).update(changed_at=then)\n"
        f"Mission.objects.filter(pk={mission!r}).update(finished_at=then)\nanswer = 1"
    )
    site.fleet.wait(lambda: upload_of(site, mission).get("alarm"), 60, "the alarm")
    assert not upload_of(site, mission)["complete"]
    group = site.ask(f"{_FILES}answer = MediaGroup.objects.get(key={mission!r}).pk")
    gallery = console.page("/admin/gallery/")
    alarm = gallery.split(f'id="media-alarm-{group}"', 1)[1].split("gallery-alarm__acts", 1)[0]
    assert f"{expected - 1} of {expected} files have arrived." in alarm
    assert "1 is missing." in alarm
    [flight] = {file["flight"] for file in files_of(site, mission)}
    for address in (page, f"/admin/waylines/flight/{flight}/change/"):
        assert "Files are missing." in console.page(address)

    # It was on the aircraft all the time.
    site.dock.behaviour.lose_media = 0
    assert site.simulator.call(site.dock.media.find_again, mission) == 1
    site.fleet.wait(lambda: upload_of(site, mission).get("complete"), 60, "the rest")
    assert lost.name in {file["name"] for file in files_of(site, mission)}
    assert f'id="media-alarm-{group}"' not in console.page("/admin/gallery/")
    assert f"All {expected} files have arrived." in console.page(page)


@pytest.fixture
def pilots(site: Site, fleet: LiveFleet) -> tuple[PilotClient, PilotClient]:
    """A remote in the dock's workspace and one in another."""
    made = site.ask(
        "from fleet.models import Membership, Role\nfrom fleet.services import tokens\nimport uuid\nanswer = []\n"
        f"here = Device.objects.get(sn={site.dock.sn!r}).workspace\n"
        "for ws in (here, Workspace.objects.create(name='Next door ' + uuid.uuid4().hex[:6])):\n"
        "    pilot = User.objects.create_user('pilot-' + uuid.uuid4().hex[:6])\n"
        "    Membership.objects.create(user=pilot, workspace=ws, role=Role.PILOT)\n"
        "    answer.append([tokens.issue(pilot, ws)[1], str(ws.pk)])"
    )
    first, second = (PilotClient(fleet.url, token, workspace) for token, workspace in made)
    return first, second


def picture(number: int, lens: str = "V") -> PilotFile:
    shot = Shot(number, lens, 1_790_000_000_000 + number, 47.5, 8.5, 480.0, 60.0, 90.0, -90.0, "M4TD", "1581F0000SHOT")
    return PilotFile.of(shot, photograph(shot))


def upload(pilot: PilotClient, files: list[PilotFile]) -> str:
    return pilot.upload_media(files, drone_key=EXT["drone_model_key"], payload_key=EXT["payload_model_key"])


def test_a_remote_brings_its_pictures_once(
    site: Site, console: Console, pilots: tuple[PilotClient, PilotClient]
) -> None:
    pilot, _stranger = pilots
    files = [picture(901), picture(902)]
    assert pilot.known(files) == set()
    assert not any(pilot.has(file, EXT) for file in files)
    group = upload(pilot, files)
    assert not any(file.known_before for file in files)
    given = pilot.storage()
    assert given.credentials["security_token"]
    assert all(file.object_key.startswith(given.prefix) for file in files)

    found = looked_at(site, lambda: named(site, pilot.workspace_id, *(file.name for file in files)), 2)
    assert {(file["status"], *file["place"], file["pitch"]) for file in found} == {("confirmed", 47.5, 8.5, -90.0)}
    assert [file["key"] for file in found] == [file.object_key for file in files]
    site.fleet.wait(lambda: upload_of(site, group).get("complete"), 30, "the group to be complete")
    assert upload_of(site, group) == {"complete": True, "alarm": False, "expected": 2, "reported": 2}
    assert {file["pk"] for file in found if file["lead"]} <= console.shown("/admin/gallery/")
    for file, sent in zip(found, files, strict=True):
        assert console.bytes(f"/admin/gallery/{file['pk']}/download/") == sent.content

    assert pilot.known(files) == {file.tiny_fingerprint for file in files}
    assert all(pilot.has(file, EXT) for file in files)
    again = [picture(901), picture(902)]
    upload(pilot, again)
    assert all(file.known_before for file in again)
    assert named(site, pilot.workspace_id, *(file.name for file in files)) == found


def test_a_neighbour_is_told_nothing_of_it(site: Site, pilots: tuple[PilotClient, PilotClient]) -> None:
    pilot, stranger = pilots
    [mine] = files = [picture(921)]
    upload(pilot, files)
    [found] = looked_at(site, lambda: named(site, pilot.workspace_id, mine.name), 1)
    assert stranger.known(files) == set()
    assert not stranger.has(mine, EXT)
    with operator(site, stranger.workspace_id) as neighbour:
        assert neighbour.shown("/admin/gallery/") == set()
        for rest in ("", "thumbnail/", "view/", "download/"):
            assert neighbour.status(f"/admin/gallery/{found['pk']}/{rest}") == 404, rest
    with operator(site, pilot.workspace_id) as owner:
        assert found["pk"] in owner.shown("/admin/gallery/")


def test_a_neighbour_gets_nothing_into_or_out_of_it(site: Site, pilots: tuple[PilotClient, PilotClient]) -> None:
    pilot, stranger = pilots
    [mine] = files = [picture(911)]
    upload(pilot, files)
    given = stranger.storage()
    bucket = s3(given)
    evil, own = pilot.storage().key("evil.jpg"), given.key("copied.jpg")
    bucket.put_object(Bucket=given.bucket, Key=given.key("own.jpg"), Body=b"x")
    for forbidden in (
        lambda: bucket.put_object(Bucket=given.bucket, Key=evil, Body=b"x"),
        lambda: bucket.put_object(Bucket=given.bucket, Key=mine.object_key, Body=b"x"),
        lambda: bucket.get_object(Bucket=given.bucket, Key=mine.object_key),
        lambda: bucket.copy_object(
            Bucket=given.bucket, Key=own, CopySource={"Bucket": given.bucket, "Key": mine.object_key}
        ),
    ):
        with pytest.raises(ClientError) as refused:
            forbidden()
        # The embedded server answers with 500 where others say 403; what counts is what lies there afterwards.
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404, 500)
    with contextlib.suppress(ClientError):  # some say "deleted" of what is not there for them
        bucket.delete_object(Bucket=given.bucket, Key=mine.object_key)
    with contextlib.suppress(ClientError):  # some say 403, some that there is nothing
        seen = bucket.list_objects_v2(Bucket=given.bucket, Prefix=pilot.storage().prefix)
        assert not seen.get("Contents")
    listed = site.ask(
        "from media.services import storage\n"
        f"answer = [storage.read({mine.object_key!r}, limit=10_000_000).hex(),"
        f" storage.head({evil!r}) is None, storage.head({own!r}) is None]"
    )
    assert listed == [mine.content.hex(), True, True]


def test_a_neighbour_cannot_announce_it(site: Site, pilots: tuple[PilotClient, PilotClient]) -> None:
    pilot, stranger = pilots
    [mine] = files = [picture(931)]
    upload(pilot, files)
    before = looked_at(site, lambda: named(site, pilot.workspace_id, mine.name), 1)
    body = {
        "result": 0, "object_key": mine.object_key, "name": mine.name, "path": "", "fingerprint": mine.fingerprint,
        "sub_file_type": 0, "metadata": {},
        "ext": {**EXT, "tinny_fingerprint": mine.tiny_fingerprint, "file_group_id": str(uuid.uuid4())},
    }  # fmt: skip
    with pytest.raises(PilotError):
        stranger.call("POST", f"/media/api/v1/workspaces/{stranger.workspace_id}/upload-callback", body)
    assert named(site, stranger.workspace_id, mine.name) == []
    noted = site.ask(
        f"{_FILES}answer = list(RefusedUpload.objects.filter(workspace_id={stranger.workspace_id!r})"
        ".values_list('why', 'object_key'))"
    )
    assert noted == [["elsewhere", mine.object_key]]
    assert stranger.known(files) == set()
    for path, said in (
        ("upload-callback", body),
        ("files/tiny-fingerprints", {"tiny_fingerprints": [mine.tiny_fingerprint]}),
        ("fast-upload", {"fingerprint": mine.fingerprint, "name": mine.name}),
        ("group-upload-callback", {"file_group_id": "g", "file_count": 1, "file_uploaded_count": 1}),
    ):
        with pytest.raises(PilotError):
            stranger.call("POST", f"/media/api/v1/workspaces/{pilot.workspace_id}/{path}", said)
    assert named(site, pilot.workspace_id, mine.name) == before


def s3(given: Storage) -> Any:
    keys = given.credentials
    return boto3.client(
        "s3", endpoint_url=given.endpoint, region_name=given.region or "us-east-1",
        aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["access_key_secret"],
        aws_session_token=keys["security_token"] or None, config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
