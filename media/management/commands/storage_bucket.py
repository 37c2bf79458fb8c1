"""`manage.py storage_bucket`: make the bucket that the settings name, when it is not there yet."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from media.services import storage


class Command(BaseCommand):
    help = "Makes the bucket that FLEET_S3_BUCKET names when the storage does not have it."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = storage.make_bucket()
        except storage.StorageError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{settings.S3_BUCKET}: {'made' if made else 'is there'}.")
