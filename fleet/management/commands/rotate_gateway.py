"""Give a gateway a new password, or let a withdrawn one in again."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.models import Device
from devices.services import gateways


class Command(BaseCommand):
    help = "Gives a gateway a new password and ends its present connections; prints what to type into it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sn", help="the gateway's serial number")
        parser.add_argument("--restore", action="store_true", help="let a withdrawn gateway in again")
        parser.add_argument("--json", action="store_true", help="print JSON instead of text")

    def handle(self, *args: Any, **options: Any) -> None:
        device = Device.objects.filter(sn=options["sn"], credential__isnull=False).first()
        if device is None:
            raise CommandError(f"There is no gateway {options['sn']!r}.")
        try:
            if options["restore"]:
                gateways.restore(device)
            else:
                gateways.rotate(device)
        except gateways.GatewayRefused as error:
            raise CommandError(str(error)) from None
        sheet = gateways.access_sheet(device)
        self.stdout.write(json.dumps(sheet.as_dict()) if options["json"] else sheet.as_text())
