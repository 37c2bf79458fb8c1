"""What tests need before Django reads its settings (a pytest plug-in, named in pyproject.toml).

Every pytest process gets a data directory, a secret and a Redis of its own; the database is SQLite in a file, or the
PostgreSQL that DATABASE_URL names.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_installation = Path(os.environ.get("FLEET_DATA_DIR") or Path(__file__).resolve().parent.parent / "var").resolve()
_directory = Path(tempfile.mkdtemp(prefix="fleet-pytest-"))
atexit.register(shutil.rmtree, _directory, ignore_errors=True)

os.environ["FLEET_DATA_DIR"] = str(_directory)
os.environ["FLEET_SECRET_KEY"] = "tests-only"
os.environ["FLEET_OFFLINE_AFTER"] = "60"
os.environ["FLEET_BROKER"] = "none"
os.environ["FLEET_PUBLIC_URL"] = "http://127.0.0.1:8000"
os.environ.pop("MQTT_URL", None)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_directory / 'fleet.sqlite3'}")

from tests.servers import RedisServer  # noqa: E402 - needs the path above

_redis = RedisServer(_directory, persistent=False)
_redis.start()
atexit.register(_redis.kill)
os.environ["REDIS_URL"] = _redis.url

# The vendor scripts that `make` installed beside the real data directory are for browser tests too.
_modules = _installation / "node_modules"
if _modules.is_dir():
    (_directory / "node_modules").symlink_to(_modules)
