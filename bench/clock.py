"""How long something takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def milliseconds(work: Callable[[int], Any], rounds: int) -> float:
    """The median of so many rounds, after one that warms up; `work` is given the round's number."""
    work(0)
    taken = []
    for number in range(rounds):
        begun = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)
