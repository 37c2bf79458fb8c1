"""Temporary credentials: for one workspace's prefix, for writing, for a while.

`issue` asks whichever service is set up (`FLEET_STS`). A device keeps what it was given until it restarts, so they are
asked for with a margin and what a dock was last told is remembered (`devices`).
"""

from media.services.credentials.issuing import Grant, grant, issue
from media.services.credentials.shape import Credentials, CredentialsError

__all__ = ["Credentials", "CredentialsError", "Grant", "grant", "issue"]
