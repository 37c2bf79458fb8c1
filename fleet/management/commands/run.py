"""`manage.py run`: Fleet and the servers it needs, on this machine, under one supervisor."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from fleet.embedded.environment import prepare
from fleet.embedded.launcher import CannotStart, Launcher
from fleet.services import demo


class Command(BaseCommand):
    help = (
        "Starts web, worker, bridge, beat, the simulator and the embedded servers (Redis, MQTT, S3) and "
        "stays until Ctrl-C. Servers named by DATABASE_URL, REDIS_URL and MQTT_URL are used instead of "
        "embedded ones."
    )
    requires_system_checks: list[str] = []  # type: ignore[assignment]

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = prepare()
        except (ImproperlyConfigured, PermissionError) as error:
            raise CommandError(str(error)) from error

        def migrate() -> None:
            call_command("check", fail_level="ERROR")
            call_command("migrate", verbosity=0, interactive=False)

        def seed() -> list[str]:
            try:
                return demo.seed()
            finally:
                connections.close_all()

        try:
            Launcher(plan, migrate=migrate, seed=seed).run()
        except CannotStart as error:
            raise CommandError(f"\n{error}") from error
