"""Pictures as an aircraft's camera makes them: JPEG with EXIF and the maker's XMP, and short films."""

from __future__ import annotations

import importlib.util
import io
import math
import random
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from PIL import ExifTags, Image, ImageDraw, ImageFont, ImageOps
from PIL.TiffImagePlugin import IFDRational

SIZES = {"V": (1280, 960), "Z": (1280, 960), "T": (640, 512)}
SOURCES = {"V": "WideCamera", "Z": "ZoomCamera", "T": "InfraredCamera"}
FOCAL_LENGTHS = {"V": (7, 24), "Z": (30, 162), "T": (12, 53)}  # millimetres, and as on 35 mm film
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\x00"
APP1 = b"\xff\xe1"
FILM_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Shot:
    """When, where and how a picture is taken: degrees, metres above the ellipsoid and above the take-off point.

    `lens` is V (wide), Z (zoom) or T (thermal); `taken_at` milliseconds since 1970.
    """

    number: int
    lens: str
    taken_at: int
    latitude: float
    longitude: float
    altitude: float
    relative_altitude: float
    yaw: float
    pitch: float
    model: str
    serial: str

    @property
    def time(self) -> datetime:
        """`taken_at` as a time in UTC."""
        return datetime.fromtimestamp(self.taken_at / 1000, UTC)

    def name(self, suffix: str = "JPG") -> str:
        """DJI_20260101120000_0001_V.JPG."""
        return f"DJI_{self.time:%Y%m%d%H%M%S}_{self.number:04d}_{self.lens}.{suffix}"


def photograph(shot: Shot) -> bytes:
    """The JPEG of a shot: fields from above with place and time on them, in false colours where it is thermal."""
    picture = _draw(shot)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=80, exif=_exif(shot).tobytes())
    return _with_segment(target.getvalue(), XMP_MARK + _xmp(shot))


def _with_segment(jpeg: bytes, packet: bytes) -> bytes:
    """The JPEG with one more APP1 segment, after those that it has."""
    at = 2
    while jpeg[at] == 0xFF and 0xE0 <= jpeg[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[:at] + APP1 + (len(packet) + 2).to_bytes(2, "big") + packet + jpeg[at:]


def _draw(shot: Shot) -> Image.Image:
    picture = _ground(shot)
    if shot.lens == "Z":
        width, height = picture.size
        picture = picture.crop((width // 3, height // 3, width * 2 // 3, height * 2 // 3))
    picture = picture.resize(SIZES.get(shot.lens, SIZES["V"]))
    if shot.lens == "T":
        grey = ImageOps.autocontrast(picture.convert("L"))
        picture = ImageOps.colorize(grey, black="#140a46", mid="#c8324b", white="#fff3a0")
    draw, height = ImageDraw.Draw(picture), picture.height
    lines = (
        f"{shot.model}  {SOURCES.get(shot.lens, '')}  No. {shot.number}",
        f"{shot.latitude:.6f}  {shot.longitude:.6f}  {shot.relative_altitude:.0f} m",
        f"{shot.time:%Y-%m-%d %H:%M:%S} UTC  {shot.yaw:.0f}\N{DEGREE SIGN}",
    )
    size = height // 28
    for number, line in enumerate(lines):
        at = (size, height - (len(lines) - number) * int(size * 1.4) - size)
        draw.text(at, line, (255, 255, 255), ImageFont.load_default(size), stroke_width=2, stroke_fill=(0, 0, 0))
    return picture


def _ground(shot: Shot) -> Image.Image:
    """Fields, a road and a house as they lie below: the same for every lens of one shot."""
    rnd = random.Random(f"{shot.latitude:.5f} {shot.longitude:.5f}")
    width, height = SIZES["V"]
    picture = Image.new("RGB", (width, height), (104, 112, 78))
    draw = ImageDraw.Draw(picture)
    edges = [0, *sorted(rnd.sample(range(120, width - 120, 60), 5)), width]
    for left, right in pairwise(edges):
        rows = [0, *sorted(rnd.sample(range(120, height - 120, 60), 3)), height]
        for top, bottom in pairwise(rows):
            green = rnd.randint(80, 150)
            draw.rectangle(
                (left + 4, top + 4, right - 4, bottom - 4), fill=(green - rnd.randint(0, 60), green, green // 2)
            )
    bend = rnd.randint(height // 3, height * 2 // 3)
    draw.line((0, bend, width, bend + rnd.randint(-150, 150)), fill=(150, 146, 138), width=26)
    x, y = rnd.randint(width * 2 // 5, width // 2), rnd.randint(height * 2 // 5, height // 2)
    draw.rectangle((x, y, x + 190, y + 120), fill=(232, 150, 120), outline=(250, 250, 250), width=3)
    draw.line((x, y + 60, x + 190, y + 60), fill=(250, 226, 210), width=4)
    return picture


def _exif(shot: Shot) -> Image.Exif:
    focal, on_film = FOCAL_LENGTHS.get(shot.lens, FOCAL_LENGTHS["V"])
    time = f"{shot.time:%Y:%m:%d %H:%M:%S}"
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "DJI"
    exif[ExifTags.Base.Model] = shot.model
    exif[ExifTags.Base.Orientation] = 1
    exif[ExifTags.Base.Software] = "simulated"
    exif[ExifTags.Base.DateTime] = time
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: time,
            ExifTags.Base.DateTimeDigitized: time,
            ExifTags.Base.OffsetTimeOriginal: "+00:00",
            ExifTags.Base.FocalLength: IFDRational(focal, 1),
            ExifTags.Base.FocalLengthIn35mmFilm: on_film,
            ExifTags.Base.FNumber: IFDRational(17, 10),
            ExifTags.Base.ExposureTime: IFDRational(1, 500),
            ExifTags.Base.ISOSpeedRatings: 100,
            ExifTags.Base.BodySerialNumber: shot.serial,
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSVersionID: b"\x02\x03\x00\x00",
            ExifTags.GPS.GPSLatitudeRef: "N" if shot.latitude >= 0 else "S",
            ExifTags.GPS.GPSLatitude: _sexagesimal(shot.latitude),
            ExifTags.GPS.GPSLongitudeRef: "E" if shot.longitude >= 0 else "W",
            ExifTags.GPS.GPSLongitude: _sexagesimal(shot.longitude),
            ExifTags.GPS.GPSAltitudeRef: b"\x00" if shot.altitude >= 0 else b"\x01",
            ExifTags.GPS.GPSAltitude: IFDRational(round(abs(shot.altitude) * 1000), 1000),
        }
    )
    return exif


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    fraction, whole = math.modf(abs(degrees))
    seconds, minutes = math.modf(fraction * 60)
    return IFDRational(int(whole)), IFDRational(int(minutes)), IFDRational(round(seconds * 60 * 10_000), 10_000)


def _xmp(shot: Shot) -> bytes:
    values = {
        "ImageSource": SOURCES.get(shot.lens, ""),
        "GpsStatus": "RTK",
        "GpsLatitude": f"{shot.latitude:+.9f}",
        "GpsLongitude": f"{shot.longitude:+.9f}",
        "AltitudeType": "RtkAlt",
        "AbsoluteAltitude": f"{shot.altitude:+.3f}",
        "RelativeAltitude": f"{shot.relative_altitude:+.3f}",
        "GimbalRollDegree": "+0.00",
        "GimbalYawDegree": f"{shot.yaw:+.2f}",
        "GimbalPitchDegree": f"{shot.pitch:+.2f}",
        "FlightRollDegree": "+0.30",
        "FlightYawDegree": f"{shot.yaw:+.2f}",
        "FlightPitchDegree": "-3.10",
        "RtkFlag": "50",
        "DroneModel": shot.model,
        "DroneSerialNumber": shot.serial,
        "Version": "1.6",
    }
    attributes = "\n".join(f'   drone-dji:{name}="{value}"' for name, value in values.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '  <rdf:Description rdf:about="DJI Meta Data"\n'
        '   xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"\n'
        f"{attributes}/>\n </rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()


def can_film() -> bool:
    """Whether there is an ffmpeg to film with: the package imageio-ffmpeg brings one."""
    return importlib.util.find_spec("imageio_ffmpeg") is not None


def film(shot: Shot) -> bytes:
    """A second of MP4 (H.264) with time and place in its header."""
    import imageio_ffmpeg

    width, height = SIZES.get(shot.lens, SIZES["V"])
    with tempfile.TemporaryDirectory(prefix="fleet-film-") as folder:
        target = Path(folder) / "film.mp4"
        # fmt: off
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi",
            "-i", f"testsrc=size={width // 2}x{height // 2}:rate=10:duration={FILM_SECONDS}",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1",
            "-metadata", f"creation_time={shot.time.isoformat()}",
            "-metadata", f"location={shot.latitude:+.4f}{shot.longitude:+.4f}+{shot.altitude:.3f}/",
            "-movflags", "+faststart", str(target),
        ]
        # fmt: on
        subprocess.run(command, check=True, capture_output=True, timeout=60)  # noqa: S603  our own words only
        return target.read_bytes()
