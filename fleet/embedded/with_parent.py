#!/usr/bin/env python3
"""Become a command that ends when its parent does: `with_parent.py SIGNAL COMMAND...` (a child's wrapper).

Run by path with `-I -S`: it must start fast and import nothing of the project. On Linux the kernel sends
SIGNAL when the parent is gone, however it went; elsewhere it only runs the command.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(number: int) -> None:
    """Ask the kernel for signal `number` when the thread that started this process ends. Nothing outside
    Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


if __name__ == "__main__":
    parent = os.getppid()
    end_with_parent(signal.Signals[f"SIG{sys.argv[1]}"])
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606
