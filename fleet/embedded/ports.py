"""Ports: are they free, and does somebody answer there."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listener:
    """An address that one of our servers is about to listen on, and the setting that moves it."""

    purpose: str
    setting: str
    host: str
    port: int


class PortTaken(Exception):
    """An address cannot be listened on; the text says which, why, and which setting to change."""


def family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def problem(listener: Listener) -> str:
    """Why this address cannot be had, as a sentence; empty when it can."""
    with socket.socket(family(listener.host), socket.SOCK_STREAM) as probe:
        # Servers set this too: a port that only lingers from the last run is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listener.host, listener.port))
            probe.listen(1)
        except OSError as error:
            where = f"{listener.host}:{listener.port} ({listener.purpose})"
            other = listener.port + 10 if listener.port > 1023 else 10_000 + listener.port
            change = f"{listener.setting}={other} make run"
            if error.errno == errno.EADDRINUSE:
                return f"Port {where} is taken by another program. Stop it, or choose another port: {change}"
            if error.errno == errno.EACCES:
                return f"Port {where} is kept for root. Choose one above 1023: {change}"
            return f"Port {where} cannot be used: {error.strerror or error}. Its setting is {listener.setting}."
    return ""


def check(listeners: list[Listener]) -> None:
    """Raises `PortTaken` naming every address that cannot be had, and two of ours that would clash."""
    problems = [text for listener in listeners if (text := problem(listener))]
    seen: dict[int, Listener] = {}
    for listener in listeners:
        if (first := seen.setdefault(listener.port, listener)) is not listener:
            problems.append(f"{first.setting} and {listener.setting} are both {listener.port}; they must differ.")
    if problems:
        raise PortTaken("\n".join(problems))


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket(family(host), socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def accepts(host: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=1):
            return True
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], timeout: float, period: float = 0.1) -> bool:
    """Whether `condition` came true within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(period)
    return True
