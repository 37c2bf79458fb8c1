"""What docks tell of their missions, believed in the order of the dock's own clock.

Events and requests of page "Wayline management". A dock repeats an event until it is answered, sends what it gathered
while it was offline, and may tell things twice or out of order: a progress that is older than the last one we believed
changes nothing, and an end stays an end.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.services.replies import result_of
from devices.services.summary import number, whole
from fleet.mqtt.messages import Json, Message, now_ms
from fleet.protocol import errors
from media.services.storage import StorageError
from waylines.models import Mission, MissionStatus
from waylines.models.mission import ACTIVE, FINAL, MissionKind
from waylines.services.missions import dispatch, orders, state, words

logger = logging.getLogger(__name__)

#: The protocol's words for a flight task.
_WORDS = {
    "sent": MissionStatus.STARTING,
    "in_progress": MissionStatus.RUNNING,
    "paused": MissionStatus.PAUSED,
    "ok": MissionStatus.OK,
    "partially_done": MissionStatus.PARTIAL,
    "failed": MissionStatus.FAILED,
    "canceled": MissionStatus.CANCELED,
    "rejected": MissionStatus.REJECTED,
    "timeout": MissionStatus.UNKNOWN,
}
#: The other way round; what has not begun is "sent".
_WORD_OF = {status: word for word, status in _WORDS.items()}
#: ms that a dock's clock may be ahead of ours and still put its messages in order.
CLOCK_AHEAD = 60_000
#: The answer to a request that names a mission this dock does not have.
UNKNOWN_MISSION = 319009


def find(message: Message, flight_id: Any) -> Mission | None:
    """The mission a dock speaks of, if it is that dock's."""
    try:
        wanted = UUID(str(flight_id))
    except ValueError:
        return None
    sender = Q(dock__sn__in=(message.sn, message.gateway)) | Q(landing_dock__sn__in=(message.sn, message.gateway))
    return (
        Mission.objects.select_related("dock", "file", "user", "workspace", "landing_dock")
        .filter(sender, pk=wanted)
        .first()
    )


def progress(message: Message) -> None:
    """`flighttask_progress`: where the mission is. Unknown words and fields are kept and do no harm."""
    data = message.fields
    output = data.get("output")
    inner: Json = output if isinstance(output, dict) else data
    ext = inner.get("ext")
    ext = ext if isinstance(ext, dict) else {}
    mission = find(message, ext.get("flight_id")) or find(message, message.bid)
    if mission is None:
        logger.info("%s tells of a mission that is not ours: %s", message.sn, ext.get("flight_id") or message.bid)
        return
    # A clock that was far ahead and is put right must not make all that follows look old.
    stamp = min(message.timestamp or now_ms(), now_ms() + CLOCK_AHEAD)
    status = _WORDS.get(str(inner.get("status")))
    if stamp < mission.progress_stamp and status not in FINAL:
        return
    changes = _changes(inner, ext, stamp)
    result = result_of(data.get("result"))
    text = ""
    if result:
        text = errors.text(result) or _("Error %(code)s") % {"code": result}
        changes["result"] = result
    if status in FINAL:
        text = text or _break_text(ext)
    if status is None or status == MissionStatus.STARTING or status == mission.status:
        _touch(mission, changes, status)
    elif state.move(mission, status, text=text, **changes):
        if status == MissionStatus.OK:
            Mission.objects.filter(pk=mission.pk).update(progress=100)
    elif not mission.is_final:
        _touch(mission, changes, status)


def _changes(inner: Json, ext: Json, stamp: int) -> dict[str, Any]:
    detail = inner.get("progress")
    detail = detail if isinstance(detail, dict) else {}
    changes: dict[str, Any] = {"progress_stamp": stamp, "progress_at": timezone.now()}
    percent = number(detail.get("percent"))
    if percent is not None and 0 <= percent <= 100:
        changes["progress"] = int(percent)
    for column, value in (
        ("step", detail.get("current_step")),
        ("mission_state", ext.get("wayline_mission_state")),
        ("waypoint", ext.get("current_waypoint_index")),
        ("media_count", ext.get("media_count")),
    ):
        found = whole(value)
        if found is not None and (column != "media_count" or found >= 0):
            changes[column] = found
    if isinstance(ext.get("track_id"), str) and ext["track_id"]:
        changes["track_id"] = ext["track_id"][:64]
    if isinstance(ext.get("break_point"), dict):
        changes["break_point"] = ext["break_point"]
    # What is said of the way stays until it is said anew; progress repeats everything else.
    known = {"flight_id", "track_id", "break_point", "wayline_mission_state", "current_waypoint_index", "media_count"}
    changes["extra"] = {key: value for key, value in ext.items() if key not in known}
    return changes


def _touch(mission: Mission, changes: dict[str, Any], said: MissionStatus | None) -> None:
    """Progress without a new status; whoever was faster with newer news wins.

    Of a mission that is over only the event that says so itself is still read: the ledger may have ended it a moment
    before, and where it was broken off stands in here.
    """
    stamp = changes["progress_stamp"]
    open_or_said_so = ~Q(status__in=FINAL) | Q(status=said, progress_stamp__lt=stamp)
    if Mission.objects.filter(open_or_said_so, pk=mission.pk, progress_stamp__lte=stamp).update(**changes):
        state.announce(mission)


def _break_text(ext: Json) -> str:
    """Why it was broken off, in the words of the first page that lists the reason."""
    point = ext.get("break_point")
    reason = point.get("break_reason") if isinstance(point, dict) else None
    return words.break_reason(reason) if reason else ""


def ready(message: Message) -> None:
    """`flighttask_ready`: the conditions of these missions hold now.

    A dock says it once. A mission that a check still holds back (or whose window begins by our clock a little later) is
    looked at again by the scheduler until its window ends.
    """
    named = message.fields.get("flight_ids")
    for flight_id in named if isinstance(named, list) else []:
        mission = find(message, flight_id)
        if mission is None or mission.kind != MissionKind.CONDITIONAL:
            continue
        # It may come before we have dealt with the dock's answer to `flighttask_prepare`.
        sent = Q(status__in=(MissionStatus.PREPARING, MissionStatus.READY))
        if Mission.objects.filter(sent, pk=mission.pk).update(ready_at=timezone.now()):
            state.announce(mission)
            # Outside this transaction: the checks read what other handlers write.
            transaction.on_commit(partial(dispatch.start_soon, str(mission.pk)))


def resource(message: Message) -> Json:
    """`flighttask_resource_get`: a fresh address of the mission's file, for the dock that is to fly it."""
    mission = find(message, message.fields.get("flight_id"))
    if mission is None or (mission.is_final and mission.status != MissionStatus.UNKNOWN):
        return {"result": UNKNOWN_MISSION, "output": {}}
    try:
        return {"result": 0, "output": {"file": orders.file_of(mission)}}
    except StorageError:
        logger.exception("the file of mission %s cannot be handed out", mission.pk)
        return {"result": 1, "output": {}}


def progress_get(message: Message) -> Json:
    """`flighttask_progress_get`: a dock asks how far the other dock of a relay is.

    It names the other dock and no mission: the one that flies is meant, else the one that is to fly next.
    """
    data = message.fields
    mission = find(message, data.get("flight_id"))
    if mission is None:
        other = [sn for name in ("sn", "target_sn") if isinstance(sn := data.get(name), str) and sn != message.sn]
        relays = Mission.objects.filter(
            Q(dock__sn=message.sn) | Q(landing_dock__sn=message.sn), landing_dock__isnull=False
        )
        if other:
            relays = relays.filter(Q(dock__sn__in=other) | Q(landing_dock__sn__in=other))
        mission = (
            relays.filter(status__in=ACTIVE).first() or relays.exclude(status__in=FINAL).order_by("execute_at").first()
        )
    if mission is None:
        return {"result": UNKNOWN_MISSION, "output": {}}
    return {
        "result": 0,
        "output": {
            "flight_id": str(mission.pk),
            "progress": {"current_step": mission.step or 0, "percent": mission.progress or 0},
            "status": _WORD_OF.get(MissionStatus(mission.status), "sent"),
        },
    }


def remember(message: Message, name: str) -> None:
    """An event that belongs to the mission in the air and changes nothing of its status: shown on its page."""
    mission = find(message, message.fields.get("flight_id")) or _active(message)
    if mission is None:
        return
    with transaction.atomic():
        locked = Mission.objects.select_for_update().only("notes").get(pk=mission.pk)
        locked.notes[name] = message.fields
        locked.save(update_fields=["notes"])
    state.announce(mission)


def _active(message: Message) -> Mission | None:
    return Mission.objects.filter(dock__sn__in=(message.sn, message.gateway), status__in=ACTIVE).first()
