"""A device says that it has put a file into the bucket. The same news twice, or at the same moment, is one file.

The database decides: fingerprint and object key are unique in a workspace, and who loses the race finds the winner's
row. Nothing is believed of the object itself: `media.services.library.confirm` looks for it after the commit.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from devices.models.device import Domain
from fleet.models import Workspace
from fleet.services import broadcast
from media.models import DoomedObject, ForgottenFile, MediaFile, MediaGroup, RefusedUpload, Status
from media.services import storage
from media.services.library import cells, groups, names, said, stacks
from media.services.library.flights import flight_of, mission_of
from media.services.library.said import Said
from waylines.models import Mission

#: The immediate look after the commit may get lost with Redis; the sweep looks after this time.
FIRST_LOOK = timedelta(seconds=20)


_ATTEMPTS = 8
#: What was read out of the bytes before.
_UNREAD: dict[str, Any] = {
    "thumbnail_key": "", "size": None, "gimbal_pitch": None, "field_of_view": None,
    "width": None, "height": None, "duration": None,
}  # fmt: skip


class Refused(Exception):
    """It is no file of this workspace; the refusal is recorded. The text says why."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who says so: a gateway over MQTT, or a person's remote over HTTPS."""

    workspace: Workspace
    gateway: Device | None = None
    name: str = ""


def announced(sender: Sender, body: dict[str, Any]) -> MediaFile:
    """Record what a device says of one file. Returns its row; raises `Refused`, which is recorded already.

    `body` is the body of Pilot's `upload-callback`, or the `file` of a dock's event with the event's `result`.
    """
    found = said.read(body)
    if found.object_key and not storage.belongs(sender.workspace.pk, found.object_key, "media"):
        raise refuse(sender, RefusedUpload.Why.ELSEWHERE, found)
    if found.result == 0 and not found.object_key:
        raise refuse(sender, RefusedUpload.Why.NO_OBJECT, found)
    if found.result != 0 and not found.object_key and not found.fingerprint:
        raise refuse(sender, RefusedUpload.Why.FAILED, found)
    file = _store(sender, found)
    broadcast.changed(sender.workspace.pk, "media", id=file.pk)
    return file


def refuse(sender: Sender, why: RefusedUpload.Why, found: Said) -> Refused:
    """Record a refusal. What is too long for the list is cut: nothing in it is an address any more."""
    key = {
        "workspace": sender.workspace,
        "sender": sender.name[:150],
        "why": why,
        "object_key": (found.object_key or said.text(found.raw.get("object_key"), 300))[:300],
        "name": found.name[:300],
    }
    try:
        with transaction.atomic():
            row, made = RefusedUpload.objects.get_or_create(
                **key, defaults={"said": found.raw, "last_at": timezone.now()}
            )
    except IntegrityError:
        row, made = RefusedUpload.objects.get(**key), False
    if not made:
        RefusedUpload.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=timezone.now())
    broadcast.changed(sender.workspace.pk, "media_alarm", id=row.pk)
    return Refused(str(why.label))


@transaction.atomic
def _store(sender: Sender, found: Said) -> MediaFile:
    """The row of this file, made or brought up to date."""
    values = _values(sender, found)
    for _attempt in range(_ATTEMPTS):
        # Who loses a race (for this file, or for standing for its stack) finds the winner's row the next time.
        with contextlib.suppress(IntegrityError), transaction.atomic():
            present = _present(sender.workspace, found)
            return _again(present, found, dict(values)) if present else _make(sender.workspace, found, values)
    raise RuntimeError(f"The file {found.object_key!r} could be neither stored nor found.")


def _make(workspace: Workspace, found: Said, values: dict[str, Any]) -> MediaFile:
    file = MediaFile.objects.create(
        workspace=workspace,
        object_key=found.object_key,
        fingerprint=found.fingerprint,
        lead=stacks.is_first(workspace.pk, values["stack"]),
        **values,
    )
    if found.fingerprint:
        ForgottenFile.objects.filter(workspace=workspace, fingerprint=found.fingerprint).delete()
    _look_soon(file)
    return file


def _present(workspace: Workspace, found: Said) -> MediaFile | None:
    """The row of this object or of these bytes. An object that has a row of its own goes first."""
    same = Q()
    if found.object_key:
        same |= Q(object_key=found.object_key) & ~Q(object_key="")
    if found.fingerprint:
        same |= Q(fingerprint=found.fingerprint) & ~Q(fingerprint="")
    rows = list(MediaFile.objects.select_for_update().filter(same, workspace=workspace).order_by("pk"))
    return next((row for row in rows if row.object_key == found.object_key), rows[0] if rows else None)


def _again(file: MediaFile, found: Said, values: dict[str, Any]) -> MediaFile:
    """The device speaks of a file we know: a failure that went well now, other bytes, or the same once more."""
    if found.result != 0:
        about_it = found.object_key in ("", file.object_key)
        if about_it and file.status not in (Status.CONFIRMED, Status.BROKEN):
            _write(file, status=Status.FAILED, reason=values["reason"], check_at=None)
        return file
    same_object = found.object_key == file.object_key
    other_bytes = bool(same_object and found.fingerprint and file.fingerprint and found.fingerprint != file.fingerprint)
    if other_bytes or file.status in (Status.FAILED, Status.MISSING, Status.BROKEN):
        fingerprint = found.fingerprint or file.fingerprint
        if _fingerprint_taken(file, fingerprint):
            fingerprint = ""  # those bytes have a row of their own under another name
        key_taken = not same_object and _key_taken(file, found.object_key)
        if not key_taken:
            left = _restack(file, values)
            changes = {**values, "object_key": found.object_key, "fingerprint": fingerprint}
            useless = {file.thumbnail_key, "" if same_object else file.object_key} - {""}
            DoomedObject.objects.bulk_create(
                DoomedObject(workspace_id=file.workspace_id, object_key=key) for key in useless
            )
            _write(file, **changes, **_UNREAD, attempts=0)
            stacks.pass_on(file.workspace_id, left)
            _look_soon(file)
        return file
    if not file.fingerprint and found.fingerprint and not _fingerprint_taken(file, found.fingerprint):
        # A dock names none; who names it later says how this file can be known again.
        _write(file, fingerprint=found.fingerprint, tiny_fingerprint=found.tiny_fingerprint or file.tiny_fingerprint)
    if not same_object:
        _drop_soon(file, found.object_key)
    return file


def _restack(file: MediaFile, values: dict[str, Any]) -> set[str]:
    """Which stack a file is of does not change; one that failed before it had a place shows it only now.

    Returns the stack that nobody stands for any more, if it left one.
    """
    if file.object_key or file.stack == values["stack"]:
        del values["stack"], values["is_panorama"]
        return set()
    values["lead"] = stacks.is_first(file.workspace_id, values["stack"])
    return {file.stack} if file.lead and file.stack else set()


def _fingerprint_taken(file: MediaFile, fingerprint: str) -> bool:
    same = MediaFile.objects.filter(workspace_id=file.workspace_id, fingerprint=fingerprint).exclude(fingerprint="")
    return same.exclude(pk=file.pk).exists()


def _key_taken(file: MediaFile, object_key: str) -> bool:
    return MediaFile.objects.filter(workspace_id=file.workspace_id, object_key=object_key).exclude(pk=file.pk).exists()


def _write(file: MediaFile, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(file, name, value)
    file.save(update_fields=list(changes))


def _values(sender: Sender, found: Said) -> dict[str, Any]:
    workspace = sender.workspace
    what = names.read(
        found.name, found.object_key, found.path, found.sub_file_type, storage.prefix(workspace.pk, "media")
    )
    mission = mission_of(workspace.pk, found.flight_id)
    gateway, aircraft = _devices(sender, found, mission)
    taken_at = said.moment(found.taken, said.zone_of(workspace.time_zone))
    now = timezone.now()
    failed = found.result != 0
    return {
        "tiny_fingerprint": found.tiny_fingerprint,
        "name": found.name or found.object_key.rsplit("/", 1)[-1][:500],
        "path": found.path,
        "sub_file_type": found.sub_file_type,
        "kind": what.kind,
        "lens": what.lens,
        "stack": what.stack,
        "is_panorama": what.is_panorama,
        "is_original": found.is_original,
        "drone_model_key": found.drone_model_key,
        "payload_model_key": found.payload_model_key,
        "device_sn": found.sn,
        "gateway": gateway,
        "aircraft": aircraft,
        "flight_key": found.flight_id,
        "mission": mission,
        "flight": flight_of(workspace.pk, mission, aircraft, taken_at),
        "group": _group(sender, found, mission, gateway),
        "taken_at": taken_at,
        "moment": taken_at or now,
        "latitude": found.latitude,
        "longitude": found.longitude,
        "cell": _cell(found),
        "absolute_height": found.absolute_height,
        "relative_height": found.relative_height,
        "gimbal_yaw": found.gimbal_yaw,
        "metadata": {"callback": found.raw},
        "status": Status.FAILED if failed else Status.ANNOUNCED,
        "reason": _("The device says that the upload failed (code %(code)d).") % {"code": found.result}
        if failed
        else "",
        "check_at": None if failed else now + FIRST_LOOK,
    }


def _cell(found: Said) -> int | None:
    if found.latitude is None or found.longitude is None:
        return None
    return cells.cell_of(found.latitude, found.longitude)


def _group(sender: Sender, found: Said, mission: Mission | None, gateway: Device | None) -> MediaGroup | None:
    if found.flight_id:
        return groups.heard(sender.workspace.pk, MediaGroup.Origin.MISSION, found.flight_id, mission, gateway)
    if found.group_key:
        return groups.heard(sender.workspace.pk, MediaGroup.Origin.PILOT, found.group_key, None, gateway)
    return None


def _devices(sender: Sender, found: Said, mission: Mission | None) -> tuple[Device | None, Device | None]:
    """Through which gateway it came and which aircraft took it, as far as that is known for sure."""
    devices = Device.objects.filter(workspace=sender.workspace)
    named = devices.select_related("gateway").filter(sn=found.sn).first() if found.sn else None
    gateway, aircraft = sender.gateway, None
    if named is not None and named.domain == Domain.AIRCRAFT:
        aircraft = named
        if gateway is None and named.gateway is not None and named.gateway.domain == Domain.REMOTE:
            gateway = named.gateway
    elif named is not None and gateway is None and named.is_gateway:
        gateway = named
    if aircraft is None and mission is not None:
        flight = mission.flights.select_related("aircraft").order_by("-started_at").first()
        aircraft = flight.aircraft if flight else None
    if aircraft is None and gateway is not None:
        hanging = list(devices.filter(gateway=gateway, domain=Domain.AIRCRAFT)[:2])
        aircraft = hanging[0] if len(hanging) == 1 else None
    return gateway, aircraft


def _look_soon(file: MediaFile) -> None:
    """Look for the object as soon as the row can be seen. When Redis is away, the sweep does it."""
    if file.status == Status.ANNOUNCED:
        from media.tasks import hand_over

        transaction.on_commit(lambda: hand_over("confirm", file.pk))


def _drop_soon(file: MediaFile, object_key: str) -> None:
    """The same bytes lie in the bucket twice; the second object has no row and goes."""
    from media.tasks import hand_over

    transaction.on_commit(lambda: hand_over("drop_duplicate", file.pk, object_key))
