"""`manage.py run`: Fleet and the servers it needs, on this machine, under one supervisor."""

from __future__ import annotations

import io
import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import DatabaseError, connections

from fleet.embedded.environment import Plan, prepare, write_private
from fleet.embedded.launcher import CannotStart, Launcher
from fleet.embedded.programs import simulator_credentials
from fleet.env import read
from fleet.services import demo


def migrate() -> None:
    """Bring the database up to date."""
    call_command("check", fail_level="ERROR", stdout=io.StringIO(), stderr=io.StringIO())
    call_command("migrate", verbosity=0, interactive=False)


def seed(plan: Plan) -> list[str]:
    """Fill an empty database and leave the simulator its credentials; lines for the operator."""
    try:
        chosen = read.text("FLEET_ADMIN_PASSWORD")
        made = demo.seed(chosen)
        if plan.simulates:
            credentials = {
                "mqtt": settings.MQTT_PUBLIC_URL,
                "gateways": demo.simulated_gateways(made.workspace),
            }
            write_private(simulator_credentials(plan), json.dumps(credentials, indent=1))
    finally:
        connections.close_all()
    lines = [f"User           {made.username}"]
    if made.password and not chosen:
        lines.append(f"Password       {made.password}   (shown this once; change it in the console)")
    return lines


class Command(BaseCommand):
    help = (
        "Starts web, worker, bridge, beat, the simulator and the embedded servers (Redis, MQTT, S3) and "
        "stays until Ctrl-C. Servers named by DATABASE_URL, REDIS_URL and MQTT_URL are used instead of "
        "embedded ones."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = prepare()
        except (ImproperlyConfigured, PermissionError) as error:
            raise CommandError(str(error)) from error

        try:
            Launcher(plan, migrate=migrate, seed=lambda: seed(plan)).run()
        except (CannotStart, SystemCheckError, DatabaseError) as error:
            raise CommandError(f"\n{error}") from error
