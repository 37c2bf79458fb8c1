"""Aliyun's token service: the signature of its own example, and a stand-in that answers as its pages say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest

from fleet.models import Workspace
from media.services.credentials import CredentialsError, aliyun, grant, issue
from media.services.credentials.shape import NoAnswer

pytestmark = pytest.mark.django_db

KEY, SECRET = "LTAIexample", "a secret/with+signs="
ROLE = "acs:ram::1234567890123:role/fleet"


class TokenService(ThreadingHTTPServer):
    """Checks the signature as the service does and says what it is told to say."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[dict[str, str]] = []
        self.status = 200
        self.body: bytes | None = None

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body
        until = datetime.now(UTC) + timedelta(hours=1)
        credentials = {
            "AccessKeyId": "STS.key",
            "AccessKeySecret": "its secret",
            "SecurityToken": "its token",
            "Expiration": f"{until:%Y-%m-%dT%H:%M:%SZ}",
        }
        user = {"Arn": "acs:ram::1234567890123:role/fleet/client", "AssumedRoleId": "344584339364951186:client"}
        return json.dumps({"RequestId": "6894B13B", "AssumedRoleUser": user, "Credentials": credentials}).encode()


class Asked(BaseHTTPRequestHandler):
    server: TokenService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said = dict(parse_qsl(body, strict_parsing=True))
        given = said.pop("Signature")
        self.server.asked.append(said)
        status, answer = self.server.status, self.server.answer()
        if given != signature(said):
            status, answer = 400, b'{"Code": "SignatureDoesNotMatch", "Message": "It does not match."}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_what: Any) -> None:
        pass


def signature(said: dict[str, str]) -> str:
    """As the page describes it for libraries that encode forms: encode, then put right what forms do otherwise."""

    def mended(text: str) -> str:
        return text.replace("+", "%20").replace("*", "%2A").replace("%7E", "~")

    canonical = mended(urlencode(sorted(said.items())))
    text = f"POST&%2F&{mended(quote_plus(canonical))}"
    return base64.b64encode(hmac.new(f"{SECRET}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


@pytest.fixture
def service(settings: Any) -> Iterator[TokenService]:
    with TokenService() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        settings.STS, settings.S3_PROVIDER = "ali", "ali"
        settings.STS_ENDPOINT = f"http://127.0.0.1:{server.server_port}/"
        settings.S3_ENDPOINT = settings.S3_PUBLIC_ENDPOINT = "https://oss-cn-hangzhou.aliyuncs.com"
        settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY, settings.STS_ROLE_ARN = KEY, SECRET, ROLE
        yield server
        server.shutdown()
        thread.join()


def test_the_example_of_the_vendor_s_page() -> None:
    asked = {
        "AccessKeyId": "testid",
        "Action": "AssumeRole",
        "Format": "JSON",
        "RoleArn": "acs:ram::1234567890123:role/firstrole",
        "RoleSessionName": "client",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "571f8fb8-506e-11e5-8e12-b8e8563dc8d2",
        "SignatureVersion": "1.0",
        "Timestamp": "2015-09-01T05:57:34Z",
        "Version": "2015-04-01",
    }
    assert aliyun.signed(asked, "testsecret", "GET")["Signature"] == "gNI7b0AyKZHxDgjBGPDgJ1Ce3L4="


def test_a_device_is_given_what_the_service_made(service: TokenService, workspace: Workspace) -> None:
    found = grant(workspace).as_json()
    assert found["provider"] == "ali"
    key = found["credentials"]
    assert (key["access_key_id"], key["access_key_secret"]) == ("STS.key", "its secret")
    assert key["security_token"] == "its token"
    assert 1 <= key["expire"] < 3600, "it is told to stop before it ends"
    (asked,) = service.asked
    assert (asked["Action"], asked["RoleArn"], asked["AccessKeyId"]) == ("AssumeRole", ROLE, KEY)


def test_the_policy_is_for_writing_under_this_prefix_only(
    service: TokenService, workspace: Workspace, other_workspace: Workspace, settings: Any
) -> None:
    prefix = f"{workspace.pk}/media/"
    issue(workspace, prefix, 1200)
    (asked,) = service.asked
    assert asked["DurationSeconds"] == "1200"
    (statement,) = json.loads(asked["Policy"])["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == [f"acs:oss:*:*:{settings.S3_BUCKET}/{prefix}*"]
    assert set(statement["Action"]) == {"oss:PutObject", "oss:AbortMultipartUpload", "oss:ListParts"}
    with pytest.raises(CredentialsError):
        issue(workspace, f"{other_workspace.pk}/media/", 1200)
    assert len(service.asked) == 1, "it is not even asked"


def test_no_two_questions_are_alike(service: TokenService, workspace: Workspace) -> None:
    for _twice in range(2):
        issue(workspace, f"{workspace.pk}/media/", 900)
    assert len({asked["SignatureNonce"] for asked in service.asked}) == 2


def test_a_wrong_key_is_said_with_the_service_s_word(
    service: TokenService, workspace: Workspace, settings: Any
) -> None:
    settings.S3_SECRET_KEY = "another"
    with pytest.raises(CredentialsError, match="SignatureDoesNotMatch"):
        issue(workspace, f"{workspace.pk}/media/", 900)


@pytest.mark.parametrize(
    "body", [b"<html>Sign in</html>", b"{}", b"[]", b'{"Credentials": {}}', b'{"Credentials": null}']
)
def test_what_is_no_answer_of_the_service_is_said(service: TokenService, workspace: Workspace, body: bytes) -> None:
    service.body = body
    with pytest.raises(NoAnswer, match="not as Aliyun"):
        issue(workspace, f"{workspace.pk}/media/", 900)


@pytest.mark.parametrize(
    ("body", "word"), [(b'{"Code": "NoPermission"}', "NoPermission"), (b"[]", "403"), (b"", "403")]
)
def test_a_refusal_has_its_reason(service: TokenService, workspace: Workspace, body: bytes, word: str) -> None:
    service.status, service.body = 403, body
    with pytest.raises(CredentialsError, match=word):
        issue(workspace, f"{workspace.pk}/media/", 900)


def test_one_that_is_silent_is_left_alone_for_a_moment(service: TokenService, workspace: Workspace) -> None:
    service.body = b"{}"
    for _twice in range(2):
        with pytest.raises(NoAnswer):
            issue(workspace, f"{workspace.pk}/media/", 900)
    assert len(service.asked) == 1
