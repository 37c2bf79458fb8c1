from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext_lazy as _

from fleet.mqtt.handlers import registry


class Command(BaseCommand):
    help = str(_("Prints who handles which MQTT message: channel, method, owner."))

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON, for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [
            {"channel": str(route.channel), "method": route.method, "owner": route.owner, "summary": route.summary}
            for route in registry.routes()
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        width = max((len(row["method"]) for row in rows), default=0)
        for row in rows:
            self.stdout.write(f"{row['channel']:<20} {row['method']:<{width}}  {row['owner']}")
            self.stdout.write(self.style.HTTP_INFO(f"{'':<20} {'':<{width}}  {row['summary']}"))
