"""Answers that are made while they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from media.services.storage import archive


def zipped(files: Sequence[tuple[int, str, str, str]], name: str) -> StreamingHttpResponse:
    """These files (id, folder, name, object key) as `name`.zip; `name` is fit for a header."""
    answer = StreamingHttpResponse(_sent(archive.pieces(files)), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    answer["X-Accel-Buffering"] = "no"
    return answer


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Piece by piece: what is no asynchronous iterator, the web server would collect as a whole first."""
    following = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    while (piece := await following()) is not None:
        yield piece
