"""Shut a gateway out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.models import Device
from devices.services import gateways


class Command(BaseCommand):
    help = "Shuts a gateway out at once; rotate_gateway --restore lets it in again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sn", help="the gateway's serial number")

    def handle(self, *args: Any, **options: Any) -> None:
        device = Device.objects.filter(sn=options["sn"], credential__isnull=False).first()
        if device is None:
            raise CommandError(f"There is no gateway {options['sn']!r}.")
        gateways.withdraw(device)
        self.stdout.write(f"The gateway {device.sn} has no access now.")
