"""The XMP packet of a DJI photo: heights above the ground, the gimbal, the time with its zone.

Read with regular expressions and never as XML: nothing in it can be expanded, included or fetched.
"""

from __future__ import annotations

import re

_BEGIN, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_LONGEST = 65_536
_ATTRIBUTE = re.compile(r'\b(drone-dji|xmp|tiff|exif):(\w{1,64})="([^"<>]{0,200})"')
_ELEMENT = re.compile(r"<(drone-dji|xmp|tiff|exif):(\w{1,64})>([^<>]{0,200})</")
_MOST = 120


def properties(head: bytes) -> dict[str, str]:
    """By name without its prefix; the camera's own (`drone-dji`) go before the general ones."""
    # Not by an expression: a file of beginnings without an end would be gone through again at each.
    start = head.find(_BEGIN)
    end = head.find(_END, start, start + _LONGEST) if start >= 0 else -1
    if end < 0:
        return {}
    text = head[start:end].decode("utf-8", "replace").replace("\x00", "")
    said = [*_ATTRIBUTE.findall(text), *_ELEMENT.findall(text)][:_MOST]
    said.sort(key=lambda entry: entry[0] == "drone-dji")
    return {name: value.strip() for _space, name, value in said}
