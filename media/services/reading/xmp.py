"""The XMP packet of a DJI photo: heights above the ground, the gimbal, the time with its zone.

Read with regular expressions and never as XML: nothing in it can be expanded, included or fetched.
"""

from __future__ import annotations

import re

_PACKET = re.compile(rb"<x:xmpmeta\b.{0,65536}?</x:xmpmeta>", re.DOTALL)
_ATTRIBUTE = re.compile(r'\b(drone-dji|xmp|tiff|exif):(\w{1,64})="([^"<>]{0,200})"')
_ELEMENT = re.compile(r"<(drone-dji|xmp|tiff|exif):(\w{1,64})>([^<>]{0,200})</")
_MOST = 120


def properties(head: bytes) -> dict[str, str]:
    """By name without its prefix; the camera's own (`drone-dji`) go before the general ones."""
    found = _PACKET.search(head)
    if found is None:
        return {}
    text = found[0].decode("utf-8", "replace").replace("\x00", "")
    said = [*_ATTRIBUTE.findall(text), *_ELEMENT.findall(text)][:_MOST]
    said.sort(key=lambda entry: entry[0] == "drone-dji")
    return {name: value.strip() for _space, name, value in said}
