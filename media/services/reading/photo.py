"""Photos: what is written in them, and a small picture."""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from media.services.library.said import number
from media.services.reading import exif, xmp
from media.services.reading.facts import Facts, NoPicture, Unreadable

#: What is opened; Pillow knows formats that run other programs, and no camera writes those.
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
#: Longest side of a small picture, in pixels.
SIDE = 384
#: A JPEG is decoded at an eighth of its size, anything else as a whole.
MOST_PIXELS = {"JPEG": 170_000_000, "MPO": 170_000_000}
MOST_PIXELS_ELSE = 60_000_000
#: By their first bytes: what files turn out to be that are no pictures.
_SIGNATURES = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"%PDF": "pdf",
    b"\x1f\x8b": "gzip",
    b"Rar!": "rar",
    b"\x7fELF": "program",
    b"MZ": "program",
    b"<!DO": "html",
    b"<htm": "html",
    b"<?xm": "xml",
}


def facts_of(head: bytes) -> Facts:
    """What the first part of a photo says. Raises `Unreadable` for what is no picture; one that ends early is fine."""
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            raise Unreadable(_("It is no photo but a file of the kind “%(kind)s”.") % {"kind": name})
    facts = Facts()
    said = xmp.properties(head)
    written: dict[str, object] = {}
    place: dict[int, object] = {}
    try:
        with _open(io.BytesIO(head)) as image:
            facts.width, facts.height = image.size
            written, place = exif.entries(image)
    except Unreadable:
        if not said:
            raise
    spot = _spot(said) or exif.position(place)
    if spot is not None:
        facts.latitude, facts.longitude = spot
    facts.taken = said.get("UTCAtExposure", "") and f"{said['UTCAtExposure']}Z"
    facts.taken = facts.taken or said.get("CreateDate", "") or exif.taken(written)
    above_sea = number(said.get("AbsoluteAltitude"), 20_000)
    facts.absolute_height = above_sea if above_sea is not None else exif.altitude(place)
    facts.relative_height = number(said.get("RelativeAltitude"), 20_000)
    facts.gimbal_yaw = number(said.get("GimbalYawDegree"), 720)
    facts.gimbal_pitch = number(said.get("GimbalPitchDegree"), 360)
    facts.field_of_view = exif.field_of_view(written)
    facts.metadata = {name: found for name, found in (("exif", written), ("xmp", said)) if found}
    return facts


def _spot(said: dict[str, str]) -> tuple[float, float] | None:
    latitude = number(said.get("GpsLatitude"), 90)
    longitude = number(said.get("GpsLongitude") or said.get("GpsLongtitude"), 180)  # older cameras misspell it
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    return latitude, longitude


def _open(file: BinaryIO) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # bounded by `MOST_PIXELS`
            return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise Unreadable(_("It is no picture that can be read.")) from None
    except Image.DecompressionBombError:
        raise Unreadable(_("It claims more pixels than any camera has.")) from None
    except Exception as error:
        raise Unreadable(_("It cannot be read: %(error)s") % {"error": error}) from error


def small(file: BinaryIO) -> bytes:
    """A small WebP of a photo, upright. Raises `Unreadable`, and `NoPicture` where it would cost too much."""
    with _open(file) as image:
        most = MOST_PIXELS.get(image.format or "", MOST_PIXELS_ELSE)
        if image.width * image.height > most:
            raise NoPicture(
                _("%(width)d by %(height)d pixels are too many for a preview.")
                % {"width": image.width, "height": image.height}
            )
        try:
            image.draft("RGB", (SIDE * 2, SIDE * 2))
            picture = ImageOps.exif_transpose(_colours(image))
            picture.thumbnail((SIDE, SIDE))
        except Exception as error:
            raise Unreadable(_("The picture is damaged: %(error)s") % {"error": error}) from error
    return webp(picture)


def _colours(image: Image.Image) -> Image.Image:
    """In colours that a browser shows; measurements of 16 or 32 bits are spread over what there is to see."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        grey = image.convert("F")
        low, high = grey.getextrema()
        span = float(high) - float(low) or 1.0  # type: ignore[arg-type]
        return grey.point(lambda value: (value - float(low)) * (255 / span)).convert("RGB")  # type: ignore[arg-type]
    return image if image.mode == "RGB" else image.convert("RGB")


def webp(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.convert("RGB").save(out, "WEBP", quality=78, method=4)
    return out.getvalue()
