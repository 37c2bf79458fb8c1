"""Register a dock or a remote and print what to type into it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.models.device import Domain
from devices.services import gateways
from fleet.models import Workspace

_KINDS = {"dock": Domain.DOCK, "remote": Domain.REMOTE}


class Command(BaseCommand):
    help = "Registers a dock or a remote in a workspace and prints what to type into it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sn", help="the serial number, as the device itself shows it")
        parser.add_argument("--workspace", required=True, help="the workspace's id or name")
        parser.add_argument("--kind", choices=sorted(_KINDS), default="dock")
        parser.add_argument("--callsign", default="", help="how people call it")
        parser.add_argument("--json", action="store_true", help="print JSON instead of text")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = _workspace(options["workspace"])
        try:
            device, _password = gateways.add(
                workspace, options["sn"], kind=_KINDS[options["kind"]], callsign=options["callsign"]
            )
        except gateways.GatewayRefused as error:
            raise CommandError(str(error)) from None
        sheet = gateways.access_sheet(device)
        self.stdout.write(json.dumps(sheet.as_dict()) if options["json"] else sheet.as_text())


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
