"""The library stands alone: no Django, nothing of the project but the models' names."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import waylines.wpml

FOLDER = Path(waylines.wpml.__file__).parent
ALLOWED = {"lxml", "pyproj", "shapely"}


def test_it_imports_only_libraries_itself_and_the_names_of_models() -> None:
    foreign = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                if name.split(".")[0] in sys.stdlib_module_names | ALLOWED or name.startswith("waylines.wpml"):
                    continue
                foreign.add(name)

    assert foreign == {"fleet.protocol.device_models"}


def test_every_room_is_small() -> None:
    for path in FOLDER.glob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) < 400, path.name
