"""Pictures through real servers: a dock and a remote bring them into the bucket by themselves, and they are in the library."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
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
from tests.live import LiveFleet
from tests.scenarios.site import Site

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

_FILES = """
from media.models import MediaFile, MediaGroup, MediaPolicy
def told(files):
    return [{"name": f.name, "status": f.status, "kind": f.kind, "lens": f.lens, "size": f.size, "place": f.latitude,
             "height": f.relative_height, "pictured": bool(f.thumbnail_key), "flight": f.flight_id, "pk": f.pk,
             "mission": str(f.mission_id or ""), "key": f.object_key} for f in files]
"""


@pytest.fixture
def console(site: Site) -> Iterator[httpx.Client]:
    """An operator's browser, as far as it fetches pages."""
    session = site.ask(
        "from django.test import Client\nc = Client()\nc.force_login(user)\nanswer = c.cookies['sessionid'].value"
    )
    with httpx.Client(base_url=site.fleet.url, cookies={"sessionid": session}, timeout=30) as client:
        yield client


def files_of(site: Site, mission: str) -> list[dict[str, Any]]:
    return list(site.ask(f"{_FILES}answer = told(MediaFile.objects.filter(mission_id={mission!r}).order_by('name'))"))


def upload_of(site: Site, mission: str) -> dict[str, Any]:
    code = (
        f"g = MediaGroup.objects.filter(mission_id={mission!r}).first()\n"
        "answer = g and {'complete': g.completed_at is not None, 'alarm': g.alarm_at is not None, 'expected': g.expected}"
    )
    return dict(site.ask(_FILES + code) or {})


def test_a_dock_brings_what_it_photographed_and_filmed(site: Site, console: httpx.Client) -> None:
    site.dock.behaviour.media_limit = 20
    film = site.make_route("Film", 2, ("takePhoto", "startRecord", "stopRecord"))
    mission = site.plan(route=film)
    site.until(mission, "ok", timeout=120)
    site.fleet.wait(lambda: upload_of(site, mission).get("complete"), 90, "the upload to be complete")

    def looked_at() -> Any:
        found = files_of(site, mission)
        return found if all(file["pictured"] for file in found) else None

    found = site.fleet.wait(looked_at, 60, "thumbnails and posters")
    assert {file["status"] for file in found} == {"confirmed"}
    assert {file["name"].rsplit("_", 1)[-1] for file in found} == {"V.JPG", "T.JPG", "V.MP4"}
    here = site.dock.place
    for file in found:
        if file["name"].endswith(".JPG"):
            assert abs(file["place"] - here.latitude) < 0.01
            assert file["height"] > 20
    flights = {file["flight"] for file in found}
    assert len(flights) == 1
    assert None not in flights

    page = console.get("/admin/gallery/").text
    for file in found:
        assert f"/admin/gallery/{file['pk']}/thumbnail/" in page or file["name"].endswith("T.JPG")
    thumbnail = console.get(f"/admin/gallery/{found[0]['pk']}/thumbnail/", follow_redirects=True)
    assert Image.open(io.BytesIO(thumbnail.content)).width > 50
    whole = console.get(f"/admin/gallery/{found[0]['pk']}/download/", follow_redirects=True)
    sent = next(file for file in site.dock.media.uploaded if file.name == found[0]["name"])
    assert whole.content == sent.read()


def test_one_that_never_arrives_is_missed_aloud(site: Site, console: httpx.Client) -> None:
    site.ask(
        f"from media.models import MediaPolicy\nws = Device.objects.get(sn={site.dock.sn!r}).workspace\n"
        "MediaPolicy.objects.update_or_create(workspace=ws, defaults={'incomplete_after': 0})\nanswer = 1"
    )
    site.dock.behaviour.lose_media = 1
    mission = site.plan()
    ended = site.until(mission, "ok", timeout=120)
    site.fleet.wait(lambda: len(files_of(site, mission)) == ended["media_count"] - 1, 60, "all files but one")
    site.fleet.wait(lambda: upload_of(site, mission).get("alarm"), 90, "the alarm")
    assert not upload_of(site, mission)["complete"]
    counted = f"{ended['media_count'] - 1} of {ended['media_count']}"  # once the bucket has confirmed them

    def told() -> bool:
        page = console.get("/admin/gallery/").text
        return "Round" in page and counted in page

    site.fleet.wait(told, 90, f"the gallery to say {counted}")


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


def named(site: Site, workspace: str, *names: str) -> list[dict[str, Any]]:
    where = f"workspace_id={workspace!r}, name__in={list(names)!r}"
    return list(site.ask(f"{_FILES}answer = told(MediaFile.objects.filter({where}))"))


def test_a_remote_brings_its_pictures_once(site: Site, pilots: tuple[PilotClient, PilotClient]) -> None:
    pilot, stranger = pilots
    files = [picture(901), picture(902)]
    pilot.upload_media(files, drone_key="0-100-1", payload_key="1-99-0")
    assert not any(file.known_before for file in files)

    def seen() -> Any:
        found = named(site, pilot.workspace_id, *(file.name for file in files))
        return found if len(found) == 2 and all(file["pictured"] for file in found) else None

    found = site.fleet.wait(seen, 60, "both pictures, looked at")
    assert {(file["status"], file["place"], file["lens"]) for file in found} == {("confirmed", 47.5, found[0]["lens"])}

    again = [picture(901), picture(902)]
    pilot.upload_media(again, drone_key="0-100-1", payload_key="1-99-0")
    assert all(file.known_before for file in again)
    assert len(named(site, pilot.workspace_id, *(file.name for file in files))) == 2
    assert stranger.known(files) == set(), "a neighbour is not told what others have"


def test_a_neighbour_gets_nothing_into_or_out_of_it(site: Site, pilots: tuple[PilotClient, PilotClient]) -> None:
    pilot, stranger = pilots
    [mine] = files = [picture(911)]
    pilot.upload_media(files, drone_key="0-100-1", payload_key="1-99-0")
    given = stranger.storage()
    bucket = s3(given)
    evil = f"{pilot.storage().prefix}/evil.jpg"
    for forbidden in (
        lambda: bucket.put_object(Bucket=given.bucket, Key=evil, Body=b"x"),
        lambda: bucket.get_object(Bucket=given.bucket, Key=mine.object_key),
    ):
        with pytest.raises(ClientError) as refused:
            forbidden()
        # The embedded server answers with 500 where others say 403; what counts is what lies there afterwards.
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404, 500)
    with contextlib.suppress(ClientError):  # some say "deleted" of what is not there for them
        bucket.delete_object(Bucket=given.bucket, Key=mine.object_key)
    listed = site.ask(
        "from media.services import storage\n"
        f"answer = [storage.read({mine.object_key!r}, limit=10_000_000).hex()[:40],"
        f" storage.head({evil!r}) is None]"
    )
    assert listed == [mine.content.hex()[:40], True]
    body = {
        "result": 0, "object_key": mine.object_key, "name": mine.name, "path": "", "fingerprint": mine.fingerprint,
        "sub_file_type": 0, "metadata": {}, "ext": {"tinny_fingerprint": mine.tiny_fingerprint, "file_group_id": "g"},
    }  # fmt: skip
    with pytest.raises(PilotError):
        stranger.call("POST", f"/media/api/v1/workspaces/{stranger.workspace_id}/upload-callback", body)
    assert named(site, stranger.workspace_id, mine.name) == []
    with pytest.raises(PilotError):
        stranger.call(
            "POST", f"/media/api/v1/workspaces/{pilot.workspace_id}/files/tiny-fingerprints", {"tiny_fingerprints": []}
        )


def s3(given: Storage) -> Any:
    keys = given.credentials
    return boto3.client(
        "s3", endpoint_url=given.endpoint, region_name=given.region or "us-east-1",
        aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["access_key_secret"],
        aws_session_token=keys["security_token"] or None, config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
