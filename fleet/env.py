"""Settings from the environment, through typed readers.

Order of precedence: the process environment, then `.env` beside `manage.py`, then `fleet.env` in the data
directory (written by `manage.py run`: addresses and generated secrets of the embedded servers), then the
default. A value that does not parse ends the start with a sentence that names the setting.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

DATA_DIR = Path(env.str("FLEET_DATA_DIR", str(BASE_DIR / "var"))).expanduser().resolve()
env.read_env(str(DATA_DIR / "fleet.env"), recurse=False)


class Reader:
    """Typed readers that turn a wrong value into one clear sentence."""

    def text(self, name: str, default: str = "") -> str:
        return str(env.str(name, default)).strip()

    def number(self, name: str, default: int, *, minimum: int | None = None, maximum: int | None = None) -> int:
        try:
            value = int(env.int(name, default))
        except EnvError as error:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {env.str(name)!r}.") from error
        if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
            raise ImproperlyConfigured(f"{name} must lie between {minimum} and {maximum}, not {value}.")
        return value

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, minimum=1, maximum=65535)

    def flag(self, name: str, default: bool = False) -> bool:
        try:
            return bool(env.bool(name, default))
        except EnvError as error:
            raise ImproperlyConfigured(f"{name} must be 0 or 1, not {env.str(name)!r}.") from error

    def words(self, name: str, default: list[str]) -> list[str]:
        return [word.strip() for word in env.list(name, default) if word.strip()]

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
        return value

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name, default)
        parts = urlsplit(value)
        if parts.scheme not in schemes:
            raise ImproperlyConfigured(
                f"{name} must start with {' or '.join(s + '://' for s in schemes)}, not {value!r}."
            )
        try:
            _ = parts.port
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} has a port that is no number: {unquote(value)!r}.") from error
        return value


read = Reader()
