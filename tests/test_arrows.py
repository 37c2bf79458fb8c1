"""The house plan's arrows, held by walking the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("devices", "waylines", "media", "livestream")
DOORS = ("mqtt", "api", "admin", "tasks", "consumers", "views", "forms")


def modules(*folders: str) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts and "node_modules" not in path.parts
    ]


def imports(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """Every dotted name that a file imports; without `lazy`, only those at its top."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree) if lazy else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(name: str) -> bool:
    return name.split(".")[0] in ("fleet", *APPS)


def offenders(paths: list[Path], forbidden: object, *, lazy: bool = True) -> list[str]:
    assert callable(forbidden)
    assert paths
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports(path, lazy=lazy)
        if forbidden(name)
    ]


def test_the_protocol_knows_nothing_of_the_project() -> None:
    assert not offenders(modules("fleet/protocol"), lambda name: ours(name) and not name.startswith("fleet.protocol"))


def test_the_simulator_knows_the_protocol_and_not_the_server() -> None:
    allowed = ("fleet.protocol", "fleet.simulator")
    assert not offenders(modules("fleet/simulator"), lambda name: ours(name) and not name.startswith(allowed))
    assert not offenders(modules("fleet/simulator"), lambda name: name.split(".")[0] == "django")


def test_the_engine_knows_no_app() -> None:
    def foreign(name: str) -> bool:
        return name.split(".")[0] in APPS or name.startswith(("fleet.models", "fleet.services", "fleet.api"))

    assert not offenders(modules("fleet/mqtt"), foreign)


def test_models_and_services_import_no_door() -> None:
    inner = [
        path
        for folder in ("fleet", *APPS)
        for part in ("models", "services")
        for path in (ROOT / folder / part).rglob("*.py")
    ]

    def door(name: str) -> bool:
        parts = name.split(".")
        return (parts[0] in APPS and len(parts) > 1 and parts[1] in DOORS) or name.startswith(
            ("fleet.api", "fleet.admin", "fleet.consumers")
        )

    # A service hands a task over by importing it where it is called: the clock's door is used, not depended upon.
    assert not offenders(inner, door, lazy=False)


def test_models_import_no_service() -> None:
    inner = [path for folder in ("fleet", *APPS) for path in (ROOT / folder / "models").rglob("*.py")]
    assert not offenders(inner, lambda name: ".services" in name)


def test_paho_is_imported_in_one_file_of_the_server() -> None:
    server = [path for path in modules("fleet", *APPS) if "simulator" not in path.parts]
    users = {
        str(path.relative_to(ROOT)) for path in server if any(name.split(".")[0] == "paho" for name in imports(path))
    }
    assert users == {"fleet/mqtt/client.py"}


@pytest.mark.parametrize("path", modules("fleet", *APPS, "bench"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_a_room(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    assert path.name not in ("utils.py", "helpers.py")
