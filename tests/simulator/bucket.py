"""A real S3 server on one folder, for the simulator's uploads."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

RCLONE = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


class Bucket:
    """`rclone serve s3` on a folder, with one key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "s3"
        (self.folder / "fleet").mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.key, self.secret = secrets.token_hex(8), secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert RCLONE is not None
        self._process = subprocess.Popen(
            [RCLONE, "serve", "s3", str(self.folder), "--addr", f"127.0.0.1:{self.port}", "--config", "/dev/null",
             "--auth-key", f"{self.key},{self.secret}", "--log-level", "ERROR"]
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client().list_objects_v2(Bucket="fleet")
                return
            except Exception:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
        )

    def objects(self) -> dict[str, bytes]:
        """Key -> content of everything in the bucket."""
        root = self.folder / "fleet"
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def offer(self, prefix: str = "workspace-1", **changes: Any) -> dict[str, Any]:
        """What storage_config_get answers."""
        credentials = {
            "access_key_id": self.key,
            "access_key_secret": self.secret,
            "security_token": "",
            "expire": 3600,
            **changes,
        }
        return {
            "bucket": "fleet",
            "endpoint": self.url,
            "provider": "minio",
            "region": "us-east-1",
            "object_key_prefix": prefix,
            "credentials": credentials,
        }
