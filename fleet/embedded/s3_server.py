#!/usr/bin/env python3
"""Run the embedded S3 server and end temporary keys in time: `s3_server.py COMMAND...`.

Run by path with `-I -S`, as its neighbours: it imports nothing of the project.
"""

import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parent


def serve(command: list[str], directory: Path) -> int:
    """Run the command until it ends or this process is told to; its exit code."""
    keys = runpy.run_path(str(HERE / "s3_keys.py"))
    # A fresh server knows no key yet: whatever link is needed is made when it asks.
    shutil.rmtree(keys["links"](directory), ignore_errors=True)
    with_parent = [sys.executable, "-I", "-S", str(HERE / "with_parent.py"), "KILL"]
    server = subprocess.Popen([*with_parent, *command])

    def stop(number: int, frame: FrameType | None) -> None:
        server.send_signal(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        try:
            return server.wait(timeout=1)
        except subprocess.TimeoutExpired:
            keys["end"](directory, time.time())


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:], Path(os.environ["FLEET_S3_DIRECTORY"])))
