"""What a file may say of itself, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Unreadable(Exception):
    """The file is not what its name says, or is damaged; the text says how, for people."""


class NoPicture(Exception):
    """The file is in order as far as one can tell, and no small picture is made of it; the text says why."""


@dataclass(slots=True)
class Facts:
    """Degrees, metres, pixels, seconds; None and "" for what it does not say. `picture` is a small WebP.

    `taken` is as written in the file. `note` says why there is no picture of a file that is otherwise in order.
    """

    taken: str = ""
    latitude: float | None = None
    longitude: float | None = None
    absolute_height: float | None = None
    relative_height: float | None = None
    gimbal_yaw: float | None = None
    gimbal_pitch: float | None = None
    field_of_view: float | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    picture: bytes = b""
    note: str = ""
