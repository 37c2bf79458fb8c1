"""AssumeRole with a session policy: AWS, Ceph RGW, MinIO."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils.translation import gettext as _

from media.services.credentials.shape import Credentials, CredentialsError, NoAnswer
from media.services.storage import clients

#: MinIO and Ceph want a role named and do not look at this one.
_ANY_ROLE = "arn:aws:iam:::role/fleet"


def policy(bucket: str, prefix: str) -> str:
    """Writing under that prefix and nothing else. Without a space: Ceph 16 reads no other."""
    inside = f"arn:aws:s3:::{bucket}/{prefix}*"
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": [inside]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def issue(bucket: str, prefix: str, ttl: int) -> Credentials:
    """Raises `CredentialsError`, `NoAnswer` when the service is silent."""
    # One short try: a bridge's queue stands behind this, and who asked asks again.
    config = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1, "mode": "standard"})
    service = clients.client("sts", settings.STS_ENDPOINT, config)
    try:
        said = service.assume_role(
            RoleArn=settings.STS_ROLE_ARN or _ANY_ROLE,
            RoleSessionName=f"fleet-{secrets.token_hex(6)}",
            Policy=policy(bucket, prefix),
            DurationSeconds=max(900, ttl),
        )["Credentials"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise CredentialsError(
            _("The token service refused: %(code)s. Check FLEET_STS_ROLE_ARN and the server's own key.")
            % {"code": code}
        ) from error
    except BotoCoreError as error:
        raise NoAnswer(_("The token service does not answer: %(error)s") % {"error": error}) from error
    seconds = int((said["Expiration"] - datetime.now(UTC)).total_seconds())
    return Credentials(said["AccessKeyId"], said["SecretAccessKey"], said["SessionToken"], seconds)
