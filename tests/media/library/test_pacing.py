"""A reader that does not read stops the sender; without it the web server keeps everything in memory."""

from __future__ import annotations

import http.client
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from fleet.embedded import ports
from fleet.embedded.supervisor import wrapped
from tests.media.library.endless import PIECE, PIECES
from tests.servers import Server

TOTAL = len(PIECE) * PIECES
#: Buffers of kernel and transport.
BOUND = 32_000_000


class Daphne(Server):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = ports.free_port()

    def command(self) -> list[str]:
        application = "tests.media.library.endless:application"
        return wrapped([sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), application], "KILL")

    def answers(self) -> bool:
        return ports.accepts("127.0.0.1", self.port)

    def state(self) -> tuple[int, int]:
        """Bytes that have left for the reader, and answers that have ended."""
        with urlopen(f"http://127.0.0.1:{self.port}/sent") as answer:
            sent, ended = answer.read().split()
        return int(sent), int(ended)

    def settled(self) -> int:
        """How much has left once nothing more does."""
        before, same = -1, 0
        end = time.monotonic() + 30
        while same < 5 and time.monotonic() < end:
            now = self.state()[0]
            before, same = now, same + 1 if now == before and now else 0
            time.sleep(0.1)
        return before


@pytest.fixture
def daphne(tmp_path: Path) -> Iterator[Daphne]:
    server = Daphne(tmp_path)
    server.start()
    yield server
    server.stop()


def test_who_does_not_read_is_not_sent_more(daphne: Daphne) -> None:
    with socket.create_connection(("127.0.0.1", daphne.port)) as reader:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert 0 < daphne.settled() < BOUND
    assert ports.wait_until(lambda: daphne.state()[1] == 1, 10, 0.1)  # whoever goes away frees the sender too


def test_who_reads_gets_everything_and_the_connection_goes_on(daphne: Daphne) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", daphne.port)
    for _time in range(2):
        connection.request("GET", "/")
        assert len(connection.getresponse().read()) == TOTAL
    connection.request("GET", "/sent")
    assert connection.getresponse().read() == f"{TOTAL} 2".encode()
    connection.close()
