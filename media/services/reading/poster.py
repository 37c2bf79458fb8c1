"""A picture out of a video, by ffmpeg, from the few megabytes that are fetched of it.

ffmpeg gets a local file and no network: one as long as the video, with holes where nothing was fetched. It may be
missing on a machine (`imageio-ffmpeg` brings it to a small installation); then videos have no poster.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from django.utils.translation import gettext as _

from media.services.reading import photo
from media.services.reading.facts import NoPicture, Unreadable
from media.services.reading.mp4 import Film, Ranges

#: The first pictures of the film; at 200 Mbit/s the first second is 25 MB.
HEAD = 16_000_000
PATIENCE = 40


@cache
def program() -> str:
    """Where ffmpeg is, "" when there is none on this machine."""
    if found := shutil.which("ffmpeg"):
        return found
    with contextlib.suppress(Exception):
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    return ""


def poster(film: Film, ranges: Ranges, size: int) -> bytes:
    """A small WebP of the first picture. Raises `NoPicture` when there is none to be had."""
    ffmpeg = program()
    if not ffmpeg:
        raise NoPicture(_("There is no ffmpeg on the server, so videos have no preview."))
    with tempfile.TemporaryDirectory(prefix="fleet-poster-") as folder:
        copy = Path(folder) / "film"
        _with_holes(copy, film, ranges, size)
        # fmt: off
        command = [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-threads", "1",
            "-protocol_whitelist", "file,pipe", "-f", "mov", "-i", str(copy),
            "-map", "0:v:0", "-frames:v", "1", "-vf", f"scale='min({photo.SIDE * 2},iw)':-2",
            "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3", "-strict", "unofficial", "-",
        ]
        # fmt: on
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603 - no shell
        except subprocess.TimeoutExpired:
            raise NoPicture(_("No picture could be taken from the video in time.")) from None
    if not done.stdout:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        raise NoPicture(_("No picture could be taken from the video: %(error)s") % {"error": why[0][-150:]})
    try:
        return photo.small(io.BytesIO(done.stdout))
    except Unreadable as error:
        raise NoPicture(str(error)) from error


def _with_holes(copy: Path, film: Film, ranges: Ranges, size: int) -> None:
    with copy.open("wb") as file:
        file.truncate(size)
        for box in film.boxes:
            file.seek(box.start)
            if box.kind == b"moov":
                file.write(ranges(box.start, box.header))
                file.write(film.moov)
            elif box.kind == b"mdat":
                file.write(ranges(box.start, min(box.size, HEAD, size - box.start)))
            else:
                file.write(ranges(box.start, min(box.size, 1_000_000, size - box.start)))
