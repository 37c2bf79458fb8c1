"""Unix sockets in a data directory whose path may be too long for one."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

#: `sun_path` holds 108 bytes on Linux and 104 elsewhere, the closing zero included; servers add a suffix of
#: their own.
LONGEST = 96


def socket_path(wanted: Path) -> Path:
    """`wanted`, or a short path in a private temporary directory when `wanted` is too long.

    The short one is the same for the same `wanted`, so that every process finds it. Raises `PermissionError`
    when somebody else owns that directory.
    """
    if len(os.fsencode(wanted)) <= LONGEST:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted.parent)).hexdigest()[:12]
    directory = Path(tempfile.gettempdir()) / f"fleet-{os.getuid()}-{digest}"
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(f"{directory} is not a private directory of this user; remove it.")
    return directory / wanted.name
