"""`python -m tests.conformance FILE [--verbose]`: 0: nothing is missed, 1: something is, 2: it cannot run."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.conformance import examples


def main(arguments: list[str]) -> int:
    """Compare a server started for it with the examples in a file; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance", description="The examples against a live server."
    )
    parser.add_argument("file", type=Path, help="the examples, one JSON object a line (methods.jsonl)")
    parser.add_argument("--verbose", action="store_true", help="show every answer")
    options = parser.parse_args(arguments)
    try:
        lines = examples.read(options.file)
    except examples.Unreadable as error:
        print(error, file=sys.stderr)
        return 2

    import pytest

    import tests.environment  # noqa: F401 - gives this process a data directory and servers of its own
    from tests.conformance.session import compare
    from tests.live import running_fleet

    began = time.monotonic()
    try:
        with running_fleet() as fleet:
            report = compare(fleet, lines, verbose=options.verbose)
    except (pytest.fail.Exception, pytest.skip.Exception, RuntimeError) as error:
        print(f"The comparison could not be made: {error}", file=sys.stderr)
        return 2
    print("\n".join(report.lines()))
    print(f"{len(lines)} lines in {time.monotonic() - began:.0f} s.")
    return 1 if report.misses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
