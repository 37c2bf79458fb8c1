"""Why a dock or a remote does not come online, on the command line."""

from __future__ import annotations

import zoneinfo
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from devices.services.doctor import gateway, knocking, server
from devices.services.doctor.steps import State, Steps
from fleet.models import Workspace

_MARKS = {State.GOOD: "ok ", State.BAD: "BAD", State.WAITING: "-  "}


class Command(BaseCommand):
    help = "Looks at every step of coming online, for a workspace's docks and remotes. Ends with 1 when one is bad."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="the workspace's id or name")
        parser.add_argument("--sn", help="only this dock or remote")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = _workspace(options["workspace"])
        devices = gateway.gateways_of(workspace.pk)
        if options["sn"]:
            devices = [device for device in devices if device.sn == options["sn"]]
            if not devices:
                raise CommandError(f"The workspace has no dock or remote {options['sn']!r}.")
        bad = 0
        with timezone.override(zoneinfo.ZoneInfo(workspace.time_zone)):
            for part in server.parts():
                bad += self._print(part.title, part.look(workspace))
            for device in devices:
                bad += self._print(f"{device} ({device.sn})", gateway.steps_of(device))
            self._strangers()
        if bad:
            raise CommandError(f"{bad} steps are bad.", returncode=1)

    def _print(self, title: str, steps: Steps) -> int:
        self.stdout.write(f"\n{title}")
        for step in steps:
            self.stdout.write(f"  {_MARKS[step.state]} {step.title}: {step.detail}".rstrip(": "))
            if step.advice and step.state is not State.GOOD:
                self.stdout.write(f"      {step.advice}")
        return sum(step.state is State.BAD for step in steps)

    def _strangers(self) -> None:
        found = knocking.knocks()
        if found:
            self.stdout.write("\nUnknown serial numbers that came to the door")
        for knock in found:
            self.stdout.write(f"  {knock.sn}: {knock.count}, last at {timezone.localtime(knock.last):%Y-%m-%d %H:%M}")


def _workspace(word: str) -> Workspace:
    """The workspace of that id or name. Raises `CommandError`."""
    try:
        found = Workspace.objects.filter(pk=UUID(word)).first()
    except ValueError:
        found = None
    found = found or Workspace.objects.filter(name=word).first()
    if found is None:
        raise CommandError(f"There is no workspace {word!r}.")
    return found
