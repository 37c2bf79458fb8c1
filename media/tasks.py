"""What the clock does, and what follows an upload. Thin doors: the verbs are in the services."""

from __future__ import annotations

import logging

from celery import shared_task

from media.services.library import confirm as confirming
from media.services.library import deletion, groups
from media.services.reading import reader

logger = logging.getLogger(__name__)


@shared_task(name="media.tasks.confirm")
def confirm(file_id: int) -> None:
    """Look for an announced file in the bucket."""
    confirming.confirm(file_id)


@shared_task(name="media.tasks.read", soft_time_limit=600)
def read(file_id: int) -> None:
    """Read what a stored file says of itself, and make its small picture."""
    reader.read(file_id)


@shared_task(name="media.tasks.drop_duplicate")
def drop_duplicate(file_id: int, object_key: str) -> None:
    """The same bytes lie in the bucket under two keys; keep one."""
    confirming.drop_duplicate(file_id, object_key)


@shared_task(name="media.tasks.delete_objects")
def delete_objects() -> None:
    """Delete the objects of rows that are gone."""
    deletion.delete_objects()


@shared_task
def sweep() -> None:
    """Do what should have been done by now: lost tasks, objects that were late, uploads that stay incomplete."""
    for name, file_id in confirming.due():
        hand_over(name, file_id)
    groups.sweep()
    deletion.delete_objects()


@shared_task
def prune() -> None:
    """Delete what each workspace's rules no longer keep."""
    deletion.prune()


_TASKS = {task.name.rsplit(".", 1)[1]: task for task in (confirm, read, drop_duplicate, delete_objects)}


def hand_over(name: str, *arguments: object, after: float = 0) -> None:
    """Have a task done, `after` seconds from now. Never fails its caller: what gets lost is found by the sweep."""
    try:
        _TASKS[name].apply_async(args=arguments, countdown=after, retry=False)
    except Exception as error:
        logger.warning("%s%r waits for the sweep: %s", name, arguments, error)
