"""What a file's name and folder say: its kind, the lens, and which files show one thing.

The vendor's cameras write `DJI_<yyyymmddhhmmss>_<number>_<lens>[_<waypoint>].<ending>`; the files of one shot differ in
the lens only. Any other name is as good: it says less.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from media.models import Kind

_ENDINGS: dict[str, Kind] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "dng", "tif", "tiff", "webp", "heic"), Kind.PHOTO),
    **dict.fromkeys(("mp4", "mov", "avi", "mkv", "ts", "m4v"), Kind.VIDEO),
    **dict.fromkeys(("mp3", "wav", "m4a", "aac", "opus", "flac", "ogg"), Kind.AUDIO),
    **dict.fromkeys(
        ("mrk", "nav", "obs", "rtk", "bin", "ldr", "ldrt", "rtb", "rtl", "rts", "rtp", "imu", "cli", "clc", "cmi"),
        Kind.PPK,
    ),
}  # fmt: skip
#: What the letters in a name stand for; letters nobody told us of are shown as they are.
LENSES = {
    "W": _("Wide"),
    "Z": _("Zoom"),
    "T": _("Thermal"),
    "V": _("Visible"),
    "S": _("Screen"),
    "D": _("RGB"),
    "N": _("Night"),
    "MS_G": _("Green"),
    "MS_R": _("Red"),
    "MS_RE": _("Red edge"),
    "MS_NIR": _("Near infrared"),
}
THERMAL = "T"
_CAMERA_NAME = re.compile(
    r"(?P<shot>[A-Z]{2,5}_\d{14}_\d{1,6})_(?P<lens>MS_[A-Z]{1,3}|[A-Z]{1,2})(?=[_.]|$)", re.IGNORECASE
)
PANORAMA = 1


@dataclass(frozen=True, slots=True)
class Said:
    """What a name says. `stack` is the same for all files that show one thing, "" for a file of its own."""

    kind: Kind
    lens: str
    stack: str
    is_panorama: bool


def ending(name: str) -> str:
    """The lower-case ending without its dot, "" when there is none."""
    return posixpath.splitext(name)[1].lower().removeprefix(".")


def read(name: str, object_key: str, path: str, sub_file_type: int | None, root: str) -> Said:
    """`root` is the workspace's own folder in the bucket: files that lie in it directly lie together by chance."""
    base = posixpath.basename(name.replace("\\", "/")) or posixpath.basename(object_key)
    kind = _ENDINGS.get(ending(base) or ending(object_key), Kind.OTHER)
    folder = posixpath.dirname(object_key).strip("/")
    own = folder.removeprefix(root.strip("/")).strip("/") or path.strip("/ ")
    if sub_file_type == PANORAMA or "pano" in own.lower():
        return Said(kind, _lens(base), _digest("panorama", folder, own) if own and kind == Kind.PHOTO else "", True)
    found = _CAMERA_NAME.match(base)
    if found is None or kind not in (Kind.PHOTO, Kind.VIDEO):
        return Said(kind, "", "", False)
    return Said(kind, _lens(base), _digest(kind, folder, path, found["shot"].upper()), False)


def _lens(base: str) -> str:
    found = _CAMERA_NAME.match(base)
    return found["lens"].upper() if found else ""


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
