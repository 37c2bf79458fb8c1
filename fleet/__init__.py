"""Fleet: a self-hosted server for DJI docks and DJI Pilot 2 remotes."""

from fleet.celery import app as celery_app

__all__ = ["celery_app"]
