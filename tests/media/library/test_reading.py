"""Files are read, whatever they are: with a real bucket, real pictures, and what only calls itself a picture."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image, TiffImagePlugin
from PIL.ExifTags import GPS, Base

from fleet.models import Workspace
from fleet.simulator.photographs import can_film, film
from media.models import DoomedObject, MediaFile, Status
from media.services.library import confirm
from media.services.reading import mp4, poster, reader
from tests.media.library.files import announce, jpeg, plain_jpeg, shot

pytestmark = pytest.mark.django_db

films = pytest.mark.skipif(not can_film(), reason="no ffmpeg on this machine (imageio-ffmpeg brings one)")


def taken_in(workspace: Workspace, storage: Any, content: bytes, name: str = "a.JPG", **fields: Any) -> MediaFile:
    """Announced, put into the bucket, confirmed and read."""
    fields = {"metadata": {}, **fields}
    file = announce(workspace, name, **fields)
    storage.put(file.object_key, content)
    confirm.confirm(file.pk)
    reader.read(file.pk)
    file.refresh_from_db()
    assert file.check_at is None
    return file


def picture_of(file: MediaFile, storage: Any) -> Image.Image:
    assert file.thumbnail_key
    found = Image.open(io.BytesIO(storage.read(file.thumbnail_key)))
    assert found.format == "WEBP"
    return found


def test_a_photo_says_where_how_and_when(workspace: Workspace, storage: Any) -> None:
    file = taken_in(workspace, storage, jpeg(lens="T"), "DJI_20260921133320_0001_T.JPG")
    assert file.status == Status.CONFIRMED, file.reason
    assert (file.latitude, file.longitude) == (pytest.approx(47.05, abs=1e-4), pytest.approx(8.31, abs=1e-4))
    assert (file.absolute_height, file.relative_height) == (pytest.approx(512, abs=0.1), pytest.approx(60, abs=0.1))
    assert (file.gimbal_yaw, file.gimbal_pitch) == (pytest.approx(135), pytest.approx(-40))
    assert (file.width, file.height) == (640, 512)
    assert file.taken_at is not None and file.taken_at.isoformat() == "2026-09-21T14:13:20+00:00"
    assert file.moment == file.taken_at
    assert file.field_of_view is not None and 30 < file.field_of_view < 45  # 53 mm on 35 mm film
    assert file.cell is not None
    assert {"exif", "xmp", "callback"} <= set(file.metadata)
    assert max(picture_of(file, storage).size) == 384


def test_the_small_picture_lies_where_no_device_may_write(workspace: Workspace, storage: Any) -> None:
    file = taken_in(workspace, storage, jpeg())
    assert not storage.belongs(workspace.pk, file.thumbnail_key)


def test_a_photo_that_says_nothing_keeps_what_the_device_said(workspace: Workspace, storage: Any) -> None:
    said = {"shoot_position": {"lat": 1.5, "lng": 2.5}, "created_time": "2026-01-02T03:04:05Z", "gimbal_yaw_degree": 7}
    file = taken_in(workspace, storage, plain_jpeg(), metadata=said)
    assert (file.latitude, file.longitude, file.gimbal_yaw) == (1.5, 2.5, 7)
    assert file.taken_at is not None and file.taken_at.isoformat() == "2026-01-02T03:04:05+00:00"
    assert file.cell is not None


def test_a_camera_without_a_zone_means_the_workspaces(workspace: Workspace, storage: Any) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Zurich")
    workspace.refresh_from_db()
    exif = Image.Exif()
    exif[Base.DateTime] = "2026:07:01 12:00:00"
    file = taken_in(workspace, storage, plain_jpeg(exif=exif))
    assert file.taken_at is not None and file.taken_at.isoformat() == "2026-07-01T10:00:00+00:00"


def test_a_picture_on_its_side_is_set_upright(workspace: Workspace, storage: Any) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    file = taken_in(workspace, storage, plain_jpeg((400, 200), exif=exif))
    width, height = picture_of(file, storage).size
    assert height > width


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "hello")
    return target.getvalue()


def nonsense_exif() -> bytes:
    exif = Image.Exif()
    exif[Base.DateTime] = "not a time \x00\xff"
    exif[Base.Orientation] = 99
    exif[Base.FocalLengthIn35mmFilm] = 0
    place = exif.get_ifd(0x8825)
    place[GPS.GPSLatitudeRef] = "Q"
    place[GPS.GPSLatitude] = (TiffImagePlugin.IFDRational(1, 0),) * 3
    place[GPS.GPSLongitudeRef] = "E"
    place[GPS.GPSLongitude] = (TiffImagePlugin.IFDRational(9999, 1),) * 3
    place[GPS.GPSAltitude] = TiffImagePlugin.IFDRational(1, 0)
    return plain_jpeg(exif=exif)


def bad_offsets() -> bytes:
    """An EXIF block whose directory points into nowhere."""
    block = (
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00"
        + struct.pack("<H", 3)
        + b"\x25\x88\x04\x00\x01\x00\x00\x00\xff\xff\xff\x7f" * 3
    )
    return plain_jpeg()[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + plain_jpeg()[2:]


def bomb(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that claims to be very large."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (zipped(), "a.JPG", "zip"),
        (b"hello, I am no picture at all", "a.JPG", "no picture"),
        (b"\x00", "a.JPG", "no picture"),
        (b"\xff\xd8\xff" + b"\x00" * 100, "a.JPG", ""),
        (jpeg()[:20_000], "a.JPG", ""),
        (b"<html><script>alert(1)</script>", "a.png", "html"),
        (bomb(60_000, 60_000), "a.png", "pixels"),
        (b"GIF89a" + b"\x00" * 50, "a.JPG", "no picture"),
        (zipped(), "a.MP4", "no video"),
        (b"\x00\x00\x00\x20ftypisom" + b"\x00" * 20, "a.MP4", "cut off"),
        (struct.pack(">I4s", 0, b"ftyp"), "a.MP4", "cut off"),
        (struct.pack(">I4sI4s", 8, b"ftyp", 2**31, b"moov"), "a.MP4", "damaged"),
        (struct.pack(">I4sI4s", 8, b"ftyp", 16, b"moov") + struct.pack(">I4s", 8, b"mvhd"), "a.MP4", ""),
    ],
    ids=["zip", "text", "one byte", "header only", "cut off", "html", "bomb", "gif", "zip film", "unfinished film",
         "endless box", "huge box", "empty header"],
)  # fmt: skip
def test_what_is_broken_is_recorded_with_the_reason(
    workspace: Workspace, storage: Any, content: bytes, name: str, why: str
) -> None:
    file = taken_in(workspace, storage, content, name)
    assert file.status == Status.BROKEN, file.reason
    assert file.reason
    assert why in file.reason
    assert not file.thumbnail_key


@pytest.mark.parametrize("content", [nonsense_exif(), bad_offsets()], ids=["values", "offsets"])
def test_exif_with_nonsense_is_left_out(workspace: Workspace, storage: Any, content: bytes) -> None:
    file = taken_in(workspace, storage, content)
    assert file.status == Status.CONFIRMED, file.reason
    assert (file.latitude, file.taken_at, file.field_of_view, file.absolute_height) == (None, None, None, None)
    assert picture_of(file, storage)


def test_too_many_pixels_are_no_damage(workspace: Workspace, storage: Any) -> None:
    file = taken_in(workspace, storage, bomb(9_000, 9_000), "a.png")
    assert (file.status, file.thumbnail_key) == (Status.CONFIRMED, "")
    assert "too many" in file.reason
    assert (file.width, file.height) == (9_000, 9_000)


def test_measurements_of_sixteen_bits_become_a_picture(workspace: Workspace, storage: Any) -> None:
    target = io.BytesIO()
    Image.frombytes("I;16", (64, 64), struct.pack("<4096H", *range(10_000, 14_096))).save(target, "TIFF")
    small = picture_of(taken_in(workspace, storage, target.getvalue(), "DJI_20260921133320_0001_MS_NIR.TIF"), storage)
    low, high = small.convert("L").getextrema()
    assert (low, high) == (pytest.approx(0, abs=12), pytest.approx(255, abs=12))


@pytest.mark.parametrize("name", ["a.MRK", "a.mp3", "a.txt", "a.mkv", "a.dng", "noending"])
def test_other_files_are_stored_without_a_picture(workspace: Workspace, storage: Any, name: str) -> None:
    file = taken_in(workspace, storage, b"whatever it is", name)
    assert (file.status, file.thumbnail_key) == (Status.CONFIRMED, "")


@films
def test_a_film_has_a_poster_a_length_a_place_and_a_time(workspace: Workspace, storage: Any) -> None:
    file = taken_in(workspace, storage, film(shot()), "DJI_20260921133320_0001_V.MP4")
    assert file.status == Status.CONFIRMED, file.reason
    assert file.duration == pytest.approx(1, abs=0.1)
    assert (file.width, file.height) == (640, 480)
    assert (file.latitude, file.longitude) == (pytest.approx(47.05, abs=1e-3), pytest.approx(8.31, abs=1e-3))
    assert file.taken_at is not None and file.taken_at.isoformat() == "2026-09-21T14:13:20+00:00"
    assert picture_of(file, storage)


@films
def test_ten_gigabytes_of_film_are_never_fetched(tmp_path: Path) -> None:
    """Not from the bucket: the embedded one adds up a checksum of all of it first."""
    content = film(shot())
    total = 10_000_000_000
    with (tmp_path / "film").open("w+b") as huge:
        huge.write(content)
        huge.write(struct.pack(">I4sQ", 1, b"free", total - len(content)))
        huge.truncate(total)
        fetched: list[int] = []

        def ranges(start: int, length: int) -> bytes:
            huge.seek(start)
            found = huge.read(length)
            fetched.append(len(found))
            return found

        found = mp4.look(ranges, total)
        small = poster.poster(found, ranges, total)
    assert found.facts.duration == pytest.approx(1, abs=0.1)
    assert small.startswith(b"RIFF")
    assert sum(fetched) < 2 * poster.HEAD


@films
def test_without_ffmpeg_a_film_is_a_film_without_a_poster(
    workspace: Workspace, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = film(shot())
    poster.program.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    try:
        file = taken_in(workspace, storage, content, "a.MP4")
    finally:
        poster.program.cache_clear()
    assert (file.status, file.thumbnail_key) == (Status.CONFIRMED, "")
    assert "ffmpeg" in file.reason
    assert file.duration


def test_a_file_that_ends_the_worker_is_left_alone_after_three_times(workspace: Workspace, storage: Any) -> None:
    file = announce(workspace)
    storage.put(file.object_key, jpeg())
    confirm.confirm(file.pk)
    MediaFile.objects.filter(pk=file.pk).update(attempts=reader.MOST_ATTEMPTS)
    reader.read(file.pk)
    file.refresh_from_db()
    assert (file.status, file.check_at, file.thumbnail_key) == (Status.CONFIRMED, None, "")
    assert "given up" in file.reason


def test_a_storage_that_is_away_makes_no_file_broken(workspace: Workspace, storage: Any, settings: Any) -> None:
    file = announce(workspace)
    storage.put(file.object_key, jpeg())
    confirm.confirm(file.pk)
    endpoint, settings.S3_ENDPOINT = settings.S3_ENDPOINT, "http://127.0.0.1:1"
    reader.read(file.pk)
    file.refresh_from_db()
    assert file.status == Status.CONFIRMED
    assert file.check_at is not None and file.check_at > timezone.now()
    settings.S3_ENDPOINT = endpoint
    reader.read(file.pk)
    file.refresh_from_db()
    assert (file.reason, file.check_at) == ("", None)
    assert file.thumbnail_key


def test_what_vanished_since_is_missing(workspace: Workspace, storage: Any) -> None:
    file = announce(workspace)
    storage.put(file.object_key, jpeg())
    confirm.confirm(file.pk)
    storage.delete(file.object_key)
    reader.read(file.pk)
    file.refresh_from_db()
    assert file.status == Status.MISSING


def test_a_second_reading_replaces_the_small_picture(workspace: Workspace, storage: Any) -> None:
    file = taken_in(workspace, storage, jpeg())
    old = file.thumbnail_key
    MediaFile.objects.update(check_at=timezone.now())
    reader.read(file.pk)
    file.refresh_from_db()
    assert file.thumbnail_key != old
    assert list(DoomedObject.objects.values_list("object_key", flat=True)) == [old]
