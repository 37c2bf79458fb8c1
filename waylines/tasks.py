"""What the clock and the queue do for missions. Thin doors: the verbs are in the services."""

from __future__ import annotations

from celery import shared_task

from waylines.services import schedules
from waylines.services.flights import closing, retention
from waylines.services.missions import dispatch, sweep


@shared_task
def tick_missions() -> None:
    """Prepare, start and skip what is due."""
    dispatch.tick()


@shared_task
def start_mission(mission_id: str) -> None:
    """Start one mission whose dock has just said that it is ready for it."""
    dispatch.start(mission_id)


@shared_task
def sweep_missions() -> None:
    """End what nobody ended."""
    sweep.sweep()


@shared_task
def plan_schedules() -> None:
    """Make the missions of the next days out of the schedules."""
    schedules.materialise()


@shared_task
def sweep_flights() -> None:
    """End flights that fell silent; measure and thin those that are over."""
    closing.sweep()


@shared_task
def prune_flights() -> None:
    """Delete flights that are older than their workspace keeps them."""
    retention.prune()
