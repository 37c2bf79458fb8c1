"""The Celery application: background tasks on queue `celery`, the MQTT bridge on queue `mqtt`.

`celery -A fleet worker -Q celery` runs tasks; `celery -A fleet worker -Q mqtt -P threads` runs the bridge
(`fleet.mqtt.bootstep`); `celery -A fleet beat` is the clock.
"""

import os

from celery import Celery
from celery.signals import task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")

app = Celery("fleet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def install_steps() -> None:
    """Give every worker its heartbeat, and the worker of queue `mqtt` the bridge."""
    from fleet.heartbeat import HeartbeatStep
    from fleet.mqtt.bootstep import BridgeStep

    app.steps["worker"].update({HeartbeatStep, BridgeStep})


app.on_after_configure.connect(lambda **_: install_steps(), weak=False)


@task_prerun.connect
def drop_dead_connections(**_: object) -> None:
    """Let go of a database connection that is broken or past its age before a task uses it."""
    from django.db import close_old_connections

    close_old_connections()
