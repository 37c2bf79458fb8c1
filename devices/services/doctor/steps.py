"""One step of coming online, and the limit in which a check has to answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum

from django.db import connections
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


class State(StrEnum):
    GOOD = "good"
    BAD = "bad"
    #: Its turn has not come, or nobody can tell yet.
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Step:
    """`key` names the step for programs, `title` for people; `detail` is why, `advice` what to do."""

    key: str
    title: str
    state: State
    detail: str = ""
    advice: str = ""


Steps = list[Step]


def good(key: str, title: str, detail: str = "") -> Step:
    return Step(key, title, State.GOOD, detail)


def bad(key: str, title: str, detail: str, advice: str = "") -> Step:
    return Step(key, title, State.BAD, detail, advice)


def waiting(key: str, title: str, detail: str = "", advice: str = "") -> Step:
    return Step(key, title, State.WAITING, detail, advice)


def overall(steps: Sequence[Step]) -> State:
    """Bad as soon as one step is bad, good when all are."""
    states = {step.state for step in steps}
    return next((state for state in (State.BAD, State.WAITING) if state in states), State.GOOD)


def next_to_do(steps: Sequence[Step]) -> Step | None:
    """Where to begin: the first bad step, else the first one that has not come; None when all is well."""
    return next((s for s in steps if s.state is State.BAD), None) or next(
        (s for s in steps if s.state is State.WAITING), None
    )


def within(seconds: float, key: str, title: str, check: Callable[[], Steps]) -> Steps:
    """What `check` finds, or one bad step when it fails or takes too long; it then ends by itself, unheard."""
    found: Future[Steps] = Future()
    # Not of a pool: those are waited for when the program ends, and this one may hang.
    threading.Thread(target=copy_context().run, args=(_fulfil, found, check), name=f"doctor-{key}", daemon=True).start()
    try:
        return found.result(timeout=seconds)
    except TimeoutError:
        return [bad(key, title, _("No answer within %(seconds)d seconds.") % {"seconds": seconds})]
    except Exception as error:
        logger.exception("the doctor's check %s failed", key)
        return [bad(key, title, _("The check itself failed: %(error)s") % {"error": error})]


def _fulfil(found: Future[Steps], check: Callable[[], Steps]) -> None:
    """The thread keeps no database connection behind."""
    try:
        found.set_result(check())
    except Exception as error:
        found.set_exception(error)
    finally:
        connections.close_all()
