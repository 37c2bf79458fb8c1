"""`manage.py storage_check [workspace]`: does the storage do what devices need of it?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fleet.models import Workspace
from media.services.storage import doctor


class Command(BaseCommand):
    help = "Stores, reads and hands out an object, and does what a dock does with its temporary credentials."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", nargs="?", help="its name; the first one by name when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Workspace.objects.order_by("name")
        workspace = rows.filter(name=options["workspace"]).first() if options["workspace"] else rows.first()
        if workspace is None:
            raise CommandError("There is no such workspace." if options["workspace"] else "There is no workspace yet.")
        steps = doctor.examine(workspace)
        for step in steps:
            style = self.style.SUCCESS if step.ok else self.style.ERROR
            self.stdout.write(style(f"{'ok  ' if step.ok else 'FAIL'} {step.name}: {step.detail}"))
            if step.advice:
                self.stdout.write(f"     {step.advice}")
        if not all(step.ok for step in steps):
            raise CommandError("The storage does not do what devices need of it.")
