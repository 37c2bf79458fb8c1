"""What a device can do with the temporary credentials it is given, on every server that runs here."""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fleet.models import Workspace
from media.services import storage as objects
from media.services.credentials import Credentials, CredentialsError, grant, issue
from tests.ceph import RadosGateway, rados_gateway
from tests.servers import Missing, S3Server, unavailable

pytestmark = pytest.mark.django_db

PART = 5 * 1024 * 1024


@pytest.fixture(scope="session")
def ceph() -> Iterator[RadosGateway]:
    try:
        with rados_gateway() as server:
            yield server
    except Missing as error:
        unavailable(error)


@pytest.fixture(params=["embedded", pytest.param("ceph", marks=pytest.mark.ceph)])
def server(request: pytest.FixtureRequest, settings: Any) -> str:
    """Settings for one of the servers; which one it is."""
    name: str = request.param
    found: S3Server | RadosGateway = request.getfixturevalue("s3" if name == "embedded" else "ceph")
    settings.S3_ENDPOINT = settings.S3_PUBLIC_ENDPOINT = settings.STS_ENDPOINT = found.url
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = found.key
    settings.STS = name
    if isinstance(found, RadosGateway):
        settings.STS_ROLE_ARN = found.role
    return name


class Device:
    """A client with somebody's credentials."""

    def __init__(self, endpoint: str, key: str, secret: str, token: str | None) -> None:
        self.client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"max_attempts": 1, "mode": "standard"},
            ),
        )

    def put(self, key: str, body: bytes = b"x", bucket: str = "fleet") -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=body)

    def refusal(self, action: str, **arguments: Any) -> str:
        """The server's word for its refusal; fails when it did not refuse."""
        with pytest.raises(ClientError) as error:
            getattr(self.client, action)(**{"Bucket": "fleet", **arguments})
        return str(error.value.response["Error"]["Code"])


def with_key(found: Credentials, settings: Any) -> Device:
    return Device(settings.S3_ENDPOINT, found.access_key_id, found.access_key_secret, found.security_token)


@pytest.fixture
def device(server: str, workspace: Workspace, settings: Any) -> Device:
    return with_key(grant(workspace, "media").credentials, settings)


#: Outside its prefix nothing exists for a key of the embedded server, and it says so in its own ways.
NOT_ALLOWED = {"AccessDenied", "403", "404", "NoSuchKey", "NoSuchBucket", "InternalError", "500"}


def test_put_multipart_and_list_parts_inside_the_prefix(server: str, device: Device, workspace: Workspace) -> None:
    prefix = objects.prefix(workspace.pk, "media")
    device.put(f"{prefix}flight/DJI_0001_W.JPG", b"picture")
    assert objects.read(f"{prefix}flight/DJI_0001_W.JPG") == b"picture"
    key = f"{prefix}flight/DJI_0002.MP4"
    upload = device.client.create_multipart_upload(Bucket="fleet", Key=key)["UploadId"]
    parts = []
    for number, body in ((1, b"a" * PART), (2, b"b" * 1000)):
        done = device.client.upload_part(
            Bucket="fleet", Key=key, UploadId=upload, PartNumber=number, Body=io.BytesIO(body)
        )
        parts.append({"PartNumber": number, "ETag": done["ETag"]})
    listed = device.client.list_parts(Bucket="fleet", Key=key, UploadId=upload)["Parts"]
    assert [part["Size"] for part in listed] == [PART, 1000]
    device.client.complete_multipart_upload(Bucket="fleet", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    found = objects.head(key)
    assert found is not None
    assert found.size == PART + 1000
    assert objects.read_range(key, PART - 2, 4) == b"aabb"
    assert objects.read_range(key, PART + 5000, 4) == b""


def test_an_upload_that_is_given_up_leaves_nothing(server: str, device: Device, workspace: Workspace) -> None:
    key = f"{objects.prefix(workspace.pk, 'media')}given-up.MP4"
    upload = device.client.create_multipart_upload(Bucket="fleet", Key=key)["UploadId"]
    device.client.upload_part(Bucket="fleet", Key=key, UploadId=upload, PartNumber=1, Body=io.BytesIO(b"a" * PART))
    device.client.abort_multipart_upload(Bucket="fleet", Key=key, UploadId=upload)
    assert objects.head(key) is None


def test_nothing_outside_the_prefix(
    server: str, device: Device, workspace: Workspace, other_workspace: Workspace
) -> None:
    theirs = f"{objects.prefix(other_workspace.pk, 'media')}secret.JPG"
    objects.put(theirs, b"theirs")
    for key in (
        theirs,
        f"{objects.prefix(workspace.pk, 'wayline')}route.kmz",
        "top.JPG",
        f"{workspace.pk}/mediation/x",
    ):
        assert device.refusal("put_object", Key=key, Body=b"mine") in NOT_ALLOWED
        assert device.refusal("get_object", Key=key) in NOT_ALLOWED
    assert device.refusal("create_multipart_upload", Key=theirs) in NOT_ALLOWED
    assert device.refusal("put_object", Bucket="another", Key="x", Body=b"x") in NOT_ALLOWED
    with_copy = {"Bucket": "fleet", "Key": theirs}
    mine = f"{objects.prefix(workspace.pk, 'media')}copy.JPG"
    assert device.refusal("copy_object", Key=mine, CopySource=with_copy) in NOT_ALLOWED
    assert objects.read(theirs) == b"theirs"
    try:
        listed = device.client.list_objects_v2(Bucket="fleet", Prefix=f"{other_workspace.pk}/")
        assert not listed.get("Contents")
    except ClientError as error:
        assert error.response["Error"]["Code"] in NOT_ALLOWED
    try:
        device.client.delete_object(Bucket="fleet", Key=theirs)
    except ClientError as error:
        assert error.response["Error"]["Code"] in NOT_ALLOWED
    assert objects.read(theirs) == b"theirs"


def test_a_real_token_service_lets_a_device_write_and_nothing_else(
    server: str, device: Device, workspace: Workspace
) -> None:
    if server == "embedded":
        pytest.skip("a key of the embedded server may do everything inside its prefix; docs/storage.md says so")
    key = f"{objects.prefix(workspace.pk, 'media')}mine.JPG"
    device.put(key)
    assert device.refusal("get_object", Key=key) == "AccessDenied"
    assert device.refusal("delete_object", Key=key) == "AccessDenied"
    assert device.refusal("list_objects_v2") == "AccessDenied"


def test_what_is_over_wrong_or_nobodys_is_refused(server: str, workspace: Workspace, settings: Any) -> None:
    prefix = objects.prefix(workspace.pk, "media")
    good = issue(workspace, prefix, 900)
    key = f"{prefix}x.JPG"
    wrong = Device(settings.S3_ENDPOINT, good.access_key_id, "not the secret", good.security_token)
    assert wrong.refusal("put_object", Key=key, Body=b"x") in {"AccessDenied", "SignatureDoesNotMatch"}
    stranger = Device(settings.S3_ENDPOINT, "AKIANOBODY", "not the secret", None)
    assert stranger.refusal("put_object", Key=key, Body=b"x") in {"AccessDenied", "InvalidAccessKeyId"}
    with pytest.raises(urllib.error.HTTPError) as anonymous:
        urllib.request.urlopen(urllib.request.Request(f"{settings.S3_ENDPOINT}/fleet/{key}", b"x", method="PUT"))
    assert anonymous.value.code == 403
    if server == "embedded":
        over = with_key(issue(workspace, prefix, -1), settings)
        assert over.refusal("put_object", Key=key, Body=b"x") == "AccessDenied"
        forged = good.access_key_id[:-8] + "AAAAAAAA"
        assert Device(settings.S3_ENDPOINT, forged, good.access_key_secret, None).refusal(
            "put_object", Key=key, Body=b"x"
        ) in {"AccessDenied", "SignatureDoesNotMatch"}
    assert objects.head(key) is None


def test_a_presigned_address_is_good_for_its_object_and_its_time(server: str, workspace: Workspace) -> None:
    key = f"{objects.prefix(workspace.pk, 'media')}täst & Bild.JPG"
    objects.put(key, b"picture", content_type="image/jpeg")
    address = objects.presigned_url(key, ttl=60, filename="täst & Bild.JPG")
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"picture"
    other = objects.presigned_url(key.replace("Bild", "Wild"), ttl=60)
    tampered = urlsplit(address)._replace(path=urlsplit(other).path).geturl()
    short = objects.presigned_url(key, ttl=1)
    time.sleep(2.1)  # the signature's own clock has whole seconds
    for wrong in (tampered, short, address.replace("X-Amz-Signature=", "X-Amz-Signature=0"), address.split("?")[0]):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(wrong)
        assert refused.value.code in (400, 403)


def test_a_range_is_read_and_objects_are_listed_and_deleted(server: str, workspace: Workspace) -> None:
    prefix = objects.prefix(workspace.pk, "wayline")
    for name in ("a", "b", "c/d"):
        objects.put(f"{prefix}{name}", name.encode())
    assert [found.key.removeprefix(prefix) for found in objects.list(prefix)] == ["a", "b", "c/d"]
    with objects.open(f"{prefix}c/d") as file:
        assert file.read() == b"c/d"
    objects.delete(f"{prefix}a")
    objects.delete(f"{prefix}a")
    assert objects.head(f"{prefix}a") is None
    with pytest.raises(objects.NoSuchObject):
        objects.read(f"{prefix}a")
    with pytest.raises(objects.NoSuchObject):
        objects.open(f"{prefix}a").read()


def test_credentials_are_for_the_workspaces_own_prefix_only(
    server: str, workspace: Workspace, other_workspace: Workspace
) -> None:
    with pytest.raises(CredentialsError):
        issue(workspace, objects.prefix(other_workspace.pk, "media"), 900)
    with pytest.raises(CredentialsError):
        issue(workspace, "", 900)
