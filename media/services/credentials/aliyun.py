"""AssumeRole of Aliyun's token service, an RPC over HTTPS signed with HMAC-SHA1 as its pages describe.

Written after its documentation and not run against it; the signature is checked with the example of that page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from media.services.credentials.shape import Credentials, CredentialsError, NoAnswer


def policy(bucket: str, prefix: str) -> str:
    """Writing under that prefix and nothing else, in the service's own words."""
    inside = f"acs:oss:*:*:{bucket}/{prefix}*"
    actions = ["oss:PutObject", "oss:AbortMultipartUpload", "oss:ListParts"]
    return json.dumps(
        {"Version": "1", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": [inside]}]},
        separators=(",", ":"),
    )


def signed(parameters: Mapping[str, str], secret: str, method: str = "POST") -> dict[str, str]:
    """The parameters with their signature (its page “Signature mechanism”)."""
    text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()))
    wanted = f"{method}&{_quoted('/')}&{_quoted(text)}"
    digest = hmac.new(f"{secret}&".encode(), wanted.encode(), hashlib.sha1).digest()
    return {**parameters, "Signature": base64.b64encode(digest).decode()}


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def issue(bucket: str, prefix: str, ttl: int) -> Credentials:
    """Raises `CredentialsError`, `NoAnswer` when the service is silent."""
    parameters = {
        "Action": "AssumeRole",
        "Version": "2015-04-01",
        "Format": "JSON",
        "AccessKeyId": settings.S3_ACCESS_KEY,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": secrets.token_hex(16),
        "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "RoleArn": settings.STS_ROLE_ARN,
        "RoleSessionName": f"fleet-{secrets.token_hex(6)}",
        "Policy": policy(bucket, prefix),
        "DurationSeconds": str(max(900, ttl)),
    }
    body = urlencode(signed(parameters, settings.S3_SECRET_KEY)).encode()
    try:
        with urllib.request.urlopen(settings.STS_ENDPOINT, body, timeout=5) as answer:  # noqa: S310 - an operator's setting
            said: dict[str, Any] = json.load(answer)["Credentials"]
        until = datetime.strptime(said["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        seconds = int((until - datetime.now(UTC)).total_seconds())
        return Credentials(said["AccessKeyId"], said["AccessKeySecret"], said["SecurityToken"], seconds)
    except urllib.error.HTTPError as error:
        raise CredentialsError(_("The token service refused: %(code)s.") % {"code": _code(error)}) from error
    except OSError as error:
        raise NoAnswer(_("The token service does not answer: %(error)s") % {"error": error}) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswer(
            _("Something answers at %(address)s, but not as Aliyun's token service does.")
            % {"address": settings.STS_ENDPOINT}
        ) from error


def _code(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["Code"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.code)
