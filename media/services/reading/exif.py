"""EXIF, read entry by entry: one that is nonsense is left out, and the rest still counts."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, TAGS, Base

from media.services.library.said import number, text

_MOST = 80
#: Half the width of 35 mm film, to which equivalent focal lengths relate.
_HALF_FILM = 18.0


def entries(image: Image.Image) -> tuple[dict[str, Any], dict[int, Any]]:
    """The entries that are text or numbers, by name, and the raw ones of the place, by number."""
    found: dict[str, Any] = {}
    place: dict[int, Any] = {}
    with contextlib.suppress(Exception):
        exif = image.getexif()
        detail: dict[int, Any] = {}
        with contextlib.suppress(Exception):
            detail = exif.get_ifd(IFD.Exif)
        with contextlib.suppress(Exception):
            place = dict(exif.get_ifd(IFD.GPSInfo))
        for tag, value in [*exif.items(), *detail.items()][:_MOST]:
            with contextlib.suppress(Exception):
                if (shown := _shown(value)) is not None:
                    found[TAGS.get(tag, f"0x{tag:04x}")] = shown
    return found, place


def _shown(value: Any) -> Any:
    if isinstance(value, bytes | dict | list | tuple):
        return None
    if isinstance(value, str):
        return text(value.strip("\x00 "), 200) or None
    found = number(float(value), 1e12)
    return None if found is None else int(found) if found == int(found) else round(found, 6)


def taken(found: dict[str, Any]) -> str:
    """When it was taken, with its zone if the camera wrote one."""
    moment = found.get(Base.DateTimeOriginal.name) or found.get(Base.DateTime.name) or ""
    return f"{moment}{found.get(Base.OffsetTimeOriginal.name) or ''}" if isinstance(moment, str) else ""


def position(place: dict[int, Any]) -> tuple[float, float] | None:
    """Latitude and longitude; None when either is missing or impossible."""
    latitude = _degrees(place.get(GPS.GPSLatitude), place.get(GPS.GPSLatitudeRef), "S", 90)
    longitude = _degrees(place.get(GPS.GPSLongitude), place.get(GPS.GPSLongitudeRef), "W", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    return latitude, longitude


def _degrees(parts: Any, reference: Any, negative: str, limit: float) -> float | None:
    with contextlib.suppress(Exception):
        degrees, minutes, seconds = (float(part) for part in parts)
        value = degrees + minutes / 60 + seconds / 3600
        if isinstance(reference, bytes):
            reference = reference.decode("ascii", "replace")
        if 0 <= minutes <= 60 and 0 <= seconds <= 60:
            return number(-value if str(reference).strip("\x00 ").upper() == negative else value, limit)
    return None


def altitude(place: dict[int, Any]) -> float | None:
    with contextlib.suppress(Exception):
        value = float(place[GPS.GPSAltitude])
        below = place.get(GPS.GPSAltitudeRef) in (1, b"\x01")
        return number(-value if below else value, 20_000)
    return None


def field_of_view(found: dict[str, Any]) -> float | None:
    """How wide it sees, in degrees, out of the focal length that 35 mm film would need."""
    focal = number(found.get(Base.FocalLengthIn35mmFilm.name), 5_000)
    return round(math.degrees(2 * math.atan(_HALF_FILM / focal)), 1) if focal and focal > 0 else None
